"""A walk through the latents: pictures that lead from seed to seed, and from class to class where these differ."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

import gansmith
from gansmith import catalog
from gansmith.data.codecs.image import decode
from gansmith.errors import UsageError
from gansmith.sample import animation
from gansmith.sample.sampler import ROWS, Sampler


class Walk:
    """The frames of a walk, uint8 [height, width, channels] each, made as they are asked for, at constant memory.

    The first frame is the picture of the first seed, and the last that of the last seed; with `loop` the walk goes on
    to the first seed again and ends one frame before it, so that it can be played round and round. Every leg takes
    equally long. Latents go the way of `GAN.between`; `label` is as in `Sampler.pixels`, and between seeds of two
    classes the condition is a mixture of the two, which the model has never seen: what it makes of it is its own.

    Raises UsageError for fewer than two seeds, fewer frames than seeds, a truncation outside (0, 1], an unknown class,
    and a model that would be shown one picture for one seed and another for the next.
    """

    def __init__(
        self,
        model: Sampler,
        seeds: Sequence[int],
        frames: int = 60,
        label: Any = None,
        truncation: float = 1.0,
        loop: bool = False,
    ):
        if len(seeds) < 2:
            raise UsageError("a walk leads from one seed to another", "name two seeds or more: --seeds 0,7,12")
        if frames < len(seeds):
            raise UsageError(f"{frames} frames are too few for {len(seeds):,} seeds", "ask for more frames")
        self.model, self.seeds, self.frames = model, tuple(int(seed) for seed in seeds), frames
        self.truncation, self.loop = truncation, loop
        if not 0 < truncation <= 1:
            raise UsageError(f"truncation {truncation:g} is outside (0, 1]", "take a value such as 0.7")
        self._labels = model.labels(self.seeds, label)
        condition = model.condition(self.seeds, self._labels)
        if any((values != values[:1]).any() for values in condition.values()):
            raise UsageError("a walk is like one picture, and the model is shown several", "name one with --like")
        self._condition = {name: values[:1] for name, values in condition.items()}
        self._latents = model.latents(self.seeds)

    def __len__(self) -> int:
        return self.frames

    def __iter__(self) -> Iterator[np.ndarray]:
        for start in range(0, self.frames, ROWS):
            yield from decode(self._samples(torch.arange(start, min(start + ROWS, self.frames))))

    def _samples(self, frames: torch.Tensor) -> torch.Tensor:
        """Make the samples of these frames."""
        stops, legs, steps = len(self.seeds), len(self.seeds), self.frames
        if not self.loop:
            legs, steps = legs - 1, steps - 1
        here, share = frames * legs // steps, (frames * legs % steps).float() / steps
        there = (here + 1) % stops
        latents = self.model.gan.between(self._latents[here], self._latents[there], share)
        condition = {name: values.repeat(len(frames), 0) for name, values in self._condition.items()}
        return self.model.paint(latents, self._classes(here, there, share), self.truncation, condition)

    def _classes(self, here: torch.Tensor, there: torch.Tensor, share: torch.Tensor) -> torch.Tensor | None:
        """Return the shares of the classes [n, classes] on the way."""
        if self._labels is None:
            return None
        shares = F.one_hot(torch.from_numpy(self._labels), len(self.model.spec.classes)).float()
        return torch.lerp(shares[here], shares[there], share[:, None])

    def save(
        self, path: Path | str, fps: float = 20.0, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> Path:
        """Write an animation: GIF, WebP, APNG or MP4 by the name's ending; see `gansmith.sample.animation`."""
        return animation.save(self, self.frames, path, fps, json.dumps(self.about(), sort_keys=True), progress)

    def about(self) -> dict[str, Any]:
        """Return what is needed to make the walk again; `model` is the SHA-256 of the model's weights."""
        classes = self.model.spec.classes
        return {
            "software": f"gansmith {gansmith.__version__}",
            "synthetic": True,
            "model": self.model.hash,
            "gan": catalog.name_of(self.model.gan),
            "seeds": self.seeds,
            "frames": self.frames,
            "classes": None if self._labels is None else [classes[i] for i in self._labels],
            "truncation": self.truncation,
            "loop": self.loop,
        }
