// A new run: which pictures, what is in them, how to train, and the command that does the same.
import { html, useCallback, useEffect, useRef, useState } from "/static/vendor/preact-htm.js";
import { get, post } from "/static/lib/api.js";
import { chosen, dropped, send } from "/static/lib/gather.js";
import { Busy, Button, Command, Field, Page, Problem, Table, Tile } from "/static/lib/ui.js";

const PAUSE = 200; // ms after the last key before the command is asked for
const FIRST = { minutes: 10 };
const count = (number) => number.toLocaleString("en");
const size = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`);

export default function New({ query, go }) {
  const source = query.upload ? { upload: query.upload } : query.data ? { path: query.data } : null;
  const key = query.upload ?? query.data ?? "";
  const [choices, setChoices] = useState(null);
  const [settings, setSettings] = useState(FIRST);
  const [report, setReport] = useState(null);
  const [problem, setProblem] = useState(null);
  const set = useCallback((name, value) => setSettings((old) => ({ ...old, [name]: value === "" ? undefined : value })), []);
  const change = (address) => go(address ? `/new?${new URLSearchParams(address)}` : "/new", { replace: true });

  useEffect(() => {
    get("new").then(setChoices, setProblem);
  }, []);

  const look = useCallback(() => {
    if (!source) return setReport(null);
    setReport("busy");
    post("data", { source, settings }).then(setReport, (found) => setReport({ problem: found }));
  }, [key, settings]);
  useEffect(look, [key]);

  const ready = choices && report && report !== "busy" && !report.problem;
  return html`
    <${Page} title="New run" lead="Choose pictures, see what is in them, and train. Training goes on when this page or the studio is closed.">
      <${Problem} problem=${problem} />
      ${choices && html`<${Pictures} key=${key} source=${source} choices=${choices} change=${change} report=${report} name=${query.name} />`}
      ${report === "busy" && html`<${Busy} text="Reading the pictures" />`}
      ${report?.problem && html`<${Problem} problem=${report.problem} />`}
      ${report?.problem && html`<${Reading} settings=${settings} set=${set} look=${look} open />`}
      ${ready && html`
        <${Report} report=${report} />
        <${Reading} settings=${settings} set=${set} look=${look} />
        <${Training} choices=${choices} report=${report} source=${source} settings=${settings} set=${set} go=${go} />
      `}
    <//>
  `;
}

function Pictures({ source, choices, change, report, name }) {
  const [over, setOver] = useState(false);
  const [sent, setSent] = useState(null);
  const [problem, setProblem] = useState(null);
  const turn = useRef(0);
  const path = useRef(), folder = useRef(), files = useRef();

  const take = async (found) => {
    const mine = ++turn.current;
    setProblem(null);
    setSent({ files: 0, bytes: 0, of: 0 });
    try {
      const what = await found;
      const id = await send(what, choices, (now) => mine === turn.current && setSent({ ...now, total: what.files.length }), () => mine === turn.current);
      if (id) change({ upload: id, name: what.name });
    } catch (failure) {
      setProblem(failure);
    }
    if (mine === turn.current) setSent(null);
  };
  const cancel = () => {
    turn.current += 1;
    setSent(null);
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    take(dropped(event.dataTransfer));
  };
  const use = (event) => {
    event.preventDefault();
    if (path.current.value.trim()) change({ data: path.current.value.trim() });
  };

  if (source) {
    const shown = source.path ?? name ?? "pictures";
    return html`
      <section class="card new-source" aria-label="Pictures">
        <div><h2>${shown}</h2>${report?.line && html`<p class="quiet-text">${source.upload ? "copied beside the runs" : report.facts.layout}</p>`}</div>
        <${Button} onClick=${() => change(null)}>Choose others<//>
      </section>
    `;
  }
  return html`
    <section class=${`new-drop ${over ? "over" : ""}`} aria-labelledby="new-pictures"
      onDragOver=${(event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${drop}>
      <h2 id="new-pictures">Drop a folder or a zip of pictures here</h2>
      <p class="quiet-text">One folder for each class makes a model that knows the classes. Everything stays on this machine.</p>
      ${sent ? html`
        <div class="new-progress">
          <progress aria-label="Copying the pictures" max="1" value=${sent.of ? sent.bytes / sent.of : 0}></progress>
          <p role="status">${count(sent.files)} of ${count(sent.total ?? 0)} files, ${size(sent.bytes)}</p>
          <${Button} onClick=${cancel}>Cancel<//>
        </div>
      ` : html`
        <div class="row">
          <${Button} kind="primary" onClick=${() => folder.current.click()}>Choose a folder<//>
          <${Button} onClick=${() => files.current.click()}>Choose a zip or files<//>
        </div>
      `}
      <input ref=${folder} type="file" webkitdirectory hidden aria-label="Folder of pictures" onChange=${(event) => take(chosen(event.currentTarget))} />
      <input ref=${files} type="file" multiple hidden aria-label="Zip or files" onChange=${(event) => take(chosen(event.currentTarget))} />
      <${Problem} problem=${problem} />
      <form class="new-path" onSubmit=${use}>
        <${Field} label="Or name a path on this machine, or a known set">
          <input ref=${path} list="new-names" autocomplete="off" spellcheck="false" placeholder="digits" />
        <//>
        <datalist id="new-names">${choices.names.map((one) => html`<option value=${one} />`)}</datalist>
        <${Button} type="submit">Use it<//>
      </form>
    </section>
  `;
}

function Report({ report }) {
  const { facts } = report;
  const listed = (counts) => Object.entries(counts).map(([name, number]) => `${name} ${count(number)}`).join(", ");
  const rows = [
    ["Pictures", count(report.images) + (report.test ? `, and ${count(report.test.images)} for testing` : "")],
    ["Trained at", `${report.width} × ${report.height}, ${{ L: "grey", RGB: "colour", RGBA: "colour with transparency" }[report.mode] ?? report.mode}`],
    ["Sizes of the files", listed(facts.sizes)],
    ["Formats", listed(facts.formats)],
    ["Copies", report.copies],
    ...(Object.keys(facts.ignored).length ? [["Passed over", listed(facts.ignored)]] : []),
  ];
  const left = report.skipped.length + report.skipped_more;
  return html`
    <section class="stack" aria-labelledby="new-found">
      <h2 id="new-found">What is in it</h2>
      <div class="new-report">
        <dl class="card new-facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
        <div class="card stack">
          ${report.right.map((row) => html`
            <div class="new-class">
              <p>${row.name ? html`<strong>${row.name}</strong> ${count(row.count)}` : "Pictures as they are trained on"}</p>
              <${Strip} pictures=${row.pictures} />
            </div>
          `)}
          ${Object.keys(report.counts).length > report.right.length && html`<p class="quiet-text">and ${count(Object.keys(report.counts).length - report.right.length)} classes more</p>`}
        </div>
      </div>
      ${(report.warnings.length > 0 || report.notes.length > 0) && html`
        <ul class="new-warnings">${[...report.warnings, ...report.notes].map((text) => html`<li>${text}</li>`)}</ul>
      `}
      ${left > 0 && html`
        <details class="card" open>
          <summary>${count(left)} ${left === 1 ? "file is" : "files are"} left out</summary>
          <${Table} caption="Files left out, and what mends each" columns=${["File", "Reason", "Remedy"]}
            rows=${report.skipped.map(({ file, reason, remedy }) => [file, reason, remedy])} />
          ${report.skipped_more > 0 && html`<p class="quiet-text">and ${count(report.skipped_more)} more</p>`}
        </details>
      `}
      ${report.wrong.map((kind) => html`
        <details class="card">
          <summary>${kind.kind}: ${count(kind.count)}</summary>
          <div class="new-groups">${kind.groups.map((group) => html`<${Strip} pictures=${group} named />`)}</div>
          ${kind.count > kind.groups.length && html`<p class="quiet-text">and ${count(kind.count - kind.groups.length)} more</p>`}
        </details>
      `)}
    </section>
  `;
}

function Strip({ pictures, named }) {
  return html`<div class="new-strip">${pictures.map(({ name, uri }) => html`<${Tile} src=${uri} alt=${name} title=${name} caption=${named && name} />`)}</div>`;
}

function Text({ label, hint, name, settings, set, ...rest }) {
  const typed = (event) => set(name, rest.type === "number" && event.currentTarget.value !== "" ? event.currentTarget.valueAsNumber : event.currentTarget.value);
  return html`<${Field} label=${label} hint=${hint}><input value=${settings[name] ?? ""} onInput=${typed} autocomplete="off" ...${rest} /><//>`;
}

function Choice({ label, hint, name, settings, set, options }) {
  return html`
    <${Field} label=${label} hint=${hint}>
      <select value=${settings[name] ?? ""} onChange=${(event) => set(name, event.currentTarget.value)}>
        ${options.map(([value, text]) => html`<option value=${value}>${text}</option>`)}
      </select>
    <//>
  `;
}

function Check({ label, name, value = true, settings, set }) {
  return html`
    <label class="row"><input type="checkbox" checked=${settings[name] === value}
      onChange=${(event) => set(name, event.currentTarget.checked ? value : undefined)} />${label}</label>
  `;
}

function Reading({ settings, set, look, open }) {
  const own = { settings, set };
  return html`
    <details class="card" open=${open}>
      <summary>Size, colour and classes: read them in another way</summary>
      <form class="new-fields" onSubmit=${(event) => { event.preventDefault(); look(); }}>
        <${Text} name="size" label="Size" hint="64, or 96x64; empty: the data's own" placeholder="as they are" ...${own} />
        <${Choice} name="fit" label="Other shapes" options=${[["", "are cropped"], ["pad", "are padded"]]} ...${own} />
        <${Choice} name="mode" label="Colour" options=${[["", "as they are"], ["L", "grey"], ["RGB", "colour"], ["RGBA", "colour with transparency"]]} ...${own} />
        <${Text} name="label" label="Column of the classes" hint="of a table beside the pictures" ...${own} />
        <${Text} name="limit" label="At most so many" type="number" min="2" hint="spread over the set" ...${own} />
        <div class="new-again"><${Button} type="submit">Check again<//></div>
      </form>
    </details>
  `;
}

function Training({ choices, report, source, settings, set, go }) {
  const own = { settings, set };
  const name = settings.gan ?? report.gan;
  const gan = choices.gans.find((one) => one.name === name);
  const pick = (_, value) => set("gan", value);
  const options = choices.gans.map((one) => [one.name === report.gan ? "" : one.name, one.name === report.gan ? `${one.name} (default for this size)` : one.name]);
  return html`
    <div class="split">
      <section class="stack" aria-labelledby="new-training">
        <h2 id="new-training">How to train</h2>
        <div class="card stack">
          <${Choice} name="gan" label="GAN" settings=${settings} set=${pick} options=${options} />
          <p class="new-idea">${gan.idea.replaceAll("`", "")} <span class="quiet-text">${gan.paper}</span></p>
          <div class="new-fields wide">
            <${Text} name="minutes" label="Minutes" type="number" min="0.1" step="any" hint="evaluations included" ...${own} />
            <${Text} name="images" label="Pictures seen" hint="500k, 2M; the first to be reached ends it" placeholder="as many as fit" ...${own} />
            <${Text} name="name" label="Name of the run" placeholder="after the data" ...${own} />
            <${Text} name="seed" label="Seed" type="number" min="0" placeholder="0" ...${own} />
          </div>
        </div>
        <details class="card">
          <summary>More about the training</summary>
          <div class="new-fields">
            <${Text} name="epochs" label="Passes over the data" type="number" min="0.01" step="any" hint="instead of pictures seen" ...${own} />
            <${Text} name="batch" label="Batch" type="number" min="1" hint="pictures in one turn; empty: as many as suit the GAN" ...${own} />
            <${Text} name="micro_batch" label="Micro batch" type="number" min="1" hint="a divisor of the batch, to save memory" ...${own} />
            <${Text} name="average" label="Half-life of the average" placeholder="20k" hint="of the averaged weights, in pictures" ...${own} />
            <${Text} name="kinds" label="Kinds" type="number" min="0" hint="that pictures without classes are sorted into; 0: none; empty: as many as help" ...${own} />
            <${Text} name="ticks" label="Previews" type="number" min="1" hint="how often it is judged and saved; empty: as time allows" ...${own} />
            <${Text} name="device" label="Device" placeholder="auto" hint="cpu, cuda, cuda:1, mps" ...${own} />
            <${Choice} name="precision" label="Precision" options=${[["", "fastest here"], ["fp32", "fp32"], ["bf16", "bf16"]]} ...${own} />
            <${Text} name="threads" label="Threads" type="number" min="1" hint="empty: all that there are" ...${own} />
          </div>
          <div class="new-checks">
            <${Check} name="mirror" label="Learn from mirrored pictures, too" ...${own} />
            <${Check} name="until" value="converged" label="End before that once it has stopped improving" ...${own} />
          </div>
        </details>
        <details class="card">
          <summary>Hyper-parameters of ${name}</summary>
          <div class="new-fields">
            ${gan.options.map((option) => html`
              <${Text} key=${`${name} ${option.name}`} name=${option.name} label=${option.name} placeholder=${option.default} hint=${option.hint} ...${own} />
            `)}
          </div>
        </details>
      </section>
      <${Start} source=${source} settings=${fitting(settings, gan, choices)} go=${go} />
    </div>
  `;
}

// Without the hyper-parameters of a GAN that was chosen before, and without what is empty.
function fitting(settings, gan, choices) {
  const hyper = new Set(choices.gans.flatMap((one) => one.options.map((option) => option.name)));
  const mine = new Set(gan.options.map((option) => option.name));
  return Object.fromEntries(Object.entries(settings).filter(([name, value]) => value !== undefined && (!hyper.has(name) || mine.has(name))));
}

// The lines of a dry run that tell of the plan.
function planned(told) {
  const lines = told.split("\n").filter((line) => !line.startsWith("✓ data"));
  return lines.map((line) => line.replace(/^▶ run\s+\(dry run\) · /, "").trim());
}

function Start({ source, settings, go }) {
  const [command, setCommand] = useState("");
  const [problem, setProblem] = useState(null);
  const [estimate, setEstimate] = useState(null);
  const [busy, setBusy] = useState("");
  const order = { source, settings };
  const asked = JSON.stringify(order);
  const latest = useRef(asked);
  latest.current = asked;

  useEffect(() => {
    setProblem(null);
    setEstimate(null);
    const told = (set) => (answer) => latest.current === asked && set(answer);
    const timer = setTimeout(() => post("command", order).then(told((answer) => setCommand(answer.command)), told(setProblem)), PAUSE);
    return () => clearTimeout(timer);
  }, [asked]);

  const during = async (what, work) => {
    setBusy(what);
    setProblem(null);
    try {
      await work();
    } catch (failure) {
      setProblem(failure);
    }
    setBusy("");
  };
  const measure = () => during("estimate", async () => setEstimate((await post("estimate", order)).told));
  const start = () => during("start", async () => {
    let told = await post("runs", order);
    while (!told.id) told = await get(`starts/${told.starting}`);
    go(`/runs/${encodeURIComponent(told.id)}`);
  });
  return html`
    <section class="card stack new-start" aria-labelledby="new-start">
      <h2 id="new-start">Start</h2>
      <${Button} kind="primary" busy=${busy === "start"} disabled=${Boolean(busy)} onClick=${start}>${busy === "start" ? "Starting …" : "Start training"}<//>
      <${Button} busy=${busy === "estimate"} disabled=${Boolean(busy)} onClick=${measure}>${busy === "estimate" ? "Measuring …" : "Estimate first"}<//>
      <div role="status">${estimate && html`<div class="new-estimate">${planned(estimate).map((line) => html`<p>${line}</p>`)}</div>`}</div>
      <${Problem} problem=${problem} />
      ${command && html`<${Command} label="The same by command">${command}<//>`}
    </section>
  `;
}
