"""What a run was trained on, as words of the command line."""

from pathlib import Path
from typing import Any

from gansmith import runs
from gansmith.studio import jobs
from gansmith.studio.problems import Conflict

USUAL_FIT = "crop"


def described(config: dict[str, Any]) -> dict[str, Any]:
    """Return what a config says of its data; nothing where that is no table."""
    data = config.get("data")
    return data if isinstance(data, dict) else {}


def source(run: Path, remedy: str) -> str:
    """Return the data that a run names; Conflict with `remedy` where it names none, or what a command cannot take."""
    found = described(runs.read_config(run)).get("source")
    if not isinstance(found, str) or not found or not jobs.names_data(found):
        raise Conflict(f"{run.name} does not say what it was trained on", remedy)
    return found


def reading(run: Path) -> dict[str, Any]:
    """Return how a run read its data as options that are not as usual: fit, mode, label, limit, and size as 96x64."""
    data = described(runs.read_config(run))
    size, fit = data.get("size"), data.get("fit")
    typed = "x".join(str(side) for side in reversed(size)) if isinstance(size, list) else size
    own = {name: data.get(name) for name in ("mode", "label", "limit")}
    return {"fit": None if fit == USUAL_FIT else fit, **own, "size": typed}
