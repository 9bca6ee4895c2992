"""Style mixing: the coarse layers' styles of one seed with the fine layers' of another, as a table.

Karras et al., 2019, "A Style-Based Generator Architecture for Generative Adversarial Networks" (arXiv:1812.04948),
section 3.1 and figure 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansmith import catalog, pages
from gansmith.errors import UsageError
from gansmith.sample.images import Sheet
from gansmith.sample.provenance import SheetProvenance
from gansmith.sample.sampler import Sampler

MOST = 10_000  # pictures in one table


@dataclass(frozen=True)
class Mix:
    """A table of mixtures, uint8 [fine, coarse, height, width, channels], and the pictures that they are mixed of.

    `coarse` and `fine` [n, height, width, channels] are those of the seeds alone.
    """

    pixels: np.ndarray
    coarse: np.ndarray
    fine: np.ndarray
    about: SheetProvenance

    def sheet(self) -> Sheet:
        """Return the table: a column for each coarse seed, a row for each fine one, their own pictures at the edges."""
        options = self.about.options
        corner = np.full((1, 1, *self.fine.shape[1:]), 255, np.uint8)
        edge = np.concatenate([corner, self.coarse[None]], 1)
        image = pages.sheet(
            np.concatenate([edge, np.concatenate([self.fine[:, None], self.pixels], 1)]),
            ["", *(f"fine: {seed}" for seed in options["fine"])],
            ["", *(str(seed) for seed in options["coarse"])],
            ["", f"coarse: layers below {options['from_layer']}"],
            ((1,), (1,)),
        )
        return Sheet(image, self.about)


def mix(
    model: Sampler,
    coarse: Sequence[int],
    fine: Sequence[int],
    from_layer: int | None = None,
    label: Any = None,
    truncation: float = 1.0,
) -> Mix:
    """Paint every coarse seed's styles up to `from_layer` with every fine seed's from there on.

    `from_layer` counts from 0, the coarsest, and is the middle where it is left out. All that is no style, the noise,
    is that of the fine seed: from layer 0 on, the mixture is the fine seed's own picture. `label` is a class for all
    seeds; without it each has its own.

    Raises UsageError for a layer that is not there, no seeds, and for a model of one layer of styles.
    """
    if not coarse or not fine:
        raise UsageError("a mixture needs a coarse and a fine seed", "name them: --coarse 0-3 --fine 4-7")
    if len(coarse) * len(fine) > MOST:
        raise UsageError(
            f"{len(coarse):,} coarse seeds by {len(fine):,} fine ones are more than {MOST:,} pictures", "name fewer"
        )
    styles: list[Tensor] = []

    def keep(_part: slice, w: Tensor) -> Tensor:
        styles.append(w)
        return w

    alone = model.pixels(coarse, label, truncation, keep)
    ours = torch.cat(styles)
    layers, name = ours.shape[1], catalog.name_of(model.gan)
    if layers < 2:
        raise UsageError(
            f"{name} takes its latents all at one place: no layers have styles of their own to mix",
            "mix with a GAN of styles: gansmith train DATA --gan stylegan2",
        )
    start = layers // 2 if from_layer is None else from_layer
    if not 0 <= start <= layers:
        raise UsageError(f"there is no layer {start}: the model has layers 0 to {layers - 1}", "take one: --from-layer")

    def exchange(part: slice, w: Tensor) -> Tensor:
        columns = torch.arange(len(coarse)).repeat(len(fine))[part]
        return torch.cat([ours[columns, :start], w[:, start:]], 1)

    pixels = model.pixels([seed for seed in fine for _ in coarse], label, truncation, exchange)
    options = {"coarse": list(map(int, coarse)), "fine": list(map(int, fine)), "from_layer": start}
    options |= {"label": (model.class_names([0], label) or [None])[0] if label is not None else None}
    about = SheetProvenance("mix", model.hash, name, options | {"truncation": truncation})
    table = pixels.reshape(len(fine), len(coarse), *pixels.shape[1:])
    return Mix(table, alone, model.pixels(fine, label, truncation), about)
