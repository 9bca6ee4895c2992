"""All verbs together, each added to the application by the file that it stands in."""

from gansmith.cli.app import AsJson, app

__all__ = ["app"]


@app.command
def doctor(*, as_json: AsJson = False) -> None:
    """Say what this machine has, what is missing, and the command that adds it."""
    from gansmith import doctor as examination

    checks = examination.examine()
    print(examination.to_json(checks) if as_json else examination.to_text(checks))


# Each of these adds its verbs to `app`; the front page lists them in this order.
from gansmith.cli import data, training, runs, models, latents, augment, studio  # noqa: E402, F401, I001
