// Strokes as lists of points, in pixels of the model's picture: { tool, colour, size, points: [[x, y], ...] }.

const PLANES = ["colour", "sketch", "keep"];

// Draw one stroke; `paint` is its colour or pattern.
export function trace(context, stroke, paint, size = stroke.size) {
  const [first, ...others] = stroke.points;
  context.globalCompositeOperation = stroke.tool === "erase" ? "destination-out" : "source-over";
  Object.assign(context, { lineCap: "round", lineJoin: "round", lineWidth: size, strokeStyle: paint });
  context.beginPath();
  context.moveTo(...first);
  for (const point of others) context.lineTo(...point);
  if (!others.length) context.lineTo(first[0] + 0.01, first[1]);
  context.stroke();
}

// What the server is told: base64 of bytes [height, width, 6], colour and its opacity, sketch, what is kept.
export function planes(strokes, width, height) {
  const layers = PLANES.map((plane) => {
    const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d", { willReadFrequently: true });
    for (const stroke of strokes) {
      if (stroke.tool === plane || stroke.tool === "erase") trace(context, stroke, plane === "colour" ? stroke.colour : "#000");
    }
    return context.getImageData(0, 0, width, height).data;
  });
  const [colour, sketch, keep] = layers;
  const bytes = new Uint8Array(width * height * 6);
  for (let i = 0; i < width * height; i++) {
    bytes.set(colour.subarray(4 * i, 4 * i + 4), 6 * i);
    bytes[6 * i + 4] = sketch[4 * i + 3];
    bytes[6 * i + 5] = keep[4 * i + 3];
  }
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}
