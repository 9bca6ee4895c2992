"""What a critic is shown in place of samples."""

import pytest
import torch

from gansmith.nets.sharpen import sharpen


@pytest.mark.parametrize("size", [(9,), (8, 7), (5, 4, 6)])
def test_what_is_even_stays_and_a_single_value_grows(size):
    even = torch.full((2, 3, *size), 0.3)
    inside = (slice(None), slice(None), *[slice(1, -1)] * len(size))
    torch.testing.assert_close(sharpen(even, 3.0)[inside], even[inside])
    point = torch.zeros(1, 2, *size)
    middle = (0, 1, *[side // 2 for side in size])
    point[middle] = 1.0
    seen = sharpen(point, 3.0)
    assert seen[middle] == pytest.approx(1 + 3 * (1 - 3.0 ** -len(size)))
    assert seen.sum() == pytest.approx(1, abs=1e-5)  # what it gains its neighbours lose
    assert not seen[0, 0].any()  # channels do not meet


def test_the_finest_detail_weighs_so_many_times_more():
    board = torch.tensor([1.0, -1.0]).repeat(8).view(1, 1, 1, 16) * torch.tensor([1.0, -1.0]).repeat(8).view(
        1, 1, 16, 1
    )
    seen = sharpen(board, 3.0)[..., 1:-1, 1:-1] / board[..., 1:-1, 1:-1]
    torch.testing.assert_close(seen, torch.full_like(seen, 4 - 3 / 9))


def test_samples_without_neighbours_and_no_amount_change_nothing():
    x = torch.randn(4, 3)
    assert sharpen(x, 3.0) is x
    x = torch.randn(4, 3, 5, 5)
    assert sharpen(x, 0.0) is x


def test_a_penalty_can_be_taken_at_it_in_any_precision():
    with torch.autocast("cpu", torch.bfloat16):
        seen = sharpen(torch.randn(2, 3, 8, 8).bfloat16(), 2.0)
    assert seen.dtype == torch.float32
