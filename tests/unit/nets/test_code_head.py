"""What reads codes from features."""

import torch

from gansmith.nets.code_head import CodeHead


def test_a_part_for_each_code():
    head = CodeHead(7, (10, 3), 2, width=8)
    assert [part.shape[1] for part in head(torch.randn(4, 7))] == [10, 3, 2, 2]
