"""Models to sample from."""

import pytest
import torch

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.sample.sampler import Sampler


@pytest.fixture
def make_model():
    """Make an untrained model: `make_model((3, 8, 10), classes=("cat", "dog"))`."""

    def make(shape=(1, 8, 8), classes=(), share=(), seed=0):
        torch.manual_seed(seed)
        gan, spec = catalog.create("dcgan", {"width": 4, "latent_dim": 6}), DataSpec(shape, classes, share)
        return Sampler(gan, gan.nets(spec), spec, {"Data": "noise"})

    return make
