"""What all routes of the studio share: the runs' folder, the secret token, and the models that are in memory."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gansmith.errors import UsageError
from gansmith.runs import WEIGHTS, models_of
from gansmith.studio.problems import NotFound

if TYPE_CHECKING:
    from gansmith.sample.sampler import Sampler

KEPT = 4  # models in memory


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready; hold `lock` while it computes."""

    id: str
    path: Path
    sampler: "Sampler"
    lock: threading.Lock = field(default_factory=threading.Lock)


class Studio:
    """One studio over a folder of runs, and over one artefact beside them where it was opened on a model."""

    def __init__(self, runs: Path, model: Path | None = None, device: str = "auto", hosts: tuple[str, ...] = ()):
        self.runs, self.artefact, self.device, self.hosts = runs, model, device, hosts
        self.token = secrets.token_urlsafe(24)
        self._loaded: OrderedDict[str, tuple[object, LoadedModel]] = OrderedDict()
        self._loading = threading.Lock()

    @staticmethod
    def open(place: Path, device: str = "auto", hosts: tuple[str, ...] = ()) -> tuple["Studio", str]:
        """Return the studio over a folder of runs, a run or an artefact, and the address of the page to begin with."""
        if place.exists() and not place.is_dir():
            raise UsageError(f"{place} is a file", "name a folder of runs, a run or a model: gansmith studio runs")
        place = place.absolute()
        if (place / "config.json").is_file() and (place / WEIGHTS).is_file():
            return Studio(Path("runs").absolute(), place, device, hosts), f"/models/{place.name}"
        if (place / "config.json").is_file():
            return Studio(place.parent, None, device, hosts), f"/runs/{place.name}"
        return Studio(place, None, device, hosts), "/"

    def run_path(self, id: str) -> Path:
        """Return the folder of a run. The id is looked up among the folders there are, never made part of a path."""
        folders = self.runs.iterdir() if self.runs.is_dir() else ()
        for path in folders:
            if path.name == id and not id.startswith(".") and path.is_dir():
                return path
        raise NotFound(f"there is no run {id!r} in {self.runs}", "the page Runs lists the runs there are")

    def model_path(self, id: str) -> Path:
        """Return the artefact of an id: the one that was opened, or a run's best/, else its last/."""
        if self.artefact and id == self.artefact.name:
            return self.artefact
        if models := models_of(self.run_path(id)):
            return models[0]
        raise NotFound(f"the run {id!r} has no model yet", "wait for its first evaluation; it writes the first model")

    def model(self, id: str) -> LoadedModel:
        """Return a model, from memory where its file is the one that was read; may take seconds, so not for async."""
        path = self.model_path(id)
        with self._loading:
            version = (path, (path / WEIGHTS).stat().st_mtime_ns)
            known, model = self._loaded.get(id, (None, None))
            if model is None or known != version:
                model = self._load(id, path)
                self._loaded[id] = version, model
            self._loaded.move_to_end(id)
            while len(self._loaded) > KEPT:
                self._loaded.popitem(last=False)
            return model

    def _load(self, id: str, path: Path) -> LoadedModel:
        from gansmith.sample.sampler import Sampler

        return LoadedModel(id, path, Sampler.load(path, self.device))
