"""Writing beside painting: the same bytes whatever the threads, a bounded number of pictures waiting, whole files."""

import errno
import threading
import time

import pytest
from PIL import Image

from gansmith.errors import DataError
from gansmith.sample import writing as subject
from gansmith.sample.images import Images
from gansmith.sample.writing import MOST_WAITING, SHARE, writing


def written(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_bytes_do_not_depend_on_the_threads(make_model, tmp_path):
    images = make_model((3, 8, 10)).sample(50)
    for threads in (1, 4):
        with writing(tmp_path / str(threads), threads) as write:
            write(images)
    one = written(tmp_path / "1")
    assert len(one) == 50
    assert written(tmp_path / "4") == one
    assert one["000007.png"] == images.png(7)


def test_who_hands_over_more_than_may_wait_is_held_up(make_model, tmp_path, monkeypatch):
    images, gate, handed = make_model().sample(SHARE), threading.Event(), []
    monkeypatch.setattr(subject, "write_whole", lambda path, content: gate.wait(60))

    def feed():
        with writing(tmp_path, threads=1) as write:
            for k in range(2 * MOST_WAITING):
                write(images)
                handed.append(k)

    feeder = threading.Thread(target=feed)
    feeder.start()
    until = time.monotonic() + 60
    while len(handed) < MOST_WAITING and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)
    assert len(handed) == MOST_WAITING
    gate.set()
    feeder.join(60)
    assert len(handed) == 2 * MOST_WAITING


def test_a_disk_that_fills_up_is_told_and_no_file_stands_half(make_model, tmp_path, monkeypatch):
    images, png = make_model().sample(40), Images.png

    def fail_at(self, i):
        if i == 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return png(self, i)

    monkeypatch.setattr(Images, "png", fail_at)
    with pytest.raises(DataError, match=r"cannot write pictures to .*: No space left on device"):
        images.save(tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        assert path.suffix == ".png"
        with Image.open(path) as image:
            image.load()


def test_an_interruption_leaves_out_what_no_thread_has_begun(make_model, tmp_path, monkeypatch):
    images, begun = make_model().sample(SHARE * 16), []

    def slowly(path, content):
        begun.append(path)
        time.sleep(0.01)

    def interrupted():
        with writing(tmp_path, threads=1) as write:
            write(images)
            raise KeyboardInterrupt

    monkeypatch.setattr(subject, "write_whole", slowly)
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(begun) % SHARE == 0
    assert len(begun) < len(images)
