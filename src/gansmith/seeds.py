"""Stateless randomness: every draw is a function of (seed, where it is used), never of a live generator.

This is why a resumed run equals an uninterrupted one, and why sample i is the same in any batch.
"""

import zlib

import numpy as np
import torch


def derive(seed: int, stream: str, *index: int) -> int:
    """Mix `seed`, a named stream and non-negative integers into one 63-bit seed (NumPy's SeedSequence)."""
    entropy = [int(seed) & 0xFFFFFFFFFFFFFFFF, zlib.crc32(stream.encode()), *index]
    return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> 1)


def generator(seed: int, stream: str, *index: int) -> torch.Generator:
    """Return a CPU generator that stands at the start of stream (seed, stream, *index)."""
    return torch.Generator().manual_seed(derive(seed, stream, *index))
