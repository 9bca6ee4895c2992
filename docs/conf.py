"""Sphinx configuration: Markdown pages, and a reference made from docstrings."""

import importlib.metadata
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from gallery_page import write_gallery

project = "gansmith"
author = copyright = "The gansmith developers"
version = release = importlib.metadata.version("gansmith")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
suppress_warnings = ["ref.python"]  # one name may stand in several modules, as `Problem` does where it is passed on

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = "gansmith"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_copy_source = False


def to_restructured_text(app, what, name, obj, options, lines):
    """Turn a docstring into what autodoc reads: `code`, `name: text` lines and indented examples keep their meaning."""
    blocks = re.split(r"\n\s*\n", "\n".join(lines))
    out, example = [], False
    for block in blocks:
        if block.startswith("    "):
            out += [block] if example else ["::", block]
            example = True
        else:
            block = escape(block)
            if re.fullmatch(r"(\w+: .*(\n\s+.*)*(\n|$))+", block):
                block = re.sub(r"^(?=\w+: )", ":", block, flags=re.MULTILINE)
            out.append(block)
            example = False
    lines[:] = "\n\n".join(out).split("\n")


def escape(text):
    """Mark code spans as literals and take the special meaning from everything else."""
    parts = re.split(r"`([^`]+)`", text)
    for index, part in enumerate(parts):
        if index % 2:
            parts[index] = f"``{part.strip()}``"
        else:
            part = re.sub(r"[\\*|]|(?<=\w)_(?!\w)", r"\\\g<0>", part)
            parts[index] = re.sub(r"^(?=\w)", r"\\ ", part) if index else part
    return "".join(parts)


def setup(app):
    """Connect the docstring reader."""
    app.connect("autodoc-process-docstring", to_restructured_text)
    app.connect("builder-inited", write_gallery)
