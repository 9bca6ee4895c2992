"""Adversarial losses against their closed forms."""

import math

import pytest
import torch

from gansmith.losses import adversarial

REAL = torch.tensor([0.5, -1.0, 3.0], dtype=torch.float64)
FAKE = torch.tensor([-2.0, 0.25, 1.5], dtype=torch.float64)


def mean(values):
    return sum(values) / len(values)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


CASES = {
    "non_saturating_D": lambda r, f: (
        mean([-math.log(sigmoid(x)) for x in r]) + mean([-math.log(1 - sigmoid(x)) for x in f])
    ),
    "one_sided_D": lambda r, f: (
        mean([-0.9 * math.log(sigmoid(x)) - 0.1 * math.log(1 - sigmoid(x)) for x in r])
        + mean([-math.log(1 - sigmoid(x)) for x in f])
    ),
    "wasserstein_D": lambda r, f: mean(f) - mean(r),
    "hinge_D": lambda r, f: mean([max(0, 1 - x) for x in r]) + mean([max(0, 1 + x) for x in f]),
    "least_squares_D": lambda r, f: mean([(x - 1) ** 2 / 2 for x in r]) + mean([x**2 / 2 for x in f]),
    "relativistic": lambda r, f: mean([math.log(1 + math.exp(b - a)) for a, b in zip(r, f, strict=True)]),
    "relativistic_average": lambda r, f: (
        mean([-math.log(sigmoid(x - mean(f))) for x in r]) + mean([-math.log(1 - sigmoid(x - mean(r))) for x in f])
    ),
    "non_saturating_G": lambda _, f: mean([-math.log(sigmoid(x)) for x in f]),
    "wasserstein_G": lambda _, f: -mean(f),
    "hinge_G": lambda _, f: -mean(f),
    "least_squares_G": lambda _, f: mean([(x - 1) ** 2 / 2 for x in f]),
}


@pytest.mark.parametrize("name", CASES)
def test_closed_form(name):
    arguments = (FAKE,) if name.endswith("_G") else (REAL, FAKE)
    value = getattr(adversarial, name)(*arguments)
    assert value.shape == ()
    assert float(value) == pytest.approx(CASES[name](REAL.tolist(), FAKE.tolist()), rel=1e-12)


def test_every_loss_is_tested():
    public = {name for name in vars(adversarial) if name[0].islower() and name not in ("annotations",)}
    assert set(CASES) == {name for name in public if callable(getattr(adversarial, name))}


@pytest.mark.parametrize("name", CASES)
def test_patches_count_like_samples(name):
    loss = getattr(adversarial, name)
    patches = [x.view(1, 3, 1).expand(2, 3, 4) for x in (REAL, FAKE)]
    flat = (FAKE,) if name.endswith("_G") else (REAL, FAKE)
    assert float(loss(*patches[-len(flat) :])) == pytest.approx(float(loss(*flat)), rel=1e-12)


@pytest.mark.parametrize("name", [name for name in CASES if name.endswith("_D")])
def test_the_discriminator_wants_reals_up_and_fakes_down(name):
    real, fake = (torch.zeros(2, requires_grad=True) for _ in range(2))
    getattr(adversarial, name)(real, fake).backward()
    assert (real.grad < 0).all()
    assert (fake.grad >= 0).all()
    assert (fake.grad > 0).all() or name == "least_squares_D"  # whose fakes are at their target, 0, already


@pytest.mark.parametrize("logit", [-1e4, 1e4])
@pytest.mark.parametrize("name", CASES)
def test_extreme_logits_stay_finite(name, logit):
    value = torch.full((2,), logit, requires_grad=True)
    arguments = (value,) if name.endswith("_G") else (value, -value)
    loss = getattr(adversarial, name)(*arguments)
    loss.backward()
    assert loss.isfinite()
    assert value.grad.isfinite().all()
