"""What a feature net is: uint8 images in, one row of float32 features an image out."""

import hashlib
from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FeatureNet(Protocol):
    """A frozen function from images to features, in whose space two sets of images are compared.

    `hash` is the SHA-256 of its weights, `dim` the number of features, `resize` says what is done to the size of an
    image, `note` what a reader of a score must know about the net.
    """

    name: str
    hash: str
    dim: int
    resize: str
    note: str

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Map uint8 [n, height, width, channels] to float32 [n, dim]."""
        ...


def weights_hash(net: nn.Module) -> str:
    """Return the SHA-256 (hex) of a net's weights and buffers, with their names and shapes."""
    digest = hashlib.sha256()
    for name, value in sorted(net.state_dict().items()):
        digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
        digest.update(np.ascontiguousarray(value.detach().cpu().numpy()).tobytes())
    return digest.hexdigest()


def as_tensor(images: np.ndarray) -> Tensor:
    """Turn uint8 [n, height, width, channels] into float32 [n, channels, height, width] in [-1, 1]."""
    pixels = torch.from_numpy(np.array(images))  # a copy: memory maps are read-only, which torch warns about
    return pixels.permute(0, 3, 1, 2).float().div(127.5).sub(1)


def as_rgb(x: Tensor) -> Tensor:
    """Turn [n, 1 | 3 | 4, ...] in [-1, 1] into three channels: grey is repeated, RGBA laid on white."""
    if x.shape[1] == 4:
        alpha = (x[:, 3:] + 1) / 2
        return x[:, :3] * alpha + (1 - alpha)
    return x if x.shape[1] == 3 else x.expand(-1, 3, -1, -1)


def shrink(x: Tensor, longest: int) -> Tensor:
    """Average pixels so that the longer side is at most `longest`; smaller images stay as they are."""
    height, width = x.shape[2:]
    scale = longest / max(height, width)
    if scale >= 1:
        return x
    return F.interpolate(x, size=(max(1, round(height * scale)), max(1, round(width * scale))), mode="area")


@torch.inference_mode()
def in_batches(net: Callable[[Tensor], Tensor], images: np.ndarray, batch: int, device: str = "cpu") -> np.ndarray:
    """Run `net` over uint8 [n, height, width, channels] in batches, so that memory does not grow with n."""
    rows = [net(as_tensor(images[i : i + batch]).to(device)).cpu().numpy() for i in range(0, len(images), batch)]
    return np.concatenate(rows).astype(np.float32, copy=False)


def inference_device() -> str:
    """Name the device that large pretrained nets run on."""
    return "cuda" if torch.cuda.is_available() else "cpu"
