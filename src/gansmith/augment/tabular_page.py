"""The study of a table as one self-contained page, `study.html`."""

from pathlib import Path
from typing import Any

from gansmith import pages
from gansmith.files import write_whole


def write_page(folder: Path, told: dict[str, Any]) -> Path:
    """Write `study.html` beside `study.json` from what that holds."""
    settings = told["settings"]
    page = pages.render(
        "tabular_study.html", told=told, settings=settings, data=settings["data"], plan=settings["plan"]
    )
    return write_whole(folder / "study.html", page)
