// The picture with the strokes over it: painted by pointer, or by a cursor that the arrow keys move.
import { html, useEffect, useRef, useState } from "/static/vendor/preact-htm.js";
import { trace } from "/static/pages/brush-strokes.js";

const SCALE = 640; // pixels of the overlay's longer side
const PACE = 150; // milliseconds between two looks at a stroke that is being drawn
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function Easel({ picture, width, height, strokes, shown, tool, colour, size, full, finish, watch, undo, redo }) {
  const overlay = useRef(), stroke = useRef(null), watched = useRef(0);
  const [cursor, setCursor] = useState(null);
  const [down, setDown] = useState(false);
  const times = SCALE / Math.max(width, height);

  const redraw = () => {
    const context = overlay.current.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, overlay.current.width, overlay.current.height);
    context.setTransform(times, 0, 0, times, 0, 0);
    for (const one of shown ? [...strokes, ...(stroke.current ? [stroke.current] : [])] : []) paint(context, one, times);
  };
  useEffect(redraw, [strokes, shown, width]);

  const begin = (point) => {
    if (full) return;
    stroke.current = { tool, colour, size: tool === "sketch" ? 1 : size, points: [point] };
    watched.current = performance.now();
    redraw();
  };
  const extend = (point) => {
    if (!stroke.current) return;
    stroke.current.points.push(point);
    redraw();
    if (performance.now() - watched.current < PACE) return;
    watched.current = performance.now();
    watch({ ...stroke.current, points: [...stroke.current.points] });
  };
  const end = () => {
    const done = stroke.current;
    stroke.current = null;
    if (done) finish(done);
  };
  const place = (event) => {
    const box = overlay.current.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  };
  const onDown = (event) => {
    if (event.button) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setCursor(null);
    begin(place(event));
  };
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey) {
      const act = { z: event.shiftKey ? redo : undo, Z: redo, y: redo }[event.key];
      if (!act) return;
      event.preventDefault();
      return act();
    }
    const at = cursor ?? [width / 2, height / 2];
    if (event.key === " ") {
      event.preventDefault();
      if (event.repeat || down) return;
      setCursor(at);
      setDown(true);
      return begin(at);
    }
    if (!ARROWS[event.key]) return;
    event.preventDefault();
    const leap = (event.shiftKey ? 4 : 1) * Math.max(1, Math.round(width / 32));
    const [x, y] = ARROWS[event.key].map((way, i) => at[i] + way * leap);
    const next = [Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))];
    setCursor(next);
    if (down) extend(next);
  };
  const lift = () => {
    if (!down) return;
    setDown(false);
    end();
  };
  return html`
    <div class="easel" tabindex="0" role="application" aria-label="Canvas to paint on" aria-describedby="easel-hint easel-at"
      onPointerDown=${onDown} onPointerMove=${(event) => extend(place(event))} onPointerUp=${end} onPointerCancel=${end}
      onKeyDown=${onKey} onKeyUp=${(event) => event.key === " " && lift()} onBlur=${lift}>
      <canvas ref=${picture} class="easel-picture"></canvas>
      <canvas ref=${overlay} class="easel-strokes" width=${width * times} height=${height * times}></canvas>
      ${cursor && html`<span class="easel-cursor" style=${{
        left: `${(100 * cursor[0]) / width}%`, top: `${(100 * cursor[1]) / height}%`, width: `${(100 * size) / width}%` }}></span>`}
    </div>
    <p class="hint" id="easel-hint">Draw with the pointer. By keyboard: arrow keys move (with Shift: further), hold Space to paint, Ctrl+Z undoes.</p>
    <p class="hidden" id="easel-at" aria-live="polite">${cursor ? `${Math.round(cursor[0])}, ${Math.round(cursor[1])}${down ? ", painting" : ""}` : ""}</p>
  `;
}

// How a stroke looks on the screen, whatever it means: colours as they are, the others with a rim to be seen on any picture.
function paint(context, stroke, times) {
  if (stroke.tool === "colour" || stroke.tool === "erase") return trace(context, stroke, stroke.colour);
  const thin = 3 / times;
  if (stroke.tool === "sketch") {
    trace(context, stroke, "#fff", 2.4 * thin);
    return trace(context, stroke, "#111", thin);
  }
  return trace(context, stroke, "rgb(40 160 255 / 45%)");
}
