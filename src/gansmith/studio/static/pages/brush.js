// The brush: paint what the picture should be, and the model finds pictures of its own that obey.
import { html, useEffect, useMemo, useRef, useState } from "/static/vendor/preact-htm.js";
import { get } from "/static/lib/api.js";
import { classIndex, download, draw, hand, handed, live } from "/static/lib/live.js";
import { Busy, Button, Field, Page, Problem, Slider, WholeField } from "/static/lib/ui.js";
import { Easel } from "/static/pages/brush-easel.js";
import { planes } from "/static/pages/brush-strokes.js";

const TOOLS = [
  ["colour", "Colour", "The picture should have this colour here."],
  ["sketch", "Sketch", "There should be an edge along this line."],
  ["keep", "Keep", "The picture should stay as it is here."],
  ["erase", "Eraser", "Takes strokes away."],
];
const MOST_SEED = 999_999, MOST_STROKES = 400;

export default function Brush({ id, query, go }) {
  const [about, setAbout] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    get(`models/${encodeURIComponent(id)}/explore`).then(setAbout, setProblem);
  }, [id]);
  if (problem) return html`<${Page} title="Brush"><${Problem} problem=${problem} /><//>`;
  if (!about) return html`<${Page} title="Brush"><${Busy} text="Loading the model" /><//>`;
  return html`<${Loaded} id=${id} about=${about} query=${query} go=${go} />`;
}

function begin(id, about, query) {
  const seed = Math.min(MOST_SEED, Math.max(0, Math.trunc(Number(query.seed)) || 0));
  const label = about.classes.length ? classIndex(about.classes, query.label) : null;
  const place = { seed, latents: null, label, truncation: 1, amounts: [], mix: null, ...handed(id) };
  return about.mapped ? { ...place, amounts: [], mix: null } : place;
}

function Loaded({ id, about, query, go }) {
  const [start, setStart] = useState(() => begin(id, about, query));
  const [near, setNear] = useState(0.3);
  const [strokes, setStrokes] = useState([]);
  const [undone, setUndone] = useState([]);
  const [tool, setTool] = useState("colour");
  const [colour, setColour] = useState(about.channels === 1 ? "#ffffff" : "#e8432e");
  const [size, setSize] = useState(Math.max(1, Math.round(about.size[0] / 8)));
  const [shown, setShown] = useState(true);
  const [chosen, setChosen] = useState(0);
  const [search, setSearch] = useState({ count: 1, running: false });
  const [problem, setProblem] = useState(null);
  const picture = useRef(), channel = useRef(), sheet = useRef(null), thumbs = useRef([]), pick = useRef(0);
  const results = useRef(new Map()), strokesNow = useRef(strokes);
  const [height, width] = about.size;
  pick.current = chosen;
  strokesNow.current = strokes;

  const show = () => {
    if (!sheet.current) return;
    const { bitmap, count } = sheet.current;
    draw(picture.current, bitmap, Math.min(pick.current, count - 1), count);
    thumbs.current.slice(0, count).forEach((thumb, i) => thumb && draw(thumb, bitmap, i, count));
  };
  useEffect(() => {
    const onFrame = (header, bitmap) => {
      sheet.current = { bitmap, count: header.count };
      const running = header.done === false;
      setSearch((known) => ({ ...known, ...header, latents: header.latents ?? known.latents, running }));
      if (header.done && header.latents) results.current.set(strokesNow.current.length, header);
      show();
    };
    const onProblem = (told) => {
      setProblem(told);
      if (told) setSearch((known) => ({ ...known, running: false }));
    };
    channel.current = live(`models/${encodeURIComponent(id)}/brush`, onFrame, onProblem);
    return () => channel.current.close();
  }, []);
  useEffect(show, [chosen, search.count]);

  // `live`: a stroke is still being drawn. The other candidates are chosen by the first whole stroke.
  const ask = (list, { drawing = false, from = start, hold = near } = {}) => {
    if (!list.length) return channel.current.ask({ start: from });
    const message = { start: from, drawn: planes(list, width, height), near: hold };
    if (list.length > 1 && search.latents) message.begin = search.latents;
    setSearch((known) => ({ ...known, running: true, step: 0 }));
    return channel.current.ask(drawing ? { ...message, steps: 30 } : message, { stream: true });
  };
  const reset = (from) => {
    results.current.clear();
    setStart(from);
    setStrokes([]);
    setUndone([]);
    setChosen(0);
    setSearch({ count: 1, running: false });
    ask([], { from });
  };
  useEffect(() => ask([]), []);

  const finish = (stroke) => {
    const next = [...strokes, stroke];
    for (const key of results.current.keys()) if (key >= next.length) results.current.delete(key);
    setStrokes(next);
    setUndone([]);
    ask(next);
  };
  const recall = (next) => {
    const known = results.current.get(next.length);
    setStrokes(next);
    if (!next.length || !known) return ask(next);
    setSearch({ ...known, running: false });
    return channel.current.ask({ start, latents: known.latents });
  };
  const undo = () => {
    if (!strokes.length) return;
    setUndone([strokes.at(-1), ...undone]);
    recall(strokes.slice(0, -1));
  };
  const redo = () => {
    if (!undone.length) return;
    setUndone(undone.slice(1));
    recall([...strokes, undone[0]]);
  };
  const clear = () => {
    results.current.clear();
    setStrokes([]);
    setUndone([]);
    setSearch({ count: 1, running: false });
    setChosen(0);
    ask([]);
  };
  const stop = () => channel.current.ask({ start, latents: search.latents });
  const here = () => (strokes.length && search.latents ? { ...start, latents: row(search.latents, chosen, search.count), amounts: [], mix: null, truncation: 1 } : start);
  const onwards = (event) => {
    event.preventDefault();
    hand(id, here());
    go(`/models/${encodeURIComponent(id)}/explore`);
  };
  const save = () => download(`models/${encodeURIComponent(id)}/place.png`, here(), `${id}.png`).catch(setProblem);
  const strength = (value) => {
    setNear(value);
    results.current.clear();
    if (strokes.length) ask(strokes, { hold: value });
  };
  return html`
    <${Page} title=${`Paint with ${id}`} lead="Your strokes are wishes. The model looks for pictures of its own that come true to them.">
      <${Problem} problem=${problem} />
      <div class="brush">
        <div class="stack">
          <${Easel} picture=${picture} width=${width} height=${height} strokes=${strokes} shown=${shown} tool=${tool} colour=${colour}
            size=${size} full=${strokes.length >= MOST_STROKES} finish=${finish} undo=${undo} redo=${redo}
            watch=${(stroke) => ask([...strokes, stroke], { drawing: true })} />
          <${Status} search=${search} chosen=${chosen} strokes=${strokes} stop=${stop} />
          <div class="row">
            <${Button} onClick=${undo} disabled=${!strokes.length} aria-keyshortcuts="Control+Z">Undo<//>
            <${Button} onClick=${redo} disabled=${!undone.length} aria-keyshortcuts="Control+Y">Redo<//>
            <${Button} onClick=${clear} disabled=${!strokes.length}>Clear<//>
            <label class="brush-check"><input type="checkbox" checked=${shown} onChange=${(event) => setShown(event.currentTarget.checked)} />Show strokes</label>
          </div>
        </div>
        <div class="stack">
          <${Tools} tool=${tool} setTool=${setTool} colour=${colour} setColour=${setColour} size=${size} setSize=${setSize}
            most=${Math.max(2, Math.round(height / 2))} grey=${about.channels === 1} />
          <${Candidates} search=${search} strokes=${strokes} chosen=${chosen} setChosen=${setChosen} thumbs=${thumbs} />
          <section class="card stack" aria-labelledby="h-go">
            <h2 id="h-go">Go on</h2>
            <div class="row">
              <${Button} disabled=${!strokes.length || !search.latents} onClick=${() => reset(here())}>Paint on this one<//>
              <${Button} onClick=${save}>Save PNG<//>
              <${Button} href=${`/models/${encodeURIComponent(id)}/explore`} onClick=${onwards}>Explore from here<//>
            </div>
          </section>
          <${Start} about=${about} start=${start} reset=${reset} near=${near} strength=${strength} />
        </div>
      </div>
    <//>
  `;
}

// The latents of one candidate of several, all in base64.
function row(latents, index, count) {
  const bytes = atob(latents), length = bytes.length / count;
  return btoa(bytes.slice(index * length, (index + 1) * length));
}

function Status({ search, chosen, strokes, stop }) {
  const { running, step, steps, errors } = search;
  const error = errors?.[Math.min(chosen, errors.length - 1)];
  const text = !strokes.length && !running ? "Paint on the picture to begin."
    : running ? "Looking for pictures that obey …"
    : error === undefined ? "" : `Done. Remaining error ${error.toPrecision(2)}.`;
  return html`
    <div class="brush-status">
      <progress max=${steps ?? 100} value=${running ? step ?? 0 : strokes.length ? steps ?? 0 : 0} aria-label="Search"></progress>
      <p role="status">${text}</p>
      ${running && html`<${Button} kind="quiet" onClick=${stop} disabled=${!search.latents}>Stop<//>`}
    </div>
  `;
}

function Tools({ tool, setTool, colour, setColour, size, setSize, most, grey }) {
  return html`
    <section class="card stack" aria-labelledby="h-tools">
      <h2 id="h-tools">Brush</h2>
      <fieldset>
        <legend class="hidden">What a stroke means</legend>
        <div class="brush-tools">
          ${TOOLS.map(([name, label, meaning]) => html`
            <label class="brush-tool">
              <input type="radio" name="tool" checked=${tool === name} onChange=${() => setTool(name)} />
              <span><strong>${label}</strong> <span class="hint">${meaning}</span></span>
            </label>`)}
        </div>
      </fieldset>
      <div class="brush-look">
        <${Field} label="Colour">
          <input type="color" value=${colour} disabled=${tool !== "colour"} onInput=${(event) => setColour(event.currentTarget.value)} /><//>
        <${Slider} label="Size" value=${size} min="1" max=${most} step="1" text=${`${size} px`} onInput=${setSize} disabled=${tool === "sketch"} />
      </div>
      ${grey && html`<p class="hint">This model is grey: of a colour, its brightness counts.</p>`}
    </section>
  `;
}

function Candidates({ search, strokes, chosen, setChosen, thumbs }) {
  const count = strokes.length ? search.count ?? 1 : 1;
  return html`
    <section class="card stack" aria-labelledby="h-candidates">
      <h2 id="h-candidates">Candidates</h2>
      <p class="quiet-text">${count > 1 ? "The first is your picture, changed. The others begin elsewhere." : "After the first stroke, other pictures that obey it appear here."}</p>
      <div class="brush-candidates" role="group" aria-labelledby="h-candidates">
        ${[...Array(count).keys()].map((i) => html`
          <button type="button" key=${i} aria-pressed=${i === chosen ? "true" : "false"} onClick=${() => setChosen(i)}
            aria-label=${i ? `Candidate ${i + 1}` : "Your picture, changed"}>
            <canvas ref=${(canvas) => { thumbs.current[i] = canvas; }}></canvas></button>`)}
      </div>
    </section>
  `;
}

function Start({ about, start, reset, near, strength }) {
  const onSeed = (seed) => reset({ ...start, seed, latents: null, amounts: [], mix: null });
  const another = () => onSeed(Math.floor(Math.random() * 100_000));
  return html`
    <section class="card stack" aria-labelledby="h-start">
      <h2 id="h-start">Start</h2>
      <div class="brush-start">
        <${WholeField} label="Seed" low=${0} high=${MOST_SEED} value=${start.seed} onValue=${onSeed} />
        ${about.classes.length > 0 && html`
          <${Field} label="Class">
            <select value=${start.label} onChange=${(event) => reset({ ...start, label: Number(event.currentTarget.value) })}>
              ${about.classes.map((name, i) => html`<option value=${i}>${name}</option>`)}
            </select><//>`}
        <${Button} onClick=${another}>Another picture<//>
      </div>
      <${Slider} label="Stay near the start" value=${near} min="0" max="2" step="0.1" text=${near.toFixed(1)} onInput=${strength}
        hint="Higher changes less of what you did not paint." />
    </section>
  `;
}
