// The plane: the critic's map, the grid of the latents, reals, fakes and arrows, drawn onto a canvas.
import { html, useEffect, useRef } from "/static/vendor/preact-htm.js";

const POINT = 1000; // points come in whole thousandths
const TOLD = 99; // scores of the map in whole steps from 0 to so much
const ARROW = 0.11; // length of a usual arrow in the plane
const DARK = matchMedia("(prefers-color-scheme: dark)");

function colours(element) {
  const style = getComputedStyle(element);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

// The map as a small picture: from "fake" over the ground to "real".
function mapPicture(cells, colour) {
  const side = Math.sqrt(cells.length);
  const [low, middle, high] = ["map-fake", "map-middle", "map-real"].map((name) => channels(colour(name)));
  const pixels = new ImageData(side, side);
  cells.forEach((cell, at) => {
    const share = (2 * cell) / TOLD - 1;
    const end = share < 0 ? low : high;
    for (let i = 0; i < 3; i++) pixels.data[4 * at + i] = middle[i] + (end[i] - middle[i]) * Math.abs(share);
    pixels.data[4 * at + 3] = 255;
  });
  const canvas = new OffscreenCanvas(side, side);
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}

// Each cell of the latents' grid is filled the more, the smaller it has become: there G puts many samples.
function drawManifold(pen, points, place, colour) {
  const side = Math.sqrt(points.length / 2);
  const corner = (row, column) => place(points, row * side + column);
  pen.strokeStyle = pen.fillStyle = colour("fake");
  pen.lineWidth = 1;
  for (let row = 0; row + 1 < side; row++) {
    for (let column = 0; column + 1 < side; column++) {
      const corners = [corner(row, column), corner(row, column + 1), corner(row + 1, column + 1), corner(row + 1, column)];
      pen.beginPath();
      corners.forEach(([x, y], at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.closePath();
      const [[ax, ay], , [cx, cy]] = corners;
      const size = Math.hypot(ax - cx, ay - cy);
      pen.globalAlpha = Math.min(0.3, 4 / (size + 10));
      pen.fill();
      pen.globalAlpha = 0.55;
      pen.stroke();
    }
  }
  pen.globalAlpha = 1;
}

function drawReals(pen, points, place, colour, scale) {
  pen.fillStyle = colour("real");
  pen.beginPath();
  for (let at = 0; at < points.length / 2; at++) {
    const [x, y] = place(points, at);
    pen.moveTo(x + 1.7 * scale, y);
    pen.arc(x, y, 1.7 * scale, 0, 7);
  }
  pen.fill();
}

// Fakes are crosses: they differ from reals by shape, too.
function drawFakes(pen, points, place, colour, scale) {
  const arm = 2.6 * scale;
  const crosses = new Path2D();
  for (let at = 0; at < points.length / 2; at++) {
    const [x, y] = place(points, at);
    crosses.moveTo(x - arm, y - arm);
    crosses.lineTo(x + arm, y + arm);
    crosses.moveTo(x - arm, y + arm);
    crosses.lineTo(x + arm, y - arm);
  }
  pen.lineCap = "round";
  for (const [name, width] of [["halo", 3.4], ["fake", 1.7]]) {
    pen.strokeStyle = colour(name);
    pen.lineWidth = width * scale;
    pen.stroke(crosses);
  }
}

function drawArrows(pen, arrows, fakes, place, colour, scale, unit) {
  pen.strokeStyle = colour("arrow");
  pen.lineWidth = 1.1 * scale;
  pen.globalAlpha = 0.75;
  pen.beginPath();
  for (let at = 0; at < arrows.length / 2; at += 2) {
    const [x, y] = place(fakes, at);
    const dx = (arrows[2 * at] / POINT) * ARROW * unit, dy = (-arrows[2 * at + 1] / POINT) * ARROW * unit;
    const length = Math.hypot(dx, dy);
    if (length < 2 * scale) continue;
    const head = Math.min(4 * scale, length / 2), angle = Math.atan2(dy, dx);
    pen.moveTo(x, y);
    pen.lineTo(x + dx, y + dy);
    for (const turn of [2.6, -2.6]) {
      pen.moveTo(x + dx, y + dy);
      pen.lineTo(x + dx + head * Math.cos(angle + turn), y + dy + head * Math.sin(angle + turn));
    }
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

export function draw(canvas, { game, frame, layers }) {
  const scale = devicePixelRatio || 1;
  const size = Math.max(1, Math.round(canvas.clientWidth * scale));
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d"), colour = colours(canvas);
  pen.fillStyle = colour("map-middle");
  pen.fillRect(0, 0, size, size);
  if (!game || !frame) return;
  const unit = size / (2 * game.extent);
  const place = (points, at) => [size / 2 + (points[2 * at] / POINT) * unit, size / 2 - (points[2 * at + 1] / POINT) * unit];
  pen.imageSmoothingQuality = "high";
  if (layers.heat && frame.heat) pen.drawImage(mapPicture(frame.heat.cells, colour), 0, 0, size, size);
  if (layers.manifold && frame.manifold) drawManifold(pen, frame.manifold, place, colour);
  if (layers.reals) drawReals(pen, game.reals, place, colour, scale);
  if (layers.arrows && frame.arrows) drawArrows(pen, frame.arrows, frame.fakes, place, colour, scale, unit);
  if (layers.fakes) drawFakes(pen, frame.fakes, place, colour, scale);
}

// The canvas of the plane; `view` is a ref to what `draw` takes, `redraw` a ref that is given the function to call.
export function Plane({ view, redraw, label }) {
  const canvas = useRef();
  useEffect(() => {
    const paint = () => draw(canvas.current, view.current);
    redraw.current = paint;
    const resized = new ResizeObserver(paint);
    resized.observe(canvas.current);
    DARK.addEventListener("change", paint);
    return () => {
      redraw.current = () => {};
      resized.disconnect();
      DARK.removeEventListener("change", paint);
    };
  }, []);
  return html`<canvas class="plane" ref=${canvas} role="img" aria-label=${label}></canvas>`;
}
