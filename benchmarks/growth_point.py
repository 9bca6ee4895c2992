"""One point of growth.py in a process of its own: takes its settings as JSON, prints what it measured as JSON."""

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).parent.parent)  # instead of this folder, whose profile.py would hide Python's

PICTURES = 64  # in memory: how many there are costs a round nothing
SHAPE = (28, 28, 1)  # of the pictures of a simulated set


def held_beside_files() -> int:
    """Return the bytes that this process holds now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


def training(size: int, batch: int, width: int | None, threads: int, seconds: float) -> dict[str, float]:
    """Play the default GAN for this size: pictures a second, peak memory, and what the cost model counts."""
    from benchmarks.game_on_noise import Kept, begin, counted, noise
    from torch.autograd.graph import saved_tensors_hooks

    from gansmith import catalog, machine
    from gansmith.train import ranks
    from gansmith.train.fit import play_round

    machine.set_threads(threads)
    ranks.join()
    data = noise((3, size, size), pictures=PICTURES)
    machine.find_precision("auto", machine.find_device("cpu"))  # measured once, before memory is counted
    base = machine.peak_memory()
    gan = catalog.create(catalog.default_for((size, size)), {"width": width} if width else {})
    state, batches = begin(gan, data, batch)

    def play() -> None:
        for _ in range(state.period):
            play_round(state, batches)

    play()
    periods, start = 1, time.perf_counter()
    play()
    while ranks.agreed(lambda: time.perf_counter() - start < seconds):
        play()
        periods += 1
    rate = periods * state.period * batch / (time.perf_counter() - start)
    peak, kept = machine.peak_memory(), Kept()
    with saved_tensors_hooks(kept.pack, kept.unpack):
        play()
    counter = counted(play)
    found = {"sums": counter.total / 2 / state.period, "calls": counter.calls / state.period, "kept": kept.peak}
    parameters = sum(p.numel() for p in state.parameters)
    measured = {"rate": rate, "memory": peak, "base": base, "parameters": parameters}
    return measured | found | {"precision": state.precision, "gan": catalog.name_of(gan)}


def data_set(pictures: int, batch: int) -> dict[str, float]:
    """Take batches of a set that is mapped from a file of holes: time of the first and of the others, memory held."""
    import numpy as np

    from gansmith import machine
    from gansmith.data.batches import Batches
    from gansmith.data.cache import open_pixels
    from gansmith.data.images import ImageData
    from gansmith.data.spec import DataSpec

    machine.prepare()
    base = held_beside_files()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pixels.npy"
        np.lib.format.open_memmap(path, "w+", np.uint8, (pictures, *SHAPE)).flush()
        names = [f"{i}.png" for i in range(pictures)]
        images = open_pixels(path)
        data = ImageData(images, None, DataSpec((SHAPE[2], *SHAPE[:2])), names, "holes", "not read")
        start = time.perf_counter()
        batches = Batches(data, batch, seed=0)
        batches.at(0)
        first, times = time.perf_counter() - start, []
        for k in range(1, max(2, min(200, pictures // batch))):
            start = time.perf_counter()
            batches.at(k)
            times.append(time.perf_counter() - start)
        held = held_beside_files()
    name_bytes = -(-sys.getsizeof(names[-1]) // 16) * 16 + 8
    return {"first": first, "later": sorted(times)[len(times) // 2], "memory": held, "base": base, "name": name_bytes}


if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    print(json.dumps(data_set(**settings) if "pictures" in settings else training(**settings)))
