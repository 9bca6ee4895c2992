"""What a study of pictures and one of tables ask of seeds and minutes alike."""

import math

from gansmith.errors import UsageError

MARGIN = 1.25  # of the minutes that are advised: the next call measures anew, and may find the machine busier


def check_seeds(seeds: int) -> None:
    """Raise UsageError for so few seeds that nothing tells how far others would be."""
    if seeds < 2:
        raise UsageError(f"{seeds} seed gives no interval", "take 5 or more")


def too_few(minutes: float, seeds: int, least: float, parts: int = 1) -> UsageError:
    """Say that a study takes `least` minutes at least, and advise some more, in whole `parts` of a minute."""
    advised = math.ceil(parts * MARGIN * least) / parts
    return UsageError(f"--minutes {minutes:g} is too few for {seeds} seeds", f"give it --minutes {advised:g}")
