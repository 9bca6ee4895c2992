"""Every metric has its ideal between a set and itself, and does not mind the order of the rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.evaluate.frechet import Moments, frechet
from gansmith.evaluate.kernel import kid
from gansmith.evaluate.manifold import manifold_values


@st.composite
def features(draw, fewest=20, most=60):
    n, d = draw(st.integers(fewest, most)), draw(st.integers(1, 40))
    scale, offset = draw(st.floats(0.01, 100)), draw(st.floats(-100, 100, allow_subnormal=False))
    return np.random.default_rng(draw(st.integers(0, 2**32))).normal(size=(n, d)) * scale + offset


@settings(deadline=None, max_examples=60)
@given(features())
def test_a_set_is_at_its_ideal_against_itself(x):
    assert frechet(x, x) == pytest.approx(0, abs=1e-6 * x.var(0).sum())
    values = manifold_values(x, x)
    assert values["precision"] == values["recall"] == values["coverage"] == 1
    assert values["density"] == pytest.approx(1 + 1 / 5)
    assert kid(x, x).value <= 1e-9 * (np.abs(x).max() ** 2 + 1) ** 3


@settings(deadline=None, max_examples=60)
@given(features(), st.integers(0, 1000), st.floats(0, 3, allow_subnormal=False))
def test_the_order_of_rows_does_not_matter(x, seed, shift):
    y = np.random.default_rng(seed).permutation(x) + shift * x.std()
    shuffled = np.random.default_rng(seed + 1).permutation(y)
    assert manifold_values(x, y) == pytest.approx(manifold_values(x, shuffled))
    assert frechet(x, y) == pytest.approx(frechet(x, shuffled), rel=1e-6, abs=1e-6 * x.var(0).sum())
    biggest = (np.abs(np.concatenate([x, y])).max() ** 2 + 1) ** 3
    assert kid(x, y).value == pytest.approx(kid(x, shuffled).value, abs=1e-9 * biggest)


@settings(deadline=None, max_examples=60)
@given(features(), st.integers(1, 19))
def test_moments_add_across_shards(x, cut):
    whole, parts = Moments.of(x), Moments.of(x[:cut]) + Moments.of(x[cut:])
    assert parts.n == whole.n
    np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(parts.outer, whole.outer, rtol=1e-9, atol=1e-9 * np.abs(whole.outer).max())
