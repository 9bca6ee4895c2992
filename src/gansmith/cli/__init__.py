"""The command line: parse, call, print. Whatever needs torch is imported inside the verb that needs it."""

import contextlib
import gc
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence

from gansmith import machine
from gansmith.cli import arguments, front_page, terminal
from gansmith.errors import GansmithError, UsageError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 well, 2 usage, 3 bad data, 4 diverged, 130 interrupted and saved.

    Of several processes that torchrun started the first one speaks; the others say only what goes wrong.
    """
    if argv is not None:
        return _answer(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # where the encoding lacks a sign, the rest is still said
    machine.bound_memory()
    gc.set_threshold(20_000)  # importing torch makes hundreds of thousands of objects, and none of them is garbage
    try:
        if not machine.torchrun("RANK", 0):
            return _answer(sys.argv[1:], _Interrupts())
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            return _answer(sys.argv[1:], _Interrupts())
    finally:
        gc.freeze()  # the process ends: nothing is to be looked through for garbage once more


class _Interrupts:
    """A command, on `kill` as on Ctrl-C, is let tidy up; another one ends the process, whatever it is about."""

    def __init__(self):
        self.came = False

    def __enter__(self):
        self._answer_by(self)

    def __call__(self, number, frame):
        self.came = True
        self._answer_by(signal.SIG_DFL)
        raise KeyboardInterrupt

    def __exit__(self, kind, error, trace):
        self._answer_by(signal.SIG_DFL)
        if self.came and isinstance(error, Exception):  # what a library made of it
            raise KeyboardInterrupt from error

    @staticmethod
    def _answer_by(handler) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, handler)


def _answer(argv: Sequence[str], interrupts: _Interrupts | None = None) -> int:
    words = arguments.plain_dashes(argv)
    if front_page.is_asked_for(words):
        with contextlib.suppress(BrokenPipeError):
            print(front_page.text(), flush=True)
        return 0
    from cyclopts import CycloptsError

    from gansmith.cli.verbs import app

    debug = "--debug" in words
    try:
        words = arguments.expand_config([word for word in words if word != "--debug"], app)
        if machine.torchrun("WORLD_SIZE", 1) > 1 and words[:1] not in (["train"], ["resume"]):
            raise UsageError("several processes can only train together", "start any other command without torchrun")
        with interrupts or contextlib.nullcontext():
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
        if machine.out_of_memory(error):
            return terminal.fail("there is not enough memory for this", "take less at once, or close other programs", 1)
        name = type(error).__name__
        remedy = "the same command with --debug shows where; please report it"
        return terminal.fail(f"unexpected {name}: {error}", remedy, 1)
