"""What the user sees of a run: a live line on a terminal, one plain line a tick elsewhere, or NDJSON."""

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Literal, TextIO

from gansmith.train.monitor import suspicions

if TYPE_CHECKING:
    from gansmith.train.fit import Logs
    from gansmith.train.state import State

Mode = Literal["auto", "plain", "json", "quiet"]
REFRESH = 0.25  # seconds between redraws of the live line


class Display:
    """Shows notes, rounds and ticks. `json` writes rows to stdout and notes to stderr; `quiet` writes nothing."""

    def __init__(self, mode: Mode = "auto", out: TextIO | None = None):
        self.mode, self.out = mode, out or sys.stdout
        self.live = mode == "auto" and self.out.isatty()
        self._window: list[tuple[float, int]] = []
        self._tick: dict[str, float] = {}
        self._health = ""
        self._shown = 0.0

    def note(self, line: str) -> None:
        """Show one line that stays."""
        if self.mode == "json":
            print(line, file=sys.stderr, flush=True)
        elif self.mode != "quiet":
            self._erase()
            self._put(line + "\n")

    def event(self, kind: str, **values: Any) -> None:
        """Write one NDJSON row, where that is the mode."""
        if self.mode == "json":
            self._put(json.dumps({"event": kind} | values) + "\n")

    def round(self, state: "State", logs: "Logs") -> None:
        """Hook: redraw the live line."""
        now = time.perf_counter()
        self._window = [*self._window[-40:], (now, state.images)] if self.live else [(now, state.images)]
        if self.live and now - self._shown > REFRESH:
            self._shown = now
            self._put("\r\x1b[K" + self.line(state, logs)[: _columns()])

    def tick(self, state: "State", logs: "Logs") -> None:
        """Hook: show the row of this tick."""
        self._tick = {name: logs[name] for name in ("kid", "diversity") if name in logs}
        self._health = ", ".join(f"! {kind}" for kind in suspicions(state.watched)) or "ok"
        row = {name: float(f"{value:.6g}") for name, value in logs.items()}
        self.event("tick", step=state.step, images=state.images, seconds=round(state.seconds, 2), **row)
        if (self.mode == "auto" and not self.live) or self.mode == "plain":
            self._put(self.line(state, logs) + "\n")

    def close(self) -> None:
        """End the live line."""
        self._erase()

    def line(self, state: "State", logs: "Logs") -> str:
        """Compose: images, bar, share, speed, time left, losses a player, quality."""
        total = state.length
        filled = int(20 * state.progress)
        bar = "━" * filled + ("╸" + " " * (19 - filled) if filled < 20 else "")
        left = state.seconds / max(state.progress, 1e-9) * (1 - state.progress)
        if state.run.minutes:
            left = min(left, 60 * state.run.minutes - state.seconds)
        parts = [
            f"{_short(state.images)}/{_short(total)} {bar} {100 * state.progress:3.0f} %",
            f"img/s {self._rate(state):,.0f}",
            f"eta {_clock(left)}",
            *(f"{player} {value:.2f}" for player, value in _by_player(logs).items() if player != "gradient"),
        ]
        if state.best and self._tick:
            parts.append(
                f"kid {self._tick['kid']:.4g} best {state.best['kid']:.4g}@{_short(int(state.best['images']))}"
            )
            parts.append(f"diversity {self._tick['diversity']:.2f} {self._health}")
        return "  ".join(parts)

    def _rate(self, state: "State") -> float:
        if len(self._window) > 1:
            (t0, n0), (t1, n1) = self._window[0], self._window[-1]
            if t1 > t0:
                return (n1 - n0) / (t1 - t0)
        return state.images / max(state.seconds, 1e-9)

    def _erase(self) -> None:
        if self.live:
            self._put("\r\x1b[K")

    def _put(self, text: str) -> None:
        """Write; where nobody reads any more, as behind `head`, the run goes on in silence."""
        try:
            self.out.write(text)
            self.out.flush()
        except BrokenPipeError:
            self.mode, self.live = "quiet", False


def _by_player(logs: "Logs") -> dict[str, float]:
    sums: dict[str, float] = {}
    for name, value in logs.items():
        player, slash, _ = name.partition("/")
        if slash:
            sums[player] = sums.get(player, 0.0) + value
    return sums


def _short(n: int) -> str:
    return f"{n / 1e6:.3g}M" if n >= 1e6 else f"{n / 1e3:.4g}k" if n >= 1e3 else str(n)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns - 1
