// Grids of samples through time: enlarged by whole numbers, a slider over the moments, and a player.
import { html, useEffect, useRef, useState } from "/static/vendor/preact-htm.js";
import { Button, Slider } from "/static/lib/ui.js";

const FRAME_MS = 250;
const LARGEST = 640; // pixels of a grid on the page

// A picture whose pixels are all equally large.
export function Pixels({ src, alt, largest = LARGEST, ...rest }) {
  const place = useRef();
  const picture = useRef();
  const fit = () => {
    if (!picture.current) return;
    const { naturalWidth: width, naturalHeight: height } = picture.current;
    const most = Math.min(place.current.clientWidth, largest);
    const factor = Math.floor(Math.min(most / width, largest / height));
    picture.current.style.width = !width ? "" : factor >= 1 ? `${width * factor}px` : "100%";
  };
  useEffect(() => {
    const resized = new ResizeObserver(fit);
    resized.observe(place.current);
    return () => resized.disconnect();
  }, []);
  return html`<div class="pixels" ref=${place}><img ref=${picture} src=${src} alt=${alt} onLoad=${fit} ...${rest} /></div>`;
}

export const many = (number) => Math.round(number ?? 0).toLocaleString("en");

// Moments in pictures seen, with a slider and a play button. `at` is an index.
export function Scrubber({ moments, at, onMove, label = "Moment" }) {
  const [playing, setPlaying] = useState(false);
  const last = moments.length - 1;
  useEffect(() => {
    if (!playing) return undefined;
    const timer = setTimeout(() => (at < last ? onMove(at + 1) : setPlaying(false)), FRAME_MS);
    return () => clearTimeout(timer);
  }, [playing, at, last]);
  const play = () => {
    if (!playing && at >= last) onMove(0);
    setPlaying(!playing);
  };
  return html`
    <div class="scrubber">
      <${Button} onClick=${play} disabled=${last < 1}>
        <span aria-hidden="true">${playing ? "❚❚" : "▶"}</span>${playing ? "Hold" : "Play"}
      <//>
      <${Slider} label=${label} min=${0} max=${Math.max(0, last)} value=${at} disabled=${last < 1}
        text=${`${at + 1} of ${last + 1}: ${many(moments[at])} pictures seen`}
        onInput=${(index) => { setPlaying(false); onMove(index); }} />
    </div>
  `;
}

// Load pictures ahead, so that the slider does not flicker.
export function usePreloaded(urls) {
  const kept = useRef(new Map());
  useEffect(() => {
    for (const url of urls) {
      if (kept.current.has(url)) continue;
      const picture = new Image();
      picture.src = url;
      kept.current.set(url, picture);
    }
  }, [urls.join(" ")]);
}
