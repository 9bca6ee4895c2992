"""How fast the loop is: against a plain hand-written loop, and against the DCGAN tutorial.

    python benchmarks/throughput.py [--repeats 20] [--seconds 2] [--device cuda]

Each arm is a process of its own that plays a few seconds when its turn comes, and the ratios are taken within a repeat,
so that a machine whose speed drifts does not favour one. Figures are real pictures a second, one batch a round.
"""

import argparse
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import final

sys.path[0] = str(Path(__file__).parent.parent)  # instead of this folder, whose profile.py would hide Python's

BATCH = 64
WARM_UP = 3


def tutorial(channels, size, device):
    """The tutorial's loop, in a process that nothing has prepared."""
    import torch
    from benchmarks.peers.dcgan_tutorial import Loop

    torch.manual_seed(0)
    torch.set_default_device(device)
    loop, real = Loop(), torch.rand(BATCH, channels, size, size) * 2 - 1
    return lambda: loop(real)


def tutorial_net_in_our_loop(channels, size, device):
    """The same nets of our layers, a game for `gansmith.train.fit`, data path and averaged weights included."""
    import torch
    from benchmarks.peers.dcgan_tutorial import LATENT, Discriminator, Generator

    from gansmith.game import GAN, Nets, Player, Turn, adam
    from gansmith.losses.adversarial import non_saturating_D, non_saturating_G
    from gansmith.nets.strided import Conv2d, ConvTranspose2d

    @final
    @dataclass(frozen=True)
    class Tutorial(GAN):
        def nets(self, spec):
            return Nets(G=Generator(spec.channels, conv=ConvTranspose2d), D=Discriminator(spec.channels, conv=Conv2d))

        def players(self):
            return {name: Player((name,), adam(2e-4, 0.5, 0.999)) for name in "DG"}

        def turns(self):
            return (Turn("D", self.loss_D), Turn("G", self.loss_G, again=True))

        def loss_D(self, nets, batch):
            return {"adversarial": non_saturating_D(nets.D(batch["real"]), nets.D(batch["fake"].detach()))}

        def loss_G(self, nets, batch):
            return {"adversarial": non_saturating_G(nets.D(batch["fake"]))}

        def latents(self, n, generator):
            return torch.randn(n, LATENT, generator=generator)

        def synthesise(self, nets, latents, label=None):
            return nets.G(latents)

    return _ours(Tutorial(), channels, size, device)


def our_loop(channels, size, device):
    """The default GAN played by `gansmith.train.fit`."""
    from gansmith import catalog

    return _ours(catalog.DEFAULT, channels, size, device)


def plain_loop(channels, size, device):
    """The default GAN's nets and losses in a loop written by hand: no turns, no schedules, no records."""
    import torch
    from benchmarks.game_on_noise import begin, noise

    from gansmith import catalog
    from gansmith.losses.adversarial import non_saturating_D, non_saturating_G

    gan = catalog.create(catalog.DEFAULT)
    state, _ = begin(gan, noise((channels, size, size)), BATCH, device=device)
    G, D = state.nets.G, state.nets.D
    rates = {"lr": gan.lr, "betas": (gan.beta1, 0.999)}
    step_G, step_D = (torch.optim.Adam(net.parameters(), fused=True, **rates) for net in (G, D))
    pixels = torch.randint(0, 256, (4096, size, size, channels), dtype=torch.uint8, device=device)

    def play():
        real = pixels[torch.randint(0, 4096, (BATCH,), device=device)].permute(0, 3, 1, 2).float() / 127.5 - 1
        D.requires_grad_(True)
        with torch.autocast(device, torch.bfloat16, enabled=state.precision == "bf16"):
            fake = G(torch.randn(BATCH, gan.latent_dim, device=device))
            loss = non_saturating_D(D(real), D(fake.detach()))
        step_D.zero_grad(set_to_none=True)
        loss.backward()
        step_D.step()
        D.requires_grad_(False)
        with torch.autocast(device, torch.bfloat16, enabled=state.precision == "bf16"):
            loss = non_saturating_G(D(fake))
        step_G.zero_grad(set_to_none=True)
        loss.backward()
        step_G.step()
        float(loss.detach())

    return play


ARMS = {
    "tutorial loop, 64 px": (tutorial, 3, 64),
    "our loop, tutorial's nets, 64 px": (tutorial_net_in_our_loop, 3, 64),
    "plain loop, default nets, 28 px": (plain_loop, 1, 28),
    "our loop, default nets, 28 px": (our_loop, 1, 28),
}


def _ours(gan, channels, size, device):
    from benchmarks.game_on_noise import begin, noise

    from gansmith.train.rounds import fastest_way_to_play

    state, batches = begin(gan, noise((channels, size, size)), BATCH, device=device)
    play = fastest_way_to_play(state)
    return lambda: play(state, batches, ())


def serve(name: str, device: str) -> None:
    """Be one arm: for each line of input play so many seconds, print pictures a second."""
    build, channels, size = ARMS[name]
    if build is not tutorial:
        import gansmith  # noqa: F401 - before torch, so that all our arms run under the same OpenMP settings
    play = build(channels, size, device)
    for _ in range(WARM_UP):
        play()
    print("ready", flush=True)
    for line in sys.stdin:
        rounds, start = 0, time.perf_counter()
        while time.perf_counter() - start < float(line):
            play()
            rounds += 1
        print(rounds * BATCH / (time.perf_counter() - start), flush=True)


def main() -> None:
    """Run all arms in turn and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=2, help="of each arm in each repeat")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--arm", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.arm:
        serve(arguments.arm, arguments.device)
        return
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    arms = {}
    for name in ARMS:  # one after the other: what they measure at the start, they measure alone
        words = [sys.executable, __file__, "--device", arguments.device, "--arm", name]
        arms[name] = subprocess.Popen(words, **pipes)
        if arms[name].stdout.readline().strip() != "ready":
            sys.exit("an arm did not start; its message is above")
    found: dict[str, list[float]] = {name: [] for name in ARMS}
    for _ in range(arguments.repeats):
        for name, arm in arms.items():
            print(arguments.seconds, file=arm.stdin, flush=True)
            found[name].append(float(arm.stdout.readline()))
    for arm in arms.values():
        arm.stdin.close()
        arm.wait()
    print(f"{'arm':36} {'img/s, median':>14} {'quarter':>8} {'3/4':>8}")
    for name, values in found.items():
        print(f"{name:36} {spread(values, 1)}")
    pairs = {
        "ours / tutorial, same nets": ("our loop, tutorial's nets, 64 px", "tutorial loop, 64 px"),
        "ours / plain loop, same nets": ("our loop, default nets, 28 px", "plain loop, default nets, 28 px"),
    }
    for title, (ours, theirs) in pairs.items():
        print(f"{title:36} {spread([a / b for a, b in zip(found[ours], found[theirs], strict=True)], 3)}")


def spread(values: list[float], digits: int) -> str:
    """Median and quartiles."""
    low, _, high = statistics.quantiles(values, n=4)
    return f"{statistics.median(values):14.{digits}f} {low:8.{digits}f} {high:8.{digits}f}"


if __name__ == "__main__":
    main()
