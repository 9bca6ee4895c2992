"""Consistency and LeCam, by hand."""

import torch

from gansmith.losses.consistency import consistency, lecam


def test_consistency_is_the_mean_square():
    assert float(consistency(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 5.0]))) == 5.0


def test_lecam_draws_back_what_lies_beyond_the_other_side():
    real, fake = torch.tensor([3.0, -2.0]), torch.tensor([-4.0, 2.0])
    real_mean, fake_mean = torch.tensor(1.0), torch.tensor(-1.0)
    # Reals at 3 and -2 lie 4 above and below the fakes' mean; fakes at -4 and 2 lie 5 below and above the reals'.
    assert float(lecam(real, fake, real_mean, fake_mean)) == (16 + 0) / 2 + (25 + 0) / 2
