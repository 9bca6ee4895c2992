"""Convolutions that halve a map and their transposes that double it, made in other ways where these are faster.

With 4-wide kernels and stride 2 each pixel of the coarse map meets a patch of 4x4 of the fine one. Patches side by side
in memory make the convolution one matrix product, and the gradient of its weights another one. A doubled map of few
channels is made corner by corner, and of a kernel as large as the map nothing but a product is left. On a processor, in
bf16, the library's own ways take two to three times as long, and ten times where the kernel is the map. Only what
learns is made so: samples are made as ever.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function

FEW = 16
"""Pixels of a coarse map, at most: the patches of larger ones, four times the fine map, do not stay in the cache."""
MANY = 2**19
"""Weights, at least: of fewer the product takes less time than what goes with it."""
THIN = 4
"""Channels that a doubling makes, at most, where it is made by corners."""


class Conv2d(nn.Conv2d):
    """`torch.nn.Conv2d`, as a matrix product where that is faster."""

    def forward(self, input: Tensor) -> Tensor:
        """Convolve maps [n, in, *size]."""
        weight = self.weight  # read once: a spectral norm goes a step further at every look
        if _learns(x := _as_computed(input)):
            height, width = x.shape[2:]
            if (height, width) == self.kernel_size and _plain(self, 1, 0):
                return _with((_rows(x) @ _rows(weight).t())[:, :, None, None], self.bias)
            if not (height % 2 or width % 2) and _plain(self, 2, 1) and _pays(weight, height * width // 4):
                return _with(_Halve.apply(x, weight.to(x.dtype)), self.bias)
        return self._conv_forward(x, weight, self.bias)


class ConvTranspose2d(nn.ConvTranspose2d):
    """`torch.nn.ConvTranspose2d`, in another way where that is faster."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Convolve maps [n, in, *size], transposed."""
        if output_size is None and _plain(self, 2, 1):
            return conv_transpose2d(input, self.weight, self.bias, 2, 1)
        whole = input.shape[2:] == (1, 1) and _plain(self, 1, 0)
        if output_size is None and whole and _learns(x := _as_computed(input)):
            maps = (_rows(x) @ _rows(self.weight)).unflatten(1, (*self.kernel_size, -1))
            return _with(maps.permute(0, 3, 1, 2), self.bias)
        return super().forward(input, output_size)


def conv_transpose2d(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
    """`torch.nn.functional.conv_transpose2d`, as `ConvTranspose2d` does it: [n, in, *size] to [n, out, *larger]."""
    if (stride, padding) == (2, 1) and weight.shape[2:] == (4, 4) and _learns(x := _as_computed(x)):
        if weight.shape[1] <= THIN:
            return _with(_by_corners(x, weight), bias)
        if _pays(weight, x.shape[2] * x.shape[3]):
            return _with(_Double.apply(x, weight.to(x.dtype)), bias)
    return F.conv_transpose2d(x, weight, bias, stride, padding)


def _plain(layer: nn.Conv2d | nn.ConvTranspose2d, stride: int, padding: int) -> bool:
    """Tell whether a layer has this stride, so many pixels of zeros around the finer map, and nothing besides."""
    settings = layer.stride, layer.padding, layer.output_padding, layer.dilation, layer.groups, layer.padding_mode
    return settings == ((stride, stride), (padding, padding), (0, 0), (1, 1), 1, "zeros")


def _as_computed(x: Tensor) -> Tensor:
    """Return x in the precision that torch would convolve it in here."""
    cast = x.dtype == torch.float32 and x.device.type == "cpu" and torch.is_autocast_enabled("cpu")
    return x.to(torch.get_autocast_dtype("cpu")) if cast else x


def _learns(x: Tensor) -> bool:
    """Tell whether a net learns from bf16 maps on a processor: samples do not depend on what is done then."""
    return x.dim() == 4 and x.dtype == torch.bfloat16 and x.device.type == "cpu" and torch.is_grad_enabled()


def _pays(weight: Tensor, coarse: int) -> bool:
    """Tell whether matrix products of patches are faster."""
    return weight.shape[2:] == (4, 4) and weight.numel() >= MANY and coarse <= FEW


def _by_corners(x: Tensor, weight: Tensor) -> Tensor:
    """Double maps, all pixels around the corner where four of them meet by one 2-wide convolution."""
    # An axis of the kernel is (pixel of the map, from the far side; side of the corner).
    kernel = weight.unflatten(3, (2, 2)).unflatten(2, (2, 2)).flip(2, 4).permute(1, 3, 5, 0, 2, 4).flatten(0, 2)
    return F.pixel_shuffle(F.conv2d(x, kernel, padding=1), 2)[:, :, 1:-1, 1:-1]


def _with(x: Tensor, bias: Tensor | None) -> Tensor:
    return x if bias is None else x + bias.to(x.dtype).view(1, -1, 1, 1)


class _Halve(Function):
    """Maps [n, c, 2h, 2w] and weights [o, c, 4, 4] to maps [n, o, h, w]."""

    @staticmethod
    def forward(ctx: Any, fine: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(fine, weight)
        n, _, height, width = fine.shape
        return (_patches(fine) @ _rows(weight).t()).view(n, height // 2, width // 2, -1).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        fine, weight = ctx.saved_tensors
        return (
            _Double.apply(gradients[0], weight) if ctx.needs_input_grad[0] else None,
            _Weigh.apply(fine, gradients[0]) if ctx.needs_input_grad[1] else None,
        )


class _Double(Function):
    """Maps [n, o, h, w] and weights [o, c, 4, 4] to maps [n, c, 2h, 2w]: the transpose of `_Halve`."""

    @staticmethod
    def forward(ctx: Any, coarse: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(coarse, weight)
        return F.conv_transpose2d(coarse, weight, None, 2, 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        coarse, weight = ctx.saved_tensors
        return (
            _Halve.apply(gradients[0], weight) if ctx.needs_input_grad[0] else None,
            _Weigh.apply(gradients[0], coarse) if ctx.needs_input_grad[1] else None,
        )


class _Weigh(Function):
    """Maps [n, c, 2h, 2w] and [n, o, h, w] to what both say of the weights [o, c, 4, 4] between them."""

    @staticmethod
    def forward(ctx: Any, fine: Tensor, coarse: Tensor) -> Tensor:
        ctx.save_for_backward(fine, coarse)
        return (_pixels(coarse).t() @ _patches(fine)).view(coarse.shape[1], 4, 4, -1).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        fine, coarse = ctx.saved_tensors
        return (
            _Double.apply(coarse, gradients[0]) if ctx.needs_input_grad[0] else None,
            _Halve.apply(fine, gradients[0]) if ctx.needs_input_grad[1] else None,
        )


def _patches(fine: Tensor) -> Tensor:
    """Lay out the patches of maps [n, c, 2h, 2w], zeros around them: [n * h * w, 16 * c]."""
    n, c, height, width = fine.shape
    x = F.pad(fine.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1)).contiguous()
    a, b, d, _ = x.stride()
    return x.as_strided((n, height // 2, width // 2, 4, 4, c), (a, 2 * b, 2 * d, b, d, 1)).reshape(-1, 16 * c)


def _pixels(x: Tensor) -> Tensor:
    """Lay out maps [n, c, *size] as [n * prod(size), c]."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def _rows(x: Tensor) -> Tensor:
    """Lay out maps, or weights, [n, c, *size] as [n, prod(size) * c], as patches lie."""
    return x.permute(0, 2, 3, 1).flatten(1)
