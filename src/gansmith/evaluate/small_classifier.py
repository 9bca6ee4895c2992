"""A small convolutional classifier and the one way it is trained: for features, and for scores by classification."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.evaluate.feature_net import as_tensor, in_batches, shrink
from gansmith.seeds import derive

LONGEST_SIDE = 64
WIDTHS = (16, 32, 64)
FEATURES = 64
STEPS = 400
BATCH = 128


class Classifier(nn.Module):
    """Stride-2 convolutions with batch norm and ReLU, a hidden layer of 64, a linear head."""

    def __init__(self, shape: tuple[int, ...], classes: int):
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((shape[0], *WIDTHS), WIDTHS, strict=False):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        body = nn.Sequential(*layers, nn.Flatten())
        with torch.inference_mode():
            flat = body.eval()(shrink(torch.zeros(1, *shape), LONGEST_SIDE)).shape[1]
        hidden = (nn.Linear(flat, FEATURES, bias=False), nn.BatchNorm1d(FEATURES), nn.ReLU())
        self.features = nn.Sequential(*body, *hidden)
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, channels, height, width] to logits [n, classes]."""
        return self.head(self.features(x))


def fresh_classifier(shape: tuple[int, ...], classes: int, seed: int) -> Classifier:
    """Return an untrained classifier of images [channels, height, width], the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "classifier"))
        return Classifier(shape, classes)


def fit_classifier(net: Classifier, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> Classifier:
    """Train `net` on uint8 [n, height, width, channels] and int64 [n] in 400 steps of 128 images; return it.

    The number of steps does not depend on n, so that sets of unequal size are learned from equally long.
    """
    x, y = shrink(as_tensor(images), LONGEST_SIDE), torch.from_numpy(np.asarray(labels, np.int64))

    def draw() -> tuple[Tensor, Tensor]:
        rows = torch.from_numpy(rng.integers(len(x), size=BATCH))
        return x[rows], y[rows]

    return fit_batches(net, draw, STEPS)


def fit_batches(net: Classifier, draw: Callable[[], tuple[Tensor, Tensor]], steps: int) -> Classifier:
    """Train `net` in `steps` steps on what `draw` returns: pictures [n, channels, height, width] and labels [n]."""
    net.train()
    with torch.enable_grad():
        optimizer = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=0.02, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps)
        for _ in range(steps):
            x, y = draw()
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
            schedule.step()
    return net.eval()


def logits(net: Classifier, images: np.ndarray) -> np.ndarray:
    """Return float32 [n, classes] for uint8 [n, height, width, channels]."""
    return in_batches(lambda x: net(shrink(x, LONGEST_SIDE)), images, batch=256)
