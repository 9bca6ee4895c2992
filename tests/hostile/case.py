"""What an entry of the corpus is: how it is made, and what must come of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Case:
    """One damaged, odd or hostile input.

    `make` writes it into a folder, or changes what is there, and returns what the user would name. Where it is
    `refused` that is a word of the sentence that says so; else `read` pictures or rows come of it, and of the files
    `left_out` are named with a reason.
    """

    make: Callable[[Path], Any]
    refused: str = ""
    read: int = 0
    left_out: int = 0
