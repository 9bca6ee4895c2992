"""Every family has a recipe, and its command is its call."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from recipes import families
from recipes.__main__ import METRICS, measured

import gansmith
from gansmith import api, catalog, cli

ROOT = Path(__file__).parents[2]


class Called(BaseException):
    """Training was called: this is with what. No error that the command line would report."""


def call_of(play, monkeypatch):
    """Return the GAN, and the settings that a recipe has, of the training that `play` would begin."""

    def train(data, gan, *, options=None, **settings):
        raise Called(catalog.create(gan, options or {}), {name: settings[name] for name in ("minutes", "threads")})

    for module in (gansmith, api):
        monkeypatch.setattr(module, "train", train)
    with pytest.raises(Called) as caught:
        play()
    return caught.value.args


@pytest.mark.parametrize("name", catalog.GANS)
def test_the_command_of_a_recipe_is_its_call(name, monkeypatch):
    recipe = getattr(families, name)
    paper, command = (part.strip() for part in recipe.__doc__.strip().split("\n\n"))
    assert re.search(r", \d{4}, (arXiv:\d{4}\.\d{4,5}|\S+)", paper)
    words = shlex.split(command)
    assert words[:3] == ["gansmith", "train", families.DATA]
    typed = call_of(lambda: cli.main(["train", "digits", *words[3:]]), monkeypatch)
    assert call_of(recipe, monkeypatch) == typed
    assert catalog.name_of(typed[0]) == name


@pytest.mark.slow
def test_a_recipe_is_played_judged_and_written_down(tmp_path):
    words = ["vanilla", "--minutes", "0.02", "--data", "digits", "--samples", "200", "--out", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-m", "recipes", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    row = measured(tmp_path)["vanilla"]
    assert (tmp_path / "vanilla.png").is_file()
    assert {row["data"], row["minutes"], row["samples"]} == {"digits", 0.02, 200}
    assert all(row[metric]["floor"] is not None for metric in METRICS)
    assert done.stdout.startswith("vanilla ")
    assert f"fd {row['fd']['value']:.3f}" in done.stdout
