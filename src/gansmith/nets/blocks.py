"""Parts that several nets share: sizes of a pyramid, layers by rank, class conditions, heads."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.nets import strided

CONV = {1: nn.Conv1d, 2: strided.Conv2d, 3: nn.Conv3d}
CONV_TRANSPOSE = {1: nn.ConvTranspose1d, 2: strided.ConvTranspose2d, 3: nn.ConvTranspose3d}
CONVOLVE = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: strided.conv_transpose2d, 3: F.conv_transpose3d}
BATCH_NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}

Size = tuple[int, ...]


def pyramid(size: Size, smallest: int = 3) -> list[Size]:
    """Sizes from coarse to fine, each about half of the next (rounded up), the last being `size`.

    The shorter side of the first lies in [smallest, 2 * smallest): 28x28 gives 4, 7, 14, 28, and 64x48 gives 3, 6, 12,
    24, 48 on its shorter side. A vector, whose size is (), is its own pyramid.
    """
    sizes = [tuple(size)]
    for _ in range(int(math.log2(max(1, min(size, default=0) / smallest)))):
        sizes.insert(0, tuple(math.ceil(side / 2) for side in sizes[0]))
    return sizes


def channels_by_stage(width: int, widest: int, stages: int) -> list[int]:
    """Channels of each stage from fine to coarse.

    `width` doubled at each halving of the map, or `widest` halved from the coarse end, whichever is less; 16 at least,
    or `width` where that is less. With 32 and 128: 32, 64, 128 for 28x28; 16, 32, 64, 128 for 64x64, whose fine maps
    would otherwise take most of the time.
    """
    least = min(width, 16)
    return [max(least, min(width * 2**i, widest // 2 ** (stages - 1 - i))) for i in range(stages)]


def crop(x: Tensor, size: Size, start: int = 0) -> Tensor:
    """Cut [n, c, *any] down to [n, c, *size] from `start` on; at the high end, where doubling an odd side ran over."""
    if x.shape[2:] == size:
        return x
    # A slice would send its gradient back in another order of memory than the map's.
    sides = zip(x.shape[:1:-1], size[::-1], strict=True)
    return F.pad(x, [pad for have, side in sides for pad in (-start, start + side - have)])


def to_patches(x: Tensor, patch: int) -> Tensor:
    """Fold patches of `patch` pixels a side into channels: [n, c, *size] to [n, patch^rank * c, *size / patch].

    Sides are first padded with zeros at the high end to a multiple. In two dimensions that is space-to-depth (Shi et
    al., 2016, arXiv:1609.05158, eq. 4, inverted), the channels of one pixel side by side.
    """
    rank = x.dim() - 2
    if patch == 1:
        return x
    if any(size % patch for size in x.shape[2:]):
        x = F.pad(x, [side for size in reversed(x.shape[2:]) for side in (0, -size % patch)])
    x = x.movedim(1, -1).unflatten(rank, (-1, patch)).flatten(-2)
    for axis in reversed(range(1, rank)):  # an axis at a time, in whole runs: all at once goes number by number
        x = torch.stack(x.unflatten(axis, (-1, patch)).unbind(axis + 1), -2).flatten(-2)
    return x.movedim(-1, 1)


def from_patches(x: Tensor, patch: int) -> Tensor:
    """Undo `to_patches`: [n, patch^rank * c, *size] to [n, c, *size * patch]."""
    rank = x.dim() - 2
    if patch == 1:
        return x
    x = x.movedim(1, -1)
    for axis in range(1, rank):
        x = torch.stack(x.unflatten(-1, (patch, -1)).unbind(-2), axis + 1).flatten(axis, axis + 1)
    return x.unflatten(-1, (patch, -1)).flatten(rank, rank + 1).movedim(-1, 1)


def to_map(x: Tensor, size: Size) -> Tensor:
    """Lay out vectors [n, prod(size) * c] as maps [n, c, *size], the channels of one pixel side by side.

    In memory that is channels_last, which all layers from here on keep: no operation meets two orders, which would
    cost it several times its time.
    """
    return x.unflatten(1, (*size, -1)).movedim(-1, 1)


def to_vector(x: Tensor) -> Tensor:
    """Undo `to_map`: [n, c, *size] to [n, prod(size) * c]."""
    return x.movedim(1, -1).flatten(1)


class ToVector(nn.Module):
    """`to_vector` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        """Flatten maps [n, c, *size]."""
        return to_vector(x)


def folded(size: Size, patch: int, smallest: int = 12) -> tuple[int, Size]:
    """Return `patch`, halved until a map of `size` keeps `smallest` patches a side, and the size in such patches.

    28x28 in patches of 2 is 14x14; 8x8 stays as it is.
    """
    while patch > 1 and min(size, default=0) / patch < smallest:
        patch //= 2
    return patch, tuple(math.ceil(side / patch) for side in size)


def hidden_layers(inputs: int, width: int, depth: int, act: nn.Module, dropout: float = 0.0) -> list[nn.Module]:
    """Build the hidden layers of a perceptron."""
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Linear(inputs if i == 0 else width, width), act]
        if dropout:
            layers.append(nn.Dropout(dropout))
    return layers


def halving(channels: int, out: int, size: Size, whole: bool, bias: bool) -> nn.Module:
    """Build the convolution that halves a map of `size`, rounding up (4-wide kernels, stride 2).

    Odd sides are padded by one more at both ends. `whole` is a map that is not halved: 3-wide kernels, stride 1.
    """
    rank = len(size)
    if whole:
        return CONV[rank](channels, out, 3, padding=1, bias=bias)
    return CONV[rank](channels, out, 4, stride=2, padding=tuple(1 + side % 2 for side in size), bias=bias)


def norm_layer(name: str | None, channels: int, rank: int, classes: int = 0) -> nn.Module:
    """Build a normalisation: `batch`, `class` (batch norm by class), `layer` (one group over all channels) or None."""
    if name == "class" and classes:
        return ClassBatchNorm(channels, rank, classes)
    if name in ("batch", "class"):
        return BATCH_NORM[rank](channels)
    if name == "layer":
        return nn.GroupNorm(1, channels)
    return nn.Identity()


def one_hot(label: Tensor | None, classes: int, like: Tensor) -> Tensor:
    """[n, classes] of zeros and ones in the dtype of `like`, [n, 0] where there are no classes.

    A label that is shares of the classes already, float [n, classes], is passed on.
    """
    if not classes:
        return like.new_zeros(len(like), 0)
    if label is None:
        raise ValueError(f"this network was built for {classes} classes and needs a label for each sample")
    return (label if label.is_floating_point() else F.one_hot(label, classes)).to(like.dtype)


def look_up(embedding: nn.Embedding, label: Tensor | None) -> Tensor:
    """Embed labels [n], or mix the embeddings by the shares of the classes, float [n, classes]; returns [n, dim]."""
    if label is None:
        raise ValueError(f"this network was built for {embedding.num_embeddings} classes and needs a label for each")
    if not label.is_floating_point():
        return embedding(label)
    # No matrix product: its lower precision on some devices would part a whole share from the label itself.
    return (label.to(embedding.weight.dtype)[:, :, None] * embedding.weight).sum(1)


def append_class(x: Tensor, label: Tensor | None, classes: int) -> Tensor:
    """Latents [n, d] or maps [n, d, *size] with the one-hot class beside them (Mirza & Osindero, arXiv:1411.1784).

    Returns [n, d + classes] or [n, d + classes, *size].
    """
    if not classes:
        return x
    beside = one_hot(label, classes, x)
    return torch.cat([x, beside.view(*beside.shape, *[1] * (x.dim() - 2)).expand(-1, -1, *x.shape[2:])], 1)


class ClassBatchNorm(nn.Module):
    """Batch norm whose scale and offset are those of the class (Dumoulin et al., 2017, arXiv:1610.07629, eq. 5)."""

    def __init__(self, channels: int, rank: int, classes: int):
        super().__init__()
        self.norm = BATCH_NORM[rank](channels, affine=False)
        self.scale, self.offset = nn.Embedding(classes, channels), nn.Embedding(classes, channels)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.offset.weight)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Normalise [n, channels, *size] by the statistics of the batch, then scale and shift by label [n]."""
        x = self.norm(x)
        sides = [1] * (x.dim() - 2)
        # In the maps' own precision, and in one operation: they are large.
        scale, offset = (look_up(by, label).to(x.dtype).unflatten(1, (-1, *sides)) for by in (self.scale, self.offset))
        return torch.addcmul(offset, x, scale)


class Stage(nn.Sequential):
    """Layers one after the other, of which those that want the class are given it."""

    def forward(self, input: Tensor, label: Tensor | None = None) -> Tensor:
        """Pass [n, channels, *size] (and labels [n]) on."""
        for layer in self:
            input = layer(input, label) if isinstance(layer, ClassBatchNorm) else layer(input)
        return input


class Unfolded(nn.Module):
    """A layer that makes patches of `patch` pixels a side, and of them the sample [n, c, *size], from `start` on."""

    def __init__(self, layer: nn.Module, patch: int, size: Size, start: int = 0):
        super().__init__()
        self.layer, self.patch, self.size, self.start = layer, patch, size, start

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, channels, *coarse] to [n, c, *size]."""
        return crop(from_patches(self.layer(x), self.patch), self.size, self.start)


class DoublingConv(nn.Module):
    """Nearest neighbours and a 3-wide convolution in one: [n, channels, *size] to [n, out, *2 * size].

    The copies of a pixel meet several weights of the kernel, whose sums can be taken first: what is left is a
    transposed convolution with 4-wide kernels and stride 2, 4/9 of the arithmetic in two dimensions, and no enlarged
    map. Where it makes fewer than `FEW` channels the same is done by corners, as in `last_doubling`.
    """

    FEW = 16

    def __init__(self, rank: int, channels: int, out: int, bias: bool = True):
        super().__init__()
        self.conv = CONV[rank](channels, out, 3, padding=1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Double a map."""
        weight, bias, size = self.conv.weight, self.conv.bias, x.shape[2:]
        rank = len(size)
        for axis in range(rank):
            after, before = [0] * 2 * rank, [0] * 2 * rank
            after[2 * axis + 1], before[2 * axis] = 1, 1
            weight = F.pad(weight, after) + F.pad(weight, before)
        if len(weight) >= self.FEW:
            kernel = weight.flip(list(range(2, 2 + rank))).transpose(0, 1)  # torch.compile takes no *range
            return TRANSPOSED[rank](x, kernel, bias, stride=2, padding=1)
        # An axis of the kernel is (pixel of the map, copy of it): the copies become channels, side by side.
        kernel = weight.view(*weight.shape[:2], *[2] * 2 * rank)
        pixels, copies = list(range(2, 2 + 2 * rank, 2)), list(range(3, 3 + 2 * rank, 2))
        kernel = kernel.flip(copies).permute(*copies, 0, 1, *pixels).flatten(0, rank)
        bias = bias if bias is None else bias.repeat(2**rank)
        corners = CONVOLVE[rank](x, kernel, bias, padding=1)
        return crop(from_patches(corners, 2), tuple(2 * side for side in size), 1)


def last_doubling(channels: int, out: int, size: Size, patch: int = 1) -> nn.Module:
    """Build the transposed convolution (4-wide kernels, stride 2, over patches of `patch` pixels a side) to a sample.

    Transposed convolutions are slow where little comes out of them. The same sums are a 2-wide convolution that makes
    at once all pixels around the corner where four of the map meet (Shi et al., 2016, arXiv:1609.07009).
    """
    rank = len(size)
    return Unfolded(CONV[rank](channels, out * (2 * patch) ** rank, 2, padding=1), 2 * patch, size, start=patch)


class Score(nn.Module):
    """Logit head on features [n, d], with the projection term where there are classes.

    `linear(h) + <embed(y), h>` (Miyato & Koyama, 2018, arXiv:1802.05637, eq. 3). Returns [n].
    """

    def __init__(self, features: int, classes: int = 0):
        super().__init__()
        self.linear = nn.Linear(features, 1)
        self.embed = nn.Embedding(classes, features) if classes else None
        if self.embed is not None:
            nn.init.normal_(self.embed.weight, std=features**-0.5)

    def forward(self, h: Tensor, label: Tensor | None = None) -> Tensor:
        """Score features [n, d] as logits [n]."""
        logits = self.linear(h).squeeze(1)
        if self.embed is not None:
            if label is None:
                raise ValueError("this critic was built for classes and needs a label for each sample")
            logits = logits + (self.embed(label) * h).sum(1)
        return logits
