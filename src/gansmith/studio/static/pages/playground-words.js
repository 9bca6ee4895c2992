// What a frame shows, in words: for those who do not see it, and for those who see it for the first time.

const SIDES = [["upper left", "top", "upper right"], ["left", "middle", "right"], ["lower left", "bottom", "lower right"]];
const JUDGEMENTS = [
  [0.5, "it tells the two apart easily"],
  [0.12, "it often tells the two apart"],
  [-0.05, "it can hardly tell the two apart"],
  [-Infinity, "it takes fakes for more real than reals"],
];
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const percent = (share) => `${Math.round(100 * share)} %`;

// Where the map is strongest: in which ninth of the plane.
function strongest(cells) {
  const side = Math.sqrt(cells.length);
  const at = cells.indexOf(Math.max(...cells));
  const third = (index) => Math.min(2, Math.floor((3 * index) / side));
  return SIDES[third(Math.floor(at / side))][third(at % side)];
}

function aboutD(game, { scores, heat }) {
  if (!scores || !heat) return "Nobody in this game tells real points from fakes, so there is no map and there are no arrows.";
  const [real, fake] = scores;
  const spread = Math.max(...heat.cells) - Math.min(...heat.cells);
  if (game.probability && spread < 12) return "D takes everything for as real as anything else: the map is flat.";
  const where = `D believes most in the green area at the ${strongest(heat.cells)}`;
  if (!game.probability) return `${where}; it scores reals ${real > fake ? "above" : "below"} fakes, ${real.toFixed(2)} to ${fake.toFixed(2)} on average.`;
  const apart = sigmoid(real) - sigmoid(fake);
  const how = JUDGEMENTS.find(([least]) => apart > least)[1];
  return `${where}; ${how}: to a usual real it gives ${percent(sigmoid(real))}, to a usual fake ${percent(sigmoid(fake))}.`;
}

function aboutG(game, { pieces, of, good, shares }) {
  const most = Math.max(...shares);
  const counted = `G covers ${pieces} of ${of} ${game.part}; ${percent(good)} of its points lie where reals may lie.`;
  if (of > 1 && of <= 30 && good > 0.5 && (pieces <= of / 2 || most > 0.5)) return `${counted} This is mode collapse: good points, yet of few kinds.`;
  if (good < 0.1) return `${counted} It has hardly found the reals yet.`;
  if (pieces === of && good > 0.6) return `${counted} The game is going well.`;
  if (pieces < of && good > 0.6) return `${counted} What is missing has been dropped or never found.`;
  return counted;
}

export function words(game, frame, covered) {
  if (!game || !frame || !covered) return "";
  const alone = Object.values(frame.alone).some(Boolean);
  if (frame.round === 0 && !alone) return `Nobody has moved yet: G's points lie where chance put them, and D knows nothing. ${aboutG(game, covered)}`;
  return `${aboutG(game, covered)} ${aboutD(game, frame)}`;
}

export function aboutMap(game, frame) {
  if (!frame?.heat) return null;
  if (game.probability) return "Green: D says real; purple: D says fake; between them it is undecided.";
  const { low, high } = frame.heat;
  return `This critic gives scores that are no probabilities. The map runs from ${low.toPrecision(2)} (purple) to ${high.toPrecision(2)} (green); its middle lies halfway between the mean scores of reals and of fakes.`;
}
