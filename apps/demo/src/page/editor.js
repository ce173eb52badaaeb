// The dialog in which a card is read and changed.

import { choices } from "./people.js";
import { ask, upload } from "./server.js";

const dialog = document.getElementById("editor");
const form = dialog.querySelector("form");
const fields = form.elements;
const files = document.getElementById("files");
const progress = document.getElementById("progress");
const fault = document.getElementById("editor-trouble");
const remove = document.getElementById("delete");
const UNITS = ["B", "KiB", "MiB", "GiB"];

let state = null;
let actions = null;
/** The card as it was when it was opened, or last saved. */
let card = null;

export function start(board, handlers) {
  state = board;
  actions = handlers;
}

/** Opens a card. */
export function open(opened) {
  card = opened;
  choices(fields.assignee, state.people, "nobody");
  fields.title.value = card.title;
  fields.description.value = card.description;
  fields.assignee.value = card.assignee ?? "";
  fields.due.value = card.due ?? "";
  complain("");
  showFiles(card);
  remove.textContent = "Delete";
  dialog.showModal();
}

/** Takes notice of what was changed while a card is open. */
export function update({ cards, gone }) {
  if (!dialog.open) return;
  if (gone.includes(card.id)) complain("Somebody has deleted this card.");
  const now = cards.find(({ id }) => id === card.id);
  if (!now) return;
  showFiles(now);
  if (now.version > card.version) complain("Somebody has changed this card meanwhile.");
}

function complain(text) {
  fault.textContent = text;
  fault.hidden = !text;
}

function showFiles({ attachments }) {
  files.replaceChildren(...attachments.map(({ id, name, size }) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `api/attachments/${id}`;
    link.download = name;
    link.textContent = name;
    const bytes = document.createElement("span");
    bytes.className = "size";
    bytes.textContent = readable(size);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Remove";
    button.setAttribute("aria-label", `Remove ${name}`);
    button.onclick = () => attempt(() => ask("DELETE", `api/attachments/${id}`));
    item.append(link, bytes, button);
    return item;
  }));
}

function readable(size) {
  const power = Math.min(Math.floor(Math.log2(Math.max(size, 1)) / 10), UNITS.length - 1);
  const number = size / 1024 ** power;
  return `${power && number < 10 ? number.toFixed(1) : Math.round(number)} ${UNITS[power]}`;
}

/** Has the server change something; returns whether it did. */
async function attempt(action) {
  complain("");
  try {
    await actions.take(await action());
    return true;
  } catch (error) {
    complain(error.message);
    if (error.status === 409) {
      // What is typed stays, and to save it once more is to know what one does.
      card = await ask("GET", `api/cards/${card.id}`);
      complain("Somebody has changed this card since you opened it. Save again to have it as it is here.");
    }
    return false;
  }
}

form.onsubmit = async (event) => {
  event.preventDefault();
  const saved = await attempt(() => ask("PUT", `api/cards/${card.id}`, {
    version: card.version,
    title: fields.title.value,
    description: fields.description.value,
    assignee: fields.assignee.value ? Number(fields.assignee.value) : null,
    due: fields.due.value || null,
  }));
  if (saved) dialog.close();
};

document.getElementById("cancel").onclick = () => dialog.close();

remove.onclick = async () => {
  if (remove.textContent === "Delete") {
    remove.textContent = "Really delete it?";
    return;
  }
  if (await attempt(() => ask("DELETE", `api/cards/${card.id}`))) dialog.close();
};

fields.files.onchange = async () => {
  const chosen = [...fields.files.files];
  if (!chosen.length) return;
  progress.value = 0;
  progress.hidden = false;
  await attempt(() => upload(`api/cards/${card.id}/attachments`, chosen, (part) => { progress.value = part; }));
  progress.hidden = true;
  fields.files.value = "";
};
