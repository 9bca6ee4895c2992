"""Rows survive the way to the nets and back, and whatever a net makes of them is a row that could be in the table."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gansmith.data.codecs.table import TableCodec
from gansmith.data.table import Column, TableData

COLOURS = ("blue", "green", "red")
numbers = st.floats(-1e12, 1e12, allow_subnormal=False)


@st.composite
def tables(draw):
    n = draw(st.integers(2, 40))
    whole = draw(npst.arrays(np.int64, n, elements=st.integers(-(10**12), 10**12)))
    real = draw(npst.arrays(np.float64, n, elements=numbers))
    price = draw(npst.arrays(np.int64, n, elements=st.integers(0, 500))) / 100
    colour = draw(npst.arrays(np.int64, n, elements=st.integers(0, 2)))
    columns = (
        Column("whole", "integer"),
        Column("real", "real"),
        Column("price", "real"),
        Column("colour", "category", COLOURS),
    )
    labels = np.arange(n) % 2
    return TableData(columns, np.stack([whole, real, price, colour], 1), labels, ("a", "b"), "label", "made up")


@given(tables())
@settings(deadline=None)
def test_decode_of_encode_is_identity(table):
    codec = TableCodec.fit(table)
    encoded = codec.encode(table.values)
    assert encoded.dtype == torch.float32
    assert encoded.shape == (len(table), *codec.spec.shape) == (len(table), 6)
    assert encoded.abs().max() <= 1
    np.testing.assert_array_equal(codec.decode(encoded), table.values)


@given(tables(), st.integers(0, 2**32))
@settings(deadline=None)
def test_any_tensor_decodes_to_a_possible_row(table, seed):
    codec = TableCodec.fit(table)
    made = 3 * torch.randn(50, 6, generator=torch.Generator().manual_seed(seed))
    made[0] = float("nan")
    rows = codec.decode(made)
    numeric = table.values[:, :3]
    assert (rows[:, :3] >= numeric.min(0)).all()
    assert (rows[:, :3] <= numeric.max(0)).all()
    assert (rows[:, 0] == np.round(rows[:, 0])).all()
    assert (rows[:, 2] == np.round(rows[:, 2], 2)).all()
    assert set(rows[:, 3]) <= {0, 1, 2}


def test_ranks_are_spread_evenly_and_shared_values_own_their_share():
    values = np.array([[0.0]] * 30 + [[x] for x in np.geomspace(1, 1e6, 70)])
    table = TableData((Column("x", "real"),), values, np.arange(100) % 2, ("a", "b"), "label", "made up")
    codec = TableCodec.fit(table)
    encoded = codec.encode(values)[:, 0]
    assert abs(float(encoded.mean())) < 0.01
    assert 0.5 < float(encoded.std()) < 0.65  # a uniform distribution on [-1, 1] has 0.577
    even = codec.decode(torch.linspace(-1, 1, 1001)[:, None])
    assert abs((even == 0).mean() - 0.3) < 0.01
    assert len(np.unique(even)) > 600  # and between the others it is interpolated


def test_what_was_not_seen_is_taken_for_the_outermost():
    values = np.array([[1.0], [2.0], [5.0]])
    table = TableData((Column("x", "integer"),), values, np.array([0, 1, 0]), ("a", "b"), "label", "made up")
    codec = TableCodec.fit(table)
    np.testing.assert_array_equal(codec.decode(codec.encode(np.array([[-7.0], [99.0]]))), [[1], [5]])
