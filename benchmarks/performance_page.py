"""What benchmarks measured: the form they write it in, and the page docs/performance.md that is made of it.

    python benchmarks/performance_page.py

Each benchmark leaves one JSON object in docs/performance/: `title`, `question`, `command`, `machine` (name to value),
`date`, `tables` (each `caption`, `columns`, `rows` of plain values) and `notes`. No figure of the page is typed.
"""

import json
import platform
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs"
HEAD = """# Performance

What training, sampling and judging cost, and how that grows. Every table is written by the benchmark named above it;
`python benchmarks/performance_page.py` makes this page of what they left in `docs/performance/`.
"""
EMPTY = "\nNothing is measured yet: `python benchmarks/growth.py --json docs/performance/growth.json` begins.\n"


def record(title: str, question: str, tables: Sequence[Mapping[str, Any]], notes: Sequence[str]) -> dict[str, Any]:
    """Put tables into the form, with the command that is running, this machine and today's date."""
    import torch

    from gansmith import __version__, machine

    gpu = {"gpu": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}
    about = {
        "processor": machine.processor(),
        "cores": machine.cores(),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "gansmith": __version__,
    } | gpu
    command = shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    what = {"title": title, "question": question, "command": command, "machine": about}
    return what | {"date": time.strftime("%Y-%m-%d"), "tables": list(tables), "notes": list(notes)}


def show(tables: Sequence[Mapping[str, Any]]) -> None:
    """Print tables."""
    for one in tables:
        print(f"\n{one['caption']}\n", *table(one["columns"], one["rows"]), sep="\n")


def keep(path: Path, title: str, question: str, tables: Sequence[Mapping[str, Any]], notes: Sequence[str] = ()) -> None:
    """Write tables in the form; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record(title, question, tables, notes), indent=1) + "\n")


def page(folder: Path) -> str:
    """Return the page of every JSON file in `folder`, by name."""
    parts = [section(json.loads(path.read_text("utf-8"))) for path in sorted(folder.glob("*.json"))]
    return HEAD + ("".join(parts) or EMPTY)


def section(found: Mapping[str, Any]) -> str:
    """Return what one benchmark found as a section in Markdown."""
    about = ", ".join(f"{name} {value}" for name, value in found["machine"].items())
    lines = ["", f"## {found['title']}", "", f"**{found['question']}**", ""]
    lines += ["```", found["command"], "```", "", f"{found['date']}; {about}."]
    for one in found["tables"]:
        lines += ["", f"*{one['caption']}*", "", *table(one["columns"], one["rows"])]
    if found["notes"]:
        lines += ["", *(f"- {note}" for note in found["notes"])]
    return "\n".join(lines) + "\n"


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return the lines of a Markdown table; numbers stand to the right."""
    right = [all(isinstance(row[k], int | float | None) for row in rows) for k in range(len(columns))]
    lines = [columns, ["--:" if number else "---" for number in right], *([cell(v) for v in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def cell(value: Any) -> str:
    """Write a whole number in full, another to three digits, text as it is."""
    if value is None:
        return ""
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|")
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}".rstrip(".")


def main() -> None:
    """Write docs/performance.md."""
    (DOCS / "performance.md").write_text(page(DOCS / "performance"), "utf-8")


if __name__ == "__main__":
    main()
