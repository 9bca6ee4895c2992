// What pages say of a run in words and figures.
import { html } from "/static/vendor/preact-htm.js";
import { many } from "/static/lib/samples.js";

const LOOK = { running: "live", starting: "live", finished: "good", stopped: "warn", interrupted: "warn", failed: "bad", broken: "bad" };
const UNDER_WAY = ["running", "starting"];

export const isUnderWay = (run) => UNDER_WAY.includes(run.state);
export const canResume = (run) => ["stopped", "interrupted", "failed"].includes(run.state);

// A run that was stopped in mid-way is paused: it can be resumed, bit for bit.
export const stateWord = (run) => (run.state === "stopped" ? "paused" : run.state);

export function State({ run }) {
  return html`<span class=${`badge ${LOOK[run.state] ?? ""}`}>${run.state === "running" && html`<span class="pulse" aria-hidden="true"></span>`}${stateWord(run)}</span>`;
}

// The GAN and the data; of a folder its name.
export const about = (run) => [run.gan, run.data?.replace(/[/\\]+$/, "").split(/[/\\]/).pop()].filter(Boolean).join(" · ");

export function duration(seconds) {
  if (!(seconds >= 0)) return "–";
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
}

export function progressText(run) {
  if (!run.planned) return run.images ? `${many(run.images)} pictures` : "";
  return run.images >= run.planned || run.state === "finished" ? `${many(run.images)} pictures` : `${many(run.images)} of ${many(run.planned)} pictures`;
}

export function Progress({ run }) {
  if (!run.planned) return null;
  const share = run.state === "finished" ? 1 : Math.min(1, run.images / run.planned);
  const left = isUnderWay(run) && run.images ? (run.seconds * (run.planned - run.images)) / run.images : null;
  return html`
    <div class="progress">
      <progress max="1" value=${share} aria-label=${`Progress of ${run.name}`}></progress>
      <p class="hint"><span>${progressText(run)}</span><span>${duration(run.seconds)}${left > 0 ? `, about ${duration(left)} left` : ""}</span></p>
    </div>
  `;
}

// Curves by figure: title, what is good, and the value that real pictures or pure chance would have.
const FIGURES = {
  kid: ["KID", "distance to the data: lower is better", ["other real pictures", 0]],
  diversity: ["Diversity", "over that of the data", ["the data", 1]],
  coverage: ["Coverage", "share of the data that is near a sample: higher is better"],
  copies: ["Copies", "share of samples too near a training picture", ["none", 0]],
  classes: ["Classes", "distance of their shares from the data's", ["the data", 0]],
  critic: ["Critic", "how often it scores a real above a fake; 0.5 is chance", ["chance", 0.5]],
  gradient: ["Gradients", "norm by player"],
  "img/s": ["Speed", "pictures a second"],
};
const LAST = ["D", "G", "gradient", "img/s"];
const UNPLOTTED = ["step", "images", "seconds"];

// Group the figures of the rows: [{ key, title, hint, names, floor }], quality first, speed last.
export function charts(rows) {
  const names = [...new Set(rows.flatMap(Object.keys))].filter((name) => !UNPLOTTED.includes(name) && rows.some((row) => typeof row[name] === "number"));
  const groups = new Map();
  for (const name of names) {
    const key = name in FIGURES ? name : name.split("/")[0];
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  const order = (key) => (key in FIGURES && !LAST.includes(key) ? Object.keys(FIGURES).indexOf(key) : 50 + LAST.indexOf(key));
  return [...groups].sort(([a], [b]) => order(a) - order(b)).map(([key, members]) => {
    const [title, hint, floor] = FIGURES[key] ?? [`Losses of ${key}`, ""];
    return { key, title, hint, names: members, floor };
  });
}

export const points = (rows, name) => rows.filter((row) => typeof row[name] === "number").map((row) => [row.images, row[name]]);

// Far apart values are seen better on a logarithmic axis.
export function isWide(values) {
  const positive = values.filter((value) => value > 0);
  return positive.length === values.length && values.length > 2 && Math.max(...values) > 50 * Math.min(...values);
}

// Rows in order; one that was trained again after a roll-back takes the place of those from there on.
export const added = (rows, row) => [...rows.filter((known) => known.images < row.images), row];
