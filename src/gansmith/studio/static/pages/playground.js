// The playground: a GAN at play in the plane, watched while the trainer itself moves its players.
import { html, useEffect, useRef, useState } from "/static/vendor/preact-htm.js";
import { get, socket } from "/static/lib/api.js";
import { Busy, Button, Field, Page, Plot, Problem, Slider, Typed } from "/static/lib/ui.js";
import { Plane } from "/static/pages/playground-plane.js";
import { Pad, firstInk, inkToText, textToInk } from "/static/pages/playground-pad.js";
import { History } from "/static/pages/playground-history.js";
import { aboutMap, words } from "/static/pages/playground-words.js";

const DEFAULTS = { gan: "dcgan", data: "ring", batch: 256, seed: 0 };
const SPEEDS = [1, 2, 5, 10, 30, 100, null]; // rounds a second; null: as many as there can be
const FIGURES_EVERY = 350, SPOKEN_EVERY = 6000; // milliseconds
const LAYERS = [["reals", "Reals", "R"], ["fakes", "Fakes", "F"], ["heat", "Map", "M"], ["manifold", "Grid", "L"], ["arrows", "Arrows", "A"]];
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function setupOf(query, menu) {
  const whole = (name, low, high) => (/^\d+$/.test(query[name] ?? "") && query[name] >= low && query[name] <= high ? Number(query[name]) : DEFAULTS[name]);
  const gan = menu.games.some(({ name }) => name === query.gan) ? query.gan : DEFAULTS.gan;
  const ink = textToInk(query.ink, menu.cells);
  const data = query.data in menu.densities ? query.data : DEFAULTS.data;
  const known = new Set(["gan", "data", "batch", "seed", "ink"]);
  const fields = Object.fromEntries(Object.entries(query).filter(([name, value]) => !known.has(name) && value !== "" && Number.isFinite(Number(value))).map(([name, value]) => [name, Number(value)]));
  return { gan, data, ink: ink ?? firstInk(menu.cells, menu.ink), batch: whole("batch", 8, 512), seed: whole("seed", 0, 2 ** 31 - 1), fields };
}

function addressOf({ ink, fields, ...setup }) {
  const query = Object.entries(setup).filter(([name, value]) => value !== DEFAULTS[name]);
  if (setup.data === "drawn") query.push(["ink", inkToText(ink)]);
  return "/playground" + (query.length || Object.keys(fields).length ? `?${new URLSearchParams([...query, ...Object.entries(fields)])}` : "");
}

export default function Playground({ query, go }) {
  const [menu, setMenu] = useState(null), [problem, setProblem] = useState(null);
  useEffect(() => {
    get("playground").then(setMenu, setProblem);
  }, []);
  if (problem) return html`<${Page} title="Playground"><${Problem} problem=${problem} /><//>`;
  if (!menu) return html`<${Busy} text="Trying which GANs play on points" />`;
  return html`<${Table} menu=${menu} query=${query} go=${go} />`;
}

// The socket and what came by it. What moves with every frame lies in refs; the state follows a few times a second.
function useGame(setup) {
  const [game, setGame] = useState(null), [now, setNow] = useState(null), [problem, setProblem] = useState(null);
  const [playing, setPlaying] = useState(!calm()), [connected, setConnected] = useState(false);
  const view = useRef({ layers: {} }), redraw = useRef(() => {}), line = useRef(null), covered = useRef(null);
  const wanted = useRef({ setup, playing, speed: null, average: false }), history = useRef(new History()), last = useRef(0);
  const say = (message) => line.current.send(message);
  const begin = () => {
    const { setup, playing, speed, average } = wanted.current;
    const { ink, ...rest } = setup;
    setProblem(null);
    say({ do: "configure", ...rest, ink: setup.data === "drawn" ? ink : [] });
    say({ do: "speed", rounds: speed });
    say({ do: "show", average });
    if (playing) say({ do: "play" });
  };
  const show = (frame) => {
    view.current.frame = frame;
    covered.current = frame.covered ?? covered.current;
    history.current.add(frame);
    requestAnimationFrame(() => {
      redraw.current();
      line.current?.send({ do: "seen" });
    });
    if (frame.playing && performance.now() - last.current < FIGURES_EVERY) return;
    last.current = performance.now();
    setNow({ frame, covered: covered.current, losses: history.current.losses(), quality: history.current.quality() });
  };
  const hear = (said) => {
    if (said.kind === "frame") return show(said);
    if (said.kind === "game") {
      history.current = new History();
      covered.current = null;
      Object.assign(view.current, { game: said, frame: null });
      return setGame(said);
    }
    pause();
    setProblem(said);
  };
  const pause = () => {
    wanted.current.playing = false;
    setPlaying(false);
  };
  useEffect(() => {
    line.current = socket("playground/socket", hear, (up) => {
      setConnected(up);
      if (up) begin();
    });
    return () => {
      line.current.close();
      line.current = null;
    };
  }, []);
  return {
    game, now, problem, playing, connected, view, redraw,
    begin(setup) {
      wanted.current.setup = setup;
      if (connected) begin();
    },
    play(on) {
      wanted.current.playing = on;
      setPlaying(on);
      setProblem(null);
      say({ do: on ? "play" : "pause" });
    },
    step(who) {
      pause();
      say({ do: "step", who });
    },
    tell(name, value, message) {
      wanted.current[name] = value;
      say(message);
    },
  };
}

function Table({ menu, query, go }) {
  const [setup, setSetup] = useState(() => setupOf(query, menu));
  const [speed, setSpeed] = useState(SPEEDS.length - 1), [average, setAverage] = useState(false), [keys, setKeys] = useState(true);
  const [layers, setLayers] = useState({ reals: true, fakes: true, heat: true, manifold: false, arrows: true });
  const { view, redraw, ...table } = useGame(setup);
  const { game, now, playing } = table;
  const change = (changed) => {
    const next = { ...setup, ...changed };
    setSetup(next);
    if (next.data === "drawn" && !next.ink.some(Boolean)) return; // cleared: the next stroke begins the game
    go(addressOf(next), { replace: true });
    table.begin(next);
  };
  const toggle = (name) => setLayers({ ...layers, [name]: !layers[name] });
  useEffect(() => {
    view.current.layers = layers;
    redraw.current();
  }, [layers]);
  useKeys(keys, (key) => {
    const layer = LAYERS.find((one) => one[2] === key);
    if (key === "P") table.play(!playing);
    else if (key === "B") table.step("both");
    else if (key === "N") change({});
    else if (game?.players.includes(key)) table.step(key);
    else if (layer) toggle(layer[0]);
  });
  const chooseSpeed = (at) => {
    setSpeed(at);
    table.tell("speed", SPEEDS[at], { do: "speed", rounds: SPEEDS[at] });
  };
  const chooseAverage = (on) => {
    setAverage(on);
    table.tell("average", on, { do: "show", average: on });
  };
  const text = now ? words(game, now.frame, now.covered) : "";
  return html`
    <${Page} wide title="Playground"
      lead="A GAN at play in the plane. G moves its points to where D believes in them, D learns to tell them from the reals; the trainer that moves them is the one that trains pictures.">
      <${Problem} problem=${table.problem} />
      ${!table.connected && now && html`<${Problem} problem=${{ error: "The studio does not answer.", remedy: "Start it again: gansmith studio; this page goes on by itself, from the beginning." }} />`}
      <div class="playground">
        <section class="stage stack" aria-label="The game">
          <${Moves} players=${game?.players ?? []} playing=${playing} table=${table} restart=${() => change({})} />
          <${Plane} view=${view} redraw=${redraw} label=${`The plane. ${text}`} />
          <${Layers} layers=${layers} toggle=${toggle} game=${game} frame=${now?.frame} />
          <p class="words">${text || "Setting up the game …"}</p>
          <${Spoken} text=${text} playing=${playing} />
        </section>
        <section class="choices stack" aria-label="Choices">
          <${Choices} menu=${menu} setup=${setup} change=${change} />
          <${Slider} label="Speed" min=${0} max=${SPEEDS.length - 1} value=${speed} onInput=${chooseSpeed}
            text=${SPEEDS[speed] ? `${SPEEDS[speed]} ${SPEEDS[speed] === 1 ? "round" : "rounds"} a second` : "as fast as it can"} />
          <details class="numbers" open=${innerWidth > 1100}>
            <summary>Hyper-parameters</summary>
            <${Numbers} setup=${setup} change=${change} />
          </details>
          <div class="checks">
            <label><input type="checkbox" checked=${average} onChange=${(event) => chooseAverage(event.currentTarget.checked)} /> Show G with averaged weights</label>
            <label><input type="checkbox" checked=${keys} onChange=${(event) => setKeys(event.currentTarget.checked)} /> Single-key shortcuts</label>
          </div>
        </section>
        <section class="stack" aria-label="Figures"><${Figures} game=${game} now=${now} /></section>
      </div>
    <//>
  `;
}

function useKeys(on, press) {
  const current = useRef();
  current.current = on ? press : () => {};
  useEffect(() => {
    const onKeyDown = (event) => {
      const typing = event.target.closest("input:not([type=checkbox], [type=range], [type=radio]), select, textarea, dialog");
      if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      current.current(event.key.toUpperCase());
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
}

function Moves({ players, playing, table, restart }) {
  return html`
    <div class="moves" role="group" aria-label="Moves">
      <${Button} kind="primary" class="play" aria-keyshortcuts="P" onClick=${() => table.play(!playing)}>${playing ? "Pause" : "Play"} <kbd>P</kbd><//>
      ${players.map((who) => html`<${Button} key=${who} aria-keyshortcuts=${who} onClick=${() => table.step(who)}>Step ${who} <kbd>${who}</kbd><//>`)}
      ${players.length > 1 && html`<${Button} aria-keyshortcuts="B" onClick=${() => table.step("both")}>${players.length === 2 ? "Step both" : "Step all"} <kbd>B</kbd><//>`}
      <${Button} aria-keyshortcuts="N" onClick=${restart}>Restart <kbd>N</kbd><//>
    </div>
  `;
}

const MISSING = {
  heat: () => "no map: nobody scores points here",
  manifold: () => "no grid: the latents are no plane (latent_dim is not 2)",
  arrows: () => "no arrows: G does not follow a critic of points here",
};

function Layers({ layers, toggle, game, frame }) {
  const missing = LAYERS.map(([name]) => name).filter((name) => name in MISSING && frame && !frame[name]);
  return html`
    <fieldset class="layers">
      <legend class="hidden">Layers</legend>
      ${LAYERS.map(([name, text, key]) => html`
        <label key=${name}>
          <input type="checkbox" checked=${layers[name]} disabled=${missing.includes(name)} aria-keyshortcuts=${key} onChange=${() => toggle(name)} />
          <span class=${`swatch ${name}`} aria-hidden="true"></span><span>${text} <kbd>${key}</kbd></span>
        </label>`)}
    </fieldset>
    <p class="hint">${[layers.heat && game && aboutMap(game, frame), layers.arrows && frame?.arrows && "Arrows: the way along which G's loss falls, for every other fake.", layers.manifold && frame?.manifold && "Grid: where G leads an even grid of its latents; dark where it puts many points.",
      ...missing.map((name) => `There is ${MISSING[name]()}.`)].filter(Boolean).join(" ")}</p>
  `;
}

// Read aloud once in a while, not with every frame.
function Spoken({ text, playing }) {
  const [spoken, setSpoken] = useState(""), newest = useRef(text);
  newest.current = text;
  useEffect(() => {
    const timer = setInterval(() => setSpoken(newest.current), SPOKEN_EVERY);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    if (!playing) setSpoken(text);
  }, [playing, playing ? "" : text]);
  return html`<p class="hidden" role="status" aria-live="polite">${spoken}</p>`;
}

function Choices({ menu, setup, change }) {
  const story = menu.games.find(({ name }) => name === setup.gan)?.story ?? "";
  const chooseData = (event) => change({ data: event.currentTarget.value });
  return html`
    <fieldset class="densities">
      <legend class="label">Reals</legend>
      ${Object.entries(menu.densities).map(([name, text]) => html`
        <label key=${name}><input type="radio" name="density" value=${name} checked=${setup.data === name} onChange=${chooseData} /><span>${text}</span></label>`)}
    </fieldset>
    ${setup.data === "drawn" && html`<${Pad} cells=${menu.cells} most=${menu.ink} ink=${setup.ink} onInk=${(ink) => change({ ink })} />`}
    <${Field} label="GAN" hint=${story}>
      <select value=${setup.gan} onChange=${(event) => change({ gan: event.currentTarget.value, fields: {} })}>
        ${menu.games.map(({ name }) => html`<option key=${name} value=${name} selected=${name === setup.gan}>${name}</option>`)}
      </select>
    <//>
  `;
}

function Numbers({ setup, change }) {
  const [numbers, setNumbers] = useState(null), [problem, setProblem] = useState(null);
  useEffect(() => {
    let current = true;
    setNumbers(null);
    get(`playground/games/${setup.gan}`).then((about) => current && setNumbers(about.numbers), setProblem);
    return () => (current = false);
  }, [setup.gan]);
  const set = (number, value) => {
    const { [number.name]: _, ...others } = setup.fields;
    change({ fields: value === number.value ? others : { ...others, [number.name]: value } });
  };
  if (problem) return html`<${Problem} problem=${problem} />`;
  if (!numbers) return html`<${Busy} text="Finding out what matters" />`;
  return html`
    <div class="fields">
      ${numbers.map((number) => html`
        <${NumberField} key=${`${setup.gan} ${number.name}`} label=${number.name} hint=${number.meaning} low=${number.low} high=${number.high}
          step=${number.whole ? 1 : "any"} value=${setup.fields[number.name] ?? number.value} onValue=${(value) => set(number, value)} />`)}
      <${NumberField} label="batch" hint="reals and fakes in a turn" low=${8} high=${512} step=${1} value=${setup.batch} onValue=${(batch) => change({ batch })} />
      <${NumberField} label="seed" hint="the same seed plays the same game" low=${0} high=${2 ** 31 - 1} step=${1} value=${setup.seed} onValue=${(seed) => change({ seed })} />
    </div>
  `;
}

function NumberField({ label, hint, low, high, step, value, onValue }) {
  const read = (input) => (input.reportValidity() ? input.valueAsNumber : undefined);
  return html`
    <${Field} label=${label} hint=${hint}>
      <${Typed} type="number" required min=${low} max=${high} step=${step} value=${value} read=${read} onValue=${onValue} />
    <//>
  `;
}

function Figures({ game, now }) {
  if (!game || !now?.covered) return html`<${Busy} text="Waiting for the first figures" />`;
  const { frame, covered, losses, quality } = now;
  const alone = Object.entries(frame.alone).map(([who, moves]) => `${who} ${moves}`).join(", ");
  const part = game.part.replace(/s$/, "");
  return html`
    <dl class="figures">
      <div><dt>${game.part} covered</dt><dd><strong>${covered.pieces}</strong> of ${covered.of}</dd></div>
      <div><dt>good points</dt><dd><strong>${Math.round(100 * covered.good)}</strong> %</dd></div>
      <div><dt>rounds</dt><dd><strong>${frame.round.toLocaleString("en")}</strong>${alone && html` <span class="hint">and alone: ${alone}</span>`}</dd></div>
    </dl>
    ${covered.of <= 30 && html`<${Shares} part=${part} shares=${covered.shares} />`}
    <${Plot} title=${`Covered ${game.part} and good points, %`} hint="Good: so near to the density as its own points are. Covered: what gets a tenth of its due." series=${quality} xLabel="round" />
    <${Plot} title="Losses" series=${losses} xLabel="round" />
  `;
}

// How the points are shared out: a bar for each piece, and a line at what would be its due.
function Shares({ part, shares }) {
  const due = 1 / shares.length, most = Math.max(2 * due, ...shares);
  return html`
    <figure class="shares">
      <figcaption>Share of the points for each ${part}; the line is its due</figcaption>
      <div class="bars" aria-hidden="true">
        <span class="due" style=${{ bottom: `${(100 * due) / most}%` }}></span>
        ${shares.map((share, at) => html`<span key=${at} class=${share >= 0.1 * due ? "bar" : "bar missed"} style=${{ height: `${(100 * share) / most}%` }}></span>`)}
      </div>
      <details class="twin">
        <summary>Numbers<span class="hidden">: share of the points for each ${part}</span></summary>
        <table>
          <thead><tr><th scope="col">${part}</th><th scope="col" class="number">share</th></tr></thead>
          <tbody>${shares.map((share, at) => html`<tr key=${at}><th scope="row">${at + 1}</th><td class="number">${(100 * share).toFixed(1)} %</td></tr>`)}</tbody>
        </table>
      </details>
    </figure>
  `;
}
