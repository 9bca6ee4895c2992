"""Images: uint8 [n, height, width, channels] to float32 [n, channels, height, width] in [-1, 1], and back exactly."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def encode(images: np.ndarray | Tensor) -> Tensor:
    """Return float32 [n, c, h, w] in [-1, 1] from uint8 [n, h, w, c].

    The memory stays in NHWC order: the result is in channels_last format at no cost, on the device of `images`.
    """
    if isinstance(images, np.ndarray) and not images.flags.writeable:
        images = images.copy()  # torch has no read-only tensors, and warns
    pixels = torch.as_tensor(images)
    if pixels.dtype != torch.uint8 or pixels.ndim != 4:
        raise ValueError(f"encode takes uint8 [n, h, w, c], not {pixels.dtype} of shape {tuple(pixels.shape)}")
    return pixels.to(torch.float32).div_(127.5).sub_(1).permute(0, 3, 1, 2)


def decode(tensor: Tensor) -> np.ndarray:
    """Return uint8 [n, h, w, c] from any float tensor [n, c, h, w]; rounds, clamps to [-1, 1]; NaN becomes 0."""
    values = tensor.detach().to(torch.float32).add(1).mul_(127.5).round_().clamp_(0, 255)
    return values.nan_to_num_(0).to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()


def to_pil(image: np.ndarray) -> Image.Image:
    """Return one uint8 image [h, w, c] as a Pillow image of mode L, RGB or RGBA."""
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
