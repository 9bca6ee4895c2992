"""Where the latents enter a generator: the first layers of weights that are given them, and what comes of it.

No net is known by name here. A layer is found by running the generator until one with a matrix or kernels is given
something that the latents have a gradient to.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from gansmith.data.codecs.image import encode
from gansmith.game import Styles
from gansmith.sample.sampler import Sampler


@dataclass(frozen=True)
class Entrance:
    """The layers that are given the styles [n, layers, width] of a model; `latent` where the styles are the latents.

    `way` [*what a layer is given, width] leads there from the styles: a part cut out, a class appended, the sphere.
    """

    model: Sampler
    layers: Sequence[nn.Module]
    way: Tensor
    latent: bool

    @property
    def width(self) -> int:
        """Return the dimensions of the space of directions."""
        return self.way.shape[-1]

    def gram(self) -> Tensor:
        """Return A^T A [width, width] in double precision, A what all these layers make of the styles, without bias."""
        given = self.way.shape[:-1]
        # Row i is what a layer makes of a one at place i; its weights may be scaled or normalised as they are used.
        ones = torch.cat([torch.zeros(1, math.prod(given)), torch.eye(math.prod(given))]).unflatten(1, given)
        gram = torch.zeros(self.width, self.width, dtype=torch.float64)
        for layer in self.layers:
            made = layer(ones.to(self.model.device)).flatten(1).cpu().double()
            a = (made[1:] - made[:1]).T @ self.way.flatten(0, -2).double()
            gram += a.T @ a
        return gram

    def draw(self, latents: Tensor, labels: np.ndarray | None) -> tuple[Tensor, Tensor]:
        """Return the styles [n, width] of some latents and the activations [n, features] that tell of them, on the CPU.

        Where the styles are not the latents, they are the activations; else these are the first feature map: what the
        second layer of weights is given of what the first one made, or all that it made where there is no second.
        """
        styles = _styles(self.model, latents, labels)
        w = styles.w[:, 0].cpu()  # as drawn, those of all layers are alike
        if not self.latent:
            return w, w
        made = []

        def cut(_layer: nn.Module, _given: object, output: Tensor) -> Tensor:
            made.append(output.detach().requires_grad_())
            return made[-1]

        hook = self.layers[0].register_forward_hook(cut)
        try:
            reached = _reach(self.model, lambda: styles.paint(styles.w))
        finally:
            hook.remove()
        features = made[0] if reached is None else reached[1]
        return w, features.detach().flatten(1).cpu()


def entrance(model: Sampler) -> Entrance | None:
    """Find where the styles of a model enter; None where no layer of weights is given them.

    It is looked for at latents of 0: what stands between latents and layer is linear there, even the way to a sphere.
    """
    latents = torch.zeros_like(model.latents([0]))
    styles = _styles(model, latents, model.labels([0]))
    if styles.takers:
        return Entrance(model, styles.takers, torch.eye(styles.w.shape[-1]), latent=False)
    w = styles.w.detach().requires_grad_()
    reached = _reach(model, lambda: styles.paint(w))
    if reached is None:
        return None
    layer, given = reached
    ones = torch.eye(given.numel(), device=given.device).view(-1, *given.shape)
    (way,) = torch.autograd.grad(given, w, ones, is_grads_batched=True)
    return Entrance(model, (layer,), way.view(*given.shape[1:], -1).cpu(), latent=True)


class _ReachedError(Exception):
    """A layer of weights was given something that has a gradient: the rest need not be computed."""

    def __init__(self, layer: nn.Module, given: Tensor):
        self.layer, self.given = layer, given


def _reach(model: Sampler, run: Callable[[], object]) -> tuple[nn.Module, Tensor] | None:
    """Run until a layer of weights is given something that has a gradient; return that layer and what it was given."""

    def stop(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        if given and given[0].requires_grad:
            raise _ReachedError(layer, given[0])

    weights = ((module, getattr(module, "weight", None)) for module in model.nets.modules())
    weighted = [module for module, weight in weights if isinstance(weight, Tensor) and weight.ndim > 1]
    hooks = [module.register_forward_pre_hook(stop) for module in weighted]
    try:
        with torch.enable_grad():
            run()
    except _ReachedError as reached:
        return reached.layer, reached.given
    finally:
        for hook in hooks:
            hook.remove()
    return None


def _styles(model: Sampler, latents: Tensor, labels: np.ndarray | None) -> Styles:
    """Return the styles of some latents, all shown the picture that goes with seed 0 where the model is shown any."""
    y = None if labels is None else torch.from_numpy(labels).to(model.device)
    shown = {}
    for name, values in model.condition([0], None if labels is None else labels[:1]).items():
        one = encode(values).to(model.device)
        shown[name] = one.expand(len(latents), *one.shape[1:])
    return model.gan.styles(model.nets, latents.to(model.device), y, **shown)
