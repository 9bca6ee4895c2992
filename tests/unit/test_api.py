"""The Python interface: verbs are callable whatever was imported first; settings are checked by name."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

import gansmith as gs
from gansmith import api, catalog, runs
from gansmith.data.images import assemble
from gansmith.errors import DataError, UsageError
from gansmith.gans import DCGAN, WGANGP
from gansmith.train import hooks, trainer
from gansmith.train.folder import before_the_restart
from gansmith.train.run import Run

VERBS = ("data", "evaluate", "export", "load", "resume", "train")
FIRST = ["gansmith.api", "gansmith.train.fit", "gansmith.data.images", "gansmith.evaluate.report", "gansmith.cli"]


@pytest.mark.parametrize("first", [*FIRST, "gansmith.gans"])
def test_verbs_are_callable_whatever_was_imported_first(first):
    code = f"""
import {first}
import gansmith as gs
for verb in {VERBS}:
    assert callable(getattr(gs, verb)), verb
assert len(gs.data("digits", limit=20)) == 20
import gansmith.train.trainer, gansmith.evaluate.quick
assert callable(gs.train) and callable(gs.evaluate)
assert gs.train.trainer.start and gs.gans.DCGAN
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_import_alone_loads_nothing_heavy():
    code = "import sys, gansmith; print(sorted({'torch', 'numpy', 'PIL'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_name_that_is_no_verb():
    with pytest.raises(AttributeError, match="trian"):
        gs.trian  # noqa: B018


@pytest.fixture
def pictures():
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
    return assemble(images, None, (), [str(i) for i in range(40)], "noise")


def test_settings_by_name():
    run = api.make_run({"images": 100, "minutes": None}, None, 40)
    assert (run.images, run.minutes, run.batch) == (100, None, Run().batch)
    assert api.make_run({}, 2.5, 40).images == 100
    with pytest.raises(UsageError, match="no setting 'image'") as caught:
        api.make_run({"image": 100}, None, 40)
    assert "'images'" in caught.value.remedy
    with pytest.raises(UsageError, match="images and epochs"):
        api.make_run({"images": 100}, 1.0, 40)
    with pytest.raises(UsageError, match="above 0"):
        api.make_run({}, -1.0, 40)


def test_a_gan_by_name_leaves_to_the_planner_what_was_not_given(pictures):
    assert api.make_gan("dcgan", {"width": "8"}, pictures) == (DCGAN(width=8), {"augment", "class_norm", "widest"})
    left = {"class_norm", "width", "widest"}
    assert api.make_gan("dcgan", {"augment": "0.2"}, pictures) == (DCGAN(augment=0.2), left)
    wide = DCGAN(width=64, widest=256, lr=1.0)
    assert api.make_gan("dcgan", {}, pictures, wide) == (DCGAN(width=64, widest=256), {"augment"}), "as its parent"
    assert api.make_gan("dcgan", {"width": "8"}, pictures, wide)[0] == DCGAN(width=8, widest=256)
    assert api.make_gan("sngan", {}, pictures, wide)[0] == catalog.create("sngan")
    drawn = WGANGP(palette=8)
    assert api.make_gan("wgan_gp", {}, pictures, drawn) == (drawn, {"augment"}), "painted as its parent paints"
    assert api.make_gan("wgan_gp", {}, pictures, WGANGP())[1] == {"augment"}, "not settled by the data"
    assert api.make_gan(DCGAN(width=8), {}, pictures) == (DCGAN(width=8), frozenset())
    assert api.make_gan(DCGAN, {}, pictures) == (DCGAN(), frozenset()), "a class is its defaults"
    with pytest.raises(UsageError, match="options go with the name"):
        api.make_gan(DCGAN(), {"width": 8}, pictures)


@pytest.mark.parametrize(
    "verb", [gs.data, gs.train, lambda array: gs.evaluate(array, array)], ids=["data", "train", "evaluate"]
)
def test_an_array_for_a_path_is_told_how_it_becomes_one(verb):
    with pytest.raises(UsageError, match="by a path or a name, not from ndarray") as caught:
        verb(np.zeros((4, 8, 8, 1), np.uint8))
    assert "np.savez('set.npz'" in caught.value.remedy


SMALL = {"images": 64, "threads": 1, "device": "cpu", "precision": "fp32", "display": "quiet"}


@pytest.mark.parametrize(
    "settings",
    [
        {"device": "cuda:99"},
        {"options": {"lr": -1.0}},
        {"options": {"width": "wide"}},
        {"parent": "nothing"},
        {"imagse": 5},
        {"batch": 0},
    ],
    ids=str,
)
def test_a_start_that_fails_leaves_nothing(pictures, tmp_path, settings):
    with pytest.raises(UsageError) as caught:
        api.train(pictures, "dcgan", root=tmp_path / "runs", **(SMALL | settings))
    assert caught.value.remedy
    assert list(tmp_path.rglob("*")) in ([], [tmp_path / "runs"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A small finished run on pictures made in Python."""
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
    data = assemble(images, None, (), [str(i) for i in range(40)], "noise")
    root = tmp_path_factory.mktemp("runs")
    return data, api.train(data, DCGAN(width=4), name="small", root=root, **SMALL)


def test_the_outcome_leads_on(run):
    _, outcome = run
    assert outcome.status == "finished"
    assert outcome.report.is_file()
    assert [row["images"] for row in outcome.metrics] == [64]
    assert gs.load(outcome.best).sample(2).pixels.shape == (2, 8, 8, 1)
    assert gs.load(outcome.folder).hash == gs.load(outcome.best).hash
    assert sorted(path.name for path in outcome.folder.iterdir()) == [
        "alerts.jsonl", "best", "config.json", "data.json", "env.json", "evaluation.json", "last", "metrics.csv",
        "metrics.jsonl", "metrics.png", "reals.png", "report.html", "samples", "state",
    ]  # fmt: skip


def test_a_finished_run_is_not_trained_again(run):
    data, outcome = run
    before = outcome.report.stat().st_mtime_ns
    assert gs.resume(outcome.folder, display="quiet") == outcome
    assert gs.resume(outcome.folder, data, display="quiet") == outcome
    assert outcome.report.stat().st_mtime_ns == before


def test_a_run_is_held_until_its_report_is_written(pictures, tmp_path, monkeypatch):
    lock, write, held = tmp_path / "run/state/lock.json", trainer.write_report, []

    def write_report(folder, *parts):
        held.append(runs.describe(folder))
        return write(folder, *parts)

    monkeypatch.setattr(trainer, "write_report", write_report)
    api.train(pictures, DCGAN(width=4), name="run", root=tmp_path, **SMALL)
    assert [(info.state, bool(info.held_by)) for info in held] == [("finished", True)]
    assert not lock.exists()


def test_the_lock_of_who_went_on_meanwhile_stays(pictures, tmp_path, monkeypatch):
    lock = tmp_path / "run/state/lock.json"
    monkeypatch.setattr(trainer, "write_report", lambda *_: lock.write_text('{"pid": 1}'))
    api.train(pictures, DCGAN(width=4), name="run", root=tmp_path, **SMALL)
    assert json.loads(lock.read_text()) == {"pid": 1}


def test_a_taken_name_loses_nothing(run):
    data, outcome = run
    with pytest.raises(UsageError, match="is there already"):
        api.train(data, DCGAN(width=4), name="small", root=outcome.folder.parent, **SMALL)
    assert outcome.report.is_file()


def test_data_that_has_gone_can_be_handed_over(run, tmp_path):
    data, outcome = run
    torn = shutil.copytree(outcome.folder, tmp_path / "torn")
    (torn / "state/status.json").unlink()
    with pytest.raises(DataError, match="is not there any more") as caught:
        gs.resume(torn, display="quiet")
    assert "--data" in caught.value.remedy
    with pytest.raises(DataError, match="is not the data") as caught:
        gs.resume(torn, data.take(range(20)), display="quiet")
    assert caught.value.remedy.endswith(f"gansmith train {data.source} --from {torn}/best")
    for name in ("best", "last"):  # as in a run that was stopped early
        shutil.rmtree(torn / name, ignore_errors=True)
    with pytest.raises(DataError, match="is not the data") as caught:
        gs.resume(torn, data.take(range(20)), display="quiet")
    assert caught.value.remedy.endswith(f"gansmith train {data.source}")
    assert gs.resume(torn, data, display="quiet").hash == outcome.hash


@pytest.mark.parametrize(
    ("options", "gan", "settings", "command"),
    [
        ({}, DCGAN(width=4, lr=0.001), {"seed": 3}, "gs.train('digits', gs.gans.DCGAN(width=4, lr=0.001), images=64, "),
        (
            {"size": 16, "limit": 60},
            "dcgan",
            {"options": {"width": 4}},
            "gs.train(gs.data('digits', size=16, limit=60), ",
        ),
        ({"mode": "RGB"}, None, {"options": {"width": 4}, "epochs": 0.05}, "gs.train(gs.data('digits', mode='RGB'), "),
    ],
    ids=["gan", "name", "default"],
)
def test_the_recorded_call_trains_the_same_when_it_is_typed_again(
    tmp_path, monkeypatch, options, gan, settings, command
):
    monkeypatch.chdir(tmp_path)
    settings = SMALL | {"images": None if "epochs" in settings else 64, "mirror": True, "judge": False} | settings
    first = api.train(gs.data("digits", **options) if options else "digits", gan, name="first", **settings)
    before = runs.read_config(first.folder)
    assert before["command"].startswith(command)
    again = eval(before["command"], {"gs": gs})
    assert runs.read_config(again.folder) == before
    assert again.hash == first.hash


def test_the_recorded_call_says_of_data_made_in_python_that_it_was(run):
    _, outcome = run
    command = runs.read_config(outcome.folder)["command"]
    assert command.startswith("gs.train(data, gs.gans.DCGAN(width=4), images=64, ")
    assert command.endswith("  # data: 'noise'")


def test_data_that_has_moved_is_read_as_before_and_named_by_its_new_place(tmp_path):
    np.savez(tmp_path / "old.npz", images=np.random.default_rng(0).integers(0, 256, (60, 8, 8, 1), np.uint8))
    data = gs.data(tmp_path / "old.npz", limit=40)
    outcome = api.train(data, DCGAN(width=4), root=tmp_path, name="a run", judge=False, **SMALL)
    (outcome.folder / "state/status.json").unlink()
    (tmp_path / "old.npz").rename(tmp_path / "new.npz")
    with pytest.raises(DataError, match="is not there any more") as caught:
        gs.resume(outcome.folder, display="quiet")
    assert f"gansmith resume '{outcome.folder}' --data DATA" in caught.value.remedy
    np.savez(tmp_path / "other.npz", images=np.zeros((60, 8, 8, 1), np.uint8))
    with pytest.raises(DataError, match="is not the data"):
        gs.resume(outcome.folder, tmp_path / "other.npz", display="quiet")
    assert "old.npz" in runs.show(outcome.folder)["commands"]["evaluate"]
    assert gs.resume(outcome.folder, tmp_path / "new.npz", display="quiet", judge=False).hash == outcome.hash
    shown = runs.show(outcome.folder)
    assert shown["commands"]["evaluate"].endswith(f" {tmp_path}/new.npz")
    assert shown["data_summary"]["source"] == f"{tmp_path}/new.npz"


def test_a_parent_gives_what_fits(run, tmp_path):
    data, outcome = run
    child = api.train(data, DCGAN(width=4), root=tmp_path, parent=outcome.best, **SMALL)
    assert child.status == "finished"
    with pytest.raises(UsageError, match="no weight of the parent"):
        api.train(data, "vanilla", options={"width": 4}, root=tmp_path, name="b", parent=outcome.best, **SMALL)
    assert not (tmp_path / "b").exists()


def test_pictures_told_of_kinds(pictures, tmp_path, monkeypatch):
    settings = SMALL | {"images": 640, "ticks": 2, "kinds": 4, "judge": False}
    whole = api.train(pictures, DCGAN(width=4), root=tmp_path, name="whole", **settings)
    model = gs.load(whole.best)
    assert model.spec.classes == ("kind 0", "kind 1", "kind 2", "kind 3")
    assert model.pixels([5], "kind 1").tolist() != model.pixels([5], "kind 2").tolist()
    assert runs.read_config(whole.folder)["run"]["kinds"] == 4
    summary = runs.read_json(whole.folder / "data.json", {})
    assert (summary["classes"], summary["fingerprint"]) == ({}, pictures.fingerprint)
    assert [one.name for one in gs.evaluate(model, pictures, metrics=["kid"], n=20).results] == ["kid"]

    def stop(state, logs):
        if state.images == 320:
            raise hooks.Halt("interrupted")

    with monkeypatch.context() as patched:
        patched.setattr(hooks, "deadline", stop)
        torn = api.train(pictures, DCGAN(width=4), root=tmp_path, name="torn", **settings)
    assert torn.status == "stopped"
    assert gs.resume(torn.folder, pictures, display="quiet", judge=False).hash == whole.hash

    many = api.train(pictures.take(np.arange(2560) % 40), "dcgan", root=tmp_path, judge=False, **SMALL)
    assert runs.read_config(many.folder)["run"]["kinds"] == 64  # without being asked to
    asked = {"epochs": None, "options": {}, "images": 64, "threads": 1, "device": "cpu", "precision": "fp32"}
    assert "4 kinds" in api.dry_run(pictures, "dcgan", parent=whole.best, **asked)
    with pytest.raises(UsageError, match="no weight of the parent model fits"):
        api.dry_run(pictures, "stylegan2", parent=whole.best, **asked)
    child = api.train(pictures, DCGAN(width=4), root=tmp_path, parent=whole.best, **SMALL, judge=False)
    assert gs.load(child.best).spec.classes == model.spec.classes
    with pytest.raises(UsageError, match="have classes already"):
        api.train("digits", "dcgan", root=tmp_path, name="told", kinds=4, **SMALL)


def test_fakes_of_another_size_are_told(run, tmp_path):
    data, outcome = run
    gs.load(outcome.best).sample(30).save(tmp_path / "same")
    folder = tmp_path / "larger"
    folder.mkdir()
    for i, picture in enumerate(gs.load(outcome.best).sample(30)):
        picture.resize((16, 16)).convert("RGB").save(folder / f"{i}.png")
    notes = [" ".join(gs.evaluate(path, data, metrics=["kid"]).notes) for path in (tmp_path / "same", folder)]
    assert "brought to the size and mode of the data, 8x8 L" not in notes[0]
    assert "brought to the size and mode of the data, 8x8 L" in notes[1]


def test_a_restart_finds_its_own_run_and_touches_no_other(tmp_path, monkeypatch):
    def begun(name, command):
        (tmp_path / name / "state" / "000001k-00000032").mkdir(parents=True)
        (tmp_path / name / "config.json").write_text(json.dumps({"command": command}))

    def found(name):
        return before_the_restart(tmp_path, name, "train x")

    begun("mine", "train x")
    begun("other", "train y")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "photo.png").touch()
    (tmp_path / "claimed").mkdir()
    assert found("mine") is None, "a first start goes on with nothing"
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "here"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TORCHELASTIC_MAX_RESTARTS", "3")
    assert found("mine") is None
    with pytest.raises(UsageError, match="found again"):
        found(None)
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    assert found("mine") == tmp_path / "mine"
    assert [found(name) for name in ("other", "folder", "claimed", "new")] == [None] * 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "mine", "other"]
