"""The executor waits without spinning, and tells what callbacks raise."""

import threading
import time

import pytest
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.task import Future
from ros_support import wait_for

from fer_ros.nodes.executor import NodeExecutor


@pytest.fixture
def node(ros):
    from rclpy.node import Node

    node = Node('busy', context=ros.context)
    yield node
    node.destroy_node()


@pytest.fixture
def executor(ros, node):
    executor = NodeExecutor(num_threads=2, context=ros.context)
    executor.add_node(node)
    yield executor
    executor.shutdown()
    executor.end_pool()


class Spin:
    """A thread that spins, its processor time, and what ended it."""

    def __init__(self, executor):
        self.seconds, self.error = 0.0, None
        self._executor = executor
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        begin = time.thread_time()
        try:
            self._executor.spin()
        except ValueError as error:
            self.error = error
        self.seconds = time.thread_time() - begin

    def join(self):
        self._thread.join(5)
        assert not self._thread.is_alive()


def timer(node, callback):
    return node.create_timer(0.01, callback, callback_group=MutuallyExclusiveCallbackGroup())


def test_while_all_threads_are_taken_the_rest_waits_without_spinning(node, executor):
    free, taken, served = threading.Event(), [], []
    for _ in range(2):
        timer(node, lambda: (taken.append(1), free.wait(5)))
    spin = Spin(executor)
    wait_for(lambda: len(taken) == 2, 'two callbacks')
    timer(node, lambda: served.append(1))
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        executor.wake()  # as every image and every answer does
        time.sleep(1e-4)
    assert served == []
    free.set()
    wait_for(lambda: served, 'the third callback')
    executor.shutdown()
    spin.join()
    assert spin.seconds < 0.03


def test_what_a_callback_raises_ends_spin_though_nothing_follows(node, executor):
    def fail():
        once.cancel()
        raise ValueError('broken')

    once = timer(node, fail)
    spin = Spin(executor)
    spin.join()
    assert str(spin.error) == 'broken'


def test_it_waits_for_a_future_and_no_longer_than_asked(node, executor):
    future = Future(executor=executor)
    begin = time.monotonic()
    executor.spin_until_future_complete(future, timeout_sec=0.2)
    assert 0.15 < time.monotonic() - begin < 2.0
    assert not future.done()
    timer(node, lambda: future.set_result(3))
    executor.spin_until_future_complete(future, timeout_sec=5.0)
    assert future.result() == 3
