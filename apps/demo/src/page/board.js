// The board: shows the columns and their cards, and lets them be moved, by a pointer or by keys.

import { face } from "./people.js";

const container = document.getElementById("columns");
const said = document.getElementById("said");
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", timeZone: "UTC" });

let state = null;
let actions = null;
/** By id. */
const columns = new Map();
const cards = new Map();
/** The card that a pointer holds. */
let held = null;
/** Whether the last press was a drag, so that the click which ends it opens nothing. */
let dragged = false;

/** Begins to show `board`. `actions.change` asks the server for a change, `actions.edit` opens a card. */
export function start(board, handlers) {
  state = board;
  actions = handlers;
}

/** Shows what the board is now; the card `news` stands out for a moment. */
export function render(news = null) {
  // What is in somebody's hand is not taken from it; the board is shown again when it lets go.
  if (held?.ghost) return;
  const focused = document.activeElement?.closest?.(".card");
  const wanted = state.columns.map((column) => columns.get(column.id) ?? makeColumn(column));
  sync(container, wanted);
  prune(columns, new Set(state.columns.map(({ id }) => id)));
  for (const { id, name } of state.columns) {
    const own = inColumn(id);
    const element = columns.get(id);
    element.querySelector(".label").textContent = name;
    element.querySelector(".count").textContent = own.length;
    sync(element.querySelector(".cards"), own.map(showCard));
  }
  prune(cards, state.cards);
  if (focused?.isConnected) focused.focus({ preventScroll: true });
  const element = cards.get(news);
  if (element) {
    element.classList.remove("news");
    // The animation begins again only if the style was without it.
    void element.offsetWidth;
    element.classList.add("news");
  }
}

/** The cards of a column, from top to bottom. */
function inColumn(column) {
  const own = [...state.cards.values()].filter((card) => card.column === column);
  return own.sort((one, other) => one.position - other.position || one.id - other.id);
}

/** Gives `parent` these children, and leaves alone those that are in their place. */
function sync(parent, children) {
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  while (parent.children.length > children.length) parent.lastElementChild.remove();
}

function prune(elements, kept) {
  for (const id of elements.keys()) if (!kept.has(id)) elements.delete(id);
}

function make(template) {
  return document.getElementById(template).content.firstElementChild.cloneNode(true);
}

function makeColumn({ id, name }) {
  const element = make("column");
  element.dataset.id = id;
  element.setAttribute("aria-label", name);
  const form = element.querySelector(".add");
  form.elements.title.setAttribute("aria-label", `Add a card to ${name}`);
  form.onsubmit = async (event) => {
    event.preventDefault();
    const title = form.elements.title.value.trim();
    if (!title) return;
    const made = await actions.change("POST", "api/cards", { board: state.id, column: id, title });
    if (made) form.reset();
  };
  columns.set(id, element);
  return element;
}

function showCard(card) {
  const element = cards.get(card.id) ?? make("card");
  cards.set(card.id, element);
  element.dataset.id = card.id;
  element.querySelector("h3").textContent = card.title;
  element.querySelector(".description").textContent = card.description;
  const due = element.querySelector(".due");
  due.textContent = card.due ? day.format(Date.parse(card.due)) : "";
  due.dateTime = card.due ?? "";
  due.classList.toggle("late", isWithin(card, 0));
  due.classList.toggle("soon", !isWithin(card, 0) && isWithin(card, 3));
  element.querySelector(".files-count").textContent = countFiles(card.attachments.length);
  face(element.querySelector(".face"), state.people.get(card.assignee));
  return element;
}

function countFiles(count) {
  return count ? `${count} ${count === 1 ? "file" : "files"}` : "";
}

/** Whether the card is due before so many days from today, and not in the last column. */
function isWithin(card, days) {
  if (!card.due || card.column === state.columns.at(-1).id) return false;
  return Date.parse(card.due) < Date.now() - 86_400_000 + days * 86_400_000;
}

/** Puts a card where it is to be, at once, and has the server do the same. */
async function move(card, column, before) {
  const others = inColumn(column).filter((other) => other !== card);
  const index = before === null ? others.length : others.findIndex(({ id }) => id === before);
  const above = others[index - 1]?.position ?? (others[index]?.position ?? 0) - 2;
  const below = others[index]?.position ?? above + 2;
  state.cards.set(card.id, { ...card, column, position: (above + below) / 2 });
  render();
  const { name } = state.columns.find(({ id }) => id === column);
  said.textContent = `${card.title}: ${name}, ${index + 1} of ${others.length + 1}`;
  await actions.change("POST", `api/cards/${card.id}/move`, { column, before });
}

function cardOf(target) {
  const element = target.closest(".card");
  return element ? state.cards.get(Number(element.dataset.id)) : undefined;
}

// Keys

const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

container.addEventListener("keydown", (event) => {
  if (!event.target.matches(".card")) return;
  const card = cardOf(event.target);
  const step = STEPS[event.key];
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    actions.edit(card);
  } else if (step && event.altKey) {
    event.preventDefault();
    stepBy(card, ...step);
  }
});

function stepBy(card, columnStep, cardStep) {
  const own = inColumn(card.column);
  const index = own.indexOf(card);
  if (cardStep) {
    const target = index + cardStep;
    if (target < 0 || target >= own.length) return;
    move(card, card.column, own[cardStep > 0 ? target + 1 : target]?.id ?? null);
    return;
  }
  const column = state.columns[state.columns.findIndex(({ id }) => id === card.column) + columnStep];
  if (column) move(card, column.id, inColumn(column.id)[index]?.id ?? null);
}

// Pointers

// Less is a click with an unsteady hand.
const FAR = 5;
const EDGE = 48;

container.addEventListener("pointerdown", (event) => {
  const element = event.target.closest(".card");
  if (!element || event.button !== 0 || !event.isPrimary || held) return;
  // A finger scrolls, but for the grip.
  if (event.pointerType === "touch" && !event.target.closest(".grip")) return;
  dragged = false;
  held = { element, card: cardOf(element), x: event.clientX, y: event.clientY, pointer: event.pointerId };
  window.addEventListener("pointermove", drag);
  window.addEventListener("pointerup", drop);
  window.addEventListener("pointercancel", cancel);
  window.addEventListener("keydown", escape);
});

container.addEventListener("click", (event) => {
  const card = cardOf(event.target);
  if (card && !dragged) actions.edit(card);
});

function lift() {
  const box = held.element.getBoundingClientRect();
  const ghost = held.element.cloneNode(true);
  ghost.classList.add("lifted");
  ghost.removeAttribute("tabindex");
  ghost.setAttribute("aria-hidden", "true");
  ghost.style.width = `${box.width}px`;
  held.dx = box.left - held.x;
  held.dy = box.top - held.y;
  held.ghost = ghost;
  document.body.append(ghost);
  held.element.classList.add("place");
  document.documentElement.classList.add("dragging");
  container.setPointerCapture(held.pointer);
}

function drag(event) {
  if (event.pointerId !== held.pointer) return;
  if (!held.ghost) {
    if (Math.hypot(event.clientX - held.x, event.clientY - held.y) < FAR) return;
    lift();
  }
  held.ghost.style.left = `${event.clientX + held.dx}px`;
  held.ghost.style.top = `${event.clientY + held.dy}px`;
  const over = columnAt(event.clientX);
  for (const column of columns.values()) column.classList.toggle("over", column === over);
  const list = over.querySelector(".cards");
  scroll(list, event);
  const others = [...list.children].filter((child) => child !== held.element);
  const below = others.find((child) => event.clientY < middle(child)) ?? null;
  if (held.element.parentElement !== list || held.element.nextElementSibling !== below) list.insertBefore(held.element, below);
}

function columnAt(x) {
  const distance = (column) => {
    const { left, right } = column.getBoundingClientRect();
    return Math.max(left - x, x - right, 0);
  };
  return [...columns.values()].reduce((nearest, column) => (distance(column) < distance(nearest) ? column : nearest));
}

function middle(element) {
  const { top, height } = element.getBoundingClientRect();
  return top + height / 2;
}

/** Near an edge there is more to be seen beyond it. */
function scroll(list, { clientX, clientY }) {
  const side = container.getBoundingClientRect();
  if (clientX > side.right - EDGE) container.scrollLeft += 12;
  if (clientX < side.left + EDGE) container.scrollLeft -= 12;
  const box = list.getBoundingClientRect();
  if (clientY > box.bottom - EDGE / 2) list.scrollTop += 8;
  if (clientY < box.top + EDGE / 2) list.scrollTop -= 8;
}

/** Lets go, and tells whether it was a drag. */
function release() {
  const { ghost, element } = held;
  held = null;
  window.removeEventListener("pointermove", drag);
  window.removeEventListener("pointerup", drop);
  window.removeEventListener("pointercancel", cancel);
  window.removeEventListener("keydown", escape);
  if (!ghost) return false;
  ghost.remove();
  element.classList.remove("place");
  document.documentElement.classList.remove("dragging");
  for (const column of columns.values()) column.classList.remove("over");
  dragged = true;
  return true;
}

function drop(event) {
  if (event.pointerId !== held.pointer) return;
  const { element, card: { id } } = held;
  const column = Number(element.closest(".column")?.dataset.id);
  const below = element.nextElementSibling;
  const before = below ? Number(below.dataset.id) : null;
  if (!release()) return;
  const card = state.cards.get(id);
  if (!card) {
    render();
    return;
  }
  const own = inColumn(card.column);
  const stays = card.column === column && (own[own.indexOf(card) + 1]?.id ?? null) === before;
  if (stays || (before !== null && !state.cards.has(before))) render();
  else move(card, column, before);
}

function cancel() {
  if (release()) render();
}

function escape(event) {
  if (event.key === "Escape") cancel();
}
