// Curves by uPlot, with a table of the same numbers beside them.
import { html, useEffect, useMemo, useRef, useState } from "/static/vendor/preact-htm.js";
import uPlot from "/static/vendor/uplot.js";

const HEIGHT = 200;
const TABLE_ROWS = 50;
const COLOURS = ["--curve-1", "--curve-2", "--curve-3", "--curve-4", "--curve-5", "--curve-6"];
const FLOOR = "--text-2"; // of dashed lines: what there is to be reached
const tint = (one, index) => (one.dashed ? FLOOR : COLOURS[index % COLOURS.length]);
const DARK = matchMedia("(prefers-color-scheme: dark)");

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function short(value) {
  if (value == null || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e6) return `${+(value / 1e6).toPrecision(3)}M`;
  if (size >= 1e4) return `${+(value / 1e3).toPrecision(3)}k`;
  return String(size !== 0 && size < 1e-3 ? value.toExponential(1) : +value.toPrecision(4));
}

// Join series of different x into the columns that uPlot takes: x, and one y for each, null where it has none.
function columns(series, log) {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const fit = (y) => (log && !(y > 0) ? null : y);
  const ys = series.map(({ points }) => {
    const by = new Map(points);
    return xs.map((x) => fit(by.get(x) ?? null));
  });
  return [xs, ...ys];
}

// Room above and below; a curve that never moves, such as one of zeros, gets a scale of its own size.
const range = (_, low, high) => (low === high ? [Math.min(0, 2 * low), Math.max(0, 2 * high) || 1] : uPlot.rangeNum(low, high, 0.1, true));

function options(series, log, width, onCursor) {
  const axis = { stroke: colour("--text-2"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const values = (_, splits) => splits.map((value) => (value == null ? "" : short(value)));
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { setScale: false } },
    scales: { x: { time: false }, y: log ? { distr: 3 } : { range } },
    axes: [{ ...axis, values, space: 70, size: 32 }, { ...axis, values, size: 56 }],
    series: [
      {},
      ...series.map((one, index) => ({
        stroke: colour(tint(one, index)),
        width: one.dashed ? 1.5 : 2,
        dash: one.dashed ? [6, 5] : undefined,
        spanGaps: true,
        points: { show: (plot, at) => plot.data[at].filter((y) => y != null).length < 2, size: 6 },
      })),
    ],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx)] },
  };
}

function Curves({ series, log, label, onCursor }) {
  const place = useRef();
  const plot = useRef();
  const data = useMemo(() => columns(series, log), [series, log]);
  const shape = `${log} ${series.map((one) => one.name).join("|")}`;
  useEffect(() => {
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(series, log, place.current.clientWidth || 300, onCursor), data, place.current);
    };
    draw();
    const resized = new ResizeObserver(() => plot.current.setSize({ width: place.current.clientWidth, height: HEIGHT }));
    resized.observe(place.current);
    DARK.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      DARK.removeEventListener("change", draw);
      plot.current.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(data), [data]);
  return html`<div class="curves" ref=${place} role="img" aria-label=${label}></div>`;
}

function spread(xs) {
  if (xs.length <= TABLE_ROWS) return xs;
  return Array.from({ length: TABLE_ROWS }, (_, i) => xs[Math.round((i * (xs.length - 1)) / (TABLE_ROWS - 1))]);
}

function Twin({ title, series, xLabel }) {
  const [open, setOpen] = useState(false);
  const xs = spread([...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b));
  const by = series.map(({ points }) => new Map(points));
  return html`
    <details class="twin" onToggle=${(event) => setOpen(event.currentTarget.open)}>
      <summary>Numbers<span class="hidden">: ${title}</span></summary>
      ${open && html`
        <div class="table" role="region" tabindex="0" aria-label=${`${title}, numbers`}>
          <table>
            <thead><tr><th scope="col">${xLabel}</th>${series.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
            <tbody>${xs.map((x) => html`
              <tr><th scope="row">${x.toLocaleString("en")}</th>${by.map((values) => html`<td class="number">${short(values.get(x))}</td>`)}</tr>`)}</tbody>
          </table>
        </div>`}
    </details>
  `;
}

// series: [{ name, points: [[x, y]], dashed }].
export function Plot({ title, series, xLabel = "x", log = false, hint }) {
  const [at, setAt] = useState(null);
  const shown = useMemo(
    () => series.map(({ points, ...rest }) => ({ ...rest, points: points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)) })),
    [series],
  );
  const data = useMemo(() => columns(shown, log), [shown, log]);
  const value = (index) => (at == null ? shown[index].points.at(-1)?.[1] : data[index + 1][at]);
  return html`
    <figure class="plot">
      <figcaption><strong>${title}</strong>${hint && html`<span class="hint">${hint}</span>`}</figcaption>
      <ul class="legend">
        ${shown.map((one, index) => html`
          <li><svg width="16" height="8" aria-hidden="true"><line x1="0" x2="16" y1="4" y2="4" stroke-width="3"
            stroke=${`var(${tint(one, index)})`} stroke-dasharray=${one.dashed ? "4 3" : undefined} /></svg>
            ${one.name} <output>${short(value(index))}</output></li>`)}
      </ul>
      <${Curves} series=${shown} log=${log} label=${`${title}: ${shown.map((one) => one.name).join(", ")} against ${xLabel}`} onCursor=${setAt} />
      <${Twin} title=${title} series=${shown} xLabel=${xLabel} />
    </figure>
  `;
}
