"""Directions: where to move the latents of any picture to change one thing about it.

GANSpace takes the principal components of early activations over many draws (Haerkoenen et al., 2020,
arXiv:2004.02546), SeFa the eigenvectors of the weights that the latents meet first, without any draw (Shen & Zhou,
2021, arXiv:2007.06600). What a direction changes is for the eye to find: nobody has named it.
"""

import json
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

import gansmith
from gansmith import catalog, pages
from gansmith.errors import DataError, UsageError
from gansmith.sample.entrance import Entrance, entrance
from gansmith.sample.images import Sheet
from gansmith.sample.provenance import SheetProvenance
from gansmith.sample.sampler import Sampler
from gansmith.seeds import generator

Method = Literal["ganspace", "sefa"]
DRAWS = 10_000  # over which components are found and deviations measured
BLOCK = 500  # draws of one pass
MOST = 10_000  # pictures in a row of a sheet


@dataclass(frozen=True)
class Directions:
    """Unit vectors [count, d] of the space of `GAN.styles`, the most telling first, largest entry positive.

    `deviations` [count] are standard deviations of the styles along them. `shares` [count], in [0, 1], are what each
    has of the variance of the activations (GANSpace) or of the sum of all eigenvalues (SeFa). `about` says what is
    needed to find them again.
    """

    vectors: Tensor
    deviations: tuple[float, ...]
    shares: tuple[float, ...]
    about: dict[str, Any]

    def __len__(self) -> int:
        return len(self.vectors)

    def __getitem__(self, i: int) -> Tensor:
        """Return the step [d] of one standard deviation along direction `i`, for `move`."""
        return self.deviations[i] * self.vectors[i]

    def sheet(
        self,
        model: Sampler,
        seeds: Sequence[int] = range(3),
        sigma: float = 3.0,
        label: Any = None,
        truncation: float = 1.0,
        frames: int = 5,
    ) -> Sheet:
        """Show what each direction does: a row for each with its share, `frames` pictures a seed from -sigma to +sigma.

        `label` and `truncation` are as in `Sampler.pixels`. Raises UsageError where there is nothing to show.
        """
        if not seeds or not 0 < sigma < math.inf or frames < 2:
            raise UsageError(f"{len(seeds)} seeds from -{sigma:g} to +{sigma:g} show nothing", "take --sigma 3")
        if len(seeds) * frames > MOST:
            raise UsageError(f"{len(seeds):,} seeds in {frames:,} pictures each are too many", "name fewer seeds")
        amounts = np.linspace(-sigma, sigma, frames)
        wanted, classes = [seed for seed in seeds for _ in amounts], model.class_names(seeds, label)
        labels = None if classes is None else [name for name in classes for _ in amounts]
        made = [move(model, wanted, step, np.tile(amounts, len(seeds)), labels, truncation) for step in self]
        image = pages.sheet(
            np.stack(made),
            [f"{i + 1} · {share:.1%}" for i, share in enumerate(self.shares)],
            [f"{amount:+.3g}σ" if amount else "0" for amount in amounts] * len(seeds),
            [f"seed {seed}" + (f", class {classes[i]}" if classes else "") for i, seed in enumerate(seeds)],
            ((), range(frames, len(wanted), frames)),
        )
        show = {"seeds": list(map(int, seeds)), "sigma": sigma, "label": classes, "truncation": truncation}
        options = {"find": self.about["find"], "show": show | {"frames": frames}}
        return Sheet(image, SheetProvenance("directions", model.hash, self.about["gan"], options))

    def save(self, path: Path | str) -> Path:
        """Write one file of arrays (npz) that `load` reads; its folder is made where it is missing."""
        path = Path(path)
        told = json.dumps(self.about, sort_keys=True)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                arrays = {"vectors": self.vectors.numpy(), "deviations": self.deviations, "shares": self.shares}
                np.savez(file, about=told, **arrays)
        except OSError as error:
            raise DataError(f"cannot write {path}: {error.strerror}", "name another place with --out") from None
        return path

    @staticmethod
    def load(path: Path | str, model: Sampler | None = None) -> "Directions":
        """Read what `save` wrote; UsageError where it was found in another model than `model`."""
        try:
            with np.load(path, allow_pickle=False) as told:
                deviations, shares = (tuple(told[key].tolist()) for key in ("deviations", "shares"))
                about = json.loads(str(told["about"]))
                found = Directions(torch.from_numpy(told["vectors"]), deviations, shares, about)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} holds no directions: {error}", "find them: gansmith directions MODEL") from None
        if model is not None and found.about["model"] != model.hash:
            raise UsageError(
                f"{path} has directions of the model {found.about['model'][:12]}, this one is {model.hash[:12]}",
                "find them in this one: gansmith directions MODEL",
            )
        return found


@torch.no_grad()
def find(
    model: Sampler, method: Method = "ganspace", count: int = 8, *, label: Any = None, seed: int = 0, draws: int = DRAWS
) -> Directions:
    """Find `count` directions of a model; decided by the model, `seed` and `label`.

    GANSpace: where a game maps latents to styles, the principal components of these; elsewhere the components x of the
    first feature map, regressed to the latents as the paper does for BigGAN, U = argmin sum |U x_j - z_j|^2. Draws are
    of the class `label`, else of their own classes, whose mean feature maps are then taken off: no latents lead from
    one class to another. SeFa: eigenvectors of A^T A, A the weights of all layers that are given the styles, or of the
    first one that is given the latents; `seed` then decides the deviations alone. A first feature map of fewer than
    `count` values has no more components than these.

    Raises UsageError for bad numbers, for a model whose latents no layer of weights takes, and for one that makes the
    same of all.
    """
    name = catalog.name_of(model.gan)
    if method not in get_args(Method):
        raise UsageError(f"there is no method {method!r}", f"take one of: {', '.join(get_args(Method))}")
    door = entrance(model)
    if door is None:
        raise UsageError(
            f"{name} gives its latents to no layer of weights, so that no direction in them means anything",
            "find directions in a GAN that maps latents to pictures, such as stylegan2 or dcgan",
        )
    if not 1 <= count <= min(door.width, draws):
        raise UsageError(
            f"{count} directions are asked for: the space has {door.width}, and {draws:,} are drawn in it",
            f"take 1 to {min(door.width, draws)}: --count",
        )
    labels = _classes(model, draws, label, seed)
    latents = model.gan.latents(draws, generator(seed, "directions"))
    styles, features = _draw(door, latents, labels)
    if method == "sefa":
        vectors, shares = _sefa(door.gram(), count)
    else:
        vectors, shares = _ganspace(styles, features, labels if door.latent else None, count, seed)
    vectors = vectors / vectors.norm(dim=1, keepdim=True)
    if not (vectors.isfinite().all() and shares.isfinite().all()):
        raise UsageError(f"{name} makes the same of all latents: no direction changes anything", "train it again")
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    vectors = (vectors * largest.sign()).float()
    chosen = None if label is None else model.class_names([0], label)
    asked = {"method": method, "count": count, "label": chosen and chosen[0], "seed": seed, "draws": draws}
    about = {"software": f"gansmith {gansmith.__version__}", "model": model.hash, "gan": name, "find": asked}
    return Directions(vectors, tuple((styles @ vectors.T).std(0).tolist()), tuple(shares.tolist()), about)


def _classes(model: Sampler, draws: int, label: Any, seed: int) -> np.ndarray | None:
    """Return the class of each draw, int64 [draws]: `label`, or else drawn with the shares of the data."""
    share = model.spec.class_share or (1.0,) * len(model.spec.classes)
    if label is not None or not share:
        return model.labels(range(draws), label)
    return torch.multinomial(torch.tensor(share), draws, True, generator=generator(seed, "classes")).numpy()


def _draw(door: Entrance, latents: Tensor, labels: np.ndarray | None) -> tuple[Tensor, Tensor]:
    """Return styles and activations as `Entrance.draw`, a block at a time."""
    parts = [slice(start, start + BLOCK) for start in range(0, len(latents), BLOCK)]
    drawn = [door.draw(latents[part], None if labels is None else labels[part]) for part in parts]
    styles, features = zip(*drawn, strict=True)
    return torch.cat(styles), torch.cat(features)


def _sefa(gram: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Eigenvectors [count, width] of A^T A, the largest first, and each one's share of the sum of the eigenvalues."""
    values, vectors = torch.linalg.eigh(gram)
    return vectors.T.flip(0)[:count], (values / values.sum()).flip(0)[:count]


def _ganspace(
    styles: Tensor, features: Tensor, labels: np.ndarray | None, count: int, seed: int
) -> tuple[Tensor, Tensor]:
    """Directions [count, width] that the principal components of the features follow, and each one's share of variance.

    With labels the mean of each class is taken off the features first.
    """
    from sklearn.decomposition import PCA

    if labels is not None:
        for label in np.unique(labels):
            features[labels == label] -= features[labels == label].mean(0)
    if not features.var(0).any():
        return torch.full((1, styles.shape[1]), torch.nan), torch.ones(1)
    pca = PCA(min(count, features.shape[1]), random_state=seed)
    coordinates = torch.from_numpy(pca.fit_transform(features.numpy())).double()
    # Coordinates are uncorrelated, so the regression is one of each alone; only its direction is kept. Styles that are
    # the features themselves are regressed to the components exactly.
    vectors = coordinates.T @ (styles - styles.mean(0)).double()
    return vectors, torch.from_numpy(pca.explained_variance_ratio_)


def move(
    model: Sampler,
    seeds: Sequence[int],
    step: Tensor,
    amount: float | Sequence[float] | np.ndarray = 1.0,
    label: Any = None,
    truncation: float = 1.0,
) -> np.ndarray:
    """Make the pictures of these seeds moved by `amount`, one for all or one a seed, times `step`: uint8 [n, h, w, c].

    `step` is one of `Directions` or any sum of them, [d], or [layers, d] where layers are not to move alike.
    """
    amounts = torch.from_numpy(np.broadcast_to(amount, len(seeds)).astype(np.float32))

    def restyle(part: slice, w: Tensor) -> Tensor:
        if step.shape not in (w.shape[1:], w.shape[2:]):
            raise UsageError(
                f"a step of shape {tuple(step.shape)} does not fit styles of shape {tuple(w.shape[1:])}",
                "take directions that were found in this model",
            )
        return w + (amounts[part, None, None] * step.expand(w.shape[1:])).to(w)

    return model.pixels(seeds, label, truncation, restyle)
