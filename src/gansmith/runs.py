"""What the run folders say: list, show, compare, stop and prune trainings by reading their plain files.

No torch here: these verbs answer at once, and work on folders that another machine or an older version wrote.
"""

import dataclasses
import json
import os
import re
import shlex
import shutil
import signal
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gansmith.errors import UsageError

MOST_JSON_BYTES = 16 << 20  # a config takes kilobytes: whatever is larger was not written by a training
WEIGHTS = "model.safetensors"
ENDINGS = ("finished", "stopped", "failed")
LIKE = ("dagan",)  # GANs that must be shown a picture; written out, as the catalog, which knows it too, loads torch


@dataclass(frozen=True)
class RunInfo:
    """One run in a list.

    `state` is running, finished, stopped, failed, interrupted (killed, or the machine went down) or broken (its files
    cannot be read: `message` says why). `kid` is the best so far, at `kid_images`. `held_by` names the process that
    trains it or writes its report, or may do so on another host where that cannot be seen.
    """

    path: Path
    state: str
    gan: str = ""
    data: str = ""
    images: int = 0
    planned: int = 0
    seconds: float = 0.0
    kid: float | None = None
    kid_images: int | None = None
    message: str = ""
    held_by: str = ""
    changed: float = 0.0

    @property
    def name(self) -> str:
        """Name of the run: that of its folder."""
        return self.path.name

    def row(self) -> dict[str, Any]:
        """Return everything, JSON-ready."""
        return {"name": self.name} | vars(self) | {"path": str(self.path)}


def list_runs(root: str | Path = "runs") -> list[RunInfo]:
    """Describe every folder in `root`, the one that changed last first; a missing `root` holds no runs."""
    root = Path(root)
    if not root.is_dir():
        return []
    folders = (path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    return sorted((describe(path) for path in folders), key=lambda info: (-info.changed, info.name))


def describe(run_dir: str | Path) -> RunInfo:
    """Read the state and the figures of one run; a folder that cannot be read comes back as broken, with the reason."""
    path = Path(run_dir)
    try:
        return _describe(path, read_config(path))
    except (UsageError, OSError) as error:
        return RunInfo(path, "broken", message=str(error), changed=_changed(path))


def _describe(path: Path, config: dict) -> RunInfo:
    rows = read_metrics(path)
    last = rows[-1] if rows else {}
    kids = [(row["kid"], row["images"]) for row in rows if is_number(row.get("kid"))]
    kid, kid_images = min(kids, default=(None, None))
    status, lock = _state_file(path, "status"), _state_file(path, "lock")
    state, held_by = _state(path, status, lock)
    return RunInfo(
        path=path,
        state=state,
        gan=str(config["gan"].get("name", "")),
        data=str(data_of(config).get("source", "")),
        images=int(_first_number(last.get("images"), status.get("images"))),
        planned=int(_first_number(status.get("planned"), config["run"].get("images"))),
        seconds=float(_first_number(last.get("seconds"), status.get("seconds"))),
        kid=kid,
        kid_images=kid_images,
        message=str(status.get("message") or "") if state in ENDINGS else "",
        held_by=held_by,
        changed=_changed(path),
    )


def show(run_dir: str | Path) -> dict[str, Any]:
    """Collect everything the plain files of a run say, JSON-ready, with the commands that lead on from it.

    Raises UsageError where there is no readable run.
    """
    path = Path(run_dir)
    config = read_config(path)
    info = describe(path)
    data = data_of(config)
    model = path / ("best" if (path / "best").is_dir() else "last")
    shown = {"like": "PICTURE", "fit": data.get("fit")} if info.gan in LIKE else {}
    return {
        **info.row(),
        "config": config,
        "env": read_json(path / "env.json", {}),
        "data_summary": read_json(path / "data.json", {}),
        "last": next(iter(read_metrics(path)[-1:]), {}),
        "alerts": list(read_lines(path / "alerts.jsonl")),
        "commands": {
            "reproduce": str(config.get("command") or ""),
            "resume": command("resume", path),
            "generate": command("generate", model, **shown),
            "evaluate": command("evaluate", model, info.data or "DATA", fit=data.get("fit"), label=data.get("label")),
        },
    }


def command(*words: str | Path, **options: Any) -> str:
    """Write `gansmith WORDS --OPTIONS` as it can be typed; options that are None and `--fit crop` are left out."""
    given = {name: value for name, value in options.items() if value is not None and (name, value) != ("fit", "crop")}
    pairs = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    return shlex.join(["gansmith", *map(str, words), *pairs])


def call(name: str, *given: str, **options: Any) -> str:
    """Write a call in Python as it can be typed; options that are None are left out."""
    words = [*given, *(f"{option}={value!r}" for option, value in options.items() if value is not None)]
    return f"{name}({', '.join(words)})"


def not_default(settings: Any) -> dict[str, Any]:
    """Return the fields of a dataclass whose values are others than where nothing is said."""
    values = {field.name: (getattr(settings, field.name), field.default) for field in dataclasses.fields(settings)}
    return {name: value for name, (value, default) in values.items() if value != default}


def compare(run_dirs: Sequence[str | Path]) -> dict[str, Any]:
    """Set runs side by side: `runs` (names), `results` and `settings`, each a row name to one value a run.

    Settings that all runs share are left out; a setting a run does not have is None. Raises UsageError where one of
    them is no readable run.
    """
    configs = [dict(flatten(read_config(Path(path)))) for path in run_dirs]
    infos = [describe(path) for path in run_dirs]
    names = dict.fromkeys(name for config in configs for name in config)
    settings = {name: [config.get(name) for config in configs] for name in names}
    results = ("state", "images", "planned", "seconds", "kid", "kid_images")
    return {
        "runs": [info.name for info in infos],
        "results": {name: [getattr(info, name) for info in infos] for name in results},
        "settings": {name: values for name, values in settings.items() if any(value != values[0] for value in values)},
    }


def prune(root: str | Path = "runs", *, keep: int, dry_run: bool = True) -> list[Path]:
    """Delete all runs but the `keep` that changed last; return those deleted, or to be deleted on a dry run.

    Only folders whose config.json is that of a training go. One that trains, or may do so on another host, stays; so
    does a broken one or a link.
    """
    if keep < 0:
        raise UsageError(f"cannot keep {keep} runs", "give the number of runs to keep: 0 or more")
    known = [info for info in list_runs(root) if info.state != "broken" and not info.path.is_symlink()]
    doomed = [info.path for info in known[keep:] if not info.held_by]
    if not dry_run:
        for path in doomed:
            shutil.rmtree(path)
    return doomed


def request_stop(run_dir: str | Path) -> int:
    """Ask the process that trains this run to save and end (SIGTERM); return its id.

    Raises UsageError where nothing trains it here, or where the process does not look like ours.
    """
    path = Path(run_dir)
    read_config(path)
    lock = _state_file(path, "lock")
    pid, host = lock.get("pid"), lock.get("host")
    if host and host != socket.gethostname():
        raise UsageError(f"{path} trains on {host}, not here", f"on {host}: {command('stop', path)}")
    if not isinstance(pid, int) or describe(path).state != "running":
        raise UsageError(f"{path} is not being trained", command("runs", "show", path))
    started = Path(f"/proc/{pid}/cmdline")
    if started.exists() and b"gansmith" not in started.read_bytes():
        raise UsageError(
            f"process {pid}, which trains {path}, was not started by the gansmith command, so it is left alone",
            "interrupt it where it was started: Ctrl-C, or the notebook's stop button",
        )
    os.kill(pid, signal.SIGTERM)
    return pid


def new_run_dir(root: str | Path, name: str | None, data_name: str) -> Path:
    """Make and return the folder of a new run: `root/name`, or photos, photos-2, photos-3 ... after the data.

    The folder is claimed by making it, so two trainings that start at once never share one. Raises UsageError for a
    name that is taken or cannot be a folder's.
    """
    root = Path(root)
    try:
        root.mkdir(parents=True, exist_ok=True)
        return _make_named(root, name) if name is not None else _make_numbered(root, data_name)
    except OSError as error:
        raise UsageError(f"cannot make a run in {root}: {error.strerror}", "name another folder with --runs") from None


def _make_numbered(root: Path, data_name: str) -> Path:
    base = re.sub(r"[^\w.+=@-]+", "-", Path(data_name).name).lstrip("-.")[:50].rstrip("-.") or "run"
    number = 1
    while True:
        path = root / (base if number == 1 else f"{base}-{number}")
        try:
            path.mkdir()
            return path
        except FileExistsError:
            number += 1


def _make_named(root: Path, name: str) -> Path:
    path = free_place(root, name)
    try:
        path.mkdir()
    except FileExistsError:
        raise _taken(path) from None
    return path


def free_place(root: str | Path, name: str) -> Path:
    """Return where a run of this name would be; UsageError where it is taken, or cannot name a folder."""
    if not re.fullmatch(r"\w[\w.+=@ -]{0,59}", name):
        raise UsageError(
            f"{name!r} cannot name a run",
            "take up to 60 letters, digits, - _ . + = @ or spaces, a letter, digit or _ first",
        )
    path = Path(root) / name
    if path.exists():
        raise _taken(path)
    return path


def _taken(path: Path) -> UsageError:
    return UsageError(f"{path} is there already", f"{command('resume', path)}, or take another --name")


def models_of(run_dir: Path) -> list[Path]:
    """Return the models of a run, the best first."""
    return [run_dir / name for name in ("best", "last") if (run_dir / name / WEIGHTS).is_file()]


def read_config(run_dir: Path) -> dict[str, Any]:
    """Read config.json of a run; raises UsageError with the reason where the folder is none."""
    remedy = "gansmith runs lists the runs there are"
    path = run_dir / "config.json"
    if not path.is_file():
        raise UsageError(f"{run_dir} is not a run: it has no config.json", remedy)
    config = read_json(path)
    if config is None:
        raise UsageError(f"{path} cannot be read: it is damaged", "bring it back from a copy, or delete the folder")
    if not (isinstance(config.get("gan"), dict) and isinstance(config.get("run"), dict)):
        raise UsageError(f'{path} is not the config of a run: it lacks "gan" or "run"', remedy)
    return config


def data_of(config: dict[str, Any]) -> dict[str, Any]:
    """Return what a config says of the data: `source`, and the options that it was read with."""
    return config["data"] if isinstance(config.get("data"), dict) else {}


def read_json(path: Path, default: Any = None) -> Any:
    """Read a file that holds one JSON object; `default` where it is missing, damaged, another thing or huge."""
    try:
        if path.stat().st_size > MOST_JSON_BYTES:
            return default
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return default
    return value if isinstance(value, dict) else default


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON-lines file; a line that a crash cut off is left out, a missing file has none."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as lines:
        while line := lines.readline(MOST_JSON_BYTES):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                yield value


def read_metrics(run_dir: Path) -> list[dict[str, Any]]:
    """Read metrics.jsonl in order of images; ticks that were trained again after a roll-back count once, as redone."""
    rows: list[dict[str, Any]] = []
    for row in read_lines(run_dir / "metrics.jsonl"):
        if not is_number(row.get("images")):
            continue
        while rows and rows[-1]["images"] >= row["images"]:
            rows.pop()
        rows.append(row)
    return rows


def _state_file(path: Path, name: str) -> dict[str, Any]:
    return read_json(path / "state" / f"{name}.json", {})


def _state(path: Path, status: dict, lock: dict) -> tuple[str, str]:
    """Return the state and who holds the run. A lock younger than the last ending means that it went on after it."""
    pid, host, ended = lock.get("pid"), lock.get("host"), status.get("status")
    here = host == socket.gethostname()
    alive = here and _alive(pid, str(lock.get("started", "")))
    holder = f"process {pid} on {host}" if alive or (host and not here) else ""
    if ended in ENDINGS and not (lock and _changed(path / "state/lock.json") > _changed(path / "state/status.json")):
        return ended, holder  # with a holder, its report is still being written
    return "running" if alive else "interrupted", holder


def _alive(pid: object, started: str) -> bool:
    """Whether the process that took the lock still runs: not ended, and not another one that got its number since."""
    if not isinstance(pid, int) or pid <= 0:
        return False
    if os.name != "posix":
        return True  # there, os.kill would end the process instead of asking; a lock counts as held
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it runs, as another user
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = float(re.search(r"^btime (\d+)", Path("/proc/stat").read_text(), re.M)[1])  # type: ignore[index]
        born = boot + int(fields[19]) / os.sysconf("SC_CLK_TCK")
        a_minute = 60  # clocks are set; no process number comes round again this soon
        return fields[0] != "Z" and born <= datetime.fromisoformat(started).timestamp() + a_minute
    except (OSError, ValueError, TypeError, IndexError):
        return True


def _changed(path: Path) -> float:
    """Seconds since the epoch when a file, or the newest of a run's files, was written."""
    files = [path / "metrics.jsonl", path / "config.json", path] if path.is_dir() else [path]
    return max((file.stat().st_mtime for file in files if file.exists()), default=0.0)


def flatten(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested settings as (dotted name, value)."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _first_number(*values: object) -> float:
    return next((value for value in values if is_number(value)), 0)  # type: ignore[misc]


def is_number(value: object) -> bool:
    """Whether a value read from JSON is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0
