// The models there are.
import { html, useEffect, useState } from "/static/vendor/preact-htm.js";
import { get } from "/static/lib/api.js";
import { Busy, Button, Command, Page, Problem } from "/static/lib/ui.js";

const SHOWN = [0, 1, 2, 3];
const SMALL = 256; // pixels below which a picture is enlarged without smoothing
const about = ({ gan, size, classes }) =>
  [gan, `${size[1]} × ${size[0]}`, classes.length > 1 && `${classes.length} classes`].filter(Boolean).join(" · ");

export default function Models() {
  const [models, setModels] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => void get("models").then(setModels, setProblem), []);
  return html`
    <${Page} title="Models" lead="What was trained, ready to paint: pictures from seeds, the same for ever.">
      <${Problem} problem=${problem} />
      ${!models && !problem && html`<${Busy} text="Looking for models" />`}
      ${models?.length === 0 && html`<${Empty} />`}
      ${models?.length > 0 && html`<ul class="models">${models.map((model) => html`<${Card} key=${model.id} model=${model} />`)}</ul>`}
    <//>
  `;
}

function Empty() {
  return html`
    <div class="empty">
      <p>There is no model yet. A training writes its first one after the first evaluation.</p>
      <${Button} kind="primary" href="/new">Train one<//>
      <${Command} label="Or by command">gansmith train digits --minutes 2<//>
    </div>
  `;
}

function Card({ model }) {
  const place = `/models/${encodeURIComponent(model.id)}`;
  if (model.problem) {
    return html`<li class="card"><h2>${model.name}</h2><${Problem} problem=${{ error: model.problem, remedy: model.remedy }} /></li>`;
  }
  if (model.needs.length) {
    return html`
      <li class="card">
        <h2>${model.name}</h2>
        <p class="quiet-text">${about(model)}</p>
        <p>It makes pictures like one that it is shown, which is done by command.</p>
        <${Command}>${`gansmith generate ${model.path} --like PICTURE`}<//>
      </li>
    `;
  }
  return html`
    <li class="card">
      <a href=${place}>
        <${Pictures} model=${model} />
        <h2>${model.name}</h2>
      </a>
      <p class="quiet-text">${about(model)}</p>
      <p class="row"><a href=${`${place}/explore`}>Explore<span class="hidden"> ${model.name}</span></a>
        <a href=${`${place}/brush`}>Brush<span class="hidden"> ${model.name}</span></a></p>
    </li>
  `;
}

// A picture that cannot be painted says so in its place, and in words on the model's own page.
function Pictures({ model }) {
  const source = (seed) => `/api/models/${encodeURIComponent(model.id)}/sample.png?seed=${seed}&model=${model.hash}`;
  const smooth = Math.max(...model.size) >= SMALL ? "smooth" : undefined;
  return html`<div class="four">${SHOWN.map((seed) => html`
    <img class=${smooth} src=${source(seed)} alt="" loading="lazy" decoding="async" width=${model.size[1]} height=${model.size[0]} />`)}</div>`;
}
