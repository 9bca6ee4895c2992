"""The command line: what is typed is understood or answered; nothing heavy is loaded before it is needed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gansmith import catalog, cli
from gansmith.cli import arguments, front_page, training
from gansmith.cli.verbs import app
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.sample.sampler import Sampler
from gansmith.train.trainer import Outcome

HEAVY = {"torch", "torchvision", "numpy", "matplotlib", "jinja2", "PIL", "sklearn", "scipy"}
NOT_FOR_A_PICTURE = HEAVY - {"torch", "numpy", "PIL"} | {"onnx", "onnxruntime", "torch._dynamo", "gansmith.train.fit"}


@pytest.fixture
def type_in(capsys, monkeypatch, tmp_path):
    """Type a command in an empty folder: returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        code = cli.main(words)
        return code, *capsys.readouterr()

    return run


def loaded_by(*words):
    """The modules that a command imports, and what it prints."""
    code = f"import sys; from gansmith import cli; cli.main({list(words)}); sys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split()), done.stdout


def test_the_front_page_names_every_verb_and_loads_nothing_heavy():
    modules, out = loaded_by("--help")
    assert "gansmith.cli" in modules
    assert not (HEAVY | {"cyclopts", "rich", "pydantic"}) & modules
    assert all(f"\n  {verb} " in out for verb in front_page.VERBS)


def test_the_front_page_says_what_the_verbs_say():
    said = {verb: app[verb].help.splitlines()[0] for verb in app if not verb.startswith("-")}
    assert said == front_page.VERBS


@pytest.mark.parametrize("words", [[], ["-h"], ["--help"], ["—help"]], ids=str)
def test_the_front_page_is_what_help_means(type_in, words):
    assert type_in(*words) == (0, front_page.text() + "\n", "")


def test_a_picture_takes_no_more_than_it_needs(tmp_path):
    torch.manual_seed(0)
    gan, spec = catalog.create("dcgan", {"width": 4}), DataSpec((1, 8, 8))
    Sampler(gan, gan.nets(spec), spec).save(tmp_path / "best")
    modules, _ = loaded_by("generate", str(tmp_path / "best"), "-n", "1", "--out", str(tmp_path / "out"))
    assert "torch" in modules
    assert not NOT_FOR_A_PICTURE & modules
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["000000.png"]


def test_every_verb_explains_itself_without_torch():
    modules, out = loaded_by("train", "--help")
    assert not HEAVY & modules
    for option in ("--minutes", "--images", "--epochs", "--gan", "--size", "--from", "--seed", "--dry-run"):
        assert f"{option} " in out
    assert "Half-life of the averaged weights" in out, "the options of a run explain themselves as Run does"


@pytest.mark.parametrize(
    ("words", "message", "remedy"),
    [
        (["trian"], 'Unknown command "trian"', 'did you mean "train"? (see: gansmith --help)'),
        (["data", "chek", "x"], 'Unknown command "chek"', 'did you mean "check"? (see: gansmith data --help)'),
        (["data", "/"], 'Unknown command "/"', "gansmith data check / (see: gansmith data --help)"),
        (["/"], 'Unknown command "/"', "gansmith train / (see: gansmith --help)"),
        (["a" * 5000], 'Unknown command "aaa', "see: gansmith --help"),
        (["data", "check", "digits", "--sze", "4"], "Unknown option: --sze", "did you mean --size?"),
        (["train", "digits", "--imges", "4k"], "neither train nor dcgan has an option --imges", "'--images'"),
        (["train", "digits", "--latent-din", "4"], "option --latent-din", "'--latent-dim'"),
        (["train", "digits", "--gan", "r3gna"], "no GAN named 'r3gna'", "'r3gan'"),
        (["train", "digits", "--precision", "fp16"], 'Invalid value "fp16" for --precision', "gansmith train --help"),
        (["train", "digits", "--batch", "x"], "--batch: 'x' is not a whole number", "500k"),
        (["train", "digits", "--images", "-5"], "images must be above 0, not -5", "--images"),
        (["train", "digits", "--minutes", "0"], "minutes must be above 0, not 0", "--minutes"),
        (["train"], "--data requires an argument", "gansmith train --help"),
        (["train", "digits", "--size", "7"], "7x7 is not a size to train at", "--size 64"),
        (["train", "digits", "--lr", "abc"], "lr = 'abc' does not fit", "gansmith gans dcgan"),
        (["train", "digits", "--config"], "--config needs a file", "--config settings.toml"),
        (["train", "digits", "--config", "none.toml"], "none.toml: No such file", "--config"),
        (["augment", "iris", "--label", "kind"], "iris has no column 'kind'", "the columns are: sepal length"),
        (["augment", "iris", "--limit", "9"], "are for pictures, and iris is a table", "leave them out"),
        (["augment", "iris", "--study", "--per-class", "9"], "per_class is for pictures", "leave out per_class"),
        (["generate", "nothing"], "there is no model at nothing", "gansmith runs"),
        (["export", "nothing"], "there is no model at nothing", "gansmith runs"),
        (["export", "nothing", "--format", "tflite"], 'Invalid value "tflite" for --format', "gansmith export --help"),
        (["walk", "nothing", "--seeds", "x"], "'x' does not name seeds", "0-63"),
        (["generate", "nothing", "--seeds", "x"], "'x' does not name seeds", "0-63"),
        (["resume", "runs/a"], "runs/a is not a run", "gansmith runs"),
        (["stop", "runs/a"], "runs/a is not a run", "gansmith runs"),
        (["runs", "show", "runs/a"], "runs/a is not a run", "gansmith runs"),
        (["runs", "compare", "runs/a"], "two runs or more", "gansmith runs compare"),
        (["runs", "compare", "a", "b", "-n", "50"], "are for judging anew", "--data"),
        (["runs", "compare", "a", "b", "--metrics", "kid"], "are for judging anew", "--data"),
        (["runs", "compare", "a", "b", "--fit", "pad"], "are for judging anew", "--data"),
        (["train", "digits", "--from", "nothing", "--dry-run"], "there is no model at nothing", "gansmith runs"),
        (["train", "digits", "--name", "../x", "--dry-run"], "'../x' cannot name a run", "letters"),
        (["runs", "prune", "--keep", "-1"], "cannot keep -1 runs", "0 or more"),
        (["gans", "dcgna"], "no GAN named 'dcgna'", "'dcgan'"),
        (["evaluate", "nothing", "digits"], "there is no model at nothing", "gansmith runs"),
        (
            ["evaluate", "nothing", "digits", "--out", "no/a.json"],
            "cannot write no/a.json: there is no folder no",
            "--out",
        ),
        (
            ["runs", "compare", "a", "b", "--html", "no/a.html"],
            "cannot write no/a.html: there is no folder no",
            "--html",
        ),
        (["generate", "nothing", "-n", "0", "--workers", "2"], "-n 0 is no picture", "-n 1"),
        (["augment", "iris", "--out", "."], ". is there already", "--out"),
        (["data", "show", "digits", "-n", "0"], "cannot show 0 pictures", "-n 64"),
        (["data", "show", "digits", "--out", "no/a.png"], "cannot write no/a.png", "--out"),
        (["data", "check", "digits", "--out", "no/a.html"], "cannot write no/a.html", "--out"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_answered_with_what_can(type_in, tmp_path, words, message, remedy):
    code, _, err = type_in(*words)
    assert code == 2
    lines = err.strip().splitlines()
    assert len(lines) == 2, err
    assert lines[0].startswith("✗ ")
    assert message in lines[0]
    assert lines[1].startswith("  → ")
    assert remedy in lines[1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["digitz", "~nosuchuser/digits", "d" * 300])
def test_data_that_is_not_there_is_bad_data(type_in, name):
    code, _, err = type_in("train", name)
    assert code == 3
    assert f"there is no folder, file or named set '{name}'" in err
    assert "digits" in err.splitlines()[1]


def test_figures_are_told_even_where_they_cannot_be_written(type_in, tmp_path, monkeypatch):
    class Figures(str):
        to_json = str.__str__

    monkeypatch.setattr("gansmith.api.evaluate", lambda *_, **__: Figures("kid 0.1"))
    code, out, err = type_in("evaluate", "m", "digits", "--out", str(tmp_path))
    assert (code, out) == (2, "kid 0.1\n")
    assert f"cannot write {tmp_path}" in err


def test_nothing_is_trained_for_a_place_that_is_taken(type_in, tmp_path, monkeypatch):
    monkeypatch.setattr("gansmith.api.augment", lambda *_, **__: pytest.fail("trained"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    code, _, err = type_in("augment", "digits", "--out", "full")
    assert code == 2
    assert "full is there already" in err


def test_what_nobody_foresaw_is_one_line_unless_asked(type_in, monkeypatch):
    def fail(*_, **__):
        raise KeyError("odd")

    monkeypatch.setattr("gansmith.runs.list_runs", fail)
    code, _, err = type_in("runs")
    assert code == 1
    assert "unexpected KeyError" in err
    assert "--debug" in err
    with pytest.raises(KeyError):
        cli.main(["runs", "--debug"])


def test_memory_that_runs_out_is_told(type_in, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr("gansmith.runs.list_runs", fail)
    code, _, err = type_in("runs")
    assert code == 1
    assert "not enough memory" in err


def test_an_interruption_is_130(type_in, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("gansmith.runs.list_runs", interrupt)
    assert type_in("runs")[0] == 130


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("—seed", "--seed"),
        ("–seed", "--seed"),
        ("–—seed", "--seed"),
        ("−5", "-5"),
        ("–n", "-n"),
        ("—", "—"),
        ("a–b", "a–b"),
    ],
)
def test_pasted_dashes(typed, meant):
    assert arguments.plain_dashes([typed]) == [meant]


def test_options_from_a_file(tmp_path):
    file = tmp_path / "my.toml"
    file.write_text(
        'gan = "r3gan"\nimages = "500k"\nmirror = true\nseed = -3\nwidths = [32, 16]\nmicro_batch = 8\nas_is = false'
    )
    words = arguments.expand_config(["train", "x", "--config", str(file), "--seed", "9"], app)
    assert words[:4] == ["train", "x", "--seed", "9"]
    assert " ".join(words[4:]) == (
        "--gan=r3gan --images=500k --mirror=true --widths=32,16 --micro-batch=8 --as-is=false"
    )
    (tmp_path / "my.json").write_text('{"gan": "dcgan", "beta1": 0, "augment": 0.0, "kinds": null}')
    words = arguments.expand_config([f"--config={tmp_path}/my.json", "train"], app)
    assert words == ["train", "--gan=dcgan", "--beta1=0", "--augment=0.0"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["evaluate", "m", "d", "-n", "50"], "n = 100"),
        (["evaluate", "m", "d", "-n50"], "n = 100"),
        (["data", "show", "d", "--n=50"], "n = 100"),
        (["generate", "m", "--class", "5"], 'label = "3"'),
        (["generate", "m", "--label=5"], 'class = "3"'),
        (["train", "d", "--micro_batch", "5"], "micro_batch = 3"),
    ],
    ids=str,
)
def test_what_is_typed_wins_by_whichever_name(tmp_path, words, text):
    (tmp_path / "my.toml").write_text(text)
    assert arguments.expand_config([*words, "--config", str(tmp_path / "my.toml")], app) == words


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.toml", "x = ", "not valid toml"),
        ("a.json", "[1]", "holds no options"),
        ("a.json", "{", "not valid json"),
        ("a.toml", "[run]\nimages = 3", "section 'run'"),
    ],
)
def test_option_files_that_cannot_be_used(tmp_path, name, text, reason):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=reason):
        arguments.expand_config(["train", "--config", str(tmp_path / name)], app)


def test_a_file_of_options_and_those_typed_reach_the_run(type_in, tmp_path, monkeypatch):
    seen = {}

    def dry_run(pictures, gan, **settings):
        seen.update(settings, gan=gan, n=len(pictures))
        return "planned"

    monkeypatch.setattr("gansmith.api.dry_run", dry_run)
    (tmp_path / "my.toml").write_text(
        'images = "1.5k"\nseed = 4\nlatent_dim = 8\nlimit = 100\nbeta1 = 0\nclass_norm = false\njson = false\n'
    )
    code, out, _ = type_in("train", "digits", "—seed", "5", "--config", "my.toml", "--dry-run", "--mirror")
    assert code == 0
    assert out.endswith("planned\n")
    assert (seen["images"], seen["seed"], seen["mirror"], seen["n"]) == (1500, 5, True, 100)
    assert seen["options"] == {"latent_dim": "8", "beta1": "0", "class_norm": "false"}


def test_the_catalog_is_shown(type_in):
    code, out, _ = type_in("gans")
    assert code == 0
    assert "r3gan" in out
    assert "gp_weight" in json.loads(type_in("gans", "--json")[1])["wgan_gp"]
    assert "--gp-weight" in type_in("gans", "wgan_gp")[1]


def test_no_runs_yet(type_in):
    code, out, _ = type_in("runs")
    assert code == 0
    assert "gansmith train digits" in out
    assert json.loads(type_in("runs", "--json")[1]) == []


def test_doctor(type_in):
    code, out, _ = type_in("doctor")
    assert code == 0
    assert "torch" in out
    assert any(check["name"] == "torch" for check in json.loads(type_in("doctor", "--json")[1]))


def test_data_verbs(type_in, tmp_path):
    code, out, _ = type_in("data", "check", "digits")
    assert code == 0
    assert "1,297 images" in out
    assert (tmp_path / "data.html").is_file()
    assert json.loads(type_in("data", "check", "digits", "--json", "--limit", "50")[1])["images"] == 50
    assert type_in("data", "show", "digits")[0] == 0
    assert (tmp_path / "data.png").is_file()
    assert type_in("data", "prepare", "digits")[0] == 0


def test_a_check_leads_on_to_the_same_reading(type_in):
    _, out, _ = type_in("data", "check", "digits", "--fit", "pad", "--size", "16x8", "--limit", "50")
    assert "  next     gansmith train digits --size 16x8 --fit pad --limit 50\n" in out
    assert " gansmith augment digits --size 16x8 --fit pad --limit 50 --study," in out


def test_what_comes_next_can_be_typed_as_it_is(type_in, tmp_path, monkeypatch, capsys):
    (tmp_path / "a b").mkdir()
    config = {"gan": {"name": "dagan"}, "run": {}, "data": {"source": "my photos", "fit": "pad", "label": "kind"}}
    (tmp_path / "a b/config.json").write_text(json.dumps(config))
    told = {status: Outcome(Path("a b"), status, "") for status in ("finished", "stopped")}
    training._tell(told["finished"], as_json=False)
    assert "gansmith generate 'a b/last' --like PICTURE --fit pad --seeds 0-63 --grid\n" in capsys.readouterr().out
    assert training._tell(told["stopped"], as_json=False) == 130
    assert "gansmith resume 'a b'\n" in capsys.readouterr().out
    monkeypatch.setattr("gansmith.runs.request_stop", lambda run: 5)
    assert "; gansmith resume 'a b' goes on" in type_in("stop", "a b")[1]


def test_runs_compared_tell_figures_controls_and_what_is_missing(tmp_path, capsys):
    control = {"suspect": False, "share": 0.01, "value": 0.03, "interval": [0.02, 0.04], "caught": False}
    for name, value in (("a", 1.0), ("b", 0.2), ("c", None)):
        (tmp_path / name).mkdir()
        config = {"gan": {"name": "dcgan"}, "run": {"seed": 0}}
        (tmp_path / name / "config.json").write_text(json.dumps(config))
        if value is not None:
            figure = {
                "name": "memorization_ratio",
                "value": value,
                "interval": [value - 0.1, value + 0.1],
                "floor": 0.0,
            }
            figure |= {"net": "random-conv@0", "n_real": 5000, "n_fake": 500, "control": control}
            (tmp_path / name / "evaluation.json").write_text(json.dumps({"results": [figure], "data": "d"}))
    runs = [str(tmp_path / name) for name in "abc"]
    page = tmp_path / "page.html"
    assert cli.main(["runs", "compare", *runs, "--html", str(page)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "1 (0.9 to 1.1) 0.2 (0.1 to 0.3) better - not compared 0 500 / 5,000 as reals" in told
    assert "no sign of copies; 1% planted: NOT noticed: too weak here" in told
    assert "c has no evaluation; --data DATA judges all of them anew" in told
    assert "better" in page.read_text()
    assert cli.main(["runs", "compare", *runs, "--html", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert "better" in told.out
    assert f"cannot write {tmp_path}" in told.err


def test_only_training_is_started_as_several_processes(type_in, monkeypatch):
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "here"}.items():
        monkeypatch.setenv(name, value)
    code, _, errors = type_in("gans")
    assert code == 2
    assert "only train together" in errors
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert type_in("gans")[0] == 0


def test_an_encoding_that_lacks_a_sign_does_not_end_the_command():
    words = [sys.executable, "-m", "gansmith", "evaluate", "nothing", "digits"]
    done = subprocess.run(words, env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, text=True)
    assert done.returncode == 2
    assert r"\u2717 there is no model at nothing" in done.stderr
