"""What answers a loss or a weight that is not finite: back to the last good moment, other noise, a lower rate."""

import json
import time
from pathlib import Path
from typing import Any

from gansmith.errors import TrainingError
from gansmith.train import checkpoint
from gansmith.train.state import State

PATIENCE = 4
"""Recoveries from one checkpoint before the run gives up."""


class Guard:
    """Rolls a state back after a failure, a bounded number of times, and writes each into alerts.jsonl."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._last, self._tries = -1, 0

    def recover(self, state: State, error: ArithmeticError) -> None:
        """Load the last good checkpoint into `state` with other noise, and from the second time on half the rate.

        Raises TrainingError when this has not helped `PATIENCE` times, or when there is no checkpoint.
        """
        failed_at, evidence = state.images, getattr(error, "evidence", {})
        good = checkpoint.newest(self.folder / "state")
        if good is None:
            raise TrainingError(f"{error}; and there is no checkpoint to go back to", self._remedy())
        attempt, scale = state.attempt + 1, state.rate_scale
        state.load(good.tensors, good.counters)
        self._tries = self._tries + 1 if state.images == self._last else 1
        self._last = state.images
        if self._tries > PATIENCE:
            self.alert("stopped", state.images, f"{error}; {PATIENCE} recoveries did not help", evidence)
            raise TrainingError(f"the training diverges: {error}; {PATIENCE} recoveries did not help", self._remedy())
        state.attempt = attempt
        state.rate_scale = scale * (0.5 if self._tries > 1 else 1.0)
        message = f"{error}; rolled back to {state.images:,} pictures, other noise, rate x {state.rate_scale:g}"
        self.alert("rollback", failed_at, message, evidence | {"try": self._tries, "from": good.path.name})

    def alert(self, kind: str, images: int, message: str, evidence: dict[str, Any] | None = None) -> None:
        """Append one line to alerts.jsonl."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        row = {"time": now, "images": images, "kind": kind, "message": message, "evidence": evidence or {}}
        with (self.folder / "alerts.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")

    def _remedy(self) -> str:
        return f"the best model so far is in {self.folder / 'best'}; train again with a lower --lr"
