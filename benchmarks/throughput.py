"""How fast the loop is: against a plain hand-written loop, and against the DCGAN tutorial.

    python benchmarks/throughput.py [--repeats 5] [--seconds 8]

Each arm is a process of its own, the arms take turns, and the ratios are taken within a repeat, so that a machine whose
speed drifts does not favour one. Figures are real pictures a second, one batch a round.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import final

sys.path.insert(0, str(Path(__file__).parent))

BATCH = 64
WARM_UP = 3


def tutorial(channels, size):
    """The tutorial's loop, in a process that nothing has prepared."""
    import torch
    from peers.dcgan_tutorial import Loop

    torch.manual_seed(0)
    loop, real = Loop(), torch.rand(BATCH, channels, size, size) * 2 - 1
    return lambda: loop(real)


def tutorial_net_in_our_loop(channels, size):
    """The same nets played as a game by `gansmith.train.fit`, data path and averaged weights included."""
    import torch
    from peers.dcgan_tutorial import LATENT, Discriminator, Generator

    from gansmith.game import GAN, Nets, Player, Turn, adam
    from gansmith.losses.adversarial import non_saturating_D, non_saturating_G

    @final
    @dataclass(frozen=True)
    class Tutorial(GAN):
        def nets(self, spec):
            return Nets(G=Generator(spec.channels), D=Discriminator(spec.channels))

        def players(self):
            return {name: Player((name,), adam(2e-4, 0.5, 0.999)) for name in "DG"}

        def turns(self):
            return (Turn("D", self.loss_D), Turn("G", self.loss_G))

        def loss_D(self, nets, batch):
            fake = nets.G(batch["latents"])
            return {"adversarial": non_saturating_D(nets.D(batch["real"]), nets.D(fake))}

        def loss_G(self, nets, batch):
            return {"adversarial": non_saturating_G(nets.D(nets.G(batch["latents"])))}

        def latents(self, n, generator):
            return torch.randn(n, LATENT, generator=generator)

        def synthesise(self, nets, latents, label=None):
            return nets.G(latents)

    return _ours(Tutorial(), channels, size)


def our_loop(channels, size):
    """The default GAN played by `gansmith.train.fit`."""
    from gansmith import catalog

    return _ours(catalog.create(catalog.DEFAULT), channels, size)


def plain_loop(channels, size):
    """The default GAN's nets and losses in a loop written by hand: no turns, no schedules, no records."""
    import torch

    from gansmith import catalog
    from gansmith.losses.adversarial import non_saturating_D, non_saturating_G

    state = _state(catalog.create(catalog.DEFAULT), channels, size)
    G, D = state.nets.G, state.nets.D
    step_G, step_D = (state.learners[name].optimizer for name in "GD")
    pixels = torch.randint(0, 256, (4096, size, size, channels), dtype=torch.uint8)

    def play():
        for _ in range(2):  # as many batches as our loop takes in a round
            real = pixels[torch.randint(0, 4096, (BATCH,))].permute(0, 3, 1, 2).float() / 127.5 - 1
        D.requires_grad_(True)
        with torch.autocast("cpu", torch.bfloat16, enabled=state.precision == "bf16"):
            with torch.no_grad():
                fake = G(torch.randn(BATCH, state.gan.latent_dim))
            loss = non_saturating_D(D(real), D(fake))
        step_D.zero_grad(set_to_none=True)
        loss.backward()
        step_D.step()
        D.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16, enabled=state.precision == "bf16"):
            loss = non_saturating_G(D(G(torch.randn(BATCH, state.gan.latent_dim))))
        step_G.zero_grad(set_to_none=True)
        loss.backward()
        step_G.step()
        float(loss)

    return play


ARMS = {
    "tutorial loop, 64 px": (tutorial, 3, 64),
    "our loop, tutorial's nets, 64 px": (tutorial_net_in_our_loop, 3, 64),
    "plain loop, default nets, 28 px": (plain_loop, 1, 28),
    "our loop, default nets, 28 px": (our_loop, 1, 28),
}


def _state(gan, channels, size):
    from gansmith import machine
    from gansmith.data.spec import DataSpec
    from gansmith.train.run import Run
    from gansmith.train.state import State

    machine.prepare()
    device = machine.find_device("cpu")
    precision = machine.find_precision("auto", device)
    return State(gan, Run(images=10**9, batch=BATCH), DataSpec((channels, size, size)), device, precision)


def _ours(gan, channels, size):
    import numpy as np

    from gansmith.data.batches import Batches
    from gansmith.data.images import assemble
    from gansmith.train.fit import play_round

    state = _state(gan, channels, size)
    pixels = np.random.default_rng(0).integers(0, 256, (4096, size, size, channels), np.uint8)
    batches = Batches(assemble(pixels, None, (), [str(i) for i in range(4096)], "noise"), BATCH, seed=0)
    return lambda: play_round(state, batches)


def run_arm(name: str, seconds: float) -> float:
    """Return pictures a second of one arm."""
    build, channels, size = ARMS[name]
    if build is not tutorial:
        import gansmith  # noqa: F401 - before torch, so that all our arms run under the same OpenMP settings
    play = build(channels, size)
    for _ in range(WARM_UP):
        play()
    rounds, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        play()
        rounds += 1
    return rounds * BATCH / (time.perf_counter() - start)


def main() -> None:
    """Run all arms in turn and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--arm", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.arm:
        print(json.dumps(run_arm(arguments.arm, arguments.seconds)))
        return
    found: dict[str, list[float]] = {name: [] for name in ARMS}
    for _ in range(arguments.repeats):
        for name in ARMS:
            command = [sys.executable, __file__, "--arm", name, "--seconds", str(arguments.seconds)]
            found[name].append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    print(f"{'arm':36} {'img/s, median':>14} {'min':>8} {'max':>8}")
    for name, values in found.items():
        print(f"{name:36} {statistics.median(values):14.1f} {min(values):8.1f} {max(values):8.1f}")
    pairs = {
        "ours / tutorial, same nets": ("our loop, tutorial's nets, 64 px", "tutorial loop, 64 px"),
        "ours / plain loop, same nets": ("our loop, default nets, 28 px", "plain loop, default nets, 28 px"),
    }
    for title, (ours, theirs) in pairs.items():
        ratios = [a / b for a, b in zip(found[ours], found[theirs], strict=True)]
        print(f"{title:36} {statistics.median(ratios):13.3f}x {min(ratios):7.3f}x {max(ratios):7.3f}x")


if __name__ == "__main__":
    main()
