"""What the figures of the evaluations say of a training: in good health, in trouble, or done.

Everything here is a function of the rows of figures alone, oldest first, so it gives the same answer on a resumed run
and on a metrics.jsonl of last year. The thresholds are argued from measured runs, healthy and forced ill, in
docs/lab/monitor.md. A sign counts once two evaluations in a row show it: single evaluations of 512 samples do stray.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

Row = Mapping[str, float]

REMEMBERED = 64  # evaluations
MARGIN = 0.15  # kid of other reals is within 0.015 of zero, but a healthy game drifts by 0.11 on the ring
LEARNED = 1.0  # until kid is below, there is nothing to lose: healthy games wander between collapsed states at first


def suspicions(rows: Sequence[Row]) -> dict[str, str]:
    """Return the signs of trouble in the last row, judged by those before it: kind to sentence with figures."""
    learned = next((i for i, row in enumerate(rows) if row["kid"] < LEARNED), len(rows))
    found = {kind: sign(rows[learned:]) for kind, sign in ONCE_LEARNED.items() if rows[learned:]}
    found |= {kind: sign(rows) for kind, sign in ALWAYS.items() if rows}
    return {kind: sentence for kind, sentence in found.items() if sentence}


def alarm(rows: Sequence[Row]) -> tuple[str, str] | None:
    """Return kind and sentence of the first sign that the last two evaluations both show."""
    before = suspicions(rows[:-1])
    return next(((kind, sentence) for kind, sentence in suspicions(rows).items() if kind in before), None)


def healthy(rows: Sequence[Row]) -> bool:
    """Tell whether the last evaluation is one to come back to: no sign of trouble, and nearly the best, or as usual."""
    return not suspicions(rows) and rows[-1]["kid"] <= max(1.25 * _best(rows) + MARGIN, _usual(rows)[0])


def converged(rows: Sequence[Row]) -> str | None:
    """Say in a sentence that there is nothing more to wait for; None while there is.

    Near chance: the critic is wrong on a quarter of the pairs of a real and a fake, or more, on average over the last
    four evaluations. Stopped rising: the last third of the evaluations brought no kid that is a tenth, and .01,
    lower than the best before.
    """
    window = max(4, len(rows) // 3)
    if len(rows) < 3 * 4 or suspicions(rows) or not all("critic" in row for row in rows[-4:]):
        return None
    critic = sum(row["critic"] for row in rows[-4:]) / 4
    before, lately = _best(rows[:-window]), _best(rows[-window:])
    if critic > 0.75 or before > LEARNED or lately < min(0.9 * before, before - 0.01):
        return None
    return (
        f"converged: the critic tells a real from a fake in {critic:.0%} of pairs (chance is 50 %), and the last"
        f" {window} of {len(rows)} evaluations brought kid from {before:.3g} to {lately:.3g}"
    )


def _collapse(rows: Sequence[Row]) -> str | None:
    # Coverage sees what diversity cannot: a class each with one picture is diverse.
    now, diverse, covered = rows[-1], _peak(rows, "diversity"), _peak(rows, "coverage")
    if diverse > 0.6 and now["diversity"] < 0.4:
        return f"the samples are alike: diversity {now['diversity']:.2f}, it was {diverse:.2f}"
    if covered > 0.2 and now["coverage"] < covered / 2:
        return f"the samples left part of the data: coverage {now['coverage']:.2f}, it was {covered:.2f}"
    return None


def _quality(rows: Sequence[Row]) -> str | None:
    # Not the best: where figures swing in a healthy game, its best moments are luck.
    now, (usual, swing) = rows[-1]["kid"], _usual(rows)
    if now > 2 * (usual + swing) + MARGIN:
        return f"the quality is lost: kid {now:.3g}, it usually was {usual:.3g}"
    last = [row["kid"] for row in rows[-5:]]
    rising = len(last) == 5 and all(a < b for a, b in pairwise(last))
    if rising and now > 1.5 * (usual + swing) + MARGIN:
        return f"the quality falls: kid rose in four evaluations, to {now:.3g} from {last[0]:.3g}"
    return None


def _classes(rows: Sequence[Row]) -> str | None:
    known = [row["classes"] for row in rows if "classes" in row]
    if known and known[-1] > min(known) + 0.2:
        return f"classes are lost: their shares are {known[-1]:.2f} from the data's, they were {min(known):.2f}"
    return None


def _critic(rows: Sequence[Row]) -> str | None:
    last = rows[-6:]
    certain = len(last) == 6 and all(row.get("critic", 0.5) >= 0.995 for row in last)
    if certain and last[-1]["kid"] > 0.9 * last[0]["kid"]:
        return f"the critic is never wrong ({last[-1]['critic']:.3f}) and the samples do not get better"
    return None


def _copies(rows: Sequence[Row]) -> str | None:
    share = rows[-1].get("copies", 0.0)
    if share > 0.25:
        return f"{share:.0%} of the samples are nearer to a training picture than 99 % of those are to each other"
    return None


Sign = Callable[[Sequence[Row]], str | None]
ONCE_LEARNED: dict[str, Sign] = {"collapse": _collapse, "quality": _quality, "classes": _classes}
ALWAYS: dict[str, Sign] = {"critic": _critic, "copies": _copies}


def _best(rows: Sequence[Row]) -> float:
    return min(row["kid"] for row in rows)


def _usual(rows: Sequence[Row]) -> tuple[float, float]:
    """Kid and how far it moves from one evaluation to the next: medians of all before the last two, the witnesses."""
    kids = [row["kid"] for row in rows[:-2] or rows[:1]]
    moves = [abs(b - a) for a, b in pairwise(kids)]
    return statistics.median_low(kids), statistics.median_low(moves or [0.0])


def _peak(rows: Sequence[Row], name: str) -> float:
    return max(row[name] for row in rows)
