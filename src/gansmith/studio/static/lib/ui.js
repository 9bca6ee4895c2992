// The parts that pages are made of. All of them are native controls with their labels.
import { html, useEffect, useMemo, useRef, useState } from "/static/vendor/preact-htm.js";
import { Plot } from "/static/lib/plot.js";

export { Plot };

let numbers = 0;
const useId = (prefix) => useMemo(() => `${prefix}-${++numbers}`, []);
const words = (...names) => names.filter(Boolean).join(" ");

// A page: its title (h1, and of the browser's tab), one sentence that leads in, and what can be done at the top right.
export function Page({ title, lead, actions, children, wide }) {
  const heading = useRef();
  useEffect(() => {
    document.title = `${title} · gansmith studio`;
  }, [title]);
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, []);
  return html`
    <div class=${words("page", wide && "wide")}>
      <div class="head">
        <div>
          <h1 ref=${heading} tabindex="-1">${title}</h1>
          ${lead && html`<p class="lead">${lead}</p>`}
        </div>
        ${actions && html`<div class="actions">${actions}</div>`}
      </div>
      ${children}
    </div>
  `;
}

// What went wrong, and what mends it.
export function Problem({ problem }) {
  if (!problem) return null;
  const sentence = problem.error ?? problem.message ?? String(problem);
  return html`
    <div class="problem" role="alert">
      <p>${sentence}</p>
      ${problem.remedy && html`<p class="remedy"><span aria-hidden="true">→ </span>${problem.remedy}</p>`}
    </div>
  `;
}

export function Busy({ text = "Loading" }) {
  return html`<p class="busy" role="status"><span class="spinner" aria-hidden="true"></span>${text} …</p>`;
}

// One control with its label above and a hint below. The control is the only child.
export function Field({ label, hint, children }) {
  const id = useId("hint");
  const control = Array.isArray(children) ? children[0] : children;
  if (hint && control?.props) control.props["aria-describedby"] = id;
  return html`
    <div class="field">
      <label><span class="label">${label}</span>${children}</label>
      ${hint && html`<p class="hint" id=${id}>${hint}</p>`}
    </div>
  `;
}

// An input whose text counts once it is committed. `read(input)` gives what is meant, undefined to leave it as it is typed.
export function Typed({ value, read, onValue, ...rest }) {
  const field = useRef();
  useEffect(() => void (field.current.value = value), [value]); // as a prop, whatever is drawn anew would undo what is typed
  const commit = ({ currentTarget }) => {
    const meant = read(currentTarget);
    if (meant === undefined) return;
    currentTarget.value = meant;
    if (meant !== value) onValue(meant);
  };
  return html`<input ref=${field} ...${rest} onChange=${commit} />`;
}

// A whole number between two others; what is none of them is put back.
export function WholeField({ label, value, low, high, onValue }) {
  const read = ({ valueAsNumber: number }) => (Number.isInteger(number) && number >= low && number <= high ? number : value);
  return html`<${Field} label=${label}><${Typed} type="number" min=${low} max=${high} step="1" value=${value} read=${read} onValue=${onValue} /><//>`;
}

// A button, or a link that looks like one where `href` is given. kind: primary, quiet, danger.
export function Button({ kind, busy, disabled, href, children, type = "button", class: extra, ...rest }) {
  const name = words("button", kind, extra);
  if (href) return html`<a class=${name} href=${href} ...${rest}>${children}</a>`;
  return html`<button class=${name} type=${type} disabled=${disabled || busy} aria-busy=${busy ? "true" : undefined} ...${rest}>${children}</button>`;
}

// A range with its value beside it; `text` says the value in other words.
export function Slider({ label, value, min, max, step = 1, onInput, text, hint, disabled }) {
  const id = useId("slider");
  const shown = text ?? String(value);
  return html`
    <div class="field slider">
      <div class="label"><label for=${id}>${label}</label><output for=${id}>${shown}</output></div>
      <input id=${id} type="range" min=${min} max=${max} step=${step} value=${value} disabled=${disabled}
        aria-valuetext=${text} onInput=${(event) => onInput(event.currentTarget.valueAsNumber)} />
      ${hint && html`<p class="hint">${hint}</p>`}
    </div>
  `;
}

// tabs: [{ id, name, content }]; arrows, Home and End move.
export function Tabs({ label, tabs, selected, onSelect }) {
  const base = useId("tabs");
  const [own, setOwn] = useState(tabs[0]?.id);
  const at = Math.max(0, tabs.findIndex((tab) => tab.id === (selected ?? own)));
  const bar = useRef();
  const choose = (index) => {
    setOwn(tabs[index].id);
    onSelect?.(tabs[index].id);
  };
  const onKeyDown = (event) => {
    const last = tabs.length - 1;
    const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
    bar.current.children[to].focus();
  };
  return html`
    <div class="tabs">
      <div role="tablist" aria-label=${label} ref=${bar} onKeyDown=${onKeyDown}>
        ${tabs.map((tab, index) => html`
          <button type="button" role="tab" id=${`${base}-${tab.id}`} aria-controls=${`${base}-panel`}
            aria-selected=${index === at ? "true" : "false"} tabindex=${index === at ? 0 : -1} onClick=${() => choose(index)}>${tab.name}</button>
        `)}
      </div>
      <div role="tabpanel" id=${`${base}-panel`} tabindex="0" aria-labelledby=${`${base}-${tabs[at]?.id}`}>${tabs[at]?.content}</div>
    </div>
  `;
}

// columns: names, or { name, number: true }; rows: arrays of cells. The first cell of a row is its heading.
export function Table({ columns, rows, caption }) {
  const heads = columns.map((column) => (typeof column === "string" ? { name: column } : column));
  const cell = (value, index) => {
    const name = heads[index]?.number ? "number" : undefined;
    return index === 0 ? html`<th scope="row" class=${name}>${value}</th>` : html`<td class=${name}>${value}</td>`;
  };
  return html`
    <div class="table" role="region" tabindex="0" aria-label=${caption}>
      <table>
        <caption>${caption}</caption>
        <thead><tr>${heads.map((head) => html`<th scope="col" class=${head.number ? "number" : undefined}>${head.name}</th>`)}</tr></thead>
        <tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>`)}</tbody>
      </table>
    </div>
  `;
}

// A picture with its text. Small pictures are enlarged without smoothing.
export function Tile({ src, alt, caption, width, height, ...rest }) {
  return html`
    <figure class="tile">
      <img src=${src} alt=${alt} width=${width} height=${height} decoding="async" ...${rest} />
      ${caption && html`<figcaption>${caption}</figcaption>`}
    </figure>
  `;
}

// A command to copy; a line ends between its words, not at the dashes of an option.
export function Command({ label, children }) {
  const [copied, setCopied] = useState(false);
  const text = Array.isArray(children) ? children.join("") : children;
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return html`
    <div class="command">
      ${label && html`<span class="label">${label}</span>`}
      <div><code tabindex="0">${text.split(" ").map((word, i) => html`${i ? " " : ""}<span>${word}</span>`)}</code>
        <button class="button quiet" type="button" aria-label=${`Copy the command: ${text}`} onClick=${copy}>
          <span aria-live="polite">${copied ? "Copied" : "Copy"}</span>
        </button></div>
    </div>
  `;
}
