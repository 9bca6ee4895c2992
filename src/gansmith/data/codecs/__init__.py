"""Codecs, one per medium: raw samples to the tensors that nets see, and back."""

from typing import Protocol, TypeVar

from torch import Tensor

Raw = TypeVar("Raw")


class Codec(Protocol[Raw]):
    """`decode(encode(raw))` is `raw`; tensors lie in [-1, 1]. A module with two functions is a codec."""

    def encode(self, raw: Raw, /) -> Tensor:
        """Return the tensor [n, channels, ...] that nets see."""
        ...

    def decode(self, tensor: Tensor, /) -> Raw:
        """Return raw samples; values outside [-1, 1] are clamped."""
        ...
