// Who is who.

/** Makes an element the sign of somebody: initials in a colour of their own. */
export function face(element, person) {
  element.textContent = person ? initials(person.name) : "";
  element.title = person?.name ?? "";
  if (person) element.style.setProperty("--hue", person.hue);
  return element;
}

function initials(name) {
  const words = name.split(" ");
  return words[0][0] + (words.length > 1 ? words.at(-1)[0] : "");
}

/** Fills a choice of people, with nobody as the first. */
export function choices(select, people, nobody) {
  const options = [["", nobody], ...[...people.values()].map(({ id, name }) => [id, name])];
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
}
