// This X does not exist: one picture or nine, a new one at every turn.
import { html, useEffect, useMemo, useRef, useState } from "/static/vendor/preact-htm.js";
import { get, Problem as Trouble } from "/static/lib/api.js";
import { Busy, Button, Command, Field, Page, Problem, Slider, Typed } from "/static/lib/ui.js";

const SEEDS = 1_000_000;
const NINE = 9;
const SMALL = 256; // pixels below which a picture is enlarged without smoothing
const LARGEST_SEED = 2n ** 63n - 1n;
const TRIES = 4;

const drawn = (n) => Array.from({ length: n }, () => String(Math.floor(Math.random() * SEEDS)));
const isSeed = (text) => /^\d{1,19}$/.test(text) && BigInt(text) <= LARGEST_SEED;
const soon = (seconds, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, 1000 * seconds);
  signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)));
});

// What the address asks for; seeds are text, as they may be larger than numbers here are exact.
function asked({ seed, truncation, label }) {
  const seeds = (seed ?? "").split(",").filter(isSeed).slice(0, NINE);
  return { seeds, truncation: truncation > 0 && truncation <= 1 ? Number(truncation) : 1, label: label ?? null };
}

function written({ seeds = [], truncation, label }) {
  const words = new URLSearchParams();
  if (seeds.length) words.set("seed", seeds.join(","));
  if (truncation !== 1) words.set("truncation", truncation);
  if (label !== null) words.set("label", label);
  return words.toString().replaceAll("%2C", ",");
}

// Fetch and return the response; where the studio has too much to do, wait as long as it says and ask again.
async function fetched(path, { signal, ...options } = {}, tries = TRIES) {
  const response = await fetch(`/api/${path}`, { signal, ...options }).catch((error) => {
    throw error.name === "AbortError" ? error : new Trouble("the studio does not answer", "start it again: gansmith studio");
  });
  if (response.ok) return response;
  if (response.status === 429 && tries > 1) {
    await soon(Number(response.headers.get("Retry-After")) || 1, signal);
    return fetched(path, { signal, ...options }, tries - 1);
  }
  const told = await response.json().catch(() => ({}));
  throw new Trouble(told.error ?? `the studio answered ${response.status}`, told.remedy, response.status);
}

async function painted(model, seed, { truncation, label }, signal) {
  const words = written({ seeds: [seed], truncation, label });
  const response = await fetched(`models/${encodeURIComponent(model.id)}/sample.png?${words}&model=${model.hash}`, { signal });
  const name = response.headers.get("X-Class");
  return { seed, label: name && decodeURIComponent(name), url: URL.createObjectURL(await response.blob()) };
}

const release = (pictures) => pictures.forEach(({ url }) => URL.revokeObjectURL(url));

// The pictures of some seeds, painted together; those before stay until the new ones are there.
function usePictures(model, seeds, options, onReplaced) {
  const [state, setState] = useState({ pictures: [], problem: null, busy: true });
  const shown = useRef([]);
  useEffect(() => {
    if (!model) return undefined;
    const stop = new AbortController();
    setState((before) => ({ ...before, busy: true }));
    Promise.all(seeds.map((seed) => painted(model, seed, options, stop.signal))).then(
      (pictures) => {
        if (stop.signal.aborted) return release(pictures);
        const old = shown.current;
        shown.current = pictures;
        setState({ pictures, problem: null, busy: false });
        return setTimeout(() => release(old), 1000);
      },
      (problem) => {
        if (stop.signal.aborted) return;
        if (problem.status === 409) onReplaced();
        else setState({ pictures: [], problem, busy: false });
        stop.abort();
      },
    );
    return () => stop.abort();
  }, [model?.hash, seeds.join(), options.truncation, options.label]);
  useEffect(() => () => release(shown.current), []);
  return state;
}

// The model; `again` reads it anew, as a run in progress replaces its own.
function useModel(id) {
  const [model, setModel] = useState(null);
  const [problem, setProblem] = useState(null);
  const again = () => get(`models/${encodeURIComponent(id)}`).then(setModel, setProblem);
  useEffect(() => void again(), [id]);
  return { model, problem, again };
}

// Which seeds were seen, and where one stands among them.
function useWay(first) {
  const [{ seen, at }, setWay] = useState({ seen: [first.length ? first : drawn(1)], at: 0 });
  const put = (seeds) => setWay(({ seen }) => ({ seen: [...seen, seeds], at: seen.length }));
  const step = (by) => setWay(({ seen, at }) => ({ seen, at: Math.min(seen.length - 1, Math.max(0, at + by)) }));
  const fresh = () => put(drawn(seen[at].length));
  return { seeds: seen[at], first: at === 0, put, fresh, back: () => step(-1), on: () => (at < seen.length - 1 ? step(1) : fresh()) };
}

// Space and Enter for a new one, arrows along the way, where no control takes them for itself.
function useKeys({ fresh, on, back }) {
  useEffect(() => {
    const pressed = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
      const presses = event.key === " " || event.key === "Enter";
      if (event.target.closest?.("input, select, textarea, code")) return;
      if (presses && event.target.closest?.("button, a, summary")) return;
      if (presses) fresh();
      else if (event.key === "ArrowRight") on();
      else if (event.key === "ArrowLeft") back();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  });
}

export default function Model({ id, query, go }) {
  const { model, problem, again } = useModel(id);
  if (problem) return html`<${Page} title=${id} actions=${html`<${Button} href="/models">All models<//>`}><${Problem} problem=${problem} /><//>`;
  if (!model) return html`<${Page} title=${id}><${Busy} text="Loading the model" /><//>`;
  return html`<${Shown} model=${model} again=${again} query=${query} go=${go} />`;
}

function Shown({ model, again, query, go }) {
  const start = useMemo(() => asked(query), []);
  const { truncation, label } = asked(query);
  const way = useWay(start.seeds);
  const { pictures, problem, busy } = usePictures(model, way.seeds, { truncation, label }, again);
  const address = (options) => `/models/${encodeURIComponent(model.id)}${written(options).replace(/^(?=.)/, "?")}`;
  // The address keeps the choices but no seed, so that a reload brings a new picture.
  const choose = (choice) => go(address({ truncation, label, ...choice }), { replace: true });
  const leaving = (step) => () => (query.seed !== undefined && choose({}), step());
  const steps = { fresh: leaving(way.fresh), on: leaving(way.on), back: leaving(way.back) };
  useKeys(steps);
  const subject = pictures.length === 1 && pictures[0].label ? pictures[0].label : label ?? "picture";
  const name = /^kind \d+$/.test(subject) ? "picture" : subject; // a kind that nobody told has no name worth a title
  const title = way.seeds.length === 1 ? `This ${name} does not exist` : "These do not exist";
  const heading = useRef();
  useEffect(() => void (document.title = `${title} · gansmith studio`), [title]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  const panel = { model, way, pictures, truncation, label, choose, steps, link: address({ seeds: way.seeds, truncation, label }) };
  return html`
    <div class="sample">
      <${Stage} model=${model} pictures=${pictures} busy=${busy} alone=${(seed) => way.put([seed])} />
      <div class="panel">
        <div>
          <h1 ref=${heading} tabindex="-1">${title}</h1>
          <p class="lead" aria-live="polite" aria-atomic="true">${told(way.seeds, pictures, truncation)}</p>
        </div>
        <${Problem} problem=${problem} />
        <${Controls} ...${panel} />
      </div>
    </div>
  `;
}

function told(seeds, pictures, truncation) {
  const which = seeds.length === 1 ? `Seed ${seeds[0]}` : `Seeds ${seeds.join(", ")}`;
  const name = seeds.length === 1 && pictures[0]?.seed === seeds[0] && pictures[0].label;
  return `${which}${name ? `, class ${name}` : ""}${truncation === 1 ? "" : `, truncation ${truncation}`}`;
}

function Stage({ model, pictures, busy, alone }) {
  const smooth = Math.max(...model.size) >= SMALL;
  const alt = ({ seed, label }) => `Synthetic picture, seed ${seed}${label ? `, class ${label}` : ""}`;
  const image = (one) => html`<img class=${smooth ? "smooth" : undefined} src=${one.url} alt=${alt(one)} width=${model.size[1]} height=${model.size[0]} />`;
  const [first, ...others] = pictures;
  return html`
    <div class="stage" aria-busy=${busy ? "true" : "false"}>
      ${first && !others.length && image(first)}
      ${others.length > 0 && html`
        <div class="nine">${pictures.map((one) => html`
          <button type="button" key=${one.seed} title=${`Seed ${one.seed}: show it alone`} onClick=${() => alone(one.seed)}>${image(one)}</button>`)}
        </div>`}
    </div>
  `;
}

function Controls({ model, way, pictures, truncation, label, choose, steps, link }) {
  const nine = way.seeds.length > 1;
  const many = () => (choose({}), way.put(nine ? way.seeds.slice(0, 1) : [way.seeds[0], ...drawn(NINE - 1)]));
  return html`
    <div class="stack">
      <div class="turns">
        <${Button} kind="primary" onClick=${steps.fresh}>${nine ? "Nine new ones" : "A new one"}<//>
        <${Button} onClick=${steps.back} aria-disabled=${way.first ? "true" : undefined}>Previous<//>
        <${Button} onClick=${many} aria-pressed=${nine ? "true" : "false"}>3 × 3<//>
      </div>
      <p class="hint"><kbd>Space</kbd> a new one, <kbd>←</kbd> <kbd>→</kbd> back and forth</p>
      ${model.can.truncation && html`
        <${Slider} label="Truncation" value=${truncation} min=${0.05} max=${1} step=${0.05} text=${truncation.toFixed(2)}
          onInput=${(value) => choose({ seeds: [], truncation: value })} hint="Lower: more typical, less varied." />`}
      ${model.classes.length > 0 && html`<${Classes} names=${model.classes} label=${label} choose=${choose} />`}
      ${!nine && html`<${SeedField} seed=${way.seeds[0]} onSeed=${(seed) => (choose({}), way.put([seed]))} />`}
      <${Taking} model=${model} seeds=${way.seeds} pictures=${pictures} options=${{ truncation, label }} link=${link} />
      <${More} model=${model} seeds=${way.seeds} truncation=${truncation} label=${label} />
    </div>
  `;
}

function Classes({ names, label, choose }) {
  return html`
    <${Field} label="Class">
      <select value=${label ?? ""} onChange=${(event) => choose({ label: event.currentTarget.selectedIndex ? event.currentTarget.value : null })}>
        <option value="" selected=${label === null}>Each seed draws its own</option>
        ${names.map((name) => html`<option value=${name} selected=${name === label}>${name}</option>`)}
      </select>
    <//>
  `;
}

function SeedField({ seed, onSeed }) {
  const read = ({ value }) => (isSeed(value.trim()) ? String(BigInt(value.trim())) : seed);
  return html`<${Field} label="Seed"><${Typed} type="text" inputmode="numeric" pattern="[0-9]*" autocomplete="off" value=${seed} read=${read} onValue=${onSeed} /><//>`;
}

// Take it along: the bytes of the picture as they are shown, or a link to it.
function Taking({ model, seeds, pictures, options, link }) {
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState(null);
  const say = (text) => (setSaid(text), setTimeout(() => setSaid(""), 2500));
  const copy = () => navigator.clipboard.writeText(location.origin + link).then(() => say("Link copied"), () => say(location.origin + link));
  const name = `${model.id}-${seeds.join("-").slice(0, 80)}.png`;
  const one = pictures.length === 1 && pictures[0].seed === seeds[0] ? pictures[0].url : undefined;
  const save = () => saved(model, seeds, options, name).then(() => (setProblem(null), say("Saved")), setProblem);
  return html`
    <div class="row">
      ${seeds.length === 1 ? html`<${Button} href=${one ?? "#"} download=${name}>Save PNG<//>` : html`<${Button} onClick=${save}>Save PNG<//>`}
      <${Button} onClick=${copy}>Copy link<//>
      <span class="quiet-text" role="status">${said}</span>
    </div>
    <${Problem} problem=${problem} />
  `;
}

async function saved(model, seeds, { truncation, label }, name) {
  const sent = JSON.stringify({ truncation, label, format: "grid" }).replace(/}$/, `,"seeds":[${seeds}]}`); // exact, however large
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: sent, signal: new AbortController().signal };
  const response = await fetched(`models/${encodeURIComponent(model.id)}/samples`, options);
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await response.blob()), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

function More({ model, seeds, truncation, label }) {
  const options = [truncation === 1 ? "" : ` --truncation ${truncation}`, label === null ? "" : ` --class ${quoted(label)}`].join("");
  const place = `/models/${encodeURIComponent(model.id)}`;
  return html`
    ${model.can.directions && html`<p class="row ways"><a href=${`${place}/explore`}>Explore its latents</a><a href=${`${place}/brush`}>Paint with it</a></p>`}
    <details>
      <summary>How it was made</summary>
      <dl class="facts">
        <dt>Model</dt><dd>${model.name}</dd>
        <dt>GAN</dt><dd>${model.gan}, ${model.size[1]} × ${model.size[0]}, ${model.latent.join(" × ")} latents</dd>
        ${model.data && html`<dt>Learnt from</dt><dd>${model.data}</dd>`}
        <dt>Weights</dt><dd><code>${model.hash.slice(0, 12)}</code></dd>
      </dl>
      <${Command} label="The same by command">${`gansmith generate ${quoted(model.path)} --seeds ${seeds.join(",")}${options}`}<//>
      <p class="hint">The saved file says all this, too: <code>gansmith inspect FILE</code></p>
    </details>
  `;
}
