"""docs/performance.md is what its figures give, and nothing else."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("performance_page", ROOT / "benchmarks/performance_page.py")
assert spec is not None
assert spec.loader is not None
performance_page = importlib.util.module_from_spec(spec)
spec.loader.exec_module(performance_page)


def test_the_page_is_what_its_figures_give():
    """`python benchmarks/performance_page.py` writes it."""
    page = (ROOT / "docs/performance.md").read_text("utf-8")
    assert page == performance_page.page(ROOT / "docs/performance")


def test_every_part_of_the_form_is_on_the_page():
    rows = [["a|b", 1_000, 0.12345], ["c", None, 1234.5], ["d", 7, 0.5]]
    table = {"caption": "A table", "columns": ["name", "count", "s"], "rows": rows}
    text = performance_page.section(performance_page.record("Title", "A question?", [table], ["A note."]))
    for part in ("## Title", "**A question?**", "benchmarks/", "processor ", "torch ", "*A table*", "- A note."):
        assert part in text
    assert "| name | count | s |\n| --- | --: | --: |\n" in text
    assert "| a\\|b | 1,000 | 0.123 |\n| c |  | 1,234 |\n| d | 7 | 0.500 |" in text
