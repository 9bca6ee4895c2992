"""The class's part in both losses."""

import math

import pytest
import torch

from gansmith.data.spec import DataSpec
from gansmith.gans.acgan import ACGAN


def test_a_head_that_knows_nothing_costs_the_entropy_of_the_classes():
    gan = ACGAN(width=4, class_weight=2.0)
    nets = gan.nets(DataSpec((1, 8, 8), ("a", "b", "c")))
    for parameter in nets.C.parameters():
        torch.nn.init.zeros_(parameter)
    batch = {"real": torch.rand(6, 1, 8, 8), "fake": torch.rand(6, 1, 8, 8), "chance": torch.rand(6, 2, 16)}
    batch["label"] = torch.tensor([0, 1, 2, 0, 1, 2])
    assert gan.loss_D(nets, batch)["class"].item() == pytest.approx(2 * 2 * math.log(3), rel=1e-5)
    assert gan.loss_G(nets, batch)["class"].item() == pytest.approx(2 * math.log(3), rel=1e-5)


def test_without_labels_there_is_no_class_to_tell():
    gan = ACGAN(width=4)
    nets = gan.nets(DataSpec((1, 8, 8)))
    batch = {"real": torch.rand(6, 1, 8, 8), "fake": torch.rand(6, 1, 8, 8), "chance": torch.rand(6, 2, 16)}
    assert set(gan.loss_D(nets, batch)) == set(gan.loss_G(nets, batch)) == {"adversarial"}
