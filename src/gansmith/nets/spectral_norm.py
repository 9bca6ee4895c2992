"""Spectral normalisation of a whole net."""

from typing import TypeVar

from torch import nn
from torch.nn.utils import parametrizations

Net = TypeVar("Net", bound=nn.Module)
WEIGHTED = (nn.Linear, nn.Embedding, *(getattr(nn, f"Conv{rank}d") for rank in (1, 2, 3)))


def spectral_norm(net: Net) -> Net:
    """Divide every weight of `net` by its largest singular value (Miyato et al., 2018, arXiv:1802.05957, section 2.1).

    In place; returns `net`. The singular value is followed by one power iteration a forward pass in training; its
    vectors u and v are buffers, saved with the net and never averaged. They move with every pass, so cutting a batch
    into micro-batches changes the estimate a little. Convolutions are read as [out, in * kernel], as in the paper.
    """
    for layer in list(net.modules()):
        if isinstance(layer, WEIGHTED):
            parametrizations.spectral_norm(layer)
    return net
