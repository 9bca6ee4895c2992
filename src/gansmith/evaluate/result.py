"""What an evaluation says: one `Result` a figure, and all of them as a table or JSON."""

import json
import math
from dataclasses import asdict, dataclass
from typing import NamedTuple

from gansmith.errors import UsageError
from gansmith.evaluate.estimate import Estimate
from gansmith.evaluate.menu import ALIASES, MENU


@dataclass(frozen=True)
class Control:
    """What a test of copying says of the model, and of the same fakes with `share` replaced by training images.

    `suspect`: the model is nearer to copying than reals it never saw are, by more than the intervals of both, and than
    what the test says where nothing is given back. `caught`: the test noticed the planted copies, which moved it to
    `value`.
    """

    suspect: bool
    share: float
    value: float
    interval: tuple[float, float]
    caught: bool

    def __str__(self) -> str:
        found = "sign of copies" if self.suspect else "no sign of copies"
        verdict = "caught" if self.caught else "NOT caught: too weak to tell here"
        return f"{found}; control: {self.share:.0%} planted copies move it to {_short(self.value)}, {verdict}"


class Score(NamedTuple):
    """A figure before it is stamped with where it was taken; `floor` is what a perfect model would get."""

    estimate: Estimate
    floor: float
    note: str = ""
    control: Control | None = None


@dataclass(frozen=True)
class Result:
    """One score and all that is needed to repeat it.

    `interval` is the 95 % interval of `value`; `floor` the same metric between reals and `floor_n` other reals, as many
    as there are fakes where the set has them: what a perfect model would get. `control` is there for tests of copying.
    """

    name: str
    value: float
    interval: tuple[float, float]
    floor: float
    floor_n: int
    net: str
    net_hash: str
    resize: str
    n_real: int
    n_fake: int
    split: str
    seed: int
    versions: dict[str, str]
    note: str
    control: Control | None = None

    @property
    def aim(self) -> str:
        """What the figure should be near to."""
        return MENU[ALIASES.get(self.name, self.name)].aim


@dataclass(frozen=True)
class Evaluation:
    """All scores of one set of fakes. `fake` and `data` say by hash and fingerprint what was compared."""

    results: tuple[Result, ...]
    fake: str
    data: str
    notes: tuple[str, ...] = ()

    def get(self, name: str, net: str = "") -> Result:
        """Return the result `name` of the net whose name starts with `net`; of the best net if none is named."""
        for result in self.results:
            if result.name == name and result.net.startswith(net):
                return result
        have = ", ".join(f"{result.name} ({result.net})" for result in self.results)
        raise UsageError(f"no result {name!r}" + (f" of {net!r}" if net else ""), f"there are: {have}")

    def to_json(self) -> str:
        """Return everything as JSON text; what could not be formed (not a number) is null."""
        return json.dumps(_without_nan(asdict(self)), indent=1, allow_nan=False)

    def __str__(self) -> str:
        head = f"{'features':<22}{'metric':<17}{'value':>10}  {'95 % interval':<22}{'real vs real':>12}  aim"
        first = self.results[0]
        lines = [f"{first.n_fake:,} fakes against {first.n_real:,} reals", head]
        for r in self.results:
            interval = f"{_short(r.interval[0])} to {_short(r.interval[1])}"
            lines.append(f"{r.net:<22}{r.name:<17}{_short(r.value):>10}  {interval:<22}{_short(r.floor):>12}  {r.aim}")
        said = [(r, "; ".join(filter(None, (r.note, str(r.control or ""))))) for r in self.results]
        caveats = dict.fromkeys(f"{r.net} {r.name}: {words}" for r, words in said if words)
        return "\n".join([*lines, *caveats, *self.notes])


def _short(value: float) -> str:
    return f"{value:.4g}"


def _without_nan(value):
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
