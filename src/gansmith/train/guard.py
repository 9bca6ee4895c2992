"""What watches a training and answers trouble: back to the last good moment, more augmentation, a lower rate."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gansmith.errors import TrainingError
from gansmith.files import write_whole
from gansmith.game import GAN
from gansmith.runs import read_lines
from gansmith.train import checkpoint, monitor
from gansmith.train.fit import Halt, Hook, Logs
from gansmith.train.hooks import apart
from gansmith.train.state import State

PATIENCE = 4
"""Recoveries from one trouble before the run gives up."""
EVIDENCE = 6  # evaluations that an alarm shows
WATCHED = ("kid", "diversity", "coverage", "copies", "classes", "critic", "gradient/")


class Alarm(Exception):
    """The figures of two evaluations in a row show trouble of this `kind`."""

    def __init__(self, kind: str, sentence: str, evidence: dict[str, Any]):
        super().__init__(sentence)
        self.kind, self.evidence = kind, evidence


class Guard:
    """Rolls a state back after trouble, a bounded number of times, and writes each into alerts.jsonl.

    What it remembers is part of the state: a run that is killed and resumed has the same alarms and gets the same
    answers.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]):
        self.folder, self.about = folder, about

    def recover(self, state: State, error: ArithmeticError | Alarm) -> str:
        """Load the last good checkpoint into `state`, answer the error, save that; return what was done.

        After an alarm that is the checkpoint of the last evaluation in good health, after a value that is not finite
        the newest. Raises TrainingError when this has not helped `PATIENCE` times, or without a checkpoint.
        """
        alarmed = isinstance(error, Alarm)
        failed_at, tries, attempt = state.images, state.tries + 1, state.attempt + 1
        evidence = getattr(error, "evidence", {}) | {"try": tries, "attempt": attempt}
        states = self.folder / "state"
        good = (checkpoint.newest(states, until=state.good_step) if alarmed else None) or checkpoint.newest(states)
        if good is None:
            raise TrainingError(f"{error}; and there is no checkpoint to go back to", self._remedy())
        if tries > PATIENCE:
            self.alert("stopped", failed_at, f"{error}; {PATIENCE} recoveries did not help", evidence)
            trouble = "cannot be kept in good health" if alarmed else "diverges"
            raise TrainingError(f"the training {trouble}: {error}; {PATIENCE} recoveries did not help", self._remedy())
        kept = {name: getattr(state, name) for name in ("seconds", "best", "rate_scale", "adapted")}
        state.load(good.tensors, good.counters | kept)
        state.attempt, state.tries, state.failed_at = attempt, tries, failed_at
        answer = f"rolled back to {state.images:,} pictures, other noise{_answer(state, alarmed)}"
        kind = error.kind if isinstance(error, Alarm) else "rollback"
        self.alert(kind, failed_at, f"{error}; {answer}", evidence | {"back_to_step": state.step})
        checkpoint.save(state, states, self.about, keep=state.good_step)
        checkpoint.forget_after(states, state.step)
        return answer

    def alert(self, kind: str, images: int, message: str, evidence: dict[str, Any] | None = None) -> None:
        """Append one line to alerts.jsonl."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        row = {"time": now, "images": images, "kind": kind, "message": message, "evidence": evidence or {}}
        with (self.folder / "alerts.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")

    def cut(self, state: State) -> None:
        """Drop alerts whose answer is not part of `state`: a resumed run raises them again."""
        path = self.folder / "alerts.jsonl"
        kept = [row for row in read_lines(path) if row.get("evidence", {}).get("attempt", 0) <= state.attempt]
        write_whole(path, "".join(json.dumps(row) + "\n" for row in kept))

    def _remedy(self) -> str:
        best = self.folder / "best"
        told = f"the best model so far is in {best}; " if best.is_dir() else ""
        return f"{told}train again with a lower --lr"


def watch(figures: Callable[[State], Mapping[str, float]]) -> Hook:
    """Add `figures` to those of this evaluation and remember them; a healthy moment is one to come back to.

    Where the end comes soon after a tick, it takes that one's place, as they are one witness, not two.
    """

    def hook(state: State, logs: Logs) -> None:
        logs |= figures(state)
        row = {name: value for name, value in logs.items() if name.startswith(WATCHED)}
        before = [past for past in state.watched if state.images - past["images"] >= apart(state)]
        state.watched = [*before, {"images": state.images} | row][-monitor.REMEMBERED :]
        if monitor.healthy(state.watched):
            state.good_step = state.step
            if state.images > state.failed_at:
                state.tries = 0

    return hook


def raise_alarm(state: State, logs: Logs) -> None:
    """Hook: raise `Alarm` where the last evaluations show trouble."""
    if found := monitor.alarm(state.watched):
        raise Alarm(*found, {"evaluations": state.watched[-EVIDENCE:]})


def stop_when_converged(state: State, logs: Logs) -> None:
    """Hook: end a run that was asked to end there once its figures say so."""
    if state.run.until == "converged" and state.progress < 1 and (why := monitor.converged(state.watched)):
        raise Halt(why)


def _answer(state: State, alarmed: bool) -> str:
    """Change what this try is to change, and say it: nothing, augmentation or restraints, then the rate."""
    if state.tries == 1:
        return ""
    if alarmed and state.tries == 2 and (raised := stronger(state.gan)):
        state.adapt(state.adapted | raised)
        return "".join(f", {name} {value:g}" for name, value in raised.items())
    state.rate_scale *= 0.5
    return f", rate x {state.rate_scale:g}"


def stronger(gan: GAN) -> dict[str, float]:
    """Return the fields that hold the critic back more: `augment`, at most 1, else `gan.restraints`, fourfold."""
    fields = vars(gan)
    if fields.get("augment", 1.0) < 1:
        return {"augment": min(1.0, fields["augment"] + 0.5)}
    return {name: 4 * fields[name] for name in gan.restraints if fields[name]}
