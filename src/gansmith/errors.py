"""What went wrong, why, and the command that mends it."""

from collections.abc import Iterable

MOST_LISTED = 40


class GansmithError(Exception):
    """A failure the user can mend. `str(error)` is one sentence; `remedy` is what to do or to type.

    `exit_code` is what the command line ends with: 2 usage, 3 bad data, 4 diverged or collapsed.
    """

    exit_code = 2

    def __init__(self, message: str, remedy: str = ""):
        super().__init__(message)
        self.remedy = remedy


class UsageError(GansmithError):
    """An option, name or path that cannot be used."""

    exit_code = 2


class DataError(GansmithError):
    """A data set or file that cannot be used."""

    exit_code = 3


class TrainingError(GansmithError):
    """A training that diverged and could not be recovered."""

    exit_code = 4


def listed(names: Iterable[str]) -> str:
    """Return names side by side; of many the first, and how many more there are."""
    names = list(names)
    left = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {left:,} more" if left > 0 else "")
