"""A budget turned into settings: how many pictures, how often to look, how much augmentation, and why."""

import dataclasses
import math
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from gansmith import catalog, machine, pages
from gansmith.data.batches import Batches
from gansmith.data.images import ImageData
from gansmith.errors import DataError
from gansmith.game import GAN
from gansmith.train import ranks
from gansmith.train.fit import NotFinite
from gansmith.train.rounds import fastest_way_to_play
from gansmith.train.run import Run, whole
from gansmith.train.state import State

DEFAULT_MINUTES = 10.0
MEASURE = 2.0  # seconds
PATIENCE = 5  # times so long, at most, for rounds that differ to have come round
HEADROOM = 0.88  # share of the minutes that is planned for rounds; the rest is judging, saving and a busier machine
TICK = 20.0  # seconds between looks, where the time decides
LOOKING = 0.05  # share of the time that judging may take
LOOKS = 2  # measured: the first warms up
FLAT = 0.1  # share of neighbouring pixels that are equal from which pictures are drawings: clean ones, or through JPEG
EDGE = 32  # levels, above which neighbouring pixels are an edge
EDGES = 0.5  # share of neighbouring pixels that are edges from which pictures are pixel art instead
DRAWN = {"palette": 8, "sharpen": 3.0}  # what a GAN is given for them where it has such fields
COMMON = 0.2  # share of the pixels of drawings that are exactly of one colour from which it is their background
SETTLED = frozenset(
    {"augment", "background", "class_norm", *DRAWN}
)  # what follows from the data and the budget, beside `GAN.widens`
KINDS = 64, 128  # kinds that pictures without classes are sorted into, at least and at most
OF_A_KIND = 40  # pictures that each kind should have
SORTED = 100_000  # pictures that are sorted without being asked to, at most: 20 seconds
AGAIN = 200  # times that a run shows every picture from which on more steps are better than larger ones
WIDER = 200_000, 4_000_000  # pictures that the minutes allow, from which nets are twice and four times as wide

Look = Callable[[State, Batches], object]


@dataclass(frozen=True)
class Plan:
    """Resolved settings and what is expected of them."""

    gan: GAN
    run: Run
    rate: float  # pictures a second
    memory: int  # bytes, peak of this process; 0: not known, or it had taken more before
    parameters: int  # of all nets
    reasons: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Expected length."""
        by_images = (self.run.images or 0) / self.rate
        return min(by_images, 60 * self.run.minutes) if self.run.minutes else by_images

    def describe(self, folder: Path, device: torch.device, precision: str) -> str:
        """Put it into words: a line of figures, and one for each reason."""
        run, name = self.run, catalog.name_of(self.gan)
        head = (
            f"▶ run    {folder} · {name} {self.parameters / 1e6:.2g}M params · {device} {precision}"
            f" · batch {run.batch} · {run.images:,} pictures · about {pages.duration(self.seconds)}"
            + (f" · {self.memory / 2**30:.1f} GiB" if self.memory else "")
        )
        return "\n".join([head, *(f"         {reason}" for reason in self.reasons)])


def left_open(gan: type[GAN], given: Iterable[str]) -> frozenset[str]:
    """Return the hyper-parameters that the planner settles where they were not given."""
    return (SETTLED & {field.name for field in dataclasses.fields(gan)} | set(gan.widens)) - set(given)


def augmentation_for(seen: float, passes: tuple[int, int]) -> float:
    """Probability of each DiffAugment family, by how often each picture is seen: 0 to 1 between the two `passes`.

    Seen often enough, pictures are learned by heart by the critic, which then tells the generator nothing; until then
    augmentation only blurs what it says. Between the two the probability rises with the logarithm.
    """
    few, many = passes
    share = math.log(max(seen, few) / few) / math.log(many / few)
    return round(min(1.0, share), 2)


def neighbours(images: np.ndarray) -> tuple[float, float]:
    """Return the shares of neighbouring pixels that are equal, and that are edges: a channel differs by over `EDGE`.

    Looked at are some pictures of uint8 [n, height, width, channels]. Equal are over half in clean drawings, a fifth
    or more in drawings that went through JPEG, hardly any in photographs; edges are over half in pixel art alone. Pairs
    that are hidden by opacity do not count; both are 0 where none is left to count.
    """
    equal = edges = shown = 0
    for image in _some(images):
        levels = image.astype(np.int16)
        for one, other in ((levels[1:], levels[:-1]), (levels[:, 1:], levels[:, :-1])):
            apart = abs(one - other).max(-1)
            seen = np.ones(apart.shape, bool) if one.shape[-1] != 4 else (one[..., 3] | other[..., 3]) > 0
            equal += int(((apart == 0) & seen).sum())
            edges += int(((apart > EDGE) & seen).sum())
            shown += int(seen.sum())
    return (equal / shown, edges / shown) if shown else (0.0, 0.0)


def background(images: np.ndarray) -> tuple[tuple[int, ...], float]:
    """Return the commonest colour of uint8 [n, height, width, channels], and what share of the pixels is exactly that.

    Looked at are some pictures.
    """
    seen = _some(images).reshape(-1, images.shape[-1])
    codes, counts = np.unique(seen @ (256 ** np.arange(seen.shape[-1], dtype=np.int64)), return_counts=True)
    code = int(codes[counts.argmax()])
    return tuple(code >> 8 * i & 255 for i in range(seen.shape[-1])), float(counts.max() / len(seen))


def _some(images: np.ndarray, pixels: int = 1 << 20) -> np.ndarray:
    """Return pictures of uint8 [n, height, width, channels], spread evenly, of so many pixels together, or all."""
    most = max(16, pixels // math.prod(images.shape[1:3]))
    return np.asarray(images[np.linspace(0, len(images) - 1, min(most, len(images))).astype(int)])


def kinds_for(gan: GAN, run: Run, data: ImageData) -> int:
    """Return how many kinds the pictures are sorted into: as many as asked for; else some, where that helps."""
    if run.kinds is not None:
        return run.kinds
    fewest, most = KINDS
    kinds = min(most, len(data) // OF_A_KIND)
    sort = gan.wants_kinds and data.labels is None and kinds >= fewest and len(data) <= SORTED
    return kinds if sort else 0


def check(data: ImageData) -> None:
    """Raise DataError where there is too little to train on."""
    if len(data) < 2:
        raise DataError(
            f"{data.source} has one picture; a GAN needs at least 2", "add pictures (a few hundred or more)"
        )


def plan(
    gan: GAN,
    run: Run,
    data: ImageData,
    device: torch.device,
    precision: str,
    look: Look | None = None,
    left: Collection[str] = (),
) -> Plan:
    """Measure a few rounds of this game on this machine and fill in what is open: of the run, and the fields in `left`.

    `look` judges a state as the run will. Where minutes are asked for it is timed as well, and the run looks as often
    as a twentieth of its time allows. A length in pictures must not depend on the machine: it looks 20 times, 2,000
    pictures apart or more. Decided here once and kept with the run, so that a resumed run ticks alike.
    """
    check(data)
    used = machine.peak_memory()
    batch = run.batch or gan.batch
    if run.images is None and run.minutes is None:
        run = dataclasses.replace(run, minutes=DEFAULT_MINUTES)
    gan, reasons = _suited(gan, run, data, left)
    free = run.images is None and run.ticks is None  # how often to look follows from what a look costs
    endless = dataclasses.replace(run, images=10**9, batch=batch)
    rate, cost, parameters = _measure(gan, endless, data, device, precision, look if free else None)
    fitting = rate * 60 * (run.minutes or 0) * HEADROOM
    if run.images is None and (wider := _wider(gan, left, fitting)):
        gan, batch = wider, run.batch or (wider.wide_batch if fitting < AGAIN * len(data) else wider.batch)
        widths = ", ".join(f"{name} {getattr(gan, name)}" for name in gan.widens)
        reasons.append(f"{widths}, batch {batch}: in these minutes wider nets than the default's learn enough")
        endless = dataclasses.replace(endless, batch=batch)
        rate, cost, parameters = _measure(gan, endless, data, device, precision, look if free else None)
    if "reference" in gan.needs and data.labels is None:
        reasons.append("no classes: any two pictures are taken for one kind, so results need not be like the reference")
    images, ticks = run.images, run.ticks
    if images is None:
        assert run.minutes is not None
        images = whole(rate * 60 * run.minutes * HEADROOM, batch)
        reasons.append(f"{images:,} pictures: {run.minutes:g} min at {rate:,.0f} img/s measured here")
        ticks = ticks or max(5, min(40, round(60 * run.minutes / TICK)))
    if "augment" in left and (augment := augmentation_for(seen := images / len(data), gan.passes)):
        reasons.append(f"augment {augment:g}: the critic will see every picture {seen:,.0f} times")
        gan = gan.replace(augment=augment)
    ticks = max(1, min(ticks, images // 1000) if ticks else min(20, images // 2000))
    if run.ticks and ticks < run.ticks:
        reasons.append(f"{ticks} ticks, not {run.ticks}: they lie 1,000 pictures apart at least")
    affordable = max(1, int(LOOKING * images / cost)) if cost else ticks
    if free and affordable < ticks:
        reasons.append(f"judged {affordable} times, not {ticks}: each takes as long as {cost:,.0f} pictures")
        ticks = affordable
    run = dataclasses.replace(run, images=images, batch=batch, ticks=ticks)
    memory = peak if (peak := machine.peak_memory()) > used else 0
    return Plan(gan, run, rate, memory, parameters, tuple(reasons))


def _suited(gan: GAN, run: Run, data: ImageData, left: Collection[str]) -> tuple[GAN, list[str]]:
    """Return the game as these pictures want it, and why."""
    reasons = []
    drawn = {name: value for name, value in DRAWN.items() if name in left}
    equal, edges = neighbours(data.images) if drawn and data.spec.channels >= 3 else (0.0, 0.0)
    if equal >= FLAT and edges < EDGES:
        settings = ", ".join(f"{name} {value:g}" for name, value in drawn.items())
        reasons.append(f"{settings}: {equal:.0%} of neighbouring pixels are of one colour, as in drawings")
        gan = gan.replace(**drawn)
        if "background" in left and getattr(gan, "palette", 0):
            colour, share = background(data.images)
            if share >= COMMON:
                reasons.append(f"background {','.join(map(str, colour))}: {share:.0%} of the pixels are of that colour")
                gan = gan.replace(background=colour)
    if run.kinds:
        reasons.append(f"{run.kinds} kinds: sorted by edges and colours, as nobody told classes")
        if "class_norm" in left:  # pictures of a kind are alike; those of a class that is told need not be
            gan = gan.replace(class_norm=True)
    return gan, reasons


def _wider(gan: GAN, left: Collection[str], images: float) -> GAN | None:
    """Return the game with wider nets where it has use for them and the minutes allow so many pictures; else None."""
    times = 2 ** sum(images >= enough for enough in WIDER)
    if times == 1 or not gan.widens or not set(gan.widens) <= set(left):
        return None
    return gan.replace(**{name: times * getattr(gan, name) for name in gan.widens})


def _measure(
    gan: GAN, run: Run, data: ImageData, device: torch.device, precision: str, look: Look | None
) -> tuple[float, float, int]:
    """Return pictures a second, for how many pictures the time of one look would do, and the number of parameters."""
    state = State(gan, run, data.spec, device, precision)
    state.images = run.images or 0  # as at the end of the game, where nets that grow are whole
    batches = Batches(data, state.batch, run.seed, run.mirror, device, gan.needs)
    parameters = sum(p.numel() for p in state.nets.parameters())
    play = fastest_way_to_play(state)
    # What a look costs beside the rounds must not depend on who else is on the processor just then.
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    rounds, start, begun = 0, 0.0, 0.0

    def due() -> bool:
        spent = time.perf_counter() - start
        return not rounds or spent < MEASURE or (rounds % state.period > 0 and spent < PATIENCE * MEASURE)

    try:
        play(state, batches, ())
        start, begun = time.perf_counter(), clock()
        while ranks.agreed(due):
            play(state, batches, ())
            rounds += 1
            if device.type == "cuda":
                torch.cuda.synchronize(device)
    except NotFinite:
        if not rounds:
            return state.batch / max(1e-3, time.perf_counter() - start), 0.0, parameters
    images, cost = rounds * state.batch, 0.0
    rate, a_picture = images / (time.perf_counter() - start), (clock() - begun) / images
    if look and ranks.first():
        for _ in range(LOOKS):
            begun = clock()
            look(state, batches)
            cost = (clock() - begun) / a_picture
    return rate, cost, parameters
