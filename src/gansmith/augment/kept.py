"""What a study keeps in its folder, and whether one may go on there."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from gansmith.errors import DataError, UsageError


def read_kept(path: Path) -> dict[str, Any]:
    """Return what a JSON file holds, nothing where there is none; DataError where it cannot be read as JSON."""
    try:
        return json.loads(path.read_text())
    except OSError:
        return {}
    except ValueError:
        remedy = "delete it: the same command makes it again from the cells beside it"
        raise DataError(f"{path} is not readable as JSON", remedy) from None


def settings_to_go_on_with(folder: Path, settings: dict[str, Any], measured: Collection[str]) -> dict[str, Any]:
    """Return the settings that the study in `folder` began with, `settings` themselves where there is none.

    Names in the plan that are `measured` may differ: a study goes on though the machine is busier now. Raises
    UsageError where anything else does.
    """
    before = read_kept(folder / "study.json").get("settings")
    if before is None:
        return settings
    was, now = _asked(before, measured), _asked(settings, measured)
    if differ := sorted(name for name in was | now if was.get(name) != now.get(name)):
        what = f"{folder} holds another study ({', '.join(differ)} differ)"
        raise UsageError(what, "name another --out, or delete it")
    return before


def _asked(settings: dict[str, Any], measured: Collection[str]) -> dict[str, Any]:
    return settings | {"plan": {name: value for name, value in settings["plan"].items() if name not in measured}}
