"""What is said of a file that was left out."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A file that was left out: its name relative to the source, why in plain words, and what mends it."""

    file: str
    reason: str
    remedy: str
