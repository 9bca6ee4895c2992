// The explorer: move through the latent space of a model, mix styles, project a picture, and make films of the way.
import { html, useEffect, useMemo, useRef, useState } from "/static/vendor/preact-htm.js";
import { get, upload } from "/static/lib/api.js";
import { classIndex, download, draw, hand, handed, live } from "/static/lib/live.js";
import { Busy, Button, Field, Page, Problem, Slider, Typed, WholeField } from "/static/lib/ui.js";
import { Film } from "/static/pages/explore-film.js";
import { Pad } from "/static/pages/explore-pad.js";

const RANGE = 3; // standard deviations to both sides
const MOST_SEED = 999_999;
const signed = (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(1)} σ`;

export default function Explore({ id, query, go }) {
  const [about, setAbout] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    get(`models/${encodeURIComponent(id)}/explore`).then(setAbout, setProblem);
  }, [id]);
  if (problem) return html`<${Page} title="Explorer"><${Problem} problem=${problem} /><//>`;
  if (!about) return html`<${Page} title="Explorer"><${Busy} text="Loading the model and finding its directions" /><//>`;
  return html`<${Loaded} id=${id} about=${about} query=${query} go=${go} />`;
}

function Loaded({ id, about, query, go }) {
  const [place, setPlace] = useState(() => begin(id, about, query));
  const [axes, setAxes] = useState([0, Math.min(1, about.directions.length - 1)]);
  const [problem, setProblem] = useState(null);
  const [search, setSearch] = useState(null);
  const [names, rename] = useNames(about);
  const canvas = useRef();
  const channel = useRef();

  useEffect(() => {
    const onFrame = (header, bitmap) => {
      draw(canvas.current, bitmap);
      if (header.step !== undefined) setSearch((known) => known && advance(known, header, canvas.current));
    };
    const onProblem = (told) => {
      setProblem(told);
      if (told) setSearch((known) => known?.running ? { ...known, running: false, latents: null } : known);
    };
    channel.current = live(`models/${encodeURIComponent(id)}/explore`, onFrame, onProblem);
    return () => channel.current.close();
  }, []);
  useEffect(() => {
    if (!search?.running) channel.current.ask({ place });
  }, [place]);
  useEffect(() => {
    if (search && !search.running && search.latents) setPlace((old) => found(old, search, about));
  }, [search?.running]);

  const change = (part) => {
    if (search?.running) setSearch({ ...search, running: false, latents: null });
    setPlace((old) => ({ ...old, ...part }));
  };
  const move = (values) => change({ amounts: place.amounts.map((amount, i) => values[i] ?? amount) });
  const project = (picture) => {
    setSearch({ ...picture, running: true, distances: [], step: 0 });
    channel.current.ask({ project: { picture: picture.picture } }, { stream: true });
  };
  const brush = (event) => {
    event.preventDefault();
    hand(id, place);
    go(`/models/${encodeURIComponent(id)}/brush`);
  };
  const save = () => download(`models/${encodeURIComponent(id)}/place.png`, place, `${id}.png`).catch(setProblem);
  const moved = place.amounts.some(Boolean) || place.mix?.layers.length;
  const caption = search?.running ? "The nearest so far to your picture" : described(place, about);
  const folds = !about.mapped || !moved;
  return html`
    <${Page} title=${`Explore ${id}`} lead="Every point of the model's latent space is a picture. Drag, and watch what changes.">
      <${Problem} problem=${problem} />
      <div class="explore">
        <div class="explore-stage stack">
          <figure>
            <canvas ref=${canvas} class="picture" role="img" aria-label=${caption}></canvas>
            <figcaption aria-live="polite">${caption}</figcaption>
          </figure>
          <div class="row">
            <${Button} onClick=${save}>Save PNG<//>
            <${Button} href=${`/models/${encodeURIComponent(id)}/brush`} onClick=${brush}>Paint on it<//>
            ${moved && html`<${Button} kind="quiet" onClick=${() => change({ amounts: place.amounts.map(() => 0), mix: null })}>Undo all moves<//>`}
          </div>
          ${!folds && html`<p class="hint">The brush begins at the seed: moves in this model's styles stay here.</p>`}
        </div>
        <div class="explore-controls stack">
          <${Origin} place=${place} about=${about} change=${change} />
          ${about.why && html`<section class="card"><h2>Directions</h2><p class="quiet-text">${about.why}</p></section>`}
          ${about.directions.length > 0 && html`
            <section class="card stack" aria-labelledby="h-pad">
              <h2 id="h-pad">Move</h2>
              <${Pad} axes=${axes} setAxes=${setAxes} names=${names} amounts=${place.amounts} move=${move} range=${RANGE} />
            </section>
            <${Directions} about=${about} place=${place} names=${names} rename=${rename} move=${move} />`}
          ${about.layers > 1 && html`<${Mix} about=${about} place=${place} change=${change} />`}
          <${Own} id=${id} search=${search} project=${project} stop=${() => setSearch({ ...search, running: false })} />
        </div>
      </div>
      <${Film} id=${id} about=${about} place=${place} setPlace=${change} canvas=${canvas}
        show=${(message) => channel.current.ask(message)} setProblem=${setProblem} />
    <//>
  `;
}

function begin(id, about, query) {
  const seed = Math.min(MOST_SEED, Math.max(0, Math.trunc(Number(query.seed)) || 0));
  const label = about.classes.length ? classIndex(about.classes, query.label) : null;
  const psi = Number(query.truncation);
  const fresh = { seed, latents: null, label, truncation: about.truncation && psi > 0 && psi <= 1 ? psi : 1, amounts: [], mix: null };
  const place = { ...fresh, ...handed(id) };
  return { ...place, amounts: about.directions.map((_, i) => place.amounts[i] ?? 0) };
}

// The place where a search has ended: what was found, nothing moved.
function found(place, search, about) {
  const { latents, label } = search;
  return { ...place, latents, label, truncation: 1, amounts: about.directions.map(() => 0), mix: null };
}

function advance(search, header, canvas) {
  if (!search.running) return search;
  const { step, steps, latents, label, done } = header;
  return { ...search, step, steps, latents, label, distances: [...search.distances, [step, header.distance]], running: !done };
}

function described(place, about) {
  const what = place.latents ? "A projected picture" : `Seed ${place.seed}`;
  const label = about.classes.length ? `, class ${about.classes[place.label]}` : "";
  const moves = place.amounts.filter(Boolean).length;
  const moved = moves ? `, moved along ${moves} direction${moves > 1 ? "s" : ""}` : "";
  return what + label + moved + (place.mix?.layers.length ? `, mixed with seed ${place.mix.seed}` : "");
}

const unnamed = (i) => `Direction ${i + 1}`;

// Names that people gave to directions, kept in this browser for these very weights.
function useNames(about) {
  const key = `gansmith:directions:${about.hash}`;
  const [given, setGiven] = useState(() => JSON.parse(localStorage.getItem(key) ?? "{}"));
  const names = about.directions.map((_, i) => given[i] || unnamed(i));
  const rename = (i, name) => {
    const next = { ...given, [i]: name };
    setGiven(next);
    localStorage.setItem(key, JSON.stringify(next));
  };
  return [names, rename];
}

function Origin({ place, about, change }) {
  const onSeed = (seed) => change({ seed, latents: null });
  return html`
    <section class="card stack" aria-labelledby="h-origin">
      <h2 id="h-origin">Start</h2>
      <div class="explore-origin">
        <${WholeField} label="Seed" low=${0} high=${MOST_SEED} value=${place.seed} onValue=${onSeed} />
        ${about.classes.length > 0 && html`
          <${Field} label="Class">
            <select value=${place.label} onChange=${(event) => change({ label: Number(event.currentTarget.value) })}>
              ${about.classes.map((name, i) => html`<option value=${i}>${name}</option>`)}
            </select><//>`}
        <${Button} onClick=${() => onSeed(Math.floor(Math.random() * 100_000))}>Another seed<//>
      </div>
      ${about.truncation && html`
        <${Slider} label="Truncation" value=${place.truncation} min="0.05" max="1" step="0.05" text=${place.truncation.toFixed(2)}
          hint="Lower is more typical and less varied." onInput=${(truncation) => change({ truncation })} />`}
      ${place.latents && html`<p class="hint">You are at the picture that was found. A seed leads away from it.</p>`}
    </section>
  `;
}

function Directions({ about, place, names, rename, move }) {
  return html`
    <section class="card stack" aria-labelledby="h-directions">
      <div class="row explore-between">
        <h2 id="h-directions">Directions</h2>
        <${Button} kind="quiet" onClick=${() => move(about.directions.map(() => 0))}>Centre all<//>
      </div>
      <p class="quiet-text">What varies most in this model, the most telling first. Name them as you learn what they do.</p>
      <ol class="explore-directions">
        ${about.directions.map((share, i) => html`
          <li key=${i}>
            <${Typed} class="name" aria-label=${`Name of direction ${i + 1}`} maxlength="40" spellcheck="false"
              value=${names[i]} read=${({ value }) => value.trim() || unnamed(i)} onValue=${(name) => rename(i, name)} />
            <input type="range" aria-label=${names[i]} min=${-RANGE} max=${RANGE} step="0.1" value=${place.amounts[i]}
              aria-valuetext=${signed(place.amounts[i])} onInput=${(event) => move({ [i]: event.currentTarget.valueAsNumber })} />
            <output title=${`${(100 * share).toFixed(1)} % of the variance`}>${signed(place.amounts[i])}</output>
          </li>`)}
      </ol>
    </section>
  `;
}

function Mix({ about, place, change }) {
  const mix = place.mix ?? { seed: 1, layers: [] };
  const layers = [...Array(about.layers).keys()];
  const toggle = (layer, on) =>
    change({ mix: { ...mix, layers: layers.filter((one) => (one === layer ? on : mix.layers.includes(one))) } });
  return html`
    <section class="card stack" aria-labelledby="h-mix">
      <h2 id="h-mix">Mix styles</h2>
      <${WholeField} label="Second seed" low=${0} high=${MOST_SEED} value=${mix.seed} onValue=${(seed) => change({ mix: { ...mix, seed } })} />
      <fieldset>
        <legend class="label">Layers that take its style</legend>
        <div class="row explore-layers">
          <span class="hint">coarse</span>
          ${layers.map((layer) => html`
            <label><input type="checkbox" checked=${mix.layers.includes(layer)} onChange=${(event) => toggle(layer, event.currentTarget.checked)} />${layer}</label>`)}
          <span class="hint">fine</span>
        </div>
      </fieldset>
    </section>
  `;
}

function Own({ id, search, project, stop }) {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const send = async (file) => {
    if (!file) return;
    setBusy(true);
    setProblem(null);
    const form = new FormData();
    form.append("file", file);
    try {
      project(await upload(`models/${encodeURIComponent(id)}/pictures`, form));
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  const onDrop = (event) => {
    event.preventDefault();
    send(event.dataTransfer.files[0]);
  };
  return html`
    <section class="card stack" aria-labelledby="h-own" onDragOver=${(event) => event.preventDefault()} onDrop=${onDrop}>
      <h2 id="h-own">A picture of yours</h2>
      <${Field} label="Find it in the model" hint="Choose or drop a PNG or JPEG. It stays on this machine.">
        <input type="file" accept="image/*" disabled=${busy} onChange=${(event) => send(event.currentTarget.files[0])} /><//>
      <${Problem} problem=${problem} />
      ${search && html`<${Search} search=${search} stop=${stop} />`}
    </section>
  `;
}

function Search({ search, stop }) {
  const { distances, step, steps, running, picture, name } = search;
  const last = distances.at(-1)?.[1], first = distances[0]?.[1];
  const way = useMemo(() => line(distances, steps), [distances]);
  return html`
    <div class="explore-search">
      <figure><img src=${`data:image/png;base64,${picture}`} alt=${`${name}, at the model's size`} /><figcaption>Yours</figcaption></figure>
      <div class="stack">
        <progress max=${steps ?? 1} value=${step} aria-label="Search"></progress>
        <p class="quiet-text" role="status">${running ? `Step ${step} of ${steps ?? "…"}` : "Found. Move on from it."}</p>
        ${last !== undefined && html`
          <svg viewBox="0 0 100 32" preserveAspectRatio="none" role="img" aria-label=${`The distance fell from ${first.toPrecision(2)} to ${last.toPrecision(2)}`}>
            <polyline points=${way} /></svg>
          <p class="quiet-text">Distance <strong>${last.toPrecision(2)}</strong>; two random pictures of the model are 1 apart.</p>`}
        ${running && html`<div><${Button} onClick=${stop}>Stop here<//></div>`}
      </div>
    </div>
  `;
}

// Distances on a logarithmic scale as the points of a line in a box of 100 x 32.
function line(distances, steps) {
  const logs = distances.map(([, distance]) => Math.log(Math.max(1e-6, distance)));
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  return distances.map(([step], i) => `${(100 * step) / (steps || 1)},${1 + (30 * (high - logs[i])) / (high - low || 1)}`).join(" ");
}
