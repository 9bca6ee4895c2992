"""The same features through torch-fidelity, prdc, SciPy and scikit-learn."""

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from scipy.spatial.distance import cdist
from scipy.stats import mannwhitneyu, norm
from sklearn.metrics import roc_auc_score
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from gansmith.evaluate.copying import c_t, membership_auc
from gansmith.evaluate.frechet import frechet
from gansmith.evaluate.inception_score import inception_score
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


@pytest.mark.parametrize("n", [500, 503])
def test_inception_score_equals_torch_fidelity(n):
    logits = np.random.default_rng(2).normal(size=(n, 30)) * 3
    theirs = isc_features_to_metric(torch.from_numpy(logits), splits=10, shuffle=False)["inception_score_mean"]
    assert inception_score(logits).value == pytest.approx(theirs, rel=1e-9)


def test_c_t_is_the_mann_whitney_z_of_scipy():
    rng = np.random.default_rng(3)
    train, held_out, fake = rng.normal(size=(300, 3)), rng.normal(size=(90, 3)), 1.1 * rng.normal(size=(80, 3))

    def nearest(rows):
        return cdist(rows, train).min(1)

    # fewer than 200 images make one cell; a two-sided p has lost the sign of z
    test = mannwhitneyu(nearest(fake), nearest(held_out), method="asymptotic", use_continuity=False)
    z = c_t(train, held_out, fake).value
    assert 2 * norm.sf(abs(z)) == pytest.approx(test.pvalue, rel=1e-6)
    assert (z > 0) == (test.statistic > 80 * 90 / 2)


def test_membership_auc_equals_scikit_learn():
    rng = np.random.default_rng(4)
    train, held_out, fake = rng.normal(size=(150, 3)), rng.normal(size=(90, 3)), rng.normal(size=(80, 3))
    distance = cdist(np.concatenate([train, held_out]), fake).min(1)
    expected = roc_auc_score(np.repeat([1, 0], [150, 90]), -distance)
    assert membership_auc(train, held_out, fake).value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("n", [300, 2000])
def test_two_finite_sets_have_the_bias_of_two_wishart_matrices(n):
    # With c = d / n the eigenvalues of S1 S2 have moments 1, 1 + 2c, 1 + 6c + 5c^2 (the free product of two
    # Marchenko-Pastur laws), so that their mean root is 1 - c / 4 with no term in c^2. The means add 2 d / n.
    d, rng = 256, np.random.default_rng(6)
    measured = np.mean([frechet(*rng.normal(size=(2, n, d))) for _ in range(3)])
    assert measured == pytest.approx(d**2 / (2 * n) + 2 * d / n, rel=0.03)
