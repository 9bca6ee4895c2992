// Key frames: places to come back to, the way between them, and that way as a film.
import { html, useEffect, useRef, useState } from "/static/vendor/preact-htm.js";
import { download } from "/static/lib/live.js";
import { Button, Field, Slider, WholeField } from "/static/lib/ui.js";

const MOST = 32, MOST_FRAMES = 600;
const NAMES = { mp4: "MP4 video", webp: "WebP animation", gif: "GIF animation" };

export function Film({ id, about, place, setPlace, canvas, show, setProblem }) {
  const [stops, setStops] = useState([]);
  const [share, setShare] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [loop, setLoop] = useState(false);
  const [frames, setFrames] = useState(60);
  const [fps, setFps] = useState(20);
  const [kind, setKind] = useState(about.films[0]);
  const [saving, setSaving] = useState(false);
  const [said, setSaid] = useState("");
  const list = useRef();
  const ready = stops.length > 1;

  const at = (part) => {
    const legs = loop ? stops.length : stops.length - 1;
    const here = Math.min(legs - 1, Math.floor(part * legs));
    const between = [stops[here], stops[(here + 1) % stops.length]].map((stop) => stop.place);
    setShare(part);
    show({ between, share: Math.min(1, part * legs - here) });
  };
  useEffect(() => {
    if (!playing || !ready) return undefined;
    const begun = performance.now() - (share < 1 ? share : 0) * (frames / fps) * 1000;
    let next = requestAnimationFrame(function tick(now) {
      const part = Math.max(0, now - begun) / 1000 / (frames / fps);
      at(loop ? part % 1 : Math.min(1, part));
      if (!loop && part >= 1) setPlaying(false);
      else next = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(next);
  }, [playing, stops, loop, frames, fps]);

  const add = () => {
    setStops([...stops, { place, picture: canvas.current.toDataURL(), key: crypto.getRandomValues(new Uint32Array(1))[0] }]);
    setSaid(`Key frame ${stops.length + 1} added.`);
  };
  const remove = (index) => {
    setPlaying(false);
    setStops(stops.filter((_, i) => i !== index));
    setSaid(`Key frame ${index + 1} removed.`);
    list.current?.focus();
  };
  const shift = (index, by) => {
    const next = [...stops];
    next.splice(index + by, 0, ...next.splice(index, 1));
    setStops(next);
    setSaid(`Key frame ${index + 1} is now number ${index + by + 1}.`);
  };
  const save = async () => {
    setSaving(true);
    try {
      const places = stops.map((stop) => stop.place);
      await download(`models/${encodeURIComponent(id)}/tour`, { places, frames, fps, loop, kind }, `${id}.${kind}`);
      setSaid(`${frames} frames saved.`);
    } catch (problem) {
      setProblem(problem);
    }
    setSaving(false);
  };
  return html`
    <section class="card stack film" aria-labelledby="h-film">
      <div class="row explore-between">
        <h2 id="h-film" ref=${list} tabindex="-1">Key frames</h2>
        <${Button} kind="primary" onClick=${add} disabled=${stops.length >= MOST}>Add this place<//>
      </div>
      <p class="hidden" role="status">${said}</p>
      ${stops.length === 0 && html`<p class="quiet-text">Add places that you like, two or more, and the model paints the way between them.</p>`}
      ${stops.length > 0 && html`
        <ol class="film-stops">
          ${stops.map((stop, i) => html`
            <li key=${stop.key}>
              <button type="button" class="film-stop" aria-label=${`Go to key frame ${i + 1}`} onClick=${() => setPlace(stop.place)}>
                <img src=${stop.picture} alt="" /></button>
              <div class="film-tools">
                <button type="button" aria-label=${`Move key frame ${i + 1} earlier`} disabled=${i === 0} onClick=${() => shift(i, -1)}>←</button>
                <button type="button" aria-label=${`Remove key frame ${i + 1}`} onClick=${() => remove(i)}>✕</button>
                <button type="button" aria-label=${`Move key frame ${i + 1} later`} disabled=${i === stops.length - 1} onClick=${() => shift(i, 1)}>→</button>
              </div>
            </li>`)}
        </ol>`}
      ${ready && html`
        <div class="film-way">
          <${Button} aria-pressed=${playing ? "true" : "false"} onClick=${() => setPlaying(!playing)}>${playing ? "Pause" : "Play"}<//>
          <${Slider} label="Way" value=${share} min="0" max="1" step="0.005" text=${`${Math.round(100 * share)} %`}
            onInput=${(part) => { setPlaying(false); at(part); }} />
        </div>
        <div class="film-options">
          <${WholeField} label="Frames" low=${stops.length} high=${MOST_FRAMES} value=${frames} onValue=${setFrames} />
          <${WholeField} label="Frames a second" low=${1} high=${60} value=${fps} onValue=${setFps} />
          <${Field} label="File"><select value=${kind} onChange=${(event) => setKind(event.currentTarget.value)}>
            ${about.films.map((one) => html`<option value=${one}>${NAMES[one]}</option>`)}</select><//>
          <label class="film-loop"><input type="checkbox" checked=${loop} onChange=${(event) => setLoop(event.currentTarget.checked)} />Back to the first</label>
          <${Button} busy=${saving} onClick=${save}>${saving ? "Saving …" : `Save ${(frames / fps).toFixed(1)} s`}<//>
        </div>`}
    </section>
  `;
}
