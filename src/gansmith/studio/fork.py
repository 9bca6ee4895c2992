"""A fork: a new training of a run's GAN on its data, which begins with the weights of its model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gansmith import catalog, runs
from gansmith.errors import UsageError
from gansmith.studio import jobs, trained_on
from gansmith.studio.new_run import Value, known_settings

BUDGETS = ("minutes", "images", "epochs")


def fork_words(run: Path, model: Path, changes: Mapping[str, Value]) -> list[str]:
    """Return the words of `gansmith train` for a fork of `run`, some settings changed.

    Raises UsageError for a setting that there is not, Conflict where the run does not say what it was trained on.
    """
    config = runs.read_config(run)
    name, source = str(config["gan"]["name"]), trained_on.source(run, f"gansmith train DATA --from {model}")
    settings = {"gan": name} | _gan(config["gan"]) | trained_on.reading(run) | _training(config["run"], changes)
    settings |= changes
    known = known_settings(name)
    for word in settings:
        if word not in known:
            raise UsageError(f"there is no option {word!r}", catalog.did_you_mean(word, known))
    return [
        "train",
        source,
        *(word for key in known for word in jobs.option(key, settings.get(key))),
        "--from",
        str(model),
    ]


def _gan(gan: Mapping[str, Any]) -> dict[str, Value]:
    """Return the hyper-parameters that differ from the GAN's own; the nets have to fit the weights."""
    usual = catalog.to_config(catalog.from_config({"name": gan["name"]}))
    other = {key: value for key, value in gan.items() if key != "name" and value != usual.get(key)}
    return {key: value for key, value in other.items() if isinstance(value, str | int | float)}


def _training(planned: Mapping[str, Any], changes: Mapping[str, Value]) -> dict[str, Value]:
    """Return batch, mirroring, kinds and, where no other budget is named, the budget that the run was given."""
    kept = {key: planned.get(key) for key in ("batch", "mirror", "kinds")}
    if any(budget in changes for budget in BUDGETS):
        return kept
    budget = "minutes" if planned.get("minutes") else "images"
    return kept | {budget: planned.get(budget)}
