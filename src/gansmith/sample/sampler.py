"""The artefact of a training: a GAN, its averaged networks and the shape of its data. Everything later starts here."""

import copy
import functools
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

import gansmith
from gansmith import catalog, machine, pages
from gansmith.data.codecs.image import decode, encode
from gansmith.data.conditions import Classmates, conditions
from gansmith.data.images import ImageData
from gansmith.data.spec import DataSpec
from gansmith.data.to_show import Showable, open_to_show
from gansmith.errors import UsageError
from gansmith.files import fresh_folder
from gansmith.game import GAN, Nets
from gansmith.sample import artefact
from gansmith.sample.artefact import FORMAT
from gansmith.sample.images import Images
from gansmith.sample.provenance import Provenance
from gansmith.seeds import generator

if TYPE_CHECKING:
    from gansmith.sample.directions import Directions, Method
    from gansmith.sample.mixing import Mix
    from gansmith.sample.walks import Walk

ROWS = 16
"""Rows of every forward pass. Always the same, so that a picture does not depend on how many are asked for."""

Condition = Mapping[str, np.ndarray]
"""What a game is shown beside its latents, by name: uint8 [n, ...]."""
NOTHING: Condition = MappingProxyType({})

Restyle = Callable[[slice, Tensor], Tensor]
"""Styles [n, layers, d] for the seeds of a slice, given those that these have; of the same shape."""


class Sampler:
    """Pictures from seeds. Picture `seed` depends on the model and that seed only, whatever the batch or the order.

    A model whose GAN has `needs` must be shown pictures as well, by `shown` or `like`; picture `seed` depends on the
    one that it is shown too.
    """

    def __init__(self, gan: GAN, nets: Nets, spec: DataSpec, info: Mapping[str, Any] | None = None):
        machine.prepare()
        self.gan, self.nets, self.spec, self.info = gan, nets.eval().requires_grad_(False), spec, dict(info or {})
        self.device = next(nets.parameters()).device
        self._hash = ""
        self._learnt = spec  # what is saved, whatever is shown later
        self._shown: tuple[ImageData, Classmates] | None = None

    @property
    def hash(self) -> str:
        """SHA-256 of the weights as they are saved: of those it has when first asked, as a sampler does not learn."""
        if not self._hash:
            self._hash = hashlib.sha256(self._weights()).hexdigest()
        return self._hash

    def shown(self, data: ImageData) -> "Sampler":
        """Return this model shown pictures of `data`, where it needs to be shown any; else as it is.

        Which one goes with a seed is decided by the class and the seed alone: the pictures of a class in turn. The
        classes are those of `data`, which need not be those that the model has learnt from.
        """
        if not self.gan.needs:
            return self
        model = copy.copy(self)
        model._shown = data, Classmates(data)
        model.spec = replace(self.spec, classes=data.spec.classes, class_share=data.spec.class_share)
        return model

    def like(self, what: Showable, fit: str = "crop") -> "Sampler":
        """Return this model shown a picture, or the pictures of a set in turn; see `gansmith.data.to_show`.

        Raises UsageError where the model is not one that is shown pictures.
        """
        if not self.gan.needs:
            name = catalog.name_of(self.gan)
            raise UsageError(f"{name} makes pictures of seeds alone: it is not shown any", "leave out --like")
        return self.shown(open_to_show(what, self.spec, fit))

    def _references(self, seeds: Sequence[int], labels: np.ndarray | None) -> tuple[ImageData, np.ndarray] | None:
        """Return what the model is shown and which of it goes with each seed, int64 [n]; None where it needs nothing.

        `labels` are class indices as `labels` gives them. Raises UsageError where the model was shown nothing.
        """
        if not self.gan.needs:
            return None
        if self._shown is None:
            raise UsageError(
                f"{catalog.name_of(self.gan)} makes pictures like one that it is shown, and was shown none",
                "gansmith generate MODEL --like PICTURE, or in Python: model.sample(like=PICTURE)",
            )
        data, classmates = self._shown
        return data, classmates.in_turn(seeds, labels)

    def pixels(
        self, seeds: Sequence[int], label: Any = None, truncation: float = 1.0, restyle: Restyle | None = None
    ) -> np.ndarray:
        """Make one picture a seed: uint8 [n, height, width, channels].

        `label` is a class name or index for all, or a sequence of one a seed; None draws a class for each seed with the
        shares of the data. `truncation` in (0, 1]: nearer the mean, less varied (see `GAN.truncate`). `restyle` puts
        other styles (see `GAN.styles`) in the place of those that the seeds give.
        """
        made = [decode(x) for x in self._parts(seeds, label, truncation, restyle)]
        return np.concatenate(made) if made else np.zeros((0, *self.spec.size, self.spec.channels), np.uint8)

    def tensors(self, seeds: Sequence[int], label: Any = None, truncation: float = 1.0) -> Tensor:
        """Make one sample a seed, not decoded: float [n, *spec.shape], for data that is no pictures."""
        made = list(self._parts(seeds, label, truncation))
        return torch.cat(made) if made else torch.zeros(0, *self.spec.shape)

    def _parts(
        self, seeds: Sequence[int], label: Any, truncation: float, restyle: Restyle | None = None
    ) -> Iterator[Tensor]:
        labels = self.labels(seeds, label)
        condition = self.condition(seeds, labels)
        for start in range(0, len(seeds), ROWS):
            part = slice(start, start + ROWS)
            y = None if labels is None else torch.as_tensor(labels[part])
            shown, other = {k: v[part] for k, v in condition.items()}, restyle and functools.partial(restyle, part)
            yield self.paint(self.latents(seeds[part]), y, truncation, shown, other)

    def latents(self, seeds: Sequence[int]) -> Tensor:
        """Draw what the pictures of these seeds are made of, [n, ...], on the CPU."""
        return torch.cat([self.gan.latents(1, generator(seed, "sample")) for seed in seeds])

    @torch.inference_mode()
    def paint(
        self,
        latents: Tensor,
        label: Tensor | None,
        truncation: float = 1.0,
        condition: Condition = NOTHING,
        restyle: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """Make the samples [n, *spec.shape] of 1 to `ROWS` latents, always in a pass of `ROWS`.

        `label` is class indices [n] or shares of the classes, float [n, classes]; `condition` is as `condition` makes.
        `restyle` maps the styles [n, layers, d] of these latents, see `GAN.styles`, to those that are painted instead.
        Raises UsageError for a truncation outside (0, 1].
        """
        if not 0 < truncation <= 1:
            raise UsageError(f"truncation {truncation:g} is outside (0, 1]", "take a value such as 0.7")
        n, z, y = len(latents), _filled(latents).to(self.device), None if label is None else _filled(label)
        shown = {name: encode(_filled(torch.from_numpy(values)).to(self.device)) for name, values in condition.items()}
        if truncation != 1:
            z = self.gan.truncate(self.nets, z, truncation)
        y = None if y is None else y.to(self.device)
        if restyle is None:
            return self.gan.synthesise(self.nets, z, y, **shown)[:n]
        styles = self.gan.styles(self.nets, z, y, **shown)
        return styles.paint(_filled(restyle(styles.w[:n])))[:n]

    def condition(self, seeds: Sequence[int], labels: np.ndarray | None) -> Condition:
        """Make what the game needs, uint8 [n, ...] each, of the pictures that go with these seeds."""
        references = self._references(seeds, labels)
        if references is None:
            return {}
        data, indices = references
        pictures = np.array(data.images[indices])
        return conditions(self.gan.needs, pictures, pictures)

    def labels(self, seeds: Sequence[int], label: Any = None) -> np.ndarray | None:
        """Return the class index of each seed, int64 [n]; None for a model without classes."""
        classes = self.spec.classes
        if not classes:
            if label is not None:
                what = "this model" if self._shown is None else "what the model is shown"
                raise UsageError(f"{what} has no classes", "leave out the class")
            return None
        if label is None:
            edges = np.cumsum(self.spec.class_share)
            draws = [float(torch.rand((), generator=generator(seed, "class"))) for seed in seeds]
            return np.minimum(np.searchsorted(edges, draws, side="right"), len(classes) - 1).astype(np.int64)
        if isinstance(label, (str, int, np.integer)):
            return np.full(len(seeds), self._class_index(label), np.int64)
        if len(label) != len(seeds):
            raise UsageError(f"{len(label)} classes for {len(seeds)} seeds", "name one class for all, or one each")
        if isinstance(label, np.ndarray) and label.dtype.kind in "iu" and np.isin(label, np.arange(len(classes))).all():
            return label.astype(np.int64)  # indices already
        return np.array([self._class_index(one) for one in label], np.int64)

    def class_names(self, seeds: Sequence[int], label: Any = None) -> list[str] | None:
        """Return the class of each seed by name; None for a model without classes. `label` is as in `pixels`."""
        labels = self.labels(seeds, label)
        return None if labels is None else [self.spec.classes[i] for i in labels]

    def sample(
        self,
        n: int = 16,
        seed: int = 0,
        label: Any = None,
        truncation: float = 1.0,
        like: Showable | None = None,
    ) -> Images:
        """Make the pictures of seeds `seed` to `seed + n - 1`; for `like` see the method of that name."""
        model = self if like is None else self.like(like)
        return model.images(range(seed, seed + n), label, truncation)

    __call__ = sample

    def walk(
        self, seeds: Sequence[int], frames: int = 60, label: Any = None, truncation: float = 1.0, loop: bool = False
    ) -> "Walk":
        """Return the frames of a walk from seed to seed, made as they are asked for; see `gansmith.sample.walks`."""
        from gansmith.sample.walks import Walk  # it stands on this file

        return Walk(self, seeds, frames, label, truncation, loop)

    def directions(self, method: "Method" = "ganspace", count: int = 8, **options: Any) -> "Directions":
        """Find directions that change one thing about any picture; see `gansmith.sample.directions.find`."""
        from gansmith.sample.directions import find

        return find(self, method, count, **options)

    def move(
        self,
        seeds: Sequence[int],
        step: Tensor,
        amount: float | Sequence[float] = 1.0,
        label: Any = None,
        truncation: float = 1.0,
    ) -> np.ndarray:
        """Make the pictures of these seeds moved along a direction; see `gansmith.sample.directions.move`."""
        from gansmith.sample.directions import move

        return move(self, seeds, step, amount, label, truncation)

    def mix(self, coarse: Sequence[int], fine: Sequence[int], from_layer: int | None = None, **options: Any) -> "Mix":
        """Mix the coarse styles of seeds with the fine ones of others; see `gansmith.sample.mixing.mix`."""
        from gansmith.sample.mixing import mix

        return mix(self, coarse, fine, from_layer, **options)

    def images(self, seeds: Sequence[int], label: Any = None, truncation: float = 1.0) -> Images:
        """Make the pictures of these seeds, with their provenance."""
        label = self.labels(seeds, label)  # drawn once
        return Images(self.pixels(seeds, label, truncation), self.about(seeds, label, truncation))

    def about(self, seeds: Sequence[int], label: Any = None, truncation: float = 1.0) -> tuple[Provenance, ...]:
        """Return the provenance of the pictures of these seeds."""
        labels, model, gan = self.labels(seeds, label), self.hash, catalog.name_of(self.gan)
        names = self.class_names(seeds, label) or [None] * len(seeds)
        likes = self._likes(seeds, labels)
        return tuple(
            Provenance(model, gan, int(seed), float(truncation), name, gansmith.__version__, like, digest)
            for seed, name, (like, digest) in zip(seeds, names, likes, strict=True)
        )

    def _likes(self, seeds: Sequence[int], labels: np.ndarray | None) -> list[tuple[str | None, str | None]]:
        """Return name and hash of the picture that the model is shown for each seed."""
        references = self._references(seeds, labels)
        if references is None:
            return [(None, None)] * len(seeds)
        data, indices = references
        hashes = {i: hashlib.sha256(data.images[i].tobytes()).hexdigest() for i in set(indices.tolist())}
        return [(str(data.names[i]), hashes[i]) for i in indices.tolist()]

    def sheet(self, rows: Sequence[int], label: Any = None, columns: int = 8) -> np.ndarray:
        """Show what is made of what: for each seed of `rows` its reference, then pictures of seeds 0, 1 ... like it.

        Returns uint8 [rows * columns, height, width, channels]; `label` is as in `pixels`, for the references.
        """
        references = self._references(rows, self.labels(rows, label))
        if references is None:
            raise UsageError(f"{catalog.name_of(self.gan)} is not shown pictures", "take: model.sample()")
        data, indices = references
        shown = (data.take([i]) for i in indices)
        return np.concatenate([x for one in shown for x in (one.images, self.shown(one).pixels(range(columns - 1)))])

    def save(self, folder: Path | str) -> Path:
        """Write `config.json`, `model.safetensors` and a model card `README.md`; an old artefact is replaced.

        What lies beside an old one stays. Raises UsageError where `folder` is there and holds something else.
        """
        folder = Path(folder)
        others = artefact.others(folder)
        weights = self._weights()
        config = {
            "format": FORMAT,
            "gansmith": gansmith.__version__,
            "gan": catalog.to_config(self.gan),
            "spec": asdict(self._learnt),
            "sha256": hashlib.sha256(weights).hexdigest(),
            "info": self.info,
        }
        card = pages.render("card.md", config=config, name=folder.parent.name, like=bool(self.gan.needs))
        with fresh_folder(folder) as fresh:
            (fresh / "model.safetensors").write_bytes(weights)
            (fresh / "config.json").write_text(json.dumps(config, indent=1))
            (fresh / "README.md").write_text(card)
            for path in others:
                (shutil.copytree if path.is_dir() else shutil.copy2)(path, fresh / path.name)
        return folder

    @staticmethod
    def load(path: Path | str, device: str = "auto") -> "Sampler":
        """Load an artefact: its folder, or a run's folder (then its `best/`, else its `last/`).

        Raises DataError where a file is missing or damaged, UsageError where there is nothing at the path.
        """
        gan, nets, spec, info = artefact.read(Path(path))
        return Sampler(gan, nets.to(machine.find_device(device)), spec, info)

    def _weights(self) -> bytes:
        return safetensors.torch.save({k: v.detach().cpu().contiguous() for k, v in self.nets.state_dict().items()})

    def _class_index(self, label: Any) -> int:
        classes = self.spec.classes
        if label in classes:
            return classes.index(label)
        if str(label).isdecimal() and int(label) < len(classes):
            return int(label)
        raise UsageError(f"this model has no class {label!r}", catalog.did_you_mean(str(label), list(classes)))


def _filled(rows: torch.Tensor) -> torch.Tensor:
    """Repeat the last of some rows until there are `ROWS`."""
    return torch.cat([rows, rows[-1:].expand(ROWS - len(rows), *rows.shape[1:])])
