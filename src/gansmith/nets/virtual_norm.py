"""Virtual batch norm: a sample is normalised by a batch that never changes, not by those beside it."""

import torch
from torch import Tensor, nn


class VirtualBatchNorm(nn.Module):
    """Normalise each sample by the first `rows` of the batch and itself (Salimans et al., arXiv:1606.03498, 3.5).

    The first `rows`, the reference, are normalised by themselves alone. For x [n, channels, ...]; no running averages.
    """

    def __init__(self, channels: int, rows: int, eps: float = 1e-5):
        super().__init__()
        self.rows, self.eps = rows, eps
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x, whose first rows are the reference; moments are in fp32, as in batch norm itself."""
        dtype, x = x.dtype, x.float()
        beyond = list(range(2, x.dim()))
        first, second = (moment.mean(beyond, keepdim=True) if beyond else moment for moment in (x, x.square()))
        known = [moment[: self.rows].mean(0, keepdim=True) for moment in (first, second)]
        own = 1 / (self.rows + 1)
        mixed = [torch.lerp(a, b[self.rows :], own) for a, b in zip(known, (first, second), strict=True)]
        mean, power = (torch.cat([a.expand(self.rows, *a.shape[1:]), b]) for a, b in zip(known, mixed, strict=True))
        scale = (power - mean.square()).clamp_min(0).add(self.eps).rsqrt()
        shape = (1, -1, *[1] * len(beyond))
        return ((x - mean) * scale * self.weight.view(shape) + self.bias.view(shape)).to(dtype)


class Referenced(nn.Module):
    """A net whose batch norms are virtual; it is run on the reference, kept as a buffer, along with every batch."""

    reference: Tensor
    label: Tensor

    def __init__(self, net: nn.Module, reference: Tensor, label: Tensor | None = None):
        super().__init__()
        self.net, self.labelled = net, label is not None
        self.register_buffer("reference", reference)
        self.register_buffer("label", torch.zeros(0, dtype=torch.long) if label is None else label)
        for parent in list(net.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, nn.modules.batchnorm._BatchNorm):
                    setattr(parent, name, VirtualBatchNorm(child.num_features, len(reference)))

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Run the net on x [n, ...] (and labels [n]); row i does not depend on the other rows."""
        both = None if label is None or not self.labelled else torch.cat([self.label, label])
        return self.net(torch.cat([self.reference, x]), both)[len(self.reference) :]
