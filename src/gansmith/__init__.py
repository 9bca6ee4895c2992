"""gansmith: train, judge and use generative adversarial networks.

import gansmith as gs

data = gs.data("photos/", size=64).check()
run = gs.train(data, minutes=10)
gs.load(run.best).sample(16, seed=7).save("out/")
print(gs.evaluate(run.best, data))
"""

import importlib
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

# GNU OpenMP reads this once, when torch is loaded. Threads that spin for long while they wait take the core from the
# one they wait for as soon as anything else runs on the machine; this long costs nothing on a quiet one (docs/lab).
os.environ.setdefault("GOMP_SPINCOUNT", "20000")

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "augment",
    "data",
    "evaluate",
    "export",
    "gans",
    "load",
    "resume",
    "study",
    "table",
    "tables",
    "train",
]

if TYPE_CHECKING:
    from gansmith import gans, tables
    from gansmith.api import augment, data, evaluate, export, load, resume, study, table, train


class _Verb(ModuleType):
    """A package that can be called like the verb it is named after: `gs.train(...)` beside `gansmith.train.fit`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        api = importlib.import_module(
            "gansmith.api"
        )  # by name, as the packages below the interface do not depend on it
        return getattr(api, self.__name__.rpartition(".")[2])(*args, **kwargs)


def _verb(package: str) -> None:
    sys.modules[package].__class__ = _Verb


def __getattr__(name: str) -> Any:
    # Nothing is imported before it is used, so that `gansmith --help` answers without torch.
    if name in ("augment", "data", "evaluate", "gans", "tables", "train"):
        return importlib.import_module(f"gansmith.{name}")
    if name in ("export", "load", "resume", "study", "table"):
        return getattr(importlib.import_module("gansmith.api"), name)
    raise AttributeError(f"module 'gansmith' has no attribute {name!r}")
