"""Pictures painted together: the same bits as alone, a bounded queue, nobody waits for ever, nothing for who left."""

import asyncio
import threading
import time

import numpy as np
import pytest
import torch

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.sample.sampler import ROWS, Sampler
from gansmith.studio import batching
from gansmith.studio.batching import Batcher, Busy, Gone, Wanted

CLIENTS, EACH = 12, 6


def make_sampler(gan="dcgan", classes=("cat", "dog", "7"), shape=(3, 8, 8), **options):
    torch.manual_seed(0)
    game = catalog.create(gan, options or {"width": 8, "latent_dim": 6})
    spec = DataSpec(shape, classes)
    return Sampler(game, game.nets(spec), spec)


class Counted(Sampler):
    """A sampler that tells how many pictures each of its passes was asked for, and waits for leave to begin."""

    def __init__(self, model):
        super().__init__(model.gan, model.nets, model.spec)
        self.passes, self.may, self.began = [], threading.Event(), threading.Event()
        self.may.set()

    def pixels(self, seeds, label=None, truncation=1.0, restyle=None):
        self.began.set()
        assert self.may.wait(20)
        self.passes.append((len(seeds), truncation))
        return super().pixels(seeds, label, truncation, restyle)


@pytest.fixture
def counted():
    return Counted(make_sampler())


@pytest.fixture
def batcher(counted):
    batcher = Batcher(counted, most_waiting=40)
    yield batcher
    counted.may.set()
    batcher.close()


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


async def until(is_so):
    while not is_so():
        await asyncio.sleep(0.005)


async def behind_a_pass(batcher, *waiting):
    """Let one picture be painted, hold it, queue the others behind it, then let go; return all answers."""
    batcher.sampler.may.clear()
    first = asyncio.ensure_future(batcher.picture(Wanted(0)))
    await asyncio.to_thread(batcher.sampler.began.wait, 10)
    tasks = [asyncio.ensure_future(one) for one in waiting]
    await asyncio.sleep(0.02)
    batcher.sampler.may.set()
    return await asyncio.gather(first, *tasks, return_exceptions=True)


@pytest.mark.parametrize("gan", ["dcgan", "stylegan2", "biggan"])
def test_the_same_bits_whoever_shares_the_pass(gan):
    sampler = make_sampler(gan, shape=(3, 16, 16)) if gan == "dcgan" else make_sampler(gan, shape=(3, 16, 16), width=8)
    wishes = [
        [Wanted(100 * client + i, (client + i) % 4 - 1 if (client + i) % 4 else None, (1.0, 0.7)[i % 3 == 2])
         for i in range(EACH)]
        for client in range(CLIENTS)
    ]  # fmt: skip
    batcher, found = Batcher(sampler), {}

    def ask(wanted):
        async def each():
            return await asyncio.gather(*(batcher.picture(one) for one in wanted))

        found.update(zip(wanted, asyncio.run(each()), strict=True))

    threads = [threading.Thread(target=ask, args=(wanted,)) for wanted in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batcher.close()
    assert len(found) == CLIENTS * EACH
    for wanted, picture in found.items():
        alone = sampler.images([wanted.seed], wanted.label, wanted.truncation)
        np.testing.assert_array_equal(picture.pixels, alone.pixels[0])
        assert picture.png == alone.png(0)
        assert picture.about == alone.provenance[0]


def test_a_model_without_classes():
    sampler = make_sampler(classes=())
    batcher = Batcher(sampler)
    picture = run(batcher.picture(Wanted(5)))
    batcher.close()
    np.testing.assert_array_equal(picture.pixels, sampler.pixels([5])[0])


def test_what_waits_goes_together_and_one_alone_waits_for_nobody(batcher, counted):
    answers = run(behind_a_pass(batcher, *(batcher.picture(Wanted(i, i % 3)) for i in range(20))))
    assert not any(isinstance(answer, Exception) for answer in answers)
    assert counted.passes == [(1, 1.0), (ROWS, 1.0), (4, 1.0)]


def test_one_truncation_a_pass_and_who_waits_longest_first(batcher, counted):
    truncations = [0.5, 1.0, 0.5, 0.7, 1.0]
    run(behind_a_pass(batcher, *(batcher.picture(Wanted(i, 0, t)) for i, t in enumerate(truncations))))
    assert counted.passes == [(1, 1.0), (2, 0.5), (2, 1.0), (1, 0.7)]


def test_a_full_queue_says_when_to_ask_again(batcher):
    answers = run(behind_a_pass(batcher, *(batcher.picture(Wanted(i)) for i in range(50))))
    refused = [answer for answer in answers if isinstance(answer, Busy)]
    assert len(refused) == 10
    assert all(busy.retry_after >= 1 and str(busy.retry_after) in busy.remedy for busy in refused)


def test_the_time_to_wait_follows_queue_and_rate(batcher):
    async def asked():
        batcher.sampler.may.clear()
        first = asyncio.ensure_future(batcher.picture(Wanted(0)))
        await asyncio.to_thread(batcher.sampler.began.wait, 10)
        others = [asyncio.ensure_future(batcher.picture(Wanted(i))) for i in range(40)]
        await asyncio.sleep(0.02)
        batcher._pass_seconds = 4.2
        told = batcher.seconds_to_wait()
        batcher.sampler.may.set()
        await asyncio.gather(first, *others)
        return told

    assert run(asked()) == 13  # three passes for 40 pictures
    assert batcher.seconds_to_wait() == 1


def test_the_wait_is_bounded(batcher, monkeypatch):
    monkeypatch.setattr(batching, "LONGEST_WAIT", 0.1)
    monkeypatch.setattr(batching, "PATIENCE", 0.02)

    async def asked():
        batcher.sampler.may.clear()
        first = asyncio.ensure_future(batcher.picture(Wanted(0)))
        await asyncio.to_thread(batcher.sampler.began.wait, 10)
        with pytest.raises(Busy, match="not begun"):
            await batcher.picture(Wanted(1))
        batcher.sampler.may.set()
        return await first

    assert run(asked()).about.seed == 0  # what has begun is not thrown away
    assert batcher.sampler.passes == [(1, 1.0)]


def test_nothing_is_painted_for_clients_that_left(batcher, monkeypatch):
    monkeypatch.setattr(batching, "PATIENCE", 0.005)

    async def gone():
        return True

    async def cancelled():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(batcher.picture(Wanted(3)), 0.001)

    answers = run(behind_a_pass(batcher, batcher.picture(Wanted(1), gone), cancelled(), batcher.picture(Wanted(2))))
    assert isinstance(answers[1], Gone)
    assert answers[3].about.seed == 2
    assert batcher.sampler.passes == [(1, 1.0), (1, 1.0)]


def test_a_set_lets_single_pictures_through(batcher, counted):
    async def asked():
        many = asyncio.ensure_future(batcher.pictures([Wanted(i) for i in range(12 * ROWS)]))
        await until(lambda: len(counted.passes) >= 2)
        before = len(counted.passes)
        await batcher.picture(Wanted(1000))
        between = len(counted.passes) - before
        return await many, between

    made, passes = run(asked())
    assert [one.about.seed for one in made] == list(range(12 * ROWS))
    assert passes <= 6  # two of the set stand before it, and two may be painted before it is told
    np.testing.assert_array_equal(made[100].pixels, counted.pixels([100])[0])


def test_sets_side_by_side_are_few(batcher, monkeypatch):
    monkeypatch.setattr(batching, "MOST_SETS", 1)

    async def asked():
        first = asyncio.ensure_future(batcher.pictures([Wanted(0)]))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="already"):
            await batcher.pictures([Wanted(1)])
        await first
        return await batcher.pictures([Wanted(1)])

    assert len(run(asked())) == 1


def test_a_failure_is_told_and_the_next_one_is_served():
    batcher = Batcher(make_sampler("progressive", classes=(), shape=(3, 8, 8), width=8))

    async def asked():
        with pytest.raises(Exception, match="no truncation"):
            await batcher.picture(Wanted(1, None, 0.5))
        return await batcher.picture(Wanted(1))

    assert run(asked()).about.seed == 1
    batcher.close()


def test_close_turns_away_and_ends_the_thread(batcher, counted):
    async def asked():
        counted.may.clear()
        first = asyncio.ensure_future(batcher.picture(Wanted(0)))
        await asyncio.to_thread(counted.began.wait, 10)
        second = asyncio.ensure_future(batcher.picture(Wanted(1)))
        await asyncio.sleep(0.02)
        threading.Timer(0.05, counted.may.set).start()
        await asyncio.to_thread(batcher.close)
        return await asyncio.gather(first, second, return_exceptions=True)

    first, second = run(asked())
    assert first.about.seed == 0
    assert isinstance(second, Busy)
    assert not batcher._worker.is_alive()
    with pytest.raises(Busy):
        run(batcher.picture(Wanted(2)))


def test_retire_paints_what_waits_first(batcher, counted):
    async def asked():
        counted.may.clear()
        waiting = [asyncio.ensure_future(batcher.picture(Wanted(i))) for i in range(3)]
        await asyncio.to_thread(counted.began.wait, 10)
        batcher.retire()
        counted.may.set()
        return await asyncio.gather(*waiting)

    assert [one.about.seed for one in run(asked())] == [0, 1, 2]
    end = time.monotonic() + 10
    while batcher._worker.is_alive():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_the_lock_is_held_while_the_networks_run(counted):
    lock = threading.Lock()
    batcher = Batcher(counted, lock)

    async def asked():
        with lock:
            waiting = asyncio.ensure_future(batcher.picture(Wanted(0)))
            await asyncio.sleep(0.05)
            assert not counted.passes
        return await waiting

    assert run(asked()).about.seed == 0
    batcher.close()
