"""What a training survives: kills, damage, full disks, values that are no numbers. Promise, attempts, survived, lost.

    python benchmarks/endure.py [--quick] [--rows kills damage ...] [--seed 0] [--json docs/performance/endure.json]

Every training is a process of its own that plays `gansmith train` and `gansmith resume` on the bundled digits, with a
slim net and one thread. It is forked from this one, so that hundreds of starts do not wait for torch; it
is otherwise what the command line plays, but for the report at the end, whose charts take longer than the training. A
run survives when what it leaves (weights, optimisers, counters, figures, samples) equals, byte for byte, what the run
leaves that nothing happened to. `lost` is the pictures that had to be played again, at most.
"""

import argparse
import contextlib
import functools
import itertools
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
sys.path[0] = str(HERE.parent)  # instead of this folder, whose profile.py would hide Python's
os.environ["OMP_NUM_THREADS"] = "1"  # a process with threads of its own could not be forked
sys.modules["tests"] = types.ModuleType("tests")  # ours: some packages leave a folder of that name beside theirs
sys.modules["tests"].__path__ = [str(HERE.parent / "tests")]

BATCH, IMAGES, TICKS = 32, 8_000, 8
INTERVAL = IMAGES // TICKS
LENGTH = ["--batch", str(BATCH), "--images", str(IMAGES), "--ticks", str(TICKS), "--threads", "1", "--device", "cpu"]
NOTES = (
    "Pictures are read into memory when a training starts and no process loads them, so there is no worker count that "
    "could change their order.",
    "A kill in mid-write is one that left a half-written checkpoint behind.",
    "Command, machine and date are those of the last call; rows that it did not ask for are of earlier ones.",
)


COLUMNS = ["promise", "attempts", "survived", "lost", "what else"]


class Row(NamedTuple):
    """What came of one promise; `lost` is in pictures where it was measured, `said` has what else was seen."""

    promise: str
    attempts: int
    survived: int
    lost: int | None
    said: str


def main() -> None:
    """Put every promise to the test and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few attempts of each, without torchrun")
    parser.add_argument("--rows", nargs="*", choices=ROWS, help="left out: all of them")
    parser.add_argument("--seed", type=int, default=0, help="decides when and where it hits")
    parser.add_argument("--json", type=Path, help="file for the table")
    asked = parser.parse_args()
    from benchmarks import performance_page

    made = rows_in(asked.json)
    with tempfile.TemporaryDirectory(prefix="endure-") as place:
        os.environ["GANSMITH_CACHE"] = str(Path(place) / "cache")
        yard = Yard(Path(place), asked.quick, random.Random(asked.seed))
        for name in asked.rows or ROWS:
            for row in ROWS[name](yard):
                made[row.promise] = row
                print(*row, sep=" | ", flush=True)
            table = {"caption": "Promises", "columns": COLUMNS, "rows": list(made.values())}
            if asked.json:
                performance_page.keep(asked.json, "Reliability", "What does a training survive?", [table], NOTES)
    performance_page.show([table])
    if broken := [row.promise for row in made.values() if row.survived < row.attempts]:
        sys.exit(f"broken: {'; '.join(broken)}")


def rows_in(path: Path | None) -> dict[str, Row]:
    """Return the rows that earlier calls left, by promise: those that are not measured anew stay."""
    if path is None or not path.is_file():
        return {}
    return {row[0]: Row(*row) for row in json.loads(path.read_text())["tables"][0]["rows"]}


class Yard:
    """Where the trainings live; `few` is how many attempts of so many are made when it has to be quick."""

    def __init__(self, place: Path, quick: bool, chance: random.Random):
        self.place, self.quick, self.chance = place, quick, chance
        self._whole: dict[tuple[str, ...], dict] = {}

    def few(self, attempts: int) -> int:
        """Return `attempts`, or a twentieth of them."""
        return max(2, attempts // 20) if self.quick else attempts

    def folder(self, name: str) -> Path:
        """Return a fresh folder to train in."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.place))

    def words(self, name: str = "dcgan") -> list[str]:
        """Return how a slim GAN is trained."""
        from tests.contract.slim import slim_words

        return ["train", "digits", *LENGTH, *slim_words(name)]

    def whole(self, words: list[str]) -> dict:
        """Return what is left of a training that nothing happens to."""
        if (key := tuple(words)) not in self._whole:
            folder = self.folder("whole")
            end(start(folder, [*words, "--name", "run"]))
            self._whole[key] = left(folder / "runs" / "run")
        return self._whole[key]


def start(folder: Path, words: list[str], fault: Callable[[], None] = lambda: None):
    """Begin `gansmith` with these words in a process that notes each batch it draws in `folder`/draws."""
    import gansmith.cli.training  # noqa: F401 - now, so that no process has to
    from gansmith import cli
    from gansmith.train import plan, trainer

    def live() -> None:
        os.chdir(folder)
        out = os.open("out", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        plan.MEASURE = 0.01
        trainer._report = lambda *_: None
        play = trainer._play

        def watched(*given):  # from here on: the planner plays a few rounds before
            note_draws(folder / "draws")
            fault()
            return play(*given)

        trainer._play = watched
        sys.argv[1:] = words
        sys.exit(cli.main())

    process = multiprocessing.get_context("fork").Process(target=live)
    process.start()
    return process


def note_draws(path: Path) -> None:
    """Append the number of every batch that is drawn to a file, in whole lines that a kill cannot take back."""
    from gansmith.train.state import State

    chances, file = State.chances, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def noted(self: State, n: int):
        os.write(file, b"%d\n" % self.draws)
        return chances(self, n)

    State.chances = noted


def draws(folder: Path) -> list[int]:
    """Return and forget the batches that were drawn since the last call, in order."""
    path = folder / "draws"
    found = [int(line) for line in path.read_text().split()] if path.exists() else []
    path.unlink(missing_ok=True)
    return found


def end(process, within: float = 300) -> int:
    """Wait for the end and return the exit status, negative where a signal ended it."""
    process.join(within)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode


def left(run: Path) -> dict | None:
    """Return what a run must leave, whatever happened to it; None where it is not finished."""
    from tests.contract.test_kill import story

    with contextlib.suppress(OSError, ValueError, KeyError):
        if json.loads((run / "state" / "status.json").read_text())["status"] == "finished":
            return story(run)
    return None


def await_one(process, seen: Callable[[], bool]) -> bool:
    """Wait until something is seen; False where the process ended first."""
    while process.exitcode is None:
        if seen():
            return True
        time.sleep(0.002)
    return False


def saved(run: Path) -> Callable[[], bool]:
    """Return what tells whether a checkpoint is there that is not there now."""
    from gansmith.train import checkpoint

    before = set(checkpoint.entries(run / "state"))
    return lambda: bool(set(checkpoint.entries(run / "state")) - before)


def begun(folder: Path, words: list[str]):
    """Begin a training and wait for its first checkpoint; return the folder of the run and the process."""
    run, process = folder / "runs" / "run", start(folder, [*words, "--name", "run"])
    await_one(process, saved(run))
    return run, process


def being_written(run: Path) -> bool:
    """Tell whether a checkpoint is half there."""
    with contextlib.suppress(OSError):
        return any(name.startswith(".writing-") for name in os.listdir(run / "state"))
    return False


def kills(yard: Yard) -> list[Row]:
    """Kill trainings at random moments, every third while a checkpoint is being written."""
    from gansmith.train import checkpoint

    attempts, words = yard.few(100), yard.words()
    killed = torn = unreadable = misplaced = whole = runs = 0
    lost = [0]
    while killed < attempts:
        folder, runs = yard.folder("kills"), runs + 1
        run, process = folder / "runs" / "run", start(folder, [*words, "--name", "run"])
        first = 0
        while True:
            hit = await_one(process, saved(run))
            if hit and killed < attempts:
                if killed % 3 == 0:
                    await_one(process, functools.partial(being_written, run))
                else:
                    process.join(yard.chance.uniform(0, 1.0))
                process.kill()
            status = end(process)
            drawn = draws(folder)
            misplaced += drawn != list(range(first, first + len(drawn)))
            if status != -signal.SIGKILL:
                break
            killed, torn = killed + 1, torn + being_written(run)
            told: list[str] = []
            found = checkpoint.newest(run / "state", told.append)
            if found is None or told:
                unreadable += 1
                break
            lost.append((first + len(drawn) - found.counters["draws"]) * BATCH)
            first = found.counters["draws"]
            process = start(folder, ["resume", "runs/run"])
        whole += left(run) == yard.whole(words)
        shutil.rmtree(folder)
    said = f"{torn} in mid-write; {whole} of {runs} runs that they hit end as if nothing had happened"
    broken = max(unreadable, runs - whole, sum(one > INTERVAL + BATCH for one in lost))
    order = f"{misplaced} lives drew a batch twice or left one out; {runs} runs, {killed} kills"
    return [
        Row(
            "a checkpoint is whole after SIGKILL, nothing is lost beyond an interval",
            killed,
            killed - broken,
            max(lost),
            said,
        ),
        Row("no picture is repeated or skipped over kills", killed, killed - misplaced, None, order),
    ]


def every_gan(yard: Yard) -> list[Row]:
    """Kill each game once and resume it."""
    from gansmith import catalog

    names = yard.chance.sample(list(catalog.GANS), 2) if yard.quick else list(catalog.GANS)
    differ = []
    for name in names:
        words = yard.words(name)
        words[words.index("--images") + 1], words[words.index("--ticks") + 1] = "3000", "6"
        folder = yard.folder(name)
        run, process = folder / "runs" / "run", start(folder, [*words, "--name", "run"])
        if await_one(process, lambda run=run: (run / "last").is_dir()):
            process.join(yard.chance.uniform(0, 0.3))
            process.kill()
        if end(process) == -signal.SIGKILL:
            end(start(folder, ["resume", "runs/run"]))
        if left(run) != yard.whole(words):
            differ.append(name)
    said = (
        f"differ: {', '.join(differ)}" if differ else "every GAN of the catalog" if not yard.quick else ", ".join(names)
    )
    return [Row("resumed equals uninterrupted, bit for bit", len(names), len(names) - len(differ), None, said)]


def damage(yard: Yard) -> list[Row]:
    """Harm a file of the newest checkpoint, resume."""
    from tests.contract.test_kill import DAMAGES

    words, folder = yard.words(), yard.folder("damage")
    run, process = folder / "runs" / "run", start(folder, [*words, "--name", "run"])
    await_one(process, lambda: len(list((run / "state").glob("*k-*"))) > 1 and (run / "last").is_dir())
    process.kill()
    end(process)
    files = ["tensors.safetensors", "state.json", "manifest.json"]
    cases = [(file, kind) for file in files for kind in DAMAGES]
    survived = told = 0
    for file, kind in yard.chance.sample(cases, yard.few(len(cases))) if yard.quick else cases:
        copy = yard.folder("damaged")
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        (copy / "runs/run/state/lock.json").unlink(missing_ok=True)
        path = max((copy / "runs/run/state").glob("*k-*")) / file
        content = DAMAGES[kind](path.read_bytes(), yard.chance)
        path.unlink() if content is None else path.write_bytes(content)
        end(start(copy, ["resume", "runs/run"]))
        survived += left(copy / "runs/run") == yard.whole(words)
        told += "falling back" in (copy / "out").read_text()
        shutil.rmtree(copy)
    attempts = yard.few(len(cases)) if yard.quick else len(cases)
    said = f"{told} named and passed over (a flipped space of the manifest is none)"
    return [Row("a damaged checkpoint is found, the one before is taken", attempts, survived, None, said)]


def disk_full(yard: Yard) -> list[Row]:
    """Fill a small file system under a training, to the brim or nearly, then make room and resume."""
    attempts, words, survived = yard.few(20), yard.words(), 0
    for _ in range(attempts):
        folder = yard.folder("disk")
        with small_disk(folder, 24) as there:
            if not there:
                return [Row("a full disk harms nothing", 0, 0, None, "not measured: this machine mounts no tmpfs here")]
            run, process = begun(folder, words)
            process.join(yard.chance.uniform(0, 1))
            filler = folder / "filler"
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
            if yard.chance.random() < 0.7:  # room for some of what is to be written
                os.truncate(filler, max(0, filler.stat().st_size - yard.chance.randrange(400_000)))
            status = end(process)
            clean = not any(folder.glob("runs/run/**/.*"))
            explained = "free some space" in (folder / "out").read_text()
            filler.unlink()
            end(start(folder, ["resume", "runs/run"]))
            survived += clean and status in (0, 3) and (explained or status == 0) and left(run) == yard.whole(words)
    return [Row("a full disk harms nothing", attempts, survived, None, "tmpfs of 24 MB")]


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """Put a file system of so many megabytes at `folder`; yield whether that was allowed."""
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    there = not subprocess.run(["mount", *options], capture_output=True, check=False).returncode
    try:
        yield there
    finally:
        if there:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def not_a_number(yard: Yard) -> list[Row]:
    """Put NaN into a weight in random rounds, five times in each training."""
    attempts, each, lost, survived = yard.few(50), 5, [0], 0
    for first in range(0, attempts, each):
        count, folder = min(each, attempts - first), yard.folder("nan")
        moments = yard.chance.sample(range(2, IMAGES // BATCH - 2), count)
        end(start(folder, [*yard.words(), "--name", "run"], lambda moments=moments: poison(set(moments))))
        drawn, run = draws(folder), folder / "runs" / "run"
        lost += [(a + 1 - b) * BATCH for a, b in itertools.pairwise(drawn) if b <= a]
        alerts = [json.loads(line) for line in (run / "alerts.jsonl").read_text().splitlines()]
        rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        finished = left(run) is not None and rows[-1]["images"] >= IMAGES - BATCH
        survived += min(count, sum(row["kind"] == "rollback" for row in alerts)) if finished else 0
        shutil.rmtree(folder)
    said = "rolled back, each with a line in alerts.jsonl"
    broken = sum(one > INTERVAL + BATCH for one in lost)
    return [Row("NaN in the weights is recovered from", attempts, survived - broken, max(lost), said)]


def poison(moments: set[int]) -> None:
    """Let the first weight of a net be NaN when these batches are drawn, once each."""
    from gansmith.train.state import State

    chances = State.chances

    def poisoned(self: State, n: int):
        if self.draws in moments:
            moments.remove(self.draws)
            weights = self.parameters[self.draws % len(self.parameters)].data
            weights[(0,) * weights.dim()] = float("nan")
        return chances(self, n)

    State.chances = poisoned


def stops(yard: Yard) -> list[Row]:
    """Send SIGTERM or Ctrl-C at random moments."""
    attempts, words, survived, seconds = yard.few(20), yard.words(), 0, [0.0]
    for k in range(attempts):
        folder = yard.folder("stop")
        run, process = begun(folder, words)
        process.join(yard.chance.uniform(0, 0.5))
        begin = time.perf_counter()
        os.kill(process.pid, (signal.SIGTERM, signal.SIGINT)[k % 2])
        status = end(process)
        seconds.append(time.perf_counter() - begin)
        drawn = draws(folder)
        end(start(folder, ["resume", "runs/run"]))
        again = draws(folder)
        kept = status == 130 and again[:1] == [drawn[-1] + 1]
        survived += kept and seconds[-1] < 10 and left(run) == yard.whole(words)
        shutil.rmtree(folder)
    said = f"ended within {max(seconds):.1f} s of the signal, at most"
    return [Row("SIGTERM and Ctrl-C save the run within 10 s", attempts, survived, 0, said)]


def twice(yard: Yard) -> list[Row]:
    """Send Ctrl-C again and again."""
    attempts, words, survived, seconds = yard.few(10), yard.words(), 0, [0.0]
    for _ in range(attempts):
        folder = yard.folder("twice")
        run, process = begun(folder, words)
        begin = time.perf_counter()
        while process.exitcode is None and time.perf_counter() - begin < 30:
            os.kill(process.pid, signal.SIGINT)
            process.join(0.01)
        status = end(process)
        seconds.append(time.perf_counter() - begin)
        end(start(folder, ["resume", "runs/run"]))
        survived += status in (130, -signal.SIGINT) and left(run) == yard.whole(words)
        shutil.rmtree(folder)
    said = f"ended within {max(seconds):.1f} s, at most"
    return [Row("a second Ctrl-C quits at once", attempts, survived, None, said)]


def determinism(yard: Yard) -> list[Row]:
    """Train the same twice."""
    names = ["dcgan", "wgan_gp"] if yard.quick else ["vanilla", "dcgan", "wgan_gp", "r3gan", "stylegan2"]
    equal = 0
    for name in names:
        words, folder = yard.words(name), yard.folder("again")
        end(start(folder, [*words, "--name", "run"]))
        equal += left(folder / "runs/run") == yard.whole(words)
    return [Row("same seed, threads and processor: same bits", len(names), equal, None, ", ".join(names))]


def collapse(yard: Yard) -> list[Row]:
    """Make trainings ill half-way; watch healthy ones."""
    words = ["--images", "20000", "--ticks", "20"]
    ill = ["dcgan+frozen", "dcgan+reversed", "dcgan+four", "wgan_gp+reversed"]
    arms = ["dcgan+reversed", "dcgan:0"] if yard.quick else [*ill, "dcgan:0", "dcgan:1", "wgan_gp:0", "r3gan:0"]
    command = [sys.executable, str(HERE / "monitor.py"), *words, "--arms", *arms]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = {
        line.split()[0]: line.split() for line in said.splitlines() if line.split()[:1] and line.split()[0] in arms
    }
    alarmed = {arm: None if lines[arm][1] == "none" else lines[arm][1:3] for arm in arms}
    right = [bool(alarmed[arm]) == ("+" in arm) for arm in arms]
    late = [int(alarm[1]) for arm, alarm in alarmed.items() if alarm and "+" in arm]
    said = f"alarm after at most {max(late, default=0)} evaluations; {sum('+' not in arm for arm in arms)} healthy runs"
    return [Row("collapse is seen, health is not alarmed at", len(arms), sum(right), None, said)]


def ranks(yard: Yard) -> list[Row]:
    """Kill one of two processes that train together."""
    attempts, survived, hashes = yard.few(3), 0, []
    if yard.quick:
        return [Row("a killed rank restarts to the same bits", 0, 0, None, "not measured in a quick run")]
    for k in range(attempts + 1):
        folder = yard.folder("ranks")
        words = [*yard.words("wgan_gp"), "--name", "run"]
        launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        with (folder / "out").open("w") as out:
            launcher = subprocess.Popen(
                [*launch, "--max-restarts", "1", "-m", "gansmith", *words], cwd=folder, stdout=out, stderr=out
            )
            run = folder / "runs" / "run"
            while k and launcher.poll() is None and not (run / "last").is_dir():
                time.sleep(0.05)
            if k and launcher.poll() is None:
                time.sleep(yard.chance.uniform(0, 1))
                children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(yard.chance.choice(children)), signal.SIGKILL)
            launcher.wait(600)
        hashes.append(left(run) and left(run)["hash"])
        survived += k > 0 and hashes[-1] is not None and hashes[-1] == hashes[0]
    return [Row("a killed rank restarts to the same bits", attempts, survived, None, "two gloo processes, wgan_gp")]


def mass(yard: Yard) -> list[Row]:
    """Generate in shards and kill a fifth of the workers."""
    folder, shards = yard.folder("mass"), 4 if yard.quick else 20
    end(start(folder, [*yard.words(), "--name", "run"]))
    model, n = str(folder / "runs/run/last"), 50 * shards
    one = [sys.executable, "-m", "gansmith", "generate", model, "-n", str(n), "--out"]
    subprocess.run([*one, str(folder / "whole"), "--shard", "1/1"], check=True, stdout=subprocess.DEVNULL)
    launch = [*one, str(folder / "shared"), "--workers", "2", "--shards", str(shards)]
    launcher, struck, seen = subprocess.Popen(launch, stdout=subprocess.DEVNULL), 0, set()
    while launcher.poll() is None:
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
            for pid in set(children) - seen:
                if b"\0--shard\0" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                    continue  # not a worker, or not yet
                seen.add(pid)
                if len(seen) % 5 == 1:
                    time.sleep(yard.chance.uniform(0, 2))
                    os.kill(int(pid), signal.SIGKILL)
                    struck += 1
        time.sleep(0.01)
    whole, shared = ({path.name: path.read_bytes() for path in (folder / k).glob("*.png")} for k in ("whole", "shared"))
    digests = {json.loads((folder / k / "manifest.json").read_text())["digest"] for k in ("whole", "shared")}
    good = sum(shared.get(name) == content for name, content in whole.items()) if len(digests) == 1 and struck else 0
    said = f"{struck} of {len(seen)} workers killed"
    return [
        Row(
            "all pictures of a mass generation are there once",
            n,
            good - len(shared.keys() - whole.keys()),
            n - good,
            said,
        )
    ]


ROWS: dict[str, Callable[[Yard], list[Row]]] = {
    "kills": kills,
    "every_gan": every_gan,
    "damage": damage,
    "disk_full": disk_full,
    "not_a_number": not_a_number,
    "stops": stops,
    "twice": twice,
    "determinism": determinism,
    "collapse": collapse,
    "ranks": ranks,
    "mass": mass,
}


if __name__ == "__main__":
    main()
