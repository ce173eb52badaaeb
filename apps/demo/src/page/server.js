// What the page asks of the server, and hears from it.

export class Refusal extends Error {
  constructor(status, problem) {
    const faults = (problem.faults ?? []).map(({ at, message }) => (at ? `${at}: ${message}` : message));
    super(faults.length ? faults.join("; ") : problem.detail ?? problem.title ?? `the server answers ${status}`);
    this.status = status;
  }
}

let person = null;

/** Who is recorded as the one who did it. */
export function be(id) {
  person = id;
}

function fields(more = {}) {
  return person === null ? more : { ...more, "x-person": String(person) };
}

/** Sends a request, and returns the JSON of its response. Throws a `Refusal`, or what `fetch` throws. */
export async function ask(method, path, content) {
  const options = { method, headers: fields() };
  if (content !== undefined) {
    options.headers = fields({ "content-type": "application/json" });
    options.body = JSON.stringify(content);
  }
  const response = await fetch(path, options);
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(response.status, body);
  return body;
}

/** Uploads files, and tells how far it is: from 0 to 1. */
export function upload(path, files, progress) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    for (const file of files) form.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(fields())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
    request.onload = () => {
      if (request.status < 300) resolve(request.response);
      else reject(new Refusal(request.status, request.response ?? {}));
    };
    request.onerror = () => reject(new Error("the upload failed"));
    request.send(form);
  });
}

// A server that starts again is there within a moment; one that is gone for long need not be asked often.
const SOONEST = 250;
const LATEST = 8000;

/**
 * Listens to what is changed on a board, and comes back when the connection is lost. `open` is awaited before anything
 * else is told: it loads what was changed meanwhile.
 */
export function listen(board, { open, news, lost }) {
  let wait = SOONEST;
  let socket = null;
  let stopped = false;
  let timer = 0;

  function connect() {
    let told = Promise.resolve();
    const address = new URL(`live?board=${board}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const own = new WebSocket(address);
    socket = own;
    own.onopen = () => {
      told = told.then(open).then(() => { wait = SOONEST; }, () => own.close());
    };
    own.onmessage = ({ data }) => {
      told = told.then(() => own === socket && news(JSON.parse(data)));
    };
    own.onclose = () => {
      if (stopped || own !== socket) return;
      lost();
      timer = setTimeout(connect, wait * (0.75 + Math.random() / 2));
      wait = Math.min(2 * wait, LATEST);
    };
  }

  connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    socket.close();
  };
}

/** Follows the activity on a board. Browsers come back by themselves, unless the server has answered with a failure. */
export function follow(board, happened) {
  let events = null;
  let timer = 0;

  function connect() {
    events = new EventSource(`activity/stream?board=${board}`);
    events.onmessage = ({ data }) => happened(JSON.parse(data));
    events.onerror = () => {
      if (events.readyState === EventSource.CLOSED) timer = setTimeout(connect, LATEST / 4);
    };
  }

  connect();
  return () => {
    clearTimeout(timer);
    events.close();
  };
}
