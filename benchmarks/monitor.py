"""What the monitor sees of trainings in good health and of trainings that are made ill half-way.

    python benchmarks/monitor.py [--data digits] [--images 20000] [--ticks 20] [--batch 64]
    python benchmarks/monitor.py --arms dcgan wgan_gp:1 dcgan+frozen vanilla+reversed --data fashion-mnist --save rows/

An arm is a GAN, a seed after a colon, and an illness after a plus sign; the set `ring` is eight narrow Gaussians as
pictures of two pixels. No alarm is answered, so that the whole course is seen. Printed for each arm: how many
evaluations after the illness began the alarm came and of which kind, the worst figures, and what watching cost as a
share of the processor time. `--save` keeps the rows of figures, which `gansmith.train.monitor` reads.

    frozen    the critic does not learn any more, so G runs after its mistakes
    reversed  G descends what it should climb
    four      the data is four pictures from now on
    rate      twenty times the learning rate
"""

import argparse
import dataclasses
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch

from gansmith import catalog, machine
from gansmith.data.batches import Batches
from gansmith.data.images import ImageData, assemble
from gansmith.data.sources import open_data
from gansmith.evaluate.quick import Quick
from gansmith.sample.sampler import Sampler
from gansmith.train import hooks, monitor
from gansmith.train.fit import fit
from gansmith.train.guard import watch
from gansmith.train.plan import augmentation_for, left_open
from gansmith.train.run import Run
from gansmith.train.signals import critic_accuracy, gradient_norms
from gansmith.train.state import State
from gansmith.train.trainer import make_plan

sys.path[0] = str(Path(__file__).parent.parent)  # instead of this folder, whose profile.py would hide Python's

HEALTHY = [f"{gan}:{seed}" for gan in ("dcgan", "wgan_gp", "r3gan") for seed in range(3)] + ["vanilla:0"]
ILL = ["dcgan+frozen", "dcgan+reversed", "dcgan+four", "dcgan+rate", "wgan_gp+reversed", "r3gan+frozen"]
RING_FIELDS = {"latent_dim": 16, "width": 128, "depth": 3, "dropout": 0.0}
COST = ("sampling", "figures", "critic")


def main() -> None:
    """Train the arms one after the other and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--ticks", type=int, default=20, help="0: as many as the trainer would plan")
    parser.add_argument("--batch", type=int, default=64, help="of the ring: 256")
    parser.add_argument("--arms", nargs="*", default=HEALTHY + ILL)
    parser.add_argument("--limit", type=int, help="take so many pictures of the set")
    parser.add_argument("--augment", type=float, help="instead of what the size of the set asks for")
    parser.add_argument("--save", type=Path, help="folder for the rows of figures")
    arguments = parser.parse_args()
    machine.prepare()
    torch.set_num_threads(1)
    data = ring() if arguments.data == "ring" else open_data(arguments.data, limit=arguments.limit)
    print(f"{data.line()}, {arguments.images:,} pictures, {arguments.ticks} evaluations")
    print(f"{'arm':22} {'alarm':18} {'kid':>6} {'worst':>6} {'div':>5} {'cover':>5} {'class':>5} {'critic':>6}"
          f" {'copies':>6} {'cpu s':>6}  {' '.join(COST)}", flush=True)  # fmt: skip
    for arm in arguments.arms:
        run = Run(images=arguments.images, ticks=arguments.ticks or None, batch=arguments.batch)
        rows, cost, seconds = train(arm, data, run, arguments.augment)
        print(f"{arm:22} {summary(arm, rows)} {seconds:6.1f}  {cost}", flush=True)
        if arguments.save:
            arguments.save.mkdir(parents=True, exist_ok=True)
            (arguments.save / f"{Path(arguments.data).name}-{arm}.json".replace(":", "-")).write_text(
                json.dumps(rows, indent=0)
            )


def train(arm: str, data: ImageData, run: Run, augment: float | None):
    """Return the rows of figures, the share of the time that each part of watching took, and the processor seconds."""
    name, _, illness = arm.partition("+")
    name, _, seed = name.partition(":")
    fields = dict(RING_FIELDS) if data.source == "ring" else {}
    fields |= {} if augment is None else {"augment": augment}
    run = dataclasses.replace(run, seed=int(seed or 0), batch=256 if data.source == "ring" else run.batch)
    family = catalog.find(name)
    if "augment" in left_open(family, fields) and run.images:
        fields["augment"] = augmentation_for(run.images / len(data), family.passes)
    gan, device = catalog.create(name, fields), torch.device("cpu")
    if run.ticks is None:
        planned, *_ = make_plan(gan, run, data, device, "fp32")
        print(f"{arm:22} {planned.run.ticks} evaluations planned", *planned.reasons, flush=True)
        run = planned.run
    state = State(gan, run, data.spec, device, "fp32")
    batches, quick = Batches(data, state.batch, run.seed), Quick(data)
    spent = [0.0, 0.0, 0.0]

    def judge(state: State, logs: dict[str, float]) -> None:
        times = [time.process_time()]
        pixels = Sampler(state.gan, state.average, state.spec).pixels(range(hooks.JUDGED))
        times.append(time.process_time())
        logs |= quick(pixels)
        times.append(time.process_time())
        watch(lambda s: critic_accuracy(s, batches) | gradient_norms(s))(state, logs)
        times.append(time.process_time())
        spent[:] = [total + b - a for total, a, b in zip(spent, times, times[1:], strict=False)]

    def fall_ill(state: State, logs: dict[str, float]) -> None:
        if state.progress >= 0.5:
            ILLNESSES[illness](state)

    class Poisoned:
        """The data, or four pictures of it."""

        def at(self, k: int) -> dict[str, torch.Tensor]:
            batch = batches.at(k)
            if illness == "four" and state.progress >= 0.5:
                batch["real"] = batches.at(0)["real"][:4][torch.arange(state.batch) % 4]
            return batch

    begin = time.process_time()
    fit(state, Poisoned(), [hooks.at_ticks([judge]), *([fall_ill] if illness in ILLNESSES else [])])
    seconds = time.process_time() - begin
    return state.watched, " ".join(f"{part / seconds:.1%}" for part in spent), seconds


def freeze_critic(state: State) -> None:
    """Let D rest."""
    state.turns = tuple(dataclasses.replace(t, again=False) for t in state.gan.turns() if t.player != "D")


def reverse_generator(state: State) -> None:
    """Turn G's losses round."""
    state.turns = tuple(dataclasses.replace(t, gain=-1) if t.player == "G" else t for t in state.gan.turns())


def raise_rate(state: State) -> None:
    """Take twenty times the learning rate."""
    state.rate_scale = 20.0


ILLNESSES = {"frozen": freeze_critic, "reversed": reverse_generator, "rate": raise_rate}


def summary(arm: str, rows: list[dict[str, float]]) -> str:
    """Return when the alarm came, the best kid, and the worst figures once kid had been below 1 (or at all)."""
    ill_from = len(rows) // 2
    raised = [(i, found[0]) for i in range(len(rows)) if (found := monitor.alarm(rows[: i + 1]))]
    told = "none"
    if raised:
        at, kind = raised[0]
        told = f"{kind} {at + 1 - ill_from:+d}" if "+" in arm else f"{kind} at {at + 1}"
    learned = next((i for i, row in enumerate(rows) if row["kid"] < monitor.LEARNED), 0)
    later = rows[learned:]
    worst = max(row["kid"] / min(r["kid"] for r in later[: i + 1]) for i, row in enumerate(later))
    shares = [row.get("classes", math.nan) for row in later]
    over = [share - min(shares[: i + 1]) for i, share in enumerate(shares)]
    figures = f"{min(row['kid'] for row in rows):6.3f} {worst:5.1f}x {min(row['diversity'] for row in later):5.2f}"
    figures += f" {min(row['coverage'] for row in later):5.2f} {max(over):5.2f} {later[-1]['critic']:6.2f}"
    return f"{told:18} {figures} {max(row['copies'] for row in rows):6.2f}"


def ring() -> ImageData:
    """Return 4,096 points on eight Gaussians of deviation 0.02 around a circle of radius 0.8, as grey pairs."""
    chance = np.random.default_rng(0)
    angle = chance.integers(8, size=4096) * (math.tau / 8)
    points = 0.8 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.02 * chance.standard_normal((4096, 2))
    pixels = np.clip((points + 1) * 127.5, 0, 255).round().astype(np.uint8)
    return assemble(pixels[:, None, :, None], None, (), [f"{i}" for i in range(4096)], "ring")


if __name__ == "__main__":
    main()
