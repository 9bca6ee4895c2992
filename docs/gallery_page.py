"""The gallery, written when the docs are built: each family from its own docstring, its losses and a real run."""

import inspect
import json
import sys
import textwrap
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))  # where the recipes are
METRICS = ("fd", "precision", "recall", "density", "coverage")
HEAD = """# Gallery

The families of the catalog: each idea in the words of its file, the losses as they stand there, and what each made of
{data} in {minutes:g} min of processor time on one thread: a beginning, far from what any of them can do. The command of
each is its recipe, `python -m recipes NAME` plays and measures it again; this page is put together from what recipes
gave when the docs are built.

Equal minutes are not equal justice: a family that takes longer for a round sees fewer pictures, and one that grows, or
maps its latents first, begins later. For what each figure
means see [what each figure tells](judging.md).
"""


def write_gallery(app=None) -> None:
    """Write `gallery.md` from the catalog and `gallery/figures.json`."""
    from gansmith.catalog import GANS

    figures = json.loads((FOLDER / "gallery" / "figures.json").read_text())
    shown = [name for name in GANS if name in figures]
    parts = [
        HEAD.format(**figures[shown[0]]),
        table(figures, shown),
    ]
    if waiting := [name for name in GANS if name not in figures]:
        parts.append(f"In the catalog and not measured here yet: {', '.join(waiting)}.\n")
    parts += [family(name, GANS[name], figures[name]) for name in shown]
    page, text = FOLDER / "gallery.md", "\n".join(parts)
    if not page.is_file() or page.read_text() != text:
        page.write_text(text)


def table(figures: dict, names: list[str]) -> str:
    """Return all families, best Frechet distance first, under the floor."""
    rows = sorted(names, key=lambda name: figures[name]["fd"]["value"])
    lines = ["| family | " + " | ".join(METRICS) + " | img/s | pictures | parameters |", "|---|" + "---:|" * 8]
    best = figures[rows[0]]
    lines.append("| *floor* | " + " | ".join(f"*{best[metric]['floor']:.3g}*" for metric in METRICS) + " | | | |")
    for name in rows:
        row = figures[name]
        values = " | ".join(f"{row[metric]['value']:.3g}" for metric in METRICS)
        size = f"{row['img/s']:,.0f} | {row['images']:,} | {row['parameters'] / 1e6:.2f}M"
        lines.append(f"| [{name}](#family-{name}) | {values} | {size} |")
    nets = ", ".join(sorted({figures[name]["net"] for name in names}))
    machines = "; ".join(sorted({figures[name]["machine"] for name in names}))
    note = f"{best['samples']:,} samples each, features of {nets}; {machines}. One seed: small differences are chance."
    return "\n".join([*lines, "", note, ""])


def family(name: str, cls: type, row: dict) -> str:
    """Return one family: story, losses, score, pictures."""
    story = "\n\n".join(narrow(part) for part in (sys.modules[cls.__module__].__doc__ or "").strip().split("\n\n"))
    losses = [inspect.getsource(value) for key, value in vars(cls).items() if key.startswith("loss")]
    code = textwrap.dedent("\n".join(losses)).strip()
    fd, coverage = row["fd"], row["coverage"]["value"]
    low, high = fd["interval"]
    score = f"fd {fd['value']:.3g} ({low:.3g} to {high:.3g}; floor {fd['floor']:.3g}), coverage {coverage:.3g}"
    return f"""
(family-{name})=
## {name}

```text
{story}
```

```python
{code}
```

```sh
{recipe(name)}
```

![{name}: the same seeds at four moments, and 64 at the end](gallery/{name}.png)

Four moments of the same seeds, then 64 at the end: {score}, {row["img/s"]:,.0f} img/s.
"""


def recipe(name: str) -> str:
    """Return the command of a family's recipe."""
    from recipes import families

    return (getattr(families, name).__doc__ or "").strip().split("\n\n")[1].strip()


def narrow(paragraph: str) -> str:
    """Wrap prose to what the page shows without scrolling; what is indented is a command and stays."""
    return paragraph if paragraph.startswith("    ") else textwrap.fill(paragraph, 80)
