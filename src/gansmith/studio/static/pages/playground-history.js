// The curves of one game: every frame adds a point, and when there are too many, every second one goes.
const MOST = 300;

export class History {
  constructor() {
    this.terms = new Map();
    this.shares = { covered: [], good: [] };
  }

  add({ round, losses, covered }) {
    for (const [name, loss] of Object.entries(losses)) put(this.terms.get(name) ?? this.begin(name), round, loss);
    if (!covered) return;
    put(this.shares.covered, round, (100 * covered.pieces) / covered.of);
    put(this.shares.good, round, 100 * covered.good);
  }

  begin(name) {
    this.terms.set(name, []);
    return this.terms.get(name);
  }

  losses() {
    return [...this.terms].sort().map(([name, points]) => ({ name, points: points.slice() }));
  }

  quality() {
    return [
      { name: "covered", points: this.shares.covered.slice() },
      { name: "good", points: this.shares.good.slice(), dashed: true },
    ];
  }
}

function put(points, x, y) {
  if (points.at(-1)?.[0] === x) points.pop();
  points.push([x, y]);
  if (points.length > MOST) points.splice(0, points.length, ...points.filter((_, at) => at % 2 === 0 || at === points.length - 1));
}
