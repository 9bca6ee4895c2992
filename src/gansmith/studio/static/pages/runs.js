// All runs: the newest pictures of each, how far it is, and which ones to compare.
import { html, useEffect, useState } from "/static/vendor/preact-htm.js";
import { Busy, Button, Command, Page, Problem } from "/static/lib/ui.js";
import { get } from "/static/lib/api.js";
import { Pixels } from "/static/lib/samples.js";
import { Progress, State, about } from "/static/lib/run.js";
import { short } from "/static/lib/plot.js";

const LOOK_MS = 3000;
const MOST = 4;

function useRuns() {
  const [found, setFound] = useState({});
  useEffect(() => {
    let timer, over = false;
    const look = async () => {
      if (!document.hidden) {
        await get("runs").then((runs) => setFound({ runs }), (problem) => setFound((before) => ({ ...before, problem })));
      }
      if (!over) timer = setTimeout(look, LOOK_MS);
    };
    look();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, []);
  return found;
}

function Empty() {
  return html`
    <section class="empty">
      <h2>No runs yet</h2>
      <p>A run appears here as soon as its training starts, from this page or from any terminal.</p>
      <${Button} kind="primary" href="/new">New run<//>
      <${Command} label="A first one, in a minute">gansmith train digits --minutes 1<//>
      <${Command} label="On your own pictures">gansmith train photos/ --minutes 10<//>
    </section>
  `;
}

function Picture({ run }) {
  if (run.sample) return html`<${Pixels} src=${run.sample} alt=${`Newest samples of ${run.name}`} largest=${320} />`;
  return html`<div class="none">${run.state === "broken" ? "cannot be read" : "no samples yet"}</div>`;
}

function Card({ run, chosen, onChoose, full }) {
  const href = `/runs/${encodeURIComponent(run.id)}`;
  return html`
    <li class="card run-card">
      <a class="picture" href=${href} tabindex="-1" aria-hidden="true"><${Picture} run=${run} /></a>
      <div class="title"><h2><a href=${href}>${run.name}</a></h2><${State} run=${run} /></div>
      ${run.state === "broken" || run.state === "failed" ? html`<p class="reason">${run.message}</p>` : html`<p class="hint" title=${run.data}>${about(run)}</p>`}
      <${Progress} run=${run} />
      <div class="foot">
        <span>${run.kid == null ? "" : html`best KID <strong>${short(run.kid)}</strong>`}
          ${run.alerts > 0 && html` <span class="badge warn">${run.alerts} ${run.alerts === 1 ? "alarm" : "alarms"}</span>`}</span>
        ${run.state !== "broken" && html`
          <label class="choose"><input type="checkbox" checked=${chosen} disabled=${!chosen && full} onChange=${onChoose} aria-label=${`Compare ${run.name}`} />Compare</label>`}
      </div>
    </li>
  `;
}

export default function Runs() {
  const { runs, problem } = useRuns();
  const [chosen, setChosen] = useState([]);
  const toggle = (id) => setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  const actions = html`
    ${chosen.length > 0 && html`
      <${Button} href=${chosen.length > 1 ? `/compare?runs=${chosen.map(encodeURIComponent).join(",")}` : undefined} disabled=${chosen.length < 2}>
        ${chosen.length < 2 ? "Compare: choose one more" : `Compare ${chosen.length} runs`}<//>`}
    ${runs?.length > 0 && html`<${Button} kind="primary" href="/new">New run<//>`}
  `;
  return html`
    <${Page} title="Runs" lead="Trainings, the newest first. They are processes of their own: closing the studio stops none." actions=${actions}>
      <${Problem} problem=${problem} />
      ${!runs && !problem && html`<${Busy} text="Reading the runs" />`}
      ${runs?.length === 0 && html`<${Empty} />`}
      ${runs?.length > 0 && html`
        <ul class="run-cards">
          ${runs.map((run) => html`<${Card} key=${run.id} run=${run} chosen=${chosen.includes(run.id)} full=${chosen.length >= MOST} onChoose=${() => toggle(run.id)} />`)}
        </ul>`}
    <//>
  `;
}
