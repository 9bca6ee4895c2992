"""The same features through torch-fidelity and prdc."""

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from gansmith.evaluate.frechet import frechet
from gansmith.evaluate.kernel import kid
from gansmith.evaluate.manifold import manifold_values


def two_sets(n, m, d, seed=0):
    """Correlated, shifted, non-negative features, as pooled activations are."""
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(d, d)) / d**0.5
    x, y = rng.normal(size=(n, d)) @ mix, 0.9 * rng.normal(size=(m, d)) @ mix + 0.1
    return np.logaddexp(0, x).astype(np.float32), np.logaddexp(0, y).astype(np.float32)


@pytest.mark.parametrize(("n", "m", "d"), [(500, 400, 64), (600, 600, 200), (150, 120, 200)])
def test_frechet_equals_torch_fidelity(n, m, d):
    x, y = two_sets(n, m, d)
    statistics = [fid_features_to_statistics(torch.from_numpy(f.astype(np.float64))) for f in (x, y)]
    theirs = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert frechet(x, y) == pytest.approx(theirs, rel=1e-6)


def test_kid_equals_torch_fidelity_where_the_subset_is_everything():
    x, y = (torch.from_numpy(f.astype(np.float64)) for f in two_sets(400, 400, 64))
    theirs = kid_features_to_metric(x, y, kid_subsets=1, kid_subset_size=400, verbose=False)
    assert kid(x.numpy(), y.numpy()).value == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-9)


@pytest.mark.parametrize("d", [4, 64])
def test_precision_and_recall_equal_both_peers(d, capsys):
    x, y = two_sets(600, 500, d)
    ours, naver = manifold_values(x, y), compute_prdc(x, y, nearest_k=3)
    fidelity = prc_features_to_metric(torch.from_numpy(y), torch.from_numpy(x), verbose=False)  # generated first
    assert (ours["precision"], ours["recall"]) == pytest.approx((naver["precision"], naver["recall"]))
    # torch-fidelity counts in float32: a handful of distances may fall on the other side.
    theirs = (fidelity["precision"], fidelity["recall"])
    assert (ours["precision"], ours["recall"]) == pytest.approx(theirs, abs=0.005)


@pytest.mark.parametrize("d", [4, 64])
def test_density_and_coverage_equal_prdc(d, capsys):
    x, y = two_sets(500, 600, d, seed=1)
    ours, theirs = manifold_values(x, y), compute_prdc(x, y, nearest_k=5)
    assert (ours["density"], ours["coverage"]) == pytest.approx((theirs["density"], theirs["coverage"]))
