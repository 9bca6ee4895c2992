"""The examples in the documentation run: every Python block under `<!-- run -->`, page by page, in an empty folder."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^<!-- run -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = {
    path.stem: blocks for path in sorted(ROOT.glob("docs/*.md")) if (blocks := BLOCK.findall(path.read_text("utf-8")))
}


def test_the_pages_with_examples_are_found():
    assert {"add_a_gan", "quickstart"} <= set(PAGES)
    assert len(PAGES["add_a_gan"]) == 4


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_examples_run(page, tmp_path):
    script = tmp_path / f"{page}.py"
    script.write_text("\n\n".join(PAGES[page]), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list((tmp_path / "out").glob("*.png")), "every page ends with pictures"
