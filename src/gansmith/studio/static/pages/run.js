// One run: what it paints now and painted before, its curves, its alarms, and what can be done with it.
import { html, useEffect, useMemo, useRef, useState } from "/static/vendor/preact-htm.js";
import { Busy, Button, Command, Field, Page, Plot, Problem, Table, Tile } from "/static/lib/ui.js";
import { get, listen, post } from "/static/lib/api.js";
import { Pixels, Scrubber, many, usePreloaded } from "/static/lib/samples.js";
import { Progress, State, about, added, canResume, charts, isUnderWay, isWide, points } from "/static/lib/run.js";
import { short } from "/static/lib/plot.js";

const path = (id) => `runs/${encodeURIComponent(id)}`;

// The run as it was when the page opened, and all that has come since.
function useRun(id) {
  const [run, setRun] = useState(null);
  const [problem, setProblem] = useState(null);
  const [connected, setConnected] = useState(true);
  useEffect(() => {
    let close = () => {}, over = false;
    const change = (edit) => setRun((before) => before && { ...before, ...edit(before) });
    const reread = () => get(path(id)).then((now) => !over && setRun(now), () => {});
    get(path(id)).then((first) => {
      if (over) return;
      setRun(first);
      close = listen(`${path(id)}/events`, {
        connection: setConnected,
        reset: reread,
        alert: reread,
        metrics: (row) => change(({ metrics }) => ({ metrics: added(metrics, row) })),
        sample: (sample) => change(({ samples }) => ({ samples: withSample(samples, sample) })),
        state: (state) => change((before) => {
          if (state.report && before.state === "running" && state.state !== "running") reread(); // its evaluation, too
          return state;
        }),
      }, first.place);
    }, setProblem);
    return () => {
      over = true;
      close();
    };
  }, [id]);
  return { run, problem, connected };
}

function withSample(samples, sample) {
  const others = samples.filter((one) => one.name !== sample.name);
  return [...others, sample].sort((a, b) => a.images - b.images);
}

function Samples({ run }) {
  const { samples } = run;
  const [at, setAt] = useState(null); // null follows the newest
  usePreloaded(samples.map((sample) => sample.url));
  const index = at === null ? samples.length - 1 : Math.min(at, samples.length - 1);
  const move = (to) => setAt(to >= samples.length - 1 ? null : to);
  const sample = samples[index];
  return html`
    <section class="card stack" aria-label="Samples">
      ${samples.length > 1 && html`
        <${Scrubber} moments=${samples.map((one) => one.images)} at=${index} onMove=${move} label="Saved step" />
        <p class="hint">The same seeds at every step. Arrow keys, <kbd>Home</kbd> and <kbd>End</kbd> move the slider.</p>`}
      <div class="grids">
        <figure>
          ${sample
            ? html`<${Pixels} src=${sample.url} alt=${`Samples of the same seeds after ${many(sample.images)} pictures`} />`
            : html`<p class="none">No samples yet: the first come with the first evaluation.</p>`}
          <figcaption>${sample ? html`Samples after <strong>${many(sample.images)}</strong> pictures${at === null && isUnderWay(run) ? ", the newest" : ""}` : ""}</figcaption>
        </figure>
        ${run.reals && html`
          <figure>
            <${Pixels} src=${`/api/${path(run.id)}/reals.png`} alt="Real pictures, in the same layout" />
            <figcaption>Real pictures</figcaption>
          </figure>`}
      </div>
    </section>
  `;
}

function Curves({ rows }) {
  const plots = useMemo(() => charts(rows).map((chart) => {
    const series = chart.names.map((name) => ({ name: chart.names.length > 1 ? name.split("/").slice(1).join("/") || name : chart.title, points: points(rows, name) }));
    const ends = [rows[0]?.images, rows.at(-1)?.images];
    const wide = isWide(series.flatMap((one) => one.points.map(([, y]) => y)));
    const floor = chart.floor && !(wide && chart.floor[1] <= 0) ? [{ name: chart.floor[0], dashed: true, points: ends.map((x) => [x, chart.floor[1]]) }] : [];
    return { ...chart, series: [...series, ...floor], wide };
  }), [rows]);
  if (!rows.length) return html`<p class="quiet-text">Curves begin with the first evaluation.</p>`;
  return html`
    <div class="plots">
      ${plots.map(({ key, title, hint, series, wide }) => html`
        <${Plot} key=${key} title=${title} hint=${hint + (wide ? `${hint && "; "}logarithmic` : "")} series=${series} log=${wide} xLabel="pictures seen" />`)}
    </div>
  `;
}

// What was painted when an alarm came: the last two grids up to it, and what is real.
function evidence(run, alert) {
  const seen = run.samples.filter((sample) => sample.images <= alert.images).slice(-2);
  const raised = Date.parse(alert.time) * 1e6;
  return seen.map((sample) => ({
    ...sample,
    caption: `${many(sample.images)} pictures${Number(sample.written) > raised ? ", trained again since" : ""}`,
  }));
}

function Alarms({ run }) {
  if (!run.alerts.length) return null;
  return html`
    <section class="stack" aria-label="Alarms">
      <h2>Alarms</h2>
      ${run.alerts.map((alert) => html`
        <article class="card alarm">
          <div class="row"><span class="badge warn">${alert.kind}</span><span class="hint">at ${many(alert.images)} pictures</span></div>
          <p>${alert.message}</p>
          ${alert.remedy && html`<p class="hint"><span aria-hidden="true">→ </span>${alert.remedy}</p>`}
          <div class="tiles">
            ${evidence(run, alert).map((tile) => html`<${Tile} src=${tile.url} alt=${`Samples near the alarm, after ${tile.caption}`} caption=${tile.caption} />`)}
            ${run.reals && html`<${Tile} src=${`/api/${path(run.id)}/reals.png`} alt="Real pictures" caption="real pictures" />`}
          </div>
        </article>`)}
    </section>
  `;
}

const figure = (value) => (value == null ? "–" : short(value));

function Judged({ rows }) {
  if (!rows.length) return null;
  const cells = rows.map((row) => [row.name, figure(row.value), row.interval ? row.interval.map(figure).join(" to ") : "–", figure(row.floor), row.net ?? ""]);
  const columns = ["figure", { name: "value", number: true }, { name: "95 % interval", number: true }, { name: "floor: other real pictures", number: true }, "judged by"];
  return html`<section class="card"><${Table} caption="The evaluation at the end of the run" columns=${columns} rows=${cells} /></section>`;
}

const setting = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value ?? "–"));

function Settings({ run }) {
  const parts = Object.entries({ GAN: run.config.gan, Training: run.config.run, Data: run.config.data, Machine: run.env });
  return html`
    <details class="card">
      <summary>Settings</summary>
      <div class="settings">
        ${parts.filter(([, values]) => values).map(([name, values]) => html`
          <div><h3>${name}</h3>
            <dl>${Object.entries(values).map(([key, value]) => html`<div><dt>${key}</dt><dd>${setting(value)}</dd></div>`)}</dl></div>`)}
      </div>
    </details>
  `;
}

const COMMANDS = { reproduce: "Train the same again", resume: "Go on", generate: "Make pictures", evaluate: "Judge the model" };

function Commands({ run }) {
  const told = Object.entries(run.commands).filter(([name, text]) => text && (name !== "resume" || canResume(run)) && (run.model || !["generate", "evaluate"].includes(name)));
  if (!told.length) return null;
  return html`<section class="card stack" aria-label="Commands"><h2>The same by command</h2>
    ${told.map(([name, text]) => html`<${Command} label=${COMMANDS[name] ?? name}>${text}<//>`)}</section>`;
}

function ForkDialog({ run, onClose, go }) {
  const dialog = useRef();
  const [minutes, setMinutes] = useState(run.config.run?.minutes ?? 10);
  const [name, setName] = useState("");
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => dialog.current.showModal(), []);
  const start = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      let answer = await post(`${path(run.id)}/fork`, { settings: { minutes: Number(minutes), ...(name && { name }) } });
      while (answer.starting) answer = await get(`starts/${answer.starting}`);
      go(`/runs/${encodeURIComponent(answer.id)}`);
    } catch (caught) {
      setProblem(caught);
      setBusy(false);
    }
  };
  return html`
    <dialog ref=${dialog} aria-labelledby="fork-title" onClose=${onClose}>
      <form class="stack" onSubmit=${start}>
        <h2 id="fork-title">Fork ${run.name}</h2>
        <p>A new run of the same GAN on the same data begins with the weights of this one's model. This run stays as it is.</p>
        <${Field} label="Minutes"><input type="number" min="0.1" step="any" required value=${minutes} onInput=${(event) => setMinutes(event.currentTarget.value)} /><//>
        <${Field} label="Name" hint="Left out: after the data."><input maxlength="60" value=${name} onInput=${(event) => setName(event.currentTarget.value)} /><//>
        <${Problem} problem=${problem} />
        <div class="row"><${Button} kind="primary" type="submit" busy=${busy}>${busy ? "Starting …" : "Start the fork"}<//>
          <${Button} onClick=${() => dialog.current.close()}>Cancel<//></div>
      </form>
    </dialog>
  `;
}

function Actions({ run, go, onProblem }) {
  const [busy, setBusy] = useState("");
  const [forking, setForking] = useState(false);
  useEffect(() => setBusy(""), [run.state]);
  const ask = async (what) => {
    setBusy(what);
    onProblem(null);
    try {
      let answer = await post(`${path(run.id)}/${what}`);
      while (answer.starting) answer = await get(`starts/${answer.starting}`);
    } catch (problem) {
      onProblem(problem);
      setBusy("");
    }
  };
  const button = (what, idle, at, kind) => html`<${Button} kind=${kind} busy=${busy === what} onClick=${() => ask(what)}>${busy === what ? at : idle}<//>`;
  return html`
    ${run.state === "running" && button("pause", "Pause", "Saving …")}
    ${canResume(run) && button("resume", "Resume", "Starting …", "primary")}
    ${run.model && html`<${Button} onClick=${() => setForking(true)}>Fork …<//>`}
    ${run.model && html`<${Button} href=${`/models/${encodeURIComponent(run.id)}`} kind=${run.state === "finished" ? "primary" : ""}>Play with it<//>`}
    ${run.report && html`<${Button} href=${`/api/${path(run.id)}/report.html`} target="_blank">Report<//>`}
    ${forking && html`<${ForkDialog} run=${run} go=${go} onClose=${() => setForking(false)} />`}
  `;
}

const EXPLAINED = {
  running: "Pause saves everything and ends the process; Resume goes on bit for bit, as if it had not stopped.",
  starting: "The training reads its data and plans.",
  stopped: "Paused: saved in mid-way, and no process runs. Resume goes on bit for bit, as if it had not stopped.",
  interrupted: "Its process is gone: killed, or the machine went down. Resume goes on from the last checkpoint.",
};

function Status({ run, connected }) {
  const message = run.state === "failed" || run.state === "broken" ? html`<${Problem} problem=${{ error: run.message || "The run failed.", remedy: run.state === "failed" ? "Resume goes on from the last checkpoint." : "" }} />` : null;
  return html`
    <section class="stack" aria-label="State">
      <div class="row" aria-live="polite"><${State} run=${run} />
        ${run.kid != null && html`<span class="hint">best KID ${short(run.kid)} at ${many(run.kid_images)} pictures</span>`}
        ${!connected && html`<span class="badge warn">the studio does not answer; trainings go on</span>`}</div>
      <${Progress} run=${run} />
      ${message ?? (EXPLAINED[run.state] && html`<p class="hint">${EXPLAINED[run.state]}</p>`)}
    </section>
  `;
}

export default function Run({ id, go }) {
  const { run, problem, connected } = useRun(id);
  const [refused, setRefused] = useState(null);
  if (problem) return html`<${Page} title=${id}><${Problem} problem=${problem} /><p><a href="/">All runs</a></p><//>`;
  if (!run) return html`<${Page} title=${id}><${Busy} text="Reading the run" /><//>`;
  return html`
    <${Page} title=${run.name} lead=${about(run)} wide
      actions=${html`<${Actions} run=${run} go=${go} onProblem=${setRefused} />`}>
      <${Problem} problem=${refused} />
      <${Status} run=${run} connected=${connected} />
      ${run.state !== "broken" && html`
        <${Alarms} run=${run} />
        <${Samples} run=${run} />
        <section class="stack" aria-label="Curves"><h2>Curves</h2><${Curves} rows=${run.metrics} /></section>
        <${Judged} rows=${run.evaluation} />
        <${Commands} run=${run} />
        <${Settings} run=${run} />`}
    <//>
  `;
}
