"""Pages from the package's templates: HTML is escaped, and asks nothing of the network when opened."""

import functools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template_name: str, **values: Any) -> str:
    """Fill `templates/<template_name>` with `values`.

    Values are escaped in .html templates; one that the template uses and `values` lacks raises jinja2.UndefinedError.
    Filters beside Jinja's own: `count` (4,812), `figure` (three significant digits), `duration` (1 h 50 min).
    """
    return _environment().get_template(template_name).render(**values)


@functools.cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),  # a Markdown card shows an ampersand as it is
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": count, "figure": figure, "duration": duration}
    return environment


def count(value: float) -> str:
    """Write a whole number with thousands separated: 4,812."""
    return f"{round(value):,}"


def figure(value: object) -> str:
    """Write a number with three significant digits, without an exponent where one is not needed; other values as is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    if isinstance(value, int) or (math.isfinite(value) and abs(value) >= 1000):
        return count(value)
    return f"{value:#.3g}".rstrip(".") if math.isfinite(value) else str(value)


def duration(seconds: float) -> str:
    """Write seconds in the two largest units: 42 s, 3 min 20 s, 1 h 50 min, 2 d 4 h."""
    whole = round(seconds)
    for size, unit, part_size, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // part_size
            return f"{whole // size} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{whole} s"
