// Pictures by WebSocket: one request under way at a time, and of those that wait for it only the newest is sent.
import { socket } from "/static/lib/api.js";

// onFrame(header, bitmap) for every picture; onProblem({ error, remedy } or null). ask(message, { stream }) asks for
// one: a stream goes on until its header says `done`, and ends as soon as something else is asked for.
export function live(path, onFrame, onProblem) {
  let number = 0, waiting = null, flying = null, drawn = 0, quiet = false;
  const send = () => {
    if (!waiting || (flying && !flying.stream)) return;
    flying = { id: ++number, ...waiting };
    waiting = null;
    web.send({ ...flying.message, id: flying.id });
  };
  const settle = (id) => {
    if (flying?.id === id) flying = null;
    send();
  };
  const receive = async (data) => {
    if (!(data instanceof ArrayBuffer)) {
      onProblem(data);
      if (data.id === undefined) quiet = true; // the server has closed the door: knocking again is no use
      return quiet ? web.close() : settle(data.id);
    }
    const length = new DataView(data).getUint32(0);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
    if (header.id === number) onProblem(null);
    if (header.done !== false) settle(header.id);
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(data, 4 + length)], { type: "image/png" }));
    if (header.id < drawn) return;
    drawn = header.id;
    onFrame(header, bitmap);
  };
  const web = socket(path, receive, (open) => {
    if (open) return onProblem(null);
    if (flying && !waiting) waiting = { message: flying.message, stream: flying.stream };
    flying = null;
    onProblem({ error: "The studio does not answer.", remedy: "It is asked again every second; start it again: gansmith studio" });
    send();
  });
  return {
    ask(message, { stream = false } = {}) {
      waiting = { message, stream };
      send();
    },
    close: () => web.close(),
  };
}

// Draw one picture of a sheet, the `row`-th of `count` below one another, at its own size.
export function draw(canvas, bitmap, row = 0, count = 1) {
  const height = bitmap.height / count;
  if (canvas.width !== bitmap.width || canvas.height !== height) Object.assign(canvas, { width: bitmap.width, height });
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, row * height, bitmap.width, height, 0, 0, bitmap.width, height);
}

// Ask for a file by POST and hand it to the browser to keep.
export async function download(path, body, name) {
  const response = await fetch(`/api/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!response.ok) throw await response.json();
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await response.blob()), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// A place that goes along from one page of a model to another.
const KEY = (id) => `gansmith:place:${id}`;
export const hand = (id, place) => sessionStorage.setItem(KEY(id), JSON.stringify(place));
export function handed(id) {
  const place = JSON.parse(sessionStorage.getItem(KEY(id)) ?? "null");
  sessionStorage.removeItem(KEY(id));
  return place;
}

// The class that an address names, by name or by index; the first one where it names none.
export function classIndex(classes, named) {
  const index = classes.includes(named) ? classes.indexOf(named) : Number(named);
  return Number.isInteger(index) && index >= 0 && index < classes.length ? index : 0;
}
