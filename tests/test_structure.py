"""The rules of the house that no linter knows: names, sizes, docstrings, directions of import, and the map of it."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src/gansmith"
MODULES = sorted(PACKAGE.rglob("*.py"))
EMPTY_NAMES = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}
MOST_LINES = 400
MOST_FUNCTION_LINES = 60
MOST_BYTES = 2_000_000


def project_files():
    """Paths of what is in version control or would be with the next `git add`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def python_files():
    return [path for path in project_files() if path.suffix == ".py"]


def show(path):
    return str(path.relative_to(ROOT))


def listed(lines):
    return "\n" + "\n".join(sorted(lines))


def test_no_file_has_an_empty_name():
    empty = [show(path) for path in python_files() if path.name in EMPTY_NAMES]
    assert not empty, listed(empty)


def test_no_large_file_is_tracked():
    large = [show(path) for path in project_files() if path.stat().st_size > MOST_BYTES]
    assert not large, listed(large)


def test_every_file_says_what_it_is():
    silent = [show(path) for path in python_files() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert not silent, listed(silent)


def test_files_stay_small():
    lengths = {path: path.read_text("utf-8").count("\n") for path in MODULES}
    long = [f"{show(path)}: {lines} lines" for path, lines in lengths.items() if lines > MOST_LINES]
    assert not long, listed(long)


def test_functions_stay_small():
    long = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_FUNCTION_LINES:
                    long.append(f"{show(path)}:{node.lineno}: {node.name} has {lines} lines")
    assert not long, listed(long)


def test_imports_keep_their_directions():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def places_on_the_map():
    """What docs/house.md names as the first thing of a list item: `data/` or `data/spec.py`."""
    text = (ROOT / "docs/house.md").read_text("utf-8")
    return set(re.findall(r"^\s*- `([^`]+)`", text, re.MULTILINE))


def test_the_map_of_the_house_names_every_room(places_on_the_map):
    folders = {path.parent for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    rooms = {f"{path.relative_to(PACKAGE)}/" for path in folders - {PACKAGE}}
    modules = {str(path.relative_to(PACKAGE)) for path in MODULES if not path.name.startswith("_")}
    unnamed = (rooms | modules) - places_on_the_map
    assert not unnamed, "say in docs/house.md what these are for:" + listed(unnamed)


def test_the_map_of_the_house_names_no_room_that_is_gone(places_on_the_map):
    gone = [place for place in places_on_the_map if not (PACKAGE / place).exists()]
    assert not gone, listed(gone)


def test_the_reference_shows_every_part_that_a_gan_is_built_from():
    pages = "".join(path.read_text("utf-8") for path in (ROOT / "docs/reference").glob("*.md"))
    parts = [path for room in ("gans", "losses", "nets") for path in (PACKAGE / room).glob("[!_]*.py")]
    missing = [show(path) for path in parts if f"automodule:: gansmith.{path.parent.name}.{path.stem}\n" not in pages]
    assert not missing, listed(missing)
