"""Virtual batch norm: the reference decides, the neighbours do not."""

import pytest
import torch
from torch import nn

from gansmith.nets.decoder import Decoder
from gansmith.nets.virtual_norm import Referenced, VirtualBatchNorm


@pytest.mark.parametrize("shape", [(2,), (2, 4), (2, 4, 3)])
def test_the_reference_is_normalised_as_a_batch_and_a_sample_with_itself(shape):
    x = 3 * torch.randn(6, *shape) + 1
    out = VirtualBatchNorm(2, rows=5, eps=0.0)(x)
    beyond = [0, *range(2, x.dim())]
    torch.testing.assert_close(out[:5].mean(beyond), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(out[:5].square().mean(beyond), torch.ones(2), atol=1e-4, rtol=0)
    # One sample more, weighed like one of the reference: the statistics of all six.
    mean, power = (moment.mean(beyond, keepdim=True) for moment in (x, x.square()))
    torch.testing.assert_close(out[5:], ((x - mean) / (power - mean.square()).sqrt())[5:], atol=1e-4, rtol=1e-4)


def test_a_mean_far_from_zero_does_not_cancel_in_bf16():
    x = (32 + torch.randn(20, 3, 8, 8)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        out = VirtualBatchNorm(3, rows=16)(x)
    assert out.dtype == torch.bfloat16
    assert out.detach().float().std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("label", [None, torch.tensor([0, 1, 1])])
def test_a_row_does_not_depend_on_the_others(label):
    net = Decoder(5, (1, 8, 8), 2 if label is not None else 0, width=4)
    reference = torch.randn(7, 5)
    referenced = Referenced(net, reference, None if label is None else torch.arange(7) % 2)
    assert not [m for m in referenced.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    z = torch.randn(3, 5)
    together = referenced(z, label)
    torch.testing.assert_close(together[1:2], referenced(z[1:2], None if label is None else label[1:2]))
    assert together.shape == (3, 1, 8, 8)
    assert torch.equal(referenced.state_dict()["reference"], reference)
