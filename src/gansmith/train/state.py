"""Everything a training run is at one moment, and its hash."""

import copy
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gansmith import machine
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.game import GAN, Nets, Player
from gansmith.seeds import derive
from gansmith.train import ranks
from gansmith.train.run import Run

if TYPE_CHECKING:
    from gansmith.sample.sampler import Sampler

COUNTERS = (
    *("length", "flexible", "step", "images", "draws", "seconds", "tick_losses", "best"),
    *("attempt", "rate_scale", "adapted", "tries", "failed_at", "watched", "good_step"),
)
AVERAGE_RAMP = 0.05  # the averages' half-life never exceeds this share of the pictures seen (Karras et al., 2020)


class Learner:
    """A player at work: its networks, its optimiser and the learning rate it started with."""

    def __init__(self, player: Player, nets: Nets):
        self.player = player
        self.parameters = [p for name in player.nets for p in getattr(nets, name).parameters()]
        self.optimizer = player.optimizer(self.parameters)
        self.base_rates = [group["lr"] for group in self.optimizer.param_groups]

    def set_rate(self, progress: float, scale: float) -> None:
        """Set the learning rate of this moment; `scale` is what recoveries have taken off."""
        for group, base in zip(self.optimizer.param_groups, self.base_rates, strict=True):
            rate = base * self.player.rate(progress) * scale
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def to_gpu(self) -> None:
        """Let the optimiser read its learning rate on the GPU, as rounds that are recorded there must."""
        for group in self.optimizer.param_groups:
            if not isinstance(group["lr"], Tensor):
                group["lr"], group["capturable"] = torch.tensor(group["lr"], device=self.parameters[0].device), True
        for parameter, values in self.optimizer.state.items():
            values |= {name: value.to(parameter.device) for name, value in values.items()}


class State:
    """GAN, networks, averaged networks, optimisers and counters of a run; `run.images` must be known.

    There is no random state to keep: all randomness derives from (seed, attempt, draw), see `gansmith.seeds`.
    """

    def __init__(self, gan: GAN, run: Run, spec: DataSpec, device: torch.device, precision: str):
        if run.images is None:
            raise ValueError("a state needs the number of images; let gansmith.train.plan find it")
        self.gan, self.run, self.spec, self.device, self.precision = gan, run, spec, device, precision
        self.batch = run.batch or gan.batch
        self._declared = gan
        torch.manual_seed(derive(run.seed, "init"))
        self.nets = gan.nets(spec).to(memory_format=torch.channels_last).to(device).train()
        self.average = copy.deepcopy(self.nets).eval().requires_grad_(False)
        self.parameters = list(self.nets.parameters())
        self._averaged = [_averaged(self.average), _averaged(self.nets)]
        self._copied = [_copied(self.average), _copied(self.nets)]
        self.learners = {name: Learner(player, self.nets) for name, player in gan.players().items()}
        self.turns = tuple(gan.turns())
        self.length = run.images  # pictures until the end, the measure of all schedules
        self.flexible = False  # whether the length follows from minutes, and may be corrected
        self.step = 0  # rounds played
        self.images = 0  # real pictures seen, one batch a round
        self.draws = 0  # batches taken, one a turn
        self.attempt = 0  # recoveries so far; each continues with other noise
        self.rate_scale = 1.0  # what recoveries left of the learning rates
        self.adapted: dict[str, float] = {}  # hyper-parameters that recoveries changed
        self.tries = 0  # recoveries since the run was last in good health beyond its trouble
        self.failed_at = 0  # pictures seen when the last trouble was found
        self.watched: list[dict[str, float]] = []  # the figures of the last evaluations, oldest first
        self.good_step = 0  # round of the last evaluation in good health: what a collapse goes back to
        self.seconds = 0.0  # wall-clock time spent, over all processes of this run
        self.tick_losses: dict[str, tuple[float, int]] = {}  # sum and count of each loss since the last tick
        self.best: dict[str, float] | None = None  # {"kid": ..., "images": ...} of the artefact in best/

    @property
    def progress(self) -> float:
        """Share of the training that is done, in [0, 1]."""
        return min(1.0, self.images / self.length)

    @property
    def period(self) -> int:
        """After so many rounds the same turns are due again."""
        return math.lcm(*(turn.every for turn in self.turns))

    def inherit(self, parent: "Sampler") -> str:
        """Take every tensor of the same name and shape from a trained model, and return what was done, in words."""
        mine, theirs = self.nets.state_dict(), parent.nets.state_dict()
        fitting = {k: v for k, v in theirs.items() if k in mine and mine[k].shape == v.shape and k != "progress"}
        if not any(name.startswith("G.") for name in fitting):
            raise UsageError(
                "no weight of the parent model fits this one", "take the same --gan and options as the parent's"
            )
        self.nets.load_state_dict(mine | fitting)
        self.average.load_state_dict(self.nets.state_dict())
        taken = f"  from   {len(fitting)} of {len(mine)} tensors taken from the parent model"
        before, now = parent.spec.classes, self.spec.classes
        if len(before) == len(now) and before != now:
            taken += f"\n! its classes are others: what it knows of {before[0]}, its first, begins {now[0]}, and so on"
        return taken

    def autocast(self) -> AbstractContextManager:
        """Context in which losses are computed."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def chances(self, n: int) -> dict[str, Tensor]:
        """Latents and the other randomness of the next turn, as batch entries; one stream for each draw."""
        start = derive(self.run.seed, "turn", self.attempt, self.draws)
        machine.seed_torch(start + 1 + ranks.rank(), self.device)
        stream = torch.Generator().manual_seed(start)
        drawn = {"latents": self.gan.latents(n, stream), "chance": torch.rand(n, 2, 16, generator=stream)}
        return {name: machine.send(value, self.device) for name, value in drawn.items()}

    @torch.no_grad()
    def update_average(self) -> None:
        """Move the averaged weights towards the current ones, batch-norm statistics too; copy other buffers."""
        half_life = min(self.run.average, AVERAGE_RAMP * self.images)
        weight = 1 - 0.5 ** (self.batch / max(half_life, 1e-8))
        mine, theirs = self._averaged
        torch._foreach_lerp_(mine, theirs, weight)  # pyright: ignore[reportPrivateImportUsage]
        if self._copied[0]:
            torch._foreach_copy_(self._copied[0], self._copied[1])  # pyright: ignore[reportPrivateImportUsage]

    def adapt(self, fields: Mapping[str, float]) -> None:
        """Play on with these hyper-parameters changed; networks and optimisers stay as they are."""
        self.adapted = dict(fields)
        self.gan = self._declared.replace(**self.adapted)
        self.turns = tuple(self.gan.turns())

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Yield every tensor that must survive, by name, in a fixed order."""
        for prefix, module in (("nets", self.nets), ("average", self.average)):
            for name, tensor in module.state_dict().items():
                yield f"{prefix}.{name}", tensor
        for player, learner in self.learners.items():
            for index, values in sorted(learner.optimizer.state_dict()["state"].items()):
                for name, value in sorted(values.items()):
                    yield f"optimizer.{player}.{index}.{name}", torch.as_tensor(value)

    def counters(self) -> dict[str, Any]:
        """Return every plain value that must survive."""
        return {name: getattr(self, name) for name in COUNTERS}

    def count_from(self, counters: Mapping[str, Any]) -> None:
        """Take over the plain values that `counters` gave."""
        for name in COUNTERS:
            value, current = counters[name], getattr(self, name)
            if isinstance(current, int | float) and not isinstance(value, int | float):
                raise ValueError(f"{name} = {value!r} is not a number")
            setattr(self, name, value)

    def load(self, tensors: Mapping[str, Tensor], counters: Mapping[str, Any]) -> None:
        """Take over what `tensors` and `counters` gave; KeyError or RuntimeError where they do not fit."""
        for prefix, module in (("nets", self.nets), ("average", self.average)):
            module.load_state_dict(_under(tensors, prefix))
        for player, learner in self.learners.items():
            parameters = [p for group in learner.optimizer.param_groups for p in group["params"]]
            state: dict[int, dict[str, Tensor]] = {}
            for key, tensor in _under(tensors, f"optimizer.{player}").items():
                index, _, name = key.partition(".")
                state.setdefault(int(index), {})[name] = _laid_out_like(parameters[int(index)], tensor)
            groups = learner.optimizer.state_dict()["param_groups"]
            learner.optimizer.load_state_dict({"state": state, "param_groups": groups})
        self.count_from(counters)
        self.adapt(self.adapted)

    def hash(self) -> str:
        """SHA-256 over every tensor and counter but the clock: equal states, equal hashes."""
        digest = hashlib.sha256()
        for name, tensor in self.tensors():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        counters = {name: value for name, value in self.counters().items() if name != "seconds"}
        digest.update(json.dumps(counters, sort_keys=True).encode())
        return digest.hexdigest()


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    # Fused optimisers walk raw memory: moments must lie as their weights do (channels_last), not as a file gives them.
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value.clone()


def _averaged(nets: Nets) -> list[Tensor]:
    statistics = [b for name, b in nets.named_buffers() if name.endswith(("running_mean", "running_var"))]
    return [*nets.parameters(), *statistics]


def _copied(nets: Nets) -> list[Tensor]:
    return [b for name, b in nets.named_buffers() if not name.endswith(("running_mean", "running_var"))]


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key[len(prefix) + 1 :]: tensor for key, tensor in tensors.items() if key.startswith(prefix + ".")}
