"""Features of the Inception of the original FID, through torch-fidelity, with weights that the user names."""

import pickle
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gansmith.errors import UsageError
from gansmith.evaluate.feature_net import as_rgb, in_batches, inference_device, weights_hash


class Inception:
    """The 2048 pool3 features of Inception-v3 as converted by torch-fidelity: the net that makes a score an FID.

    `weights` is torch-fidelity's `weights-inception-2015-12-05-6726825d.pth`, or a file of the same format. The
    resize is the original (legacy) bilinear one of TensorFlow 1, inside the net.
    """

    name = "inception-v3"
    dim = 2048
    resize = "legacy bilinear to 299 x 299"
    fewest = 2048
    advised = 10_000

    def __init__(self, weights: str | Path):
        if find_spec("torch_fidelity") is None:
            raise UsageError("Inception features need torch-fidelity", "pip install 'gansmith[inception]'")
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        try:
            # torch-fidelity unpickles the file without limits; one that passes this holds tensors only.
            torch.load(weights, map_location="cpu", weights_only=True)
            net = FeatureExtractorInceptionV3(self.name, ["2048"], feature_extractor_weights_path=str(weights))
        except (OSError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
            raise UsageError(
                f"{weights} holds no Inception weights of torch-fidelity ({str(error).splitlines()[0][:120]})",
                "name the file weights-inception-2015-12-05-6726825d.pth from torch-fidelity's releases",
            ) from error
        self.hash = weights_hash(net)
        self.device = inference_device()
        self.net = net.to(self.device)
        self.note = f"weights from {Path(weights).name}"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Map uint8 [n, height, width, channels] to float32 [n, 2048]; grey is repeated, RGBA laid on white."""
        return in_batches(self._pooled, images, batch=32, device=self.device)

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Map features [n, 2048] to the scores of Inception's 1008 classes that its own score is taken on (no bias)."""
        return features @ self.net.fc.weight.detach().cpu().numpy().T

    def _pooled(self, x: Tensor) -> Tensor:
        pixels = ((as_rgb(x) + 1) * 127.5).round().to(torch.uint8)
        return self.net(pixels)[0]
