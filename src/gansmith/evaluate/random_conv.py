"""Features of an untrained convolutional net: no labels, no weights to fetch, any channels, any size, instant."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.evaluate.feature_net import as_tensor, in_batches, shrink, weights_hash
from gansmith.machine import one_thread
from gansmith.seeds import derive, generator

LONGEST_SIDE = 64
WIDTHS = (16, 32, 64, 64)
CALIBRATION_IMAGES = 256


class RandomConv:
    """Random filters of a fixed seed, normalised layer by layer on `reals`, uint8 [n, height, width, channels].

    Every channel has mean 0 and variance 1 over 256 of them before its activation (the data-dependent initialisation
    of Salimans & Kingma, 2016, arXiv:1602.07868): without it a deep random net maps all images to nearly one point.
    Images with a side above 64 are averaged down to 64.
    """

    def __init__(self, seed: int, reals: np.ndarray):
        self.name = f"random-conv@{seed}"
        self.net = RandomStack(seed, channels=reals.shape[-1])
        chosen = np.random.default_rng(derive(seed, "calibration")).permutation(len(reals))[:CALIBRATION_IMAGES]
        with torch.inference_mode(), one_thread():  # the same net however many threads judge with it
            self.net(shrink(as_tensor(reals[np.sort(chosen)]), LONGEST_SIDE))
        self.net.eval()
        self.hash = weights_hash(self.net)
        self.dim = self.net.standardise.num_features
        self.resize = f"area, longer side at most {LONGEST_SIDE}"
        self.note = "untrained filters normalised on these reals: compare models on one data set only"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Map uint8 [n, height, width, channels] to float32 [n, dim]."""
        return in_batches(lambda x: self.net(shrink(x, LONGEST_SIDE)), images, batch=128)


class RandomStack(nn.Module):
    """Four stride-2 random convolutions with leaky ReLU.

    Features are the mean of each channel of every layer but the last (colour and texture at three scales) and the last
    layer on a 2 x 2 grid (layout). A pass in training mode sets all normalisers from its batch.
    """

    def __init__(self, seed: int, channels: int):
        super().__init__()
        rng = generator(seed, "random-conv")
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        for before, after in zip((channels, *WIDTHS), WIDTHS, strict=False):
            # skip_init: PyTorch's own initialisation would draw from the global random state.
            conv = nn.utils.skip_init(nn.Conv2d, before, after, 3, stride=2, padding=1, bias=False)
            nn.init.normal_(conv.get_parameter("weight"), generator=rng)
            self.convs.append(conv)
            self.norms.append(nn.BatchNorm2d(after, affine=False, momentum=1.0))
        self.standardise = nn.BatchNorm1d(sum(WIDTHS[:-1]) + 4 * WIDTHS[-1], affine=False, momentum=1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, channels, height, width] to [n, features]."""
        pooled = []
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.leaky_relu(norm(conv(x)), 0.2)
            pooled.append(x.mean((2, 3)))
        pooled[-1] = F.adaptive_avg_pool2d(x, 2).flatten(1)
        return self.standardise(torch.cat(pooled, 1))
