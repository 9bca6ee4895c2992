"""Run folders of every kind, sound and broken, are listed, shown, compared, stopped and pruned."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from gansmith import catalog, runs
from gansmith.errors import UsageError

NO_PROCESS = 2**22 + 1  # above Linux's largest process number


def make_run(root, name="photos", *, ticks=(), status=None, lock=None, changed=None, gan="r3gan", **run):
    path = root / name
    (path / "state").mkdir(parents=True)
    config = {
        "gan": {"name": gan, "gamma": 0.5},
        "run": {"images": 2000, "batch": 64} | run,
        "data": {"source": "photos/"},
        "command": "gansmith train photos/",
    }
    (path / "config.json").write_text(json.dumps(config))
    (path / "metrics.jsonl").write_text("".join(json.dumps(tick) + "\n" for tick in ticks))
    if status:
        (path / "state/status.json").write_text(json.dumps(status))
        os.utime(path / "state/status.json", (1000, 1000))
    if lock:
        (path / "state/lock.json").write_text(json.dumps(lock))
    if changed:
        for file in (path / "metrics.jsonl", path / "config.json", path):
            os.utime(file, (changed, changed))
    return path


def lock(pid=None, host=None, started=None):
    started = started or datetime.now(UTC).isoformat()
    return {"pid": pid or os.getpid(), "host": host or socket.gethostname(), "started": started}


def test_a_run_tells_its_figures(tmp_path):
    ticks = [
        {"step": 1, "images": 640, "seconds": 10.0, "kid": 0.5},
        {"step": 2, "images": 1280, "seconds": 20.0, "kid": 0.2},
        {"step": 3, "images": 1920, "seconds": 30.0, "kid": 0.3},
    ]
    make_run(tmp_path, ticks=ticks, status={"status": "stopped", "message": "by the user"})
    (info,) = runs.list_runs(tmp_path)
    assert (info.name, info.gan, info.data, info.state) == ("photos", "r3gan", "photos/", "stopped")
    assert (info.images, info.planned, info.seconds) == (1920, 2000, 30.0)
    assert (info.kid, info.kid_images, info.message) == (0.2, 1280, "by the user")


def test_no_folder_no_runs(tmp_path):
    assert runs.list_runs(tmp_path / "runs") == []


def test_the_run_that_changed_last_comes_first(tmp_path):
    for name, changed in (("a", 2000), ("b", 4000), ("c", 3000)):
        make_run(tmp_path, name, changed=changed)
    assert [info.name for info in runs.list_runs(tmp_path)] == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no config.json"),
        (b"", "damaged"),
        (b'{"gan": {', "damaged"),
        (b"\xff\xfe\x00", "damaged"),
        (b"[1, 2]", "damaged"),
        (b"[" * 100_000, "damaged"),
        (b'{"gan": {"name": "r3gan"}}', 'lacks "gan" or "run"'),
        (b'{"gan": "r3gan", "run": {}}', 'lacks "gan" or "run"'),
    ],
)
def test_a_broken_run_is_listed_with_the_reason_and_never_pruned(tmp_path, content, reason):
    (tmp_path / "odd").mkdir()
    if content is not None:
        (tmp_path / "odd/config.json").write_bytes(content)
    (info,) = runs.list_runs(tmp_path)
    assert info.state == "broken"
    assert reason in info.message
    assert runs.prune(tmp_path, keep=0, dry_run=False) == []
    assert (tmp_path / "odd").is_dir()
    with pytest.raises(UsageError, match=reason):
        runs.show(tmp_path / "odd")


def test_a_huge_config_is_not_read(tmp_path):
    path = make_run(tmp_path)
    with (path / "config.json").open("r+b") as file:
        file.truncate(runs.MOST_JSON_BYTES + 1)
    assert runs.describe(path).state == "broken"


def test_odd_values_in_sound_json_do_no_harm(tmp_path):
    path = make_run(tmp_path, images="2M")
    config = json.loads((path / "config.json").read_text()) | {"data": "photos/"}
    (path / "config.json").write_text(json.dumps(config))
    (path / "metrics.jsonl").write_text(
        '{"images": "many"}\n{"images": NaN}\n{"images": 64, "kid": NaN}\n{"images": 12'
    )
    info = runs.describe(path)
    assert (info.state, info.images, info.planned, info.kid, info.data) == ("interrupted", 64, 0, None, "")


def test_ticks_trained_again_count_once(tmp_path):
    path = make_run(tmp_path, ticks=[{"images": i, "kid": k} for i, k in ((1, 9), (2, 8), (3, 1), (2, 7), (3, 6))])
    assert [(row["images"], row["kid"]) for row in runs.read_metrics(path)] == [(1, 9), (2, 7), (3, 6)]


@pytest.mark.parametrize(
    ("status", "held", "state"),
    [
        (None, None, "interrupted"),
        ({"status": "finished"}, None, "finished"),
        ({"status": "failed", "message": "the losses were not finite"}, None, "failed"),
        (None, lock(), "running"),
        ({"status": "stopped"}, lock(), "running"),  # resumed
        (None, lock(pid=NO_PROCESS), "interrupted"),
        ({"status": "stopped"}, lock(pid=NO_PROCESS), "interrupted"),  # resumed, then killed
        (None, lock(pid=2**80), "interrupted"),
        (None, lock(started=(datetime.now(UTC) - timedelta(days=3650)).isoformat()), "interrupted"),  # number reused
        (None, lock(host="elsewhere"), "interrupted"),
        (None, {"pid": "x"}, "interrupted"),
    ],
)
def test_the_state_follows_from_status_and_lock(tmp_path, status, held, state):
    assert runs.describe(make_run(tmp_path, status=status, lock=held)).state == state


def test_an_ending_younger_than_the_lock_counts(tmp_path):
    path = make_run(tmp_path, status={"status": "finished"}, lock=lock())
    os.utime(path / "state/lock.json", (500, 500))
    assert runs.describe(path).state == "finished"


def test_a_run_is_held_until_its_report_is_written(tmp_path):
    path = make_run(tmp_path, status={"status": "finished"}, lock=lock())
    os.utime(path / "state/lock.json", (500, 500))
    assert runs.describe(path).held_by == f"process {os.getpid()} on {socket.gethostname()}"
    assert runs.prune(tmp_path, keep=0, dry_run=False) == []
    (path / "state/lock.json").write_text(json.dumps(lock(pid=NO_PROCESS)))
    os.utime(path / "state/lock.json", (500, 500))
    assert runs.describe(path).held_by == ""
    assert runs.prune(tmp_path, keep=0, dry_run=False) == [path]


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
def test_a_process_that_ended_but_was_not_collected_is_dead(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert runs.describe(make_run(tmp_path, lock=lock(pid=child.pid))).state == "interrupted"
    child.wait()


def test_show_tells_all_and_what_to_do_next(tmp_path):
    path = make_run(tmp_path, "my photos", ticks=[{"images": 64, "seconds": 1}])
    (path / "best").mkdir()
    (path / "alerts.jsonl").write_text('{"kind": "nan"}\n')
    shown = runs.show(path)
    json.dumps(shown)
    assert shown["last"] == {"images": 64, "seconds": 1}
    assert shown["alerts"] == [{"kind": "nan"}]
    assert shown["commands"]["resume"] == f"gansmith resume '{path}'"
    assert shown["commands"]["evaluate"] == f"gansmith evaluate '{path}/best' photos/"
    assert shown["commands"]["reproduce"] == "gansmith train photos/"


def test_commands_keep_how_the_data_was_read(tmp_path):
    path = make_run(tmp_path)
    config = json.loads((path / "config.json").read_text())
    config["data"] |= {"fit": "pad", "label": "kind of it", "size": [8, 8], "mode": "L", "limit": None}
    (path / "config.json").write_text(json.dumps(config))
    commands = runs.show(path)["commands"]
    assert commands["evaluate"] == f"gansmith evaluate {path}/last photos/ --fit pad --label 'kind of it'"
    assert commands["generate"] == f"gansmith generate {path}/last"


def test_a_gan_that_must_be_shown_a_picture_is_shown_one(tmp_path):
    assert set(runs.LIKE) == {name for name, gan in catalog.GANS.items() if gan.needs}
    commands = runs.show(make_run(tmp_path, gan="dagan"))["commands"]
    assert commands["generate"] == f"gansmith generate {tmp_path}/photos/last --like PICTURE"


def test_compare_shows_what_differs(tmp_path):
    a = make_run(tmp_path, "a", ticks=[{"images": 64, "kid": 0.5}], seed=1)
    b = make_run(tmp_path, "b", ticks=[{"images": 128, "kid": 0.4}], gan="dcgan")
    table = runs.compare([a, b])
    assert table["runs"] == ["a", "b"]
    assert table["results"]["kid"] == [0.5, 0.4]
    assert table["settings"] == {"gan.name": ["r3gan", "dcgan"], "run.seed": [1, None]}


def test_prune_deletes_the_oldest_only_when_told(tmp_path):
    for name, changed in (("a", 2000), ("b", 4000), ("c", 3000)):
        make_run(tmp_path, name, changed=changed)
    assert [path.name for path in runs.prune(tmp_path, keep=1)] == ["c", "a"]
    assert len(runs.list_runs(tmp_path)) == 3
    assert [path.name for path in runs.prune(tmp_path, keep=2, dry_run=False)] == ["a"]
    assert [info.name for info in runs.list_runs(tmp_path)] == ["b", "c"]


def test_prune_spares_what_trains_or_may_train_and_links(tmp_path):
    root = tmp_path / "runs"
    make_run(root, "here", lock=lock())
    make_run(root, "there", lock=lock(host="elsewhere"))
    outside = make_run(tmp_path, "outside")
    (root / "link").symlink_to(outside)
    assert runs.prune(root, keep=0, dry_run=False) == []
    assert outside.is_dir()
    with pytest.raises(UsageError):
        runs.prune(root, keep=-1)


def test_a_stop_reaches_the_training(tmp_path):
    code = (
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print(flush=True); signal.pause()"
    )
    child = subprocess.Popen([sys.executable, "-c", code, "gansmith", "train"], stdout=subprocess.PIPE)
    child.stdout.readline()
    try:
        assert runs.request_stop(make_run(tmp_path, lock=lock(pid=child.pid))) == child.pid
        assert child.wait(timeout=10) == 7
    finally:
        child.kill()
        child.communicate()


@pytest.mark.skipif(not os.path.exists("/proc/self/cmdline"), reason="needs /proc")
def test_a_stop_leaves_a_foreign_process_alone(tmp_path):
    child = subprocess.Popen(["sleep", "30"], cwd="/")
    try:
        with pytest.raises(UsageError, match="left alone"):
            runs.request_stop(make_run(tmp_path, lock=lock(pid=child.pid)))
        time.sleep(0.05)
        assert child.poll() is None
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()


def test_a_stop_needs_a_training(tmp_path):
    with pytest.raises(UsageError, match="is not being trained"):
        runs.request_stop(make_run(tmp_path, "a"))
    with pytest.raises(UsageError, match="trains on elsewhere") as caught:
        runs.request_stop(make_run(tmp_path, "b", lock=lock(host="elsewhere")))
    assert "gansmith stop" in caught.value.remedy
    with pytest.raises(UsageError, match="is not a run"):
        runs.request_stop(tmp_path / "c")


def test_new_runs_are_numbered_after_the_data(tmp_path):
    made = [runs.new_run_dir(tmp_path / "runs", None, "photos") for _ in range(3)]
    assert [path.name for path in made] == ["photos", "photos-2", "photos-3"]
    assert all(path.is_dir() for path in made)


@pytest.mark.parametrize(
    ("data_name", "name"),
    [
        ("/home/me/my photos/", "my-photos"),
        ("../..", "run"),
        (".hidden", "hidden"),
        ("été.zip", "été.zip"),
        ("", "run"),
    ],
)
def test_names_are_made_fit_for_a_folder(tmp_path, data_name, name):
    assert runs.new_run_dir(tmp_path, None, data_name).name == name


def test_a_taken_name_is_refused_with_both_ways_out(tmp_path):
    assert runs.new_run_dir(tmp_path, "first", "photos") == tmp_path / "first"
    with pytest.raises(UsageError, match="first is there already") as caught:
        runs.new_run_dir(tmp_path, "first", "photos")
    assert f"gansmith resume {tmp_path}/first" in caught.value.remedy
    assert "--name" in caught.value.remedy


@pytest.mark.parametrize("name", ["", "a/b", "../a", ".a", "-a", "a\\b", "a\nb", "a:b", "x" * 61])
def test_names_that_are_no_folder_names_are_refused(tmp_path, name):
    with pytest.raises(UsageError, match="cannot name a run"):
        runs.new_run_dir(tmp_path, name, "photos")
    assert list(tmp_path.iterdir()) == []


def test_runs_do_not_load_torch():
    code = "import sys, gansmith.runs; print('torch' in sys.modules or 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
