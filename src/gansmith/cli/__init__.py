"""The command line: parse, call, print. Whatever needs torch is imported inside the verb that needs it."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Sequence

from cyclopts import CycloptsError

from gansmith import machine
from gansmith.cli import arguments, terminal
from gansmith.cli.app import AsJson, app
from gansmith.errors import GansmithError, UsageError

__all__ = ["app", "main"]


@app.command
def doctor(*, as_json: AsJson = False) -> None:
    """Say what this machine has, what is missing, and the command that adds it."""
    from gansmith import doctor as examination

    checks = examination.examine()
    print(examination.to_json(checks) if as_json else examination.to_text(checks))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 well, 2 usage, 3 bad data, 4 diverged, 130 interrupted and saved.

    Of several processes that torchrun started the first one speaks; the others say only what goes wrong.
    """
    if not machine.torchrun("RANK", 0):
        return _run(argv)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        return _run(argv)


def _run(argv: Sequence[str] | None) -> int:
    words = arguments.plain_dashes(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    if argv is None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a `kill` tidies up as Ctrl-C does
    try:
        words = arguments.expand_config([word for word in words if word != "--debug"])
        if machine.torchrun("WORLD_SIZE", 1) > 1 and words[:1] not in (["train"], ["resume"]):
            raise UsageError("several processes can only train together", "start any other command without torchrun")
        return app(words, exit_on_error=False, print_error=False, result_action="return_value") or 0
    except CycloptsError as error:
        return terminal.fail(*arguments.misunderstood(error, app, words), 2)
    except GansmithError as error:
        if debug:
            raise
        return terminal.fail(str(error), error.remedy, error.exit_code)
    except KeyboardInterrupt:
        return terminal.fail("interrupted; what was not saved is lost", "", 130)
    except BrokenPipeError:
        return 0
    except Exception as error:
        if debug:
            raise
        name = type(error).__name__
        remedy = "the same command with --debug shows where; please report it"
        return terminal.fail(f"unexpected {name}: {error}", remedy, 1)


# Each of these adds its verbs to `app`; --help lists them in this order.
from gansmith.cli import data, training, runs, models, latents, augment  # noqa: E402, F401, I001
