// Talking to the server: JSON, uploads, event streams and sockets. Paths are without the /api prefix.

export class Problem extends Error {
  constructor(error, remedy = "", status = 0) {
    super(error);
    Object.assign(this, { error, remedy, status });
  }
}

const UNREACHABLE = ["the studio does not answer", "start it again: gansmith studio"];

export const get = (path, options) => request("GET", path, undefined, options);
export const post = (path, body = {}, options) => request("POST", path, body, options);
export const put = (path, body = {}, options) => request("PUT", path, body, options);
export const remove = (path, options) => request("DELETE", path, undefined, options);

async function request(method, path, body, { signal } = {}) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  let response;
  try {
    response = await fetch(`/api/${path}`, { method, headers, signal, body: body && JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(...UNREACHABLE);
  }
  return read(response.status, await response.text());
}

// FormData or a Blob, with onProgress(share from 0 to 1).
export function upload(path, form, onProgress = () => {}) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", `/api/${path}`);
    sending.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    sending.onerror = () => reject(new Problem("the upload was cut off", "try again; larger sets by command"));
    sending.onload = () => {
      try {
        resolve(read(sending.status, sending.responseText));
      } catch (problem) {
        reject(problem);
      }
    };
    sending.send(form);
  });
}

function read(status, text) {
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    if (status < 400) throw new Problem("the studio answered something unreadable", "reload the page", status);
  }
  if (status < 400) return value;
  throw new Problem(value?.error ?? `the studio answered ${status}`, value?.remedy ?? "", status);
}

// Server-sent events: handlers by name get the parsed data; handlers.connection, if given, is told true or false. A
// stream begins after the place `after`, and one that is cut goes on after the last event that came. A hidden tab holds
// none: a browser has few to a host.
export function listen(path, { connection = () => {}, ...handlers }, after = "") {
  let source = null, timer, last = after;
  const open = () => {
    source = new EventSource(`/api/${path}${last && `?after=${encodeURIComponent(last)}`}`);
    source.onopen = () => connection(true);
    source.onerror = () => {
      connection(false);
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, 3000);
    };
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        last = event.lastEventId || last;
        handle(JSON.parse(event.data));
      });
    }
  };
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const turn = () => {
    if (document.hidden) close();
    else if (!source) open();
  };
  document.addEventListener("visibilitychange", turn);
  turn();
  return () => {
    document.removeEventListener("visibilitychange", turn);
    close();
  };
}

// A WebSocket: onMessage gets parsed JSON or an ArrayBuffer; onState, if given, is told true or false.
// It connects again by itself; what was sent meanwhile is the last thing only.
export function socket(path, onMessage, onState = () => {}) {
  let web, timer, waiting = null, closed = false;
  const open = () => {
    web = new WebSocket(`ws://${location.host}/api/${path}`);
    web.binaryType = "arraybuffer";
    web.onopen = () => {
      onState(true);
      if (waiting !== null) web.send(waiting);
      waiting = null;
    };
    web.onmessage = ({ data }) => onMessage(typeof data === "string" ? JSON.parse(data) : data);
    web.onclose = () => {
      if (closed) return;
      onState(false);
      timer = setTimeout(open, 1000);
    };
  };
  open();
  return {
    send(message) {
      const plain = typeof message === "string" || message instanceof ArrayBuffer || ArrayBuffer.isView(message);
      const frame = plain ? message : JSON.stringify(message);
      if (web.readyState === WebSocket.OPEN) web.send(frame);
      else waiting = frame;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      web.close();
    },
  };
}
