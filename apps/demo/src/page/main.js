// The page: loads a board, shows it, and keeps it as it is on the server.

import * as board from "./board.js";
import * as editor from "./editor.js";
import * as feed from "./feed.js";
import { choices } from "./people.js";
import { ask, be, listen } from "./server.js";
import "./slow.js";

const link = document.getElementById("link");
const present = document.getElementById("present");
const me = document.getElementById("me");
const boards = document.getElementById("boards");
const trouble = document.getElementById("trouble");

/** What the page knows; `revision` says how much of what happened. */
const state = { id: null, revision: 0, columns: [], cards: new Map(), people: new Map() };

async function load() {
  const { board: { name, revision }, columns, cards } = await ask("GET", `api/boards/${state.id}`);
  Object.assign(state, { revision, columns, cards: new Map(cards.map((card) => [card.id, card])) });
  document.getElementById("name").textContent = name;
  document.title = `${name} – Transom`;
  board.render();
  connected("live", "live");
}

/** Takes in what somebody changed, here or elsewhere: the same change may come twice. */
function take(change) {
  if (change.board !== state.id || change.revision <= state.revision) return undefined;
  if (change.revision > state.revision + 1) return load();
  state.revision = change.revision;
  for (const card of change.cards) state.cards.set(card.id, card);
  for (const id of change.gone) state.cards.delete(id);
  board.render(change.activity.card);
  editor.update(change);
  return undefined;
}

function connected(value, text) {
  link.dataset.state = value;
  link.textContent = text;
  if (value !== "live") present.textContent = "";
}

/** Does something to the board, and says so if it fails. */
async function change(method, path, content) {
  try {
    const result = await ask(method, path, content);
    await take(result);
    return result;
  } catch (error) {
    complain(error.message);
    await load().catch(() => {});
    return null;
  }
}

let timer = 0;
function complain(text) {
  clearTimeout(timer);
  trouble.textContent = text;
  trouble.hidden = false;
  timer = setTimeout(() => { trouble.hidden = true; }, 6000);
}

let close = () => {};
function open(id) {
  close();
  state.id = id;
  feed.show(id, state.people);
  close = listen(id, {
    open: load,
    lost: () => connected("lost", "reconnecting"),
    news: (news) => {
      if (news.change) return take(news.change);
      if (news.lost) return load();
      present.textContent = news.present === 1 ? "only you" : `${news.present} here`;
      return undefined;
    },
  });
}

async function start() {
  const [{ people }, all] = await Promise.all([ask("GET", "api/people"), ask("GET", "api/boards")]);
  state.people = new Map(people.map((person) => [person.id, person]));
  choices(me, state.people, "somebody");
  me.value = localStorage.getItem("transom-demo-person") ?? people[0]?.id ?? "";
  const choose = () => {
    localStorage.setItem("transom-demo-person", me.value);
    be(me.value ? Number(me.value) : null);
  };
  me.onchange = choose;
  choose();
  boards.replaceChildren(...all.boards.map(({ id, name }) => new Option(name, id)));
  boards.parentElement.hidden = all.boards.length < 2;
  boards.onchange = () => open(Number(boards.value));
  board.start(state, { change, edit: (card) => editor.open(card) });
  editor.start(state, { change, take });
  open(all.boards[0].id);
}

async function starting() {
  try {
    await start();
  } catch {
    connected("lost", "no server");
    setTimeout(starting, 1000);
  }
}

starting();
