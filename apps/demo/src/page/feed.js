// What happened, latest first.

import { ask, follow } from "./server.js";
import { face } from "./people.js";

const list = document.getElementById("activity");
const older = document.getElementById("older");
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const exact = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
// As many as the server begins with.
const PAGE = 30;
const UNITS = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000]];

const VERBS = {
  created: ["added", "in"],
  edited: ["changed"],
  moved: ["moved", "to"],
  deleted: ["deleted"],
  attached: ["attached to", "the file"],
  detached: ["removed from", "the file"],
};

/** By id. */
let known = new Map();
/** Whether nothing is older than what is known. */
let whole = false;
let people = new Map();
let stop = () => {};

/** Shows the activity of a board. */
export function show(board, everybody) {
  stop();
  people = everybody;
  known = new Map();
  whole = false;
  list.replaceChildren();
  stop = follow(board, (activity) => insert(activity));
  older.onclick = async () => {
    const before = Math.min(...known.keys());
    const page = await ask("GET", `api/activity?board=${board}&before=${before}&limit=${PAGE}`);
    whole = page.before === null;
    page.activity.forEach(insert);
    older.hidden = whole;
  };
}

function insert(activity) {
  if (known.has(activity.id)) return;
  const item = row(activity);
  known.set(activity.id, item);
  const next = [...list.children].find((other) => Number(other.dataset.id) < activity.id);
  list.insertBefore(item, next ?? null);
  older.hidden = whole || known.size < PAGE;
}

function row({ id, person, kind, title, detail, at }) {
  const item = document.createElement("li");
  item.dataset.id = id;
  const who = people.get(person);
  const sign = face(document.createElement("span"), who);
  sign.className = "who";
  const text = document.createElement("p");
  const [verb, link] = VERBS[kind] ?? [kind];
  const card = document.createElement("b");
  card.textContent = title;
  text.append(`${who?.name ?? "Somebody"} ${verb} `, card);
  if (link && detail) text.append(` ${link} ${detail}`);
  const time = document.createElement("time");
  time.dateTime = new Date(at).toISOString();
  time.title = exact.format(at);
  text.append(time);
  item.append(sign, text);
  tell(time);
  return item;
}

function tell(time) {
  const ago = Date.now() - Date.parse(time.dateTime);
  const [unit, length] = UNITS.find(([, length]) => ago >= length) ?? [null, 0];
  time.textContent = unit ? relative.format(-Math.floor(ago / length), unit) : "just now";
}

setInterval(() => list.querySelectorAll("time").forEach(tell), 20_000);
