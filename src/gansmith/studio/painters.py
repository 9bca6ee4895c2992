"""The batchers of the models that are being asked for pictures: one each, a few at most."""

from collections import OrderedDict
from time import monotonic

from fastapi.concurrency import run_in_threadpool

from gansmith.studio.batching import Batcher
from gansmith.studio.studio import KEPT, LoadedModel, Studio

FRESH = 1.0  # seconds for which a model is not looked up again: a run in progress replaces its own


class Painters:
    """Finds the batcher of a model by its id; where the run has written another model, that of the new one."""

    def __init__(self, studio: Studio):
        self._studio = studio
        self._known: OrderedDict[str, tuple[float, Batcher]] = OrderedDict()

    async def of(self, id: str) -> Batcher:
        """Return the batcher of a model, loading it where needed."""
        looked_up, batcher = self._known.get(id, (0.0, None))
        if batcher is None or monotonic() - looked_up > FRESH:
            if batcher is not None:
                self._known[id] = monotonic(), batcher  # one looks it up, the others go on with what there is
            batcher = self._keep(id, await run_in_threadpool(self._load, id))
        return batcher

    def close(self) -> None:
        """End all of them."""
        while self._known:
            self._known.popitem()[1][1].close()

    def _load(self, id: str) -> LoadedModel:
        model = self._studio.model(id)
        _ = model.sampler.hash  # takes a moment the first time, which is better spent here than on the event loop
        return model

    def _keep(self, id: str, model: LoadedModel) -> Batcher:
        batcher = self._known[id][1] if id in self._known else None
        if batcher is None or batcher.sampler is not model.sampler:
            if batcher is not None:
                batcher.retire()
            batcher = Batcher(model.sampler, model.lock)
        self._known[id] = monotonic(), batcher
        self._known.move_to_end(id)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)[1][1].retire()
        return batcher
