// Augment: what a run's classes have and would get, what was accepted and refused and why, and whether it helps.
import { html, useCallback, useEffect, useRef, useState } from "/static/vendor/preact-htm.js";
import { get, post } from "/static/lib/api.js";
import { about } from "/static/lib/run.js";
import { Busy, Button, Command, Field, Page, Plot, Problem, Slider, Table, Tabs, Tile } from "/static/lib/ui.js";

const AGAIN = 2000; // ms between two looks at what is running
const PAUSE = 200;
const count = (number) => (number ?? 0).toLocaleString("en");
const points = (share) => `${share >= 0 ? "+" : "−"}${Math.abs(100 * share).toFixed(1)}`;
const sum = (counts) => Object.values(counts).reduce((all, number) => all + number, 0);

export default function Augment({ query }) {
  return query.run ? html`<${OfRun} key=${query.run} run=${query.run} />` : html`<${Choose} />`;
}

function Choose() {
  const [runs, setRuns] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    get("runs").then((all) => setRuns(all.filter((run) => run.model)), setProblem);
  }, []);
  return html`
    <${Page} title="Augment" lead="Pictures of a model can join the data that it learnt from. Choose the run.">
      <${Problem} problem=${problem} />
      ${!runs && !problem && html`<${Busy} text="Looking for runs" />`}
      ${runs?.length === 0 && html`<div class="empty"><p>No run has a model yet.</p><${Button} href="/new" kind="primary">New run<//></div>`}
      ${runs?.length > 0 && html`
        <ul class="augment-runs">${runs.map((run) => html`
          <li class="card"><a href=${`/augment?run=${encodeURIComponent(run.id)}`}>${run.name}</a>
            <span class="quiet-text">${about(run)}</span></li>
        `)}</ul>
      `}
    <//>
  `;
}

function OfRun({ run }) {
  const base = `augment/${encodeURIComponent(run)}`;
  const [told, setTold] = useState(null);
  const [problem, setProblem] = useState(null);
  const look = useCallback(() => get(base).then((found) => { setTold(found); setProblem(null); }, setProblem), [base]);
  const running = told?.results.some((result) => result.state === "running");
  useEffect(() => { look(); }, []);
  useEffect(() => {
    const timer = running && setInterval(look, AGAIN);
    return () => clearInterval(timer);
  }, [running]);

  const back = html`<${Button} href=${`/runs/${encodeURIComponent(run)}`}>The run<//>`;
  const tabs = told && [
    { id: "pictures", name: "Add pictures", content: html`<${Add} base=${base} told=${told} look=${look} />` },
    { id: "study", name: "Study whether it helps", content: html`<${Study} base=${base} look=${look} />` },
  ];
  const newest = told?.results.find((result) => result.told)?.name;
  return html`
    <${Page} title=${`Augment ${run}`} lead="Pictures of this model join its data where a class has too few, if a classifier takes them for their class and they copy nothing." actions=${back}>
      <${Problem} problem=${problem} />
      ${!told && !problem && html`<${Busy} text="Counting" />`}
      ${told?.problem && html`<${Problem} problem=${told.problem} />`}
      ${told && !told.problem && html`<${Tabs} label="What to do" tabs=${tabs} />`}
      ${told?.results.length > 0 && html`
        <section class="stack" aria-labelledby="augment-results">
          <h2 id="augment-results">Results</h2>
          ${told.results.map((result) => html`<${Result} key=${result.name} base=${base} result=${result} look=${look} open=${result.name === newest} />`)}
        </section>
      `}
    <//>
  `;
}

// The command of an order, always up to date, and the button that starts the same.
function Begin({ base, order, look, children }) {
  const [command, setCommand] = useState("");
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const asked = JSON.stringify(order);
  const latest = useRef(asked);
  latest.current = asked;
  const update = () => {
    const told = (set) => (answer) => latest.current === asked && set(answer);
    post(`${base}/command`, order).then(told((answer) => setCommand(answer.command)), told(setProblem));
  };
  useEffect(() => {
    setProblem(null);
    const timer = setTimeout(update, PAUSE);
    return () => clearTimeout(timer);
  }, [asked]);
  const start = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await post(base, order);
      await look();
      update();
    } catch (failure) {
      setProblem(failure);
    }
    setBusy(false);
  };
  return html`
    <div class="stack augment-begin">
      <div><${Button} kind="primary" busy=${busy} onClick=${start}>${children}<//></div>
      <${Problem} problem=${problem} />
      ${command && html`<${Command} label="The same by command">${command}<//>`}
    </div>
  `;
}

function Add({ base, told, look }) {
  const [how, setHow] = useState(new Set(Object.values(told.counts)).size > 1 ? "balanced" : "times");
  const [times, setTimes] = useState(2);
  const [each, setEach] = useState(2 * Math.max(...Object.values(told.counts)));
  const [confidence, setConfidence] = useState(0.5);
  const [newOnly, setNewOnly] = useState(false);
  const [plan, setPlan] = useState(null);
  const [problem, setProblem] = useState(null);
  const to = { balanced: "balanced", times: `x${times}`, each: String(each) }[how];

  useEffect(() => {
    const timer = setTimeout(() => get(`${base}/plan?to=${encodeURIComponent(to)}`).then(
      (found) => { setPlan(found); setProblem(null); },
      (failure) => { setPlan(null); setProblem(failure); },
    ), PAUSE);
    return () => clearTimeout(timer);
  }, [to]);

  const number = (set) => (event) => Number.isFinite(event.currentTarget.valueAsNumber) && set(event.currentTarget.valueAsNumber);
  const kinds = [["balanced", "Every class as large as the largest"], ["times", "Every class so many times as large"], ["each", "So many pictures in every class"]];
  return html`
    <div class="split">
      <div class="card stack">
        <${Counts} caption="Pictures of each class" before=${told.counts} added=${plan?.wanted ?? {}} word="to be added" />
        <${Problem} problem=${problem} />
      </div>
      <div class="card stack">
        <fieldset class="stack augment-choices"><legend class="label">What each class shall have</legend>
          ${kinds.map(([value, text]) => html`
            <label class="augment-choice"><input type="radio" name="augment-to" value=${value} checked=${how === value} onChange=${() => setHow(value)} />${text}</label>
          `)}
        </fieldset>
        ${how === "times" && html`<${Field} label="Times"><input type="number" min="1" step="any" value=${times} onInput=${number(setTimes)} /><//>`}
        ${how === "each" && html`<${Field} label="Pictures in every class" hint="those in the data included"><input type="number" min="1" value=${each} onInput=${number(setEach)} /><//>`}
        <${Slider} label="How sure a classifier must be" value=${confidence} min=${0} max=${0.95} step=${0.05} text=${`${Math.round(100 * confidence)} %`} onInput=${setConfidence} />
        <label class="augment-choice"><input type="checkbox" checked=${newOnly} onChange=${(event) => setNewOnly(event.currentTarget.checked)} />Write the new pictures alone</label>
        <${Begin} base=${base} look=${look} order=${{ kind: "pictures", to, confidence, new_only: newOnly }}>Make the pictures<//>
      </div>
    </div>
  `;
}

function Study({ base, look }) {
  const [minutes, setMinutes] = useState(60);
  const [perClass, setPerClass] = useState("");
  const [seeds, setSeeds] = useState(5);
  const [mirror, setMirror] = useState(false);
  const order = { kind: "study", minutes, per_class: perClass, seeds, mirror };
  const number = (set) => (event) => Number.isFinite(event.currentTarget.valueAsNumber) && set(event.currentTarget.valueAsNumber);
  return html`
    <div class="split">
      <div class="card stack">
        <h2>Does adding pictures make a classifier better?</h2>
        <p>Again and again a few real pictures are drawn, a model learns from these alone, and one and the same classifier is trained with and without its pictures,
          beside classical augmentation, too. What counts is how it does on real pictures that nobody has seen.</p>
        <p>The answer is <strong>helped</strong>, <strong>hurt</strong> or <strong>no evidence</strong>, with its interval. A study that is stopped goes on later.</p>
      </div>
      <div class="card stack">
        <${Field} label="Minutes" hint="of the whole study; where they are too few, the largest numbers of reals are left out"><input type="number" min="1" step="any" value=${minutes} onInput=${number(setMinutes)} /><//>
        <${Field} label="Real pictures of each class" hint="such as 20,50,200; empty: three numbers that fit"><input value=${perClass} autocomplete="off" onInput=${(event) => setPerClass(event.currentTarget.value)} /><//>
        <${Field} label="Repetitions" hint="more make the interval narrower"><input type="number" min="2" value=${seeds} onInput=${number(setSeeds)} /><//>
        <label class="augment-choice"><input type="checkbox" checked=${mirror} onChange=${(event) => setMirror(event.currentTarget.checked)} />A mirrored picture is of the same class</label>
        <${Begin} base=${base} look=${look} order=${order}>Start the study<//>
      </div>
    </div>
  `;
}

// A table whose rows are bars as well: what there is, and what comes beside it.
function Counts({ caption, before, added, word, rejected }) {
  const names = Object.keys(before);
  const most = Math.max(...names.map((name) => before[name] + (added[name] ?? 0)));
  return html`
    <div class="table augment-counts" role="region" tabindex="0" aria-label=${caption}>
      <table>
        <caption>${caption}: ${count(sum(before))} in the data, ${count(sum(added))} ${word}</caption>
        <thead><tr><th scope="col">Class</th><td class="augment-key"><span class="have">in the data</span><span class="more">${word}</span></td>
          <th scope="col" class="number">In the data</th><th scope="col" class="number">New</th><th scope="col" class="number">Together</th>${rejected && html`<th scope="col" class="number">Refused</th>`}</tr></thead>
        <tbody>${names.map((name) => html`
          <tr><th scope="row">${name}</th>
            <td class="augment-bar" aria-hidden="true"><span class="have" style=${{ width: `${(100 * before[name]) / most}%` }}></span><span class="more" style=${{ width: `${(100 * (added[name] ?? 0)) / most}%` }}></span></td>
            <td class="number">${count(before[name])}</td><td class="number">${count(added[name])}</td><td class="number">${count(before[name] + (added[name] ?? 0))}</td>
            ${rejected && html`<td class="number">${count(sum(rejected[name] ?? {}))}</td>`}</tr>
        `)}</tbody>
      </table>
    </div>
  `;
}

const STATES = { running: "live", finished: "good", stopped: "warn" };

function Result({ base, result, look, open }) {
  const [problem, setProblem] = useState(null);
  const at = `${base}/${encodeURIComponent(result.name)}`;
  const ask = (what) => post(`${at}/${what}`).then(look, setProblem);
  const { state, kind, progress, told } = result;
  const began = result.started ? new Date(1000 * result.started).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : "";
  return html`
    <article class="card stack" aria-label=${result.name}>
      <div class="augment-head">
        <h3>${kind === "study" ? "Study" : `Pictures, ${result.asked.to ?? "balanced"}`} <span class=${`badge ${STATES[state]}`}>${state}</span></h3>
        <span class="quiet-text">${result.name}, ${began}</span>
        ${state === "running" && html`<${Button} onClick=${() => ask("stop")}>Stop<//>`}
        ${state === "stopped" && kind === "study" && html`<${Button} onClick=${() => ask("resume")}>Go on<//>`}
      </div>
      ${state === "running" && html`<${Progress} progress=${progress} line=${result.lines.at(-1)} kind=${kind} />`}
      <${Problem} problem=${problem ?? result.problem} />
      ${told && (kind === "study" ? html`<${Verdict} told=${told} page=${`/api/${at}/study.html`} state=${state} />` : html`<${Added} told=${told} at=${at} open=${open} />`)}
      <details><summary>Command and what it said</summary>
        <div class="stack augment-said"><${Command}>${result.command}<//>
          ${result.lines.length > 0 && html`<pre tabindex="0" aria-label="What the command said">${result.lines.join("\n")}</pre>`}</div>
      </details>
    </article>
  `;
}

function Progress({ progress, line, kind }) {
  const what = kind === "study" ? "experiments" : `pictures of ${progress?.class}`;
  return html`
    <div class="augment-progress">
      <progress aria-label="Progress" max=${progress?.of ?? undefined} value=${progress?.done}></progress>
      <p role="status" class="quiet-text">${progress ? `${count(progress.done)} of ${count(progress.of)} ${what}` : line ?? "Starting"}</p>
    </div>
  `;
}

function Added({ told, at, open }) {
  const refused = Object.entries(told.reasons).sort(([, one], [, other]) => other - one);
  return html`
    <${Counts} caption="What joined" before=${told.counts} added=${told.accepted} word="accepted" rejected=${told.rejected} />
    <p>${count(sum(told.accepted))} of ${count(sum(told.wanted))} pictures were found${refused.length ? `; ${count(sum(told.reasons))} more were made and refused: ` : "."}
      ${refused.map(([reason, number], index) => html`${index ? ", " : ""}${reason} (${count(number)})`)}${refused.length ? "." : ""}</p>
    <p class="quiet-text">The set is in <code>${told.folder}</code>; metadata.csv says of each picture where it comes from.</p>
    <${Pictures} at=${at} open=${open} reasons=${told.reasons} />
  `;
}

function Pictures({ at, open, reasons }) {
  const [shown, setShown] = useState(open);
  const [tiles, setTiles] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    if (shown && !tiles) get(`${at}/tiles`).then(setTiles, setProblem);
  }, [shown]);
  const accepted = tiles && Object.entries(Object.groupBy(tiles.accepted, (tile) => tile.label));
  return html`
    <details open=${shown} onToggle=${(event) => setShown(event.currentTarget.open)}>
      <summary>Pictures that were accepted and refused</summary>
      <${Problem} problem=${problem} />
      ${shown && !tiles && !problem && html`<${Busy} text="Fetching pictures" />`}
      ${tiles && html`
        <div class="augment-sides">
          <section class="stack" aria-label="Accepted"><h4>Accepted</h4>
            ${accepted.map(([label, some]) => html`<${Strip} title=${label} tiles=${some} alt=${(tile) => `${tile.label}, seed ${tile.seed}`}
              hint=${(tile) => `seed ${tile.seed}, ${Math.round(100 * tile.confidence)} % sure, nearest ${tile.nearest} at ${tile.distance}`} />`)}
          </section>
          <section class="stack" aria-label="Refused"><h4>Refused</h4>
            ${tiles.note && html`<p class="quiet-text">${tiles.note}</p>`}
            ${Object.entries(tiles.refused).map(([reason, some]) => html`<${Strip} title=${`${reason}: ${count(reasons[reason])}`} tiles=${some} captions
              alt=${(tile) => `meant for ${tile.label}, ${reason}`} hint=${(tile) => `meant for ${tile.label}, seed ${tile.seed}`} />`)}
            ${!tiles.note && Object.keys(tiles.refused).length === 0 && html`<p class="quiet-text">None.</p>`}
          </section>
        </div>
      `}
    </details>
  `;
}

function Strip({ title, tiles, alt, hint, captions }) {
  return html`
    <div class=${captions ? "" : "augment-class"}><p class="label">${title}</p>
      <div class="augment-strip">${tiles.map((tile) => html`<${Tile} src=${tile.uri} alt=${alt(tile)} title=${hint(tile)} caption=${captions && tile.label} />`)}</div>
    </div>
  `;
}

const MOOD = { helped: "good", hurt: "bad" };

function Verdict({ told, page, state }) {
  const rows = told.differences.map((row) => [
    count(row.count), `${row.one} against ${row.other}`, html`<span class=${`badge ${MOOD[row.verdict] ?? ""}`}>${row.verdict}</span>`,
    points(row.value), `${points(row.low)} to ${points(row.high)}`,
  ]);
  const series = told.accuracy.filter(({ points: some }) => some.length > 0);
  return html`
    ${state === "stopped" && html`<p>Stopped after ${count(told.cells)} experiments; it goes on where it was.</p>`}
    ${told.verdict.length > 0 && html`<ul class="augment-verdict">${told.verdict.map((sentence) => html`<li>${sentence}</li>`)}</ul>`}
    ${told.break_even && html`<p>The estimated gain of synthetic pictures crosses zero at about ${count(Math.round(told.break_even))} reals of each class.</p>`}
    ${series.length > 0 && html`<${Plot} title="Accuracy on test pictures, %" series=${series} xLabel="reals of each class" />`}
    ${rows.length > 0 && html`<${Table} caption="Paired differences in points of accuracy, with their 95 % intervals" rows=${rows}
      columns=${["Reals of each class", "Compared", "Verdict", { name: "Difference", number: true }, { name: "95 % interval", number: true }]} />`}
    ${state === "finished" && html`<p><a href=${page} target="_blank" rel="noopener">The whole study on one page</a></p>`}
  `;
}
