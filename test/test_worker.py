"""One thread, several sources: the newest of each, in turn, and calls in between."""

import threading
import time

import pytest
from ros_support import wait_for

from fer_ros.nodes.rate import RateLimit
from fer_ros.nodes.worker import Worker


class Bench:
    """A worker whose work waits for a permit, and what it has done."""

    def __init__(self):
        self.done = []
        self.permits = threading.Semaphore(0)
        self.begun = threading.Event()
        self.worker = Worker(self._work)
        self.worker.start()

    def _work(self, source, item):
        self.begun.set()
        self.permits.acquire(timeout=5)
        self.done.append((source, item))


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.permits.release(100)
    assert bench.worker.stop(5)


def test_only_the_newest_of_a_source_waits(bench):
    bench.worker.put('a', 0)
    assert bench.begun.wait(5)
    assert not bench.worker.put('a', 1)
    assert bench.worker.put('a', 2)
    assert bench.worker.put('a', 3)
    bench.permits.release(2)
    wait_for(lambda: len(bench.done) == 2, 'both')
    assert bench.done == [('a', 0), ('a', 3)]


def test_a_fast_source_gets_no_more_turns_than_a_slow_one(bench):
    bench.worker.put('fast', 0)
    assert bench.begun.wait(5)
    for turn in range(1, 5):
        bench.worker.put('slow', turn)
        for image in range(10):
            bench.worker.put('fast', 10 * turn + image)
        bench.permits.release(2)
        wait_for(lambda n=2 * turn: len(bench.done) >= n, 'two turns')
    sources = [source for source, _ in bench.done]
    assert abs(sources.count('fast') - sources.count('slow')) <= 1


def test_a_call_comes_next_and_returns_or_raises(bench):
    bench.worker.put('a', 0)
    assert bench.begun.wait(5)
    bench.worker.put('a', 1)
    threading.Timer(0.1, bench.permits.release).start()
    names = bench.worker.call(lambda: (threading.current_thread().name, list(bench.done)))
    assert names == ('fer_ros worker', [('a', 0)])
    bench.permits.release()
    with pytest.raises(ZeroDivisionError):
        bench.worker.call(lambda: 1 / 0)


def test_without_a_thread_a_call_is_made_at_once():
    assert Worker(lambda source, item: None).call(lambda: 5) == 5


def test_what_waits_of_a_source_can_be_dropped(bench):
    bench.worker.put('a', 0)
    assert bench.begun.wait(5)
    bench.worker.put('a', 1)
    bench.worker.put('b', 2)
    bench.worker.drop('a')
    bench.permits.release(2)
    wait_for(lambda: len(bench.done) == 2, 'both')
    assert bench.done == [('a', 0), ('b', 2)]


def test_it_ends_after_the_item_at_hand_and_may_begin_again(bench):
    bench.worker.put('a', 0)
    assert bench.begun.wait(5)
    bench.worker.put('a', 1)
    assert not bench.worker.stop(0.05)
    bench.permits.release()
    assert bench.worker.stop(5)
    assert bench.done == [('a', 0)]
    bench.worker.put('a', 2)  # too late, and too early
    bench.worker.start()
    bench.permits.release()
    bench.worker.put('b', 3)
    wait_for(lambda: len(bench.done) == 2, 'the item after the pause')
    assert bench.done[1] == ('b', 3)


def test_calls_that_meet_the_end_are_answered():
    worker = Worker(lambda source, item: time.sleep(0.001))
    answers, ending = [], threading.Event()

    def ask():
        while not ending.is_set():
            answers.append(worker.call(lambda: 5))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        worker.start()
        worker.put('a', 0)
        assert worker.stop(5)
    ending.set()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    assert set(answers) == {5}


def test_whatever_the_work_raises_the_next_item_gets_its_turn(capfd):
    done = []

    def work(source, item):
        if item == 0:
            raise MemoryError('out of luck')
        done.append(item)

    worker = Worker(work)
    worker.start()
    worker.put('a', 0)
    wait_for(lambda: 'out of luck' in capfd.readouterr().err, 'the word about it')
    worker.put('a', 1)
    wait_for(lambda: done == [1], 'the next item')
    assert worker.call(lambda: 5) == 5
    assert worker.stop(5)


def test_it_does_not_hold_what_it_has_done(bench):
    import gc
    import weakref

    class Item:
        pass

    item = Item()
    held = weakref.ref(item)
    bench.permits.release()
    bench.worker.put('a', item)
    wait_for(lambda: bench.done, 'the item')
    bench.done.clear()
    del item
    end = time.monotonic() + 5
    while held() is not None and time.monotonic() < end:
        gc.collect()
        time.sleep(0.01)
    assert held() is None


@pytest.mark.parametrize(('camera', 'rate', 'expected'), [
    (30.0, 0.0, 30.0), (30.0, 10.0, 10.0), (30.0, 20.0, 20.0), (30.0, 30.0, 30.0),
    (30.0, 100.0, 30.0), (10.0, 3.0, 3.0)])
def test_the_rate_holds_in_the_mean(camera, rate, expected):
    limit = RateLimit()
    jitter = [0.0, 0.004, -0.003, 0.002]
    admitted = sum(
        limit.admits(100.0 + n / camera + jitter[n % 4], rate) for n in range(int(60 * camera)))
    assert admitted / 60 == pytest.approx(expected, rel=0.04)


def test_a_clock_that_jumps_admits_the_next():
    limit = RateLimit()
    assert limit.admits(100.0, 1.0)
    assert not limit.admits(100.5, 1.0)
    assert limit.admits(3.0, 1.0)
    assert not limit.admits(3.5, 1.0)
    assert limit.admits(500.0, 1.0)
    limit.reset()
    assert limit.admits(500.1, 1.0)
