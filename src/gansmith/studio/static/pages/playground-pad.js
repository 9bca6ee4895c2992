// A pad to draw a density on: by pointer, or by arrow keys and space. Each cell has ink from 0 to `most`.
import { html, useEffect, useRef, useState } from "/static/vendor/preact-htm.js";
import { Button } from "/static/lib/ui.js";

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const SOFT = 0.35; // of the ink goes to the four neighbours

// An address takes a drawing as digits, long runs of zeros shortened.
export const inkToText = (ink) => ink.join("").replace(/0{4,}/g, (zeros) => `z${zeros.length}z`);

export function textToInk(text, cells) {
  const digits = (text ?? "").replace(/z(\d{1,4})z/g, (_, count) => "0".repeat(Math.min(count, cells ** 2)));
  return new RegExp(`^\\d{${cells ** 2}}$`).test(digits) ? [...digits].map(Number) : null;
}

export function emptyInk(cells) {
  return new Array(cells ** 2).fill(0);
}

// What a new pad shows, so that nobody starts from nothing: a wave.
export function firstInk(cells, most) {
  const ink = emptyInk(cells);
  for (let column = 3; column < cells - 3; column++) {
    const row = Math.round(cells / 2 + (cells / 4) * Math.sin((column / cells) * 2 * Math.PI));
    ink[row * cells + column] = most;
  }
  return ink;
}

function paint(canvas, ink, cells, most, cursor) {
  const scale = devicePixelRatio || 1, size = Math.round(canvas.clientWidth * scale), cell = size / cells;
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d"), style = getComputedStyle(canvas);
  pen.fillStyle = style.getPropertyValue("--map-middle");
  pen.fillRect(0, 0, size, size);
  pen.fillStyle = style.getPropertyValue("--real");
  ink.forEach((amount, at) => {
    pen.globalAlpha = amount / most;
    pen.fillRect((at % cells) * cell, Math.floor(at / cells) * cell, Math.ceil(cell), Math.ceil(cell));
  });
  pen.globalAlpha = 1;
  if (!cursor) return;
  pen.strokeStyle = style.getPropertyValue("--text");
  pen.lineWidth = 2 * scale;
  pen.strokeRect(cursor[1] * cell, cursor[0] * cell, cell, cell);
}

export function Pad({ cells, most, ink, onInk }) {
  const canvas = useRef(), working = useRef(ink), stroke = useRef(null);
  const [rubbing, setRubbing] = useState(false), [cursor, setCursor] = useState([cells >> 1, cells >> 1]);
  const [focused, setFocused] = useState(false), [said, setSaid] = useState("");
  const show = () => canvas.current && paint(canvas.current, working.current, cells, most, focused && cursor);
  useEffect(() => {
    working.current = ink;
    show();
  }, [ink]);
  useEffect(show, [cursor, focused]);
  const stamp = (row, column, rub) => {
    const next = working.current.slice();
    const put = (r, c, amount) => {
      if (r < 0 || c < 0 || r >= cells || c >= cells) return;
      next[r * cells + c] = rub ? 0 : Math.max(next[r * cells + c], amount);
    };
    put(row, column, most);
    if (!rub) for (const [dr, dc] of Object.values(MOVES)) put(row + dr, column + dc, Math.round(SOFT * most));
    working.current = next;
    show();
  };
  const cellOf = ({ clientX, clientY }) => {
    const box = canvas.current.getBoundingClientRect();
    return [(clientY - box.top) / box.height, (clientX - box.left) / box.width].map((share) => Math.floor(share * cells));
  };
  const along = (event) => {
    if (!stroke.current) return;
    const to = cellOf(event), from = stroke.current;
    const steps = Math.max(1, Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]));
    for (let at = 0; at <= steps; at++) stamp(...[0, 1].map((i) => Math.round(from[i] + ((to[i] - from[i]) * at) / steps)), rubbing);
    stroke.current = to;
  };
  const onPointerDown = (event) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    stroke.current = cellOf(event);
    along(event);
  };
  const finish = () => {
    if (stroke.current) onInk(working.current);
    stroke.current = null;
  };
  const onKeyDown = (event) => {
    const move = MOVES[event.key];
    if (move) {
      const to = cursor.map((at, i) => Math.min(cells - 1, Math.max(0, at + move[i])));
      setCursor(to);
      setSaid(`row ${to[0] + 1}, column ${to[1] + 1}, ${working.current[to[0] * cells + to[1]] ? "drawn" : "empty"}`);
    } else if (event.key === " " || event.key === "Delete" || event.key === "Backspace") {
      stamp(...cursor, event.key !== " ");
      setSaid(event.key === " " ? "drawn" : "rubbed out");
      onInk(working.current);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`
    <div class="drawing-pad">
      <canvas ref=${canvas} tabindex="0" role="application" aria-label="Drawing pad" aria-describedby="pad-hint"
        onPointerDown=${onPointerDown} onPointerMove=${along} onPointerUp=${finish} onPointerCancel=${finish}
        onKeyDown=${onKeyDown} onFocus=${() => setFocused(true)} onBlur=${() => setFocused(false)}></canvas>
      <p class="hint" id="pad-hint">Draw where reals shall lie. By keys: arrows move, <kbd>Space</kbd> stamps, <kbd>Delete</kbd> rubs out.</p>
      <p class="hidden" aria-live="polite">${said}</p>
      <div class="row">
        <${Button} aria-pressed=${rubbing ? "true" : "false"} onClick=${() => setRubbing(!rubbing)}>Rub out<//>
        <${Button} onClick=${() => onInk(emptyInk(cells))}>Clear<//>
      </div>
    </div>
  `;
}
