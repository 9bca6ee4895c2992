"""A training from the first plan to the last file: start, resume, recover, finish."""

import contextlib
import dataclasses
import functools
import math
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import gansmith
from gansmith import catalog, machine, runs
from gansmith.data.batches import Batches
from gansmith.data.images import ImageData
from gansmith.data.kinds import kinds_of, told
from gansmith.errors import DataError, GansmithError, UsageError
from gansmith.evaluate.quick import Quick
from gansmith.files import sweep, write_whole
from gansmith.game import GAN
from gansmith.sample.sampler import FORMAT, Sampler
from gansmith.train import checkpoint, hooks, plan, ranks
from gansmith.train.display import Display
from gansmith.train.fit import Batches as AnyBatches
from gansmith.train.fit import Halt, Hook, NotFinite, fit
from gansmith.train.folder import enough_memory, environment, held, write_json, writing_to
from gansmith.train.guard import Alarm, Guard, raise_alarm, stop_when_converged, watch
from gansmith.train.in_step import in_step, share
from gansmith.train.report import write_report
from gansmith.train.rounds import fastest_way_to_play
from gansmith.train.run import Run
from gansmith.train.signals import critic_accuracy, gradient_norms
from gansmith.train.state import State

Trouble = Alarm | NotFinite | checkpoint.NotFiniteState
REPORT_SAMPLES = 1_000
MOST_SEARCHED = 10_000  # training pictures up to which the report tests for copies: seconds


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `status` is finished, stopped (by a signal) or failed."""

    folder: Path
    status: str
    hash: str

    @property
    def best(self) -> Path:
        """The artefact with the lowest kid."""
        return self.folder / "best"

    @property
    def last(self) -> Path:
        """The artefact of the last tick."""
        return self.folder / "last"

    @property
    def report(self) -> Path:
        """The page that tells the run."""
        return self.folder / "report.html"

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The rows of metrics.jsonl, one a tick."""
        return runs.read_metrics(self.folder)


@machine.own_threads()
def start(
    gan: GAN,
    run: Run,
    data: ImageData,
    *,
    folder: Path,
    display: Display,
    source: Mapping[str, Any],
    command: str = "",
    parent: Sampler | None = None,
    left: Collection[str] = (),
    judge: bool = True,
) -> Outcome:
    """Begin a new run in `folder`, which exists and is empty; `parent` gives its weights where they fit.

    The planner settles the fields of the GAN that are `left` to it. Of several processes the first needs `folder` and
    `parent`; the others get its weights.
    """
    planned, state, quick, sorted_data, inherited = _prepare(gan, run, data, parent, left)
    gan, run = state.gan, state.run
    if inherited:
        display.note(inherited)
    config = {"gan": catalog.to_config(gan), "run": dataclasses.asdict(run), "data": dict(source), "command": command}
    stop = hooks.Interruption()
    with writing_to(folder):
        if ranks.first():
            with stop:
                write_json(folder / "config.json", config)
                write_json(folder / "env.json", environment(run))
                write_json(folder / "data.json", data.summary())
                (folder / "alerts.jsonl").touch()
                hooks.reals_grid(sorted_data).save(folder / "reals.png")
                checkpoint.save(state, folder / "state", _about(data))
        display.note(planned.describe(folder, state.device, run.precision))
        name, rate = config["gan"]["name"], planned.rate
        display.event("plan", run=str(folder), gan=name, images=run.images, rate=rate, n=len(data))
        return _play(state, _batches(state, sorted_data), data, quick, folder, display, stop, judge)


@machine.own_threads()
def rehearse(gan: GAN, run: Run, data: ImageData, parent: Sampler | None = None, left: Collection[str] = ()) -> str:
    """Measure and describe what `start` would begin, and raise what it would."""
    planned, state, _, _, inherited = _prepare(gan, run, data, parent, left)
    described = planned.describe(Path("(dry run)"), state.device, state.run.precision)
    return f"{inherited}\n{described}" if inherited else described


def _prepare(
    gan: GAN, run: Run, data: ImageData, parent: Sampler | None, left: Collection[str]
) -> tuple[plan.Plan, State, Quick, ImageData, str]:
    """Return the plan of a run, its first state, what judges it, the data as the game is told, what is inherited."""
    check_same_data(data)
    device, precision, threads = find_machine(run, data)
    parents = ranks.agreed(lambda: parent and parent.spec.classes)
    if parents is not None and run.kinds is None and data.labels is None:
        run = dataclasses.replace(run, kinds=kinds_of(parents))
    planned, quick, sorted_data = make_plan(gan, run, data, device, precision, left)
    settled = dataclasses.replace(planned.run, device=str(device), precision=precision, threads=threads)
    state = State(planned.gan, settled, sorted_data.spec, device, precision)
    state.flexible = run.images is None
    return planned, state, quick, sorted_data, state.inherit(parent) if parent else ""


@machine.own_threads()
def resume(folder: Path, data: ImageData, display: Display, judge: bool = True) -> Outcome:
    """Go on with a run from its newest whole checkpoint, bit for bit as if it had not stopped."""
    check_same_data(data)
    config, before = ranks.agreed(lambda: _free_to_go_on(folder))
    try:
        gan, run = catalog.from_config(config["gan"]), Run(**config["run"])
    except (KeyError, TypeError) as error:
        raise DataError(f"{folder}/config.json is of another version: {error}", "train anew") from None
    device, precision, threads = find_machine(run, data)
    if threads != run.threads:
        display.note(f"! this run used {run.threads} threads, now {threads}: results may differ in the last bit")
    if ranks.world() != before:
        display.note(f"! this run used {before} processes, now {ranks.world()}: results may differ in the last digits")
    sorted_data = told(data, run.kinds or 0)
    state = State(gan, run, sorted_data.spec, device, precision)
    ranks.agreed(lambda: _load_newest(state, folder, data, display))
    display.note(f"▶ resume {folder} at {state.images:,} of {state.length:,} pictures")
    batches, quick = _batches(state, sorted_data), Quick(data, n=hooks.JUDGED)
    with writing_to(folder):
        return _play(state, batches, data, quick, folder, display, hooks.Interruption(), judge)


def _free_to_go_on(folder: Path) -> tuple[dict[str, Any], int]:
    """Return the config of a run and how many processes began it; UsageError where one has it in hand."""
    config = runs.read_config(folder)
    if (info := runs.describe(folder)).state == "running":
        raise UsageError(f"{folder} is being trained already ({info.held_by})", runs.command("stop", folder))
    return config, runs.read_json(folder / "env.json", {}).get("processes", 1)


def _load_newest(state: State, folder: Path, data: ImageData, display: Display) -> None:
    """Bring `state` to the newest checkpoint that is whole; DataError where none fits."""
    found = checkpoint.newest(folder / "state", lambda message: display.note(f"! {message}"))
    if found is None:
        raise DataError(f"{folder} has no checkpoint that is whole", "train anew under another --name")
    if found.about.get("format") != FORMAT:
        raise DataError(f"the checkpoint of {folder} is of another version", "train anew, or use its version")
    if found.about.get("fingerprint") != data.fingerprint:
        model = next(iter(runs.models_of(folder)), None)
        raise DataError(
            f"{data.source} is not the data that {folder.name} was trained on any more (its content changed)",
            f"bring the data back, or begin anew: {runs.command('train', data.source, **{'from': model})}",
        )
    try:
        state.load(found.tensors, found.counters)
    except (LookupError, RuntimeError, TypeError, ValueError) as error:
        raise DataError(f"the checkpoint of {folder} is no fit: {str(error).splitlines()[0]}", "train anew") from None


def ended(folder: Path) -> Outcome | None:
    """Return how a run ended that is finished, its report written; None where there is something to go on with."""
    status, report = folder / "state" / "status.json", folder / "report.html"
    said = runs.read_json(status, {})
    if said.get("status") != "finished" or runs.describe(folder).state != "finished" or not report.is_file():
        return None
    if report.stat().st_mtime < status.stat().st_mtime:  # that of an earlier stop
        return None
    return Outcome(folder, "finished", str(said.get("hash", "")))


def _batches(state: State, data: ImageData) -> Batches:
    run = state.run
    return Batches(data, state.batch, run.seed, run.mirror, state.device, state.gan.needs)


def _play(
    state: State,
    batches: Batches,
    data: ImageData,
    quick: Quick,
    folder: Path,
    display: Display,
    stop: hooks.Interruption,
    judge: bool,
) -> Outcome:
    share(state)
    if not ranks.first():
        return _play_along(state, batches, hooks.MetricsLog(folder), stop)
    with held(folder):
        status = _lead(state, batches, data, quick, folder, display, stop)
        _report(folder, data, state, display, judge and status == "finished")
    return ranks.agreed(lambda: Outcome(folder, status, state.hash()))


def _lead(
    state: State,
    batches: Batches,
    data: ImageData,
    quick: Quick,
    folder: Path,
    display: Display,
    stop: hooks.Interruption,
) -> str:
    """Play with all that happens beside the rounds, and write down how it ended; return that too."""
    guard, log = Guard(folder, _about(data)), hooks.MetricsLog(folder)
    for place in (folder, folder / "samples"):
        sweep(place)
    guard.cut(state)
    log.cut(state.images, state.seconds)
    status_file = folder / "state" / "status.json"
    status_file.unlink(missing_ok=True)
    sampler = functools.partial(_model, data=data)
    save, save_when_due = hooks.save_checkpoints(folder, _about(data))
    judging = [hooks.judge(folder, sampler, quick), watch(lambda state: _signals(state, batches))]
    write = [log.write, hooks.preview(folder, sampler), hooks.keep_to_minutes, save, display.tick]

    def recover(error: Trouble) -> None:
        answer = guard.recover(state, error)
        log.cut(state.images, state.seconds)
        display.note(f"! {error}; {answer} (alerts.jsonl)")

    status, message = "failed", ""
    try:
        with stop, enough_memory(state.batch, runs.command("resume", folder)):
            at_tick = hooks.at_ticks([*judging, raise_alarm, *write, stop_when_converged])
            each_round = [hooks.clock(), log.collect, display.round, at_tick, save_when_due]
            each_round += [hooks.deadline, stop.hook]
            why = _fit_and_recover(state, batches, in_step(each_round, stop), recover)
            if why == "interrupted":
                display.note(f"· saving {state.images:,} pictures")
                with contextlib.suppress(checkpoint.NotFiniteState):  # the last checkpoint is better than this moment
                    save(state, {})
        if why == "interrupted":
            status, message = "stopped", f"stopped at {state.images:,} pictures; {runs.command('resume', folder)}"
        else:
            if why == "time" and all(past["images"] < state.images for past in state.watched):
                _look_at_the_end([*judging, *write], state, recover)
            status, message = "finished", f"{state.images:,} pictures in {state.seconds:,.0f} s"
            if why not in ("finished", "time"):
                message += f"; {why}"
                display.note(f"· {message}")
    except (GansmithError, OSError) as error:
        message = str(error)
        raise
    except KeyboardInterrupt:
        status, message = "stopped", f"quit without saving; {runs.command('resume', folder)}"
        raise
    finally:
        display.close()
        said = {"status": status, "message": message, "images": state.images, "planned": state.length}
        with contextlib.suppress(OSError):  # a full disk, which is being reported
            write_json(status_file, said | {"seconds": round(state.seconds, 3), "hash": state.hash()})
    return status


def _look_at_the_end(hooks_of_a_tick: Sequence[Hook], state: State, recover: Callable[[Trouble], None]) -> None:
    """Look once more, or where a weight has become NaN meanwhile, at what is gone back to."""
    try:
        hooks.look_once(hooks_of_a_tick, state)
    except checkpoint.NotFiniteState as error:
        recover(error)
        hooks.look_once(hooks_of_a_tick, state)


def _play_along(state: State, batches: AnyBatches, log: hooks.MetricsLog, stop: hooks.Interruption) -> Outcome:
    """Play what the first process plays, and leave all else to it; return its outcome."""
    with stop:
        _fit_and_recover(state, batches, [log.collect, *in_step([], stop)], lambda error: None)
    return ranks.agreed(lambda: Outcome(Path(), "", ""))


def _fit_and_recover(
    state: State, batches: AnyBatches, each_round: Sequence[Hook], recover: Callable[[Trouble], None]
) -> str:
    """Play to the end and say why it ended: finished, time, interrupted, or a sentence that begins with converged."""
    while True:
        try:
            fit(state, batches, each_round, fastest_way_to_play(state))
            return "finished"
        except Halt as halt:
            return str(halt)
        except (Alarm, NotFinite, checkpoint.NotFiniteState) as error:
            ranks.agreed(functools.partial(recover, error))
            share(state)


def _report(folder: Path, data: ImageData, state: State, display: Display, judge: bool) -> None:
    evaluation, best = None, folder / "best"
    model = Sampler.load(best, str(state.device)).shown(data) if best.is_dir() else None
    if model is not None and judge:
        from gansmith.evaluate.menu import COPYING, DEFAULT
        from gansmith.evaluate.report import enough_held_out, evaluate

        copying = COPYING if enough_held_out(data) and len(data) <= MOST_SEARCHED else ()
        display.note("· judging the best model for the report")
        try:
            evaluation = evaluate(model, data, n=min(REPORT_SAMPLES, len(data)), metrics=(*DEFAULT, *copying))
            write_whole(folder / "evaluation.json", evaluation.to_json())
        except GansmithError as error:  # such as too few pictures: the rest of the story is still told
            display.note(f"! the report has no evaluation: {error}")
    write_report(folder, data, model, evaluation)


def make_plan(
    gan: GAN, run: Run, data: ImageData, device: torch.device, precision: str, left: Collection[str] = ()
) -> tuple[plan.Plan, Quick, ImageData]:
    """Plan a run, the same one in all its processes; return what judges it, and the data as the game is told of it.

    Hyper-parameters that no network or optimiser can be made with are UsageErrors.
    """
    plan.check(data)
    run = dataclasses.replace(run, kinds=plan.kinds_for(gan, run, data))
    quick, sorted_data = Quick(data, n=hooks.JUDGED), told(data, run.kinds or 0)

    def look(state: State, batches: Batches) -> None:
        hooks.figures(_model(state, data), quick)
        _signals(state, batches)

    try:
        with warnings.catch_warnings(), enough_memory(run.batch or gan.batch):
            warnings.filterwarnings("ignore", "Initializing zero-element")  # it is told below
            planned = plan.plan(gan, run, sorted_data, device, precision, look, left)
    except (ArithmeticError, AssertionError, IndexError, RuntimeError, TypeError, ValueError) as error:
        name, reason = catalog.name_of(gan), str(error).strip().partition("\n")[0]
        raise UsageError(f"{name} does not work with these options: {reason}", f"see: gansmith gans {name}") from error
    return ranks.agreed(lambda: planned), quick, sorted_data


def _model(state: State, data: ImageData) -> Sampler:
    return Sampler(state.gan, state.average, state.spec, _info(state, data)).shown(data)


def _signals(state: State, batches: AnyBatches) -> dict[str, float]:
    return critic_accuracy(state, batches) | gradient_norms(state)


def find_machine(run: Run, data: ImageData) -> tuple[torch.device, str, int]:
    """Settle on device, precision and threads, and set the threads.

    Pictures of up to 16x16 pixels train on one thread: handing such small pieces to others costs more than it saves.
    """
    machine.prepare()
    tiny = math.prod(data.spec.size) <= 256
    threads = machine.set_threads(run.threads or (1 if tiny else None))
    device = machine.find_device(ranks.own_device(run.device))
    return device, ranks.agreed(lambda: machine.find_precision(run.precision, device)), threads


def check_same_data(data: ImageData) -> None:
    """Raise DataError in a process that reads other data than the first."""
    if ranks.agreed(lambda: data.fingerprint) != data.fingerprint:
        raise DataError(
            f"process {ranks.rank()} reads other pictures from {data.source} than process 0",
            "give every machine the same data",
        )


def _about(data: ImageData) -> dict[str, Any]:
    versions = {"format": FORMAT, "gansmith": gansmith.__version__, "torch": torch.__version__}
    return versions | {"fingerprint": data.fingerprint}


def _info(state: State, data: ImageData) -> dict[str, Any]:
    return {"Data": data.source, "Data fingerprint": data.fingerprint, "Pictures seen": state.images}
