// Two to four runs side by side: one slider by pictures seen moves all of them; two can be wiped over each other.
import { html, useEffect, useMemo, useState } from "/static/vendor/preact-htm.js";
import { Busy, Button, Page, Plot, Problem, Slider, Table } from "/static/lib/ui.js";
import { get } from "/static/lib/api.js";
import { Pixels, Scrubber, many, usePreloaded } from "/static/lib/samples.js";
import { State, about, duration, isUnderWay, isWide, points } from "/static/lib/run.js";
import { short } from "/static/lib/plot.js";

const LOOK_MS = 5000;

function useComparison(ids) {
  const [found, setFound] = useState({});
  useEffect(() => {
    let timer, over = false;
    const look = async () => {
      const told = await get(`compare?runs=${ids.map(encodeURIComponent).join(",")}`).catch((problem) => ({ problem }));
      if (over) return;
      setFound(told);
      if (told.stories?.some(isUnderWay)) timer = setTimeout(look, LOOK_MS);
    };
    if (ids.length > 1) look();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [ids.join(",")]);
  return found;
}

function Choose({ go }) {
  const [runs, setRuns] = useState(null);
  const [problem, setProblem] = useState(null);
  const [chosen, setChosen] = useState([]);
  useEffect(() => { get("runs").then((all) => setRuns(all.filter((run) => run.state !== "broken")), setProblem); }, []);
  if (!runs) return problem ? html`<${Problem} problem=${problem} />` : html`<${Busy} text="Reading the runs" />`;
  if (runs.length < 2) return html`<section class="empty"><p>A comparison takes two runs, and there ${runs.length ? "is one" : "are none"}.</p><${Button} kind="primary" href="/new">New run<//></section>`;
  const toggle = (id) => setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return html`
    <fieldset class="card stack"><legend class="hidden">Runs to compare</legend>
      ${runs.map((run) => html`<label class="row"><input type="checkbox" checked=${chosen.includes(run.id)} disabled=${chosen.length > 3 && !chosen.includes(run.id)} onChange=${() => toggle(run.id)} />
        ${run.name} <span class="hint">${about(run)}</span></label>`)}
      <div><${Button} kind="primary" disabled=${chosen.length < 2} onClick=${() => go(`/compare?runs=${chosen.map(encodeURIComponent).join(",")}`)}>Compare<//></div>
    </fieldset>
  `;
}

// The newest grid that a run had painted by then.
const sampleAt = (run, images) => run.samples.filter((sample) => sample.images <= images).at(-1);

function Side({ run, images }) {
  const sample = sampleAt(run, images);
  return html`
    <figure class="card side">
      <figcaption><a href=${`/runs/${encodeURIComponent(run.id)}`}>${run.name}</a> <${State} run=${run} /></figcaption>
      ${sample ? html`<${Pixels} src=${sample.url} alt=${`${run.name} after ${many(sample.images)} pictures`} />` : html`<p class="none">nothing yet</p>`}
      <p class="hint">${sample ? `after ${many(sample.images)} pictures` : `its first samples came later`}</p>
    </figure>
  `;
}

function Wipe({ runs, images }) {
  const [share, setShare] = useState(50);
  const [left, right] = runs.map((run) => sampleAt(run, images));
  if (!left || !right) return html`<p class="quiet-text">The wipe needs samples of both runs at this moment.</p>`;
  return html`
    <div class="card stack">
      <div class="wipe">
        <img src=${right.url} alt=${`${runs[1].name} after ${many(right.images)} pictures`} />
        <img src=${left.url} alt=${`${runs[0].name} after ${many(left.images)} pictures, over the left part`} style=${{ clipPath: `inset(0 ${100 - share}% 0 0)` }} />
        <div class="edge" style=${{ left: `${share}%` }}></div>
      </div>
      <${Slider} label=${`Wipe: ${runs[0].name} left, ${runs[1].name} right`} min=${0} max=${100} value=${share} text=${`${share} %`} onInput=${setShare} />
    </div>
  `;
}

const RESULTS = { state: String, images: many, planned: many, seconds: duration, kid: short, kid_images: many };
const RESULT_NAMES = { state: "state", images: "pictures seen", planned: "planned", seconds: "time", kid: "best KID", kid_images: "best KID at" };
const setting = (value) => (value === null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));

function Figures({ told }) {
  const columns = (first) => [first, ...told.stories.map((run) => run.name)];
  const results = Object.entries(told.results).map(([name, values]) => [RESULT_NAMES[name] ?? name, ...values.map((value) => (value == null ? "–" : RESULTS[name](value)))]);
  const settings = Object.entries(told.settings).map(([name, values]) => [name, ...values.map(setting)]);
  return html`
    <section class="card"><${Table} caption="Figures" columns=${columns("figure")} rows=${results} /></section>
    ${settings.length > 0 && html`<section class="card"><${Table} caption="Settings that differ" columns=${columns("setting")} rows=${settings} /></section>`}
  `;
}

function Curves({ runs }) {
  const plots = useMemo(() => ["kid", "diversity", "coverage"].map((name) => ({
    name,
    series: runs.map((run) => ({ name: run.name, points: points(run.metrics, name) })),
  })), [runs]);
  const titles = { kid: "KID", diversity: "Diversity", coverage: "Coverage" };
  return html`<div class="plots">${plots.filter(({ series }) => series.some((one) => one.points.length)).map(({ name, series }) => html`
    <${Plot} key=${name} title=${titles[name]} series=${series} xLabel="pictures seen"
      log=${isWide(series.flatMap((one) => one.points.map(([, y]) => y)))} />`)}</div>`;
}

function Compared({ told }) {
  const runs = told.stories;
  const moments = useMemo(() => [...new Set(runs.flatMap((run) => run.samples.map((sample) => sample.images)))].sort((a, b) => a - b), [runs]);
  const [at, setAt] = useState(null);
  const [wiping, setWiping] = useState(false);
  usePreloaded(runs.flatMap((run) => run.samples.map((sample) => sample.url)));
  const index = Math.min(at ?? moments.length - 1, moments.length - 1);
  const images = moments[index] ?? 0;
  const two = runs.length === 2;
  return html`
    ${moments.length > 1 && html`<section class="card"><${Scrubber} moments=${moments} at=${index} onMove=${setAt} label="Pictures seen" /></section>`}
    ${two && html`<div class="row"><${Button} aria-pressed=${wiping ? "true" : "false"} onClick=${() => setWiping(!wiping)}>Wipe one over the other<//></div>`}
    ${wiping && two ? html`<${Wipe} runs=${runs} images=${images} />`
      : html`<div class="sides">${runs.map((run) => html`<${Side} key=${run.id} run=${run} images=${images} />`)}</div>`}
    <${Curves} runs=${runs} />
    <${Figures} told=${told} />
  `;
}

export default function Compare({ query, go }) {
  const ids = (query.runs ?? "").split(",").filter(Boolean);
  const told = useComparison(ids);
  const title = "Compare";
  if (ids.length < 2) return html`<${Page} title=${title} lead="Choose two to four runs."><${Choose} go=${go} /><//>`;
  const lead = told.stories ? `${told.stories.map((run) => run.name).join(", ")}: each at the same number of pictures seen.` : "";
  return html`
    <${Page} title=${title} lead=${lead} wide actions=${html`<${Button} href="/compare">Choose others<//>`}>
      <${Problem} problem=${told.problem} />
      ${told.stories ? html`<${Compared} told=${told} />` : !told.problem && html`<${Busy} text="Reading the runs" />`}
    <//>
  `;
}
