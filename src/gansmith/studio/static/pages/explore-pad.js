// A pad for two directions at once: drag, or focus it and use the arrow keys.
import { html, useRef } from "/static/vendor/preact-htm.js";
import { Field } from "/static/lib/ui.js";

const STEP = 0.1, LEAP = 0.5;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const says = (value) => value.toFixed(1).replace("-", "minus ");

export function Pad({ axes, setAxes, names, amounts, move, range }) {
  const pad = useRef();
  const [x, y] = axes.map((axis) => amounts[axis]);
  const bound = (value) => Math.min(range, Math.max(-range, Math.round(value * 100) / 100));
  const to = (across, up) => move({ [axes[0]]: bound(across), [axes[1]]: bound(up) });
  const point = (event) => {
    if (!pad.current.hasPointerCapture(event.pointerId)) return;
    const box = pad.current.getBoundingClientRect();
    to(range * ((2 * (event.clientX - box.left)) / box.width - 1), range * (1 - (2 * (event.clientY - box.top)) / box.height));
  };
  const grasp = (event) => {
    if (event.button) return;
    pad.current.setPointerCapture(event.pointerId);
    point(event);
  };
  const press = (event) => {
    if (event.key === "Home") to(0, 0);
    else if (KEYS[event.key]) {
      const [across, up] = KEYS[event.key].map((way) => way * (event.shiftKey ? LEAP : STEP));
      to(x + across, y + up);
    } else return;
    event.preventDefault();
  };
  const choose = (which) => (event) => {
    const next = [...axes];
    next[which] = Number(event.currentTarget.value);
    if (next[0] !== next[1] || names.length < 2) setAxes(next);
    else setAxes([axes[1], axes[0]]);
  };
  const percent = (value, sign) => `${50 + (sign * 50 * value) / range}%`;
  return html`
    <div class="explore-pad">
      <div class="pad" ref=${pad} tabindex="0" role="application" aria-label=${`Pad: ${names[axes[0]]} across, ${names[axes[1]]} up`}
        aria-describedby="pad-hint pad-at" onPointerDown=${grasp} onPointerMove=${point} onKeyDown=${press} onDblClick=${() => to(0, 0)}>
        <span class="axis across" aria-hidden="true">${names[axes[0]]} →</span>
        <span class="axis up" aria-hidden="true">${names[axes[1]]} →</span>
        <span class="dot" style=${{ left: percent(x, 1), top: percent(y, -1) }}></span>
      </div>
      <div class="stack">
        <${Field} label="Across"><${Axis} names=${names} value=${axes[0]} onChange=${choose(0)} /><//>
        <${Field} label="Up"><${Axis} names=${names} value=${axes[1]} onChange=${choose(1)} /><//>
        <p class="hint" id="pad-hint">Drag in the pad, or press the arrow keys there (with Shift: further). Home goes back to the middle.</p>
        <p class="hidden" id="pad-at" aria-live="polite">${says(x)} across, ${says(y)} up</p>
      </div>
    </div>
  `;
}

function Axis({ names, value, onChange, ...rest }) {
  return html`<select value=${value} onChange=${onChange} ...${rest}>${names.map((name, i) => html`<option value=${i}>${name}</option>`)}</select>`;
}
