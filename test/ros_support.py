"""Real nodes over real DDS in tests: graphs that spin by themselves, and node processes."""

from __future__ import annotations

import array
from collections.abc import Callable
import contextlib
import gc
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
import time

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

import fer_ros

__all__ = ['TIMEOUT', 'Collector', 'Graph', 'NodeProcess', 'image_message', 'wait_for']

TIMEOUT = 20.0
"""Seconds: on a busy machine a process takes 5 s to start and discovery 3.5 s."""

_RESEND = 3.0  # seconds


def wait_for(condition: Callable[[], object], what: str, timeout: float = TIMEOUT):
    """Return the first true value of `condition`, or fail saying `what` did not come."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f'waited {timeout:g} s for {what}'
        time.sleep(0.005)


def image_message(bgr, stamp=(0, 0), frame_id='camera', **changes) -> Image:
    """Return (H, W, 3) uint8 as a `bgr8` message; `changes` replace its fields."""
    height, width = bgr.shape[:2]
    fields = {
        'width': width, 'height': height, 'encoding': 'bgr8', 'is_bigendian': 0,
        'step': 3 * width, 'data': bgr.tobytes(), **changes}
    fields['data'] = array.array('B', fields['data'])
    message = Image(**fields)
    message.header.frame_id = frame_id
    message.header.stamp.sec, message.header.stamp.nanosec = stamp
    return message


class Collector:
    """A subscription that keeps every message."""

    def __init__(self, node: Node, kind: type, topic: str, qos: QoSProfile | int) -> None:
        self.messages: list = []
        self.topic = topic
        self.subscription = node.create_subscription(kind, topic, self.messages.append, qos)

    def wait(self, count: int = 1, timeout: float = TIMEOUT) -> list:
        """Return the messages once there are `count` of them."""
        wait_for(lambda: len(self.messages) >= count, f'{count} messages on {self.topic}', timeout)
        return list(self.messages)

    def wait_match(self) -> Collector:
        """Return when a publisher is known."""
        wait_for(self.subscription.get_publisher_count, f'a publisher of {self.topic}')
        return self

    def wait_that(self, condition: Callable[[object], object], what: str,
                  timeout: float = TIMEOUT):
        """Return the first message, past or to come, for which `condition` holds."""
        return wait_for(
            lambda: next((m for m in list(self.messages) if condition(m)), None),
            f'{what} on {self.topic}', timeout)

    def clear(self) -> None:
        """Forget what has come so far."""
        self.messages.clear()


class Graph:
    """A ROS context of its own with a probe node; every node spins in a thread of its own.

    Attributes:
        probe: The node that publishes, subscribes and calls for the test.
    """

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self._spinners: list[tuple[SingleThreadedExecutor, threading.Thread, Node]] = []
        self._faults: list[BaseException] = []
        self.probe = self.spin(Node('probe', context=self.context))

    def __enter__(self) -> Graph:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def spin(self, node: Node) -> Node:
        """Spin a node, made with `context=graph.context`, until the graph ends."""
        executor = SingleThreadedExecutor(context=self.context)
        executor.add_node(node)
        thread = threading.Thread(target=self._run, args=(executor,), daemon=True)
        self._spinners.append((executor, thread, node))
        thread.start()
        return node

    def subscribe(self, kind: type, topic: str, qos: QoSProfile | int = 100) -> Collector:
        """Subscribe the probe; a number is the depth of a reliable queue."""
        return Collector(self.probe, kind, topic, qos)

    def publisher(self, kind: type, topic: str, qos: QoSProfile | int = 100, *, match=True):
        """Return a publisher of the probe, after somebody has subscribed unless not `match`."""
        publisher = self.probe.create_publisher(kind, topic, qos)
        if match:
            wait_for(publisher.get_subscription_count, f'a subscriber of {topic}')
        return publisher

    def connect(self, publisher, message, answers: Collector) -> Collector:
        """Publish `message` until something answers, so that nothing is lost from then on.

        One side knows the other first, and what is published in between is lost. Returns
        `answers`, emptied.
        """
        answers.wait_match()
        end = time.monotonic() + TIMEOUT
        while not answers.messages:
            assert time.monotonic() < end, f'no answer on {answers.topic}'
            publisher.publish(message)
            deadline = time.monotonic() + 0.3
            while not answers.messages and time.monotonic() < deadline:
                time.sleep(0.005)
        time.sleep(0.1)  # for the answer to a message sent a moment ago
        answers.clear()
        return answers

    def call(self, kind: type, name: str, request=None, timeout: float = TIMEOUT):
        """Call a service and return its response."""
        client = self.probe.create_client(kind, name)
        try:
            wait_for(client.service_is_ready, f'the service {name}', timeout)
            end = time.monotonic() + timeout
            while True:
                future = client.call_async(kind.Request() if request is None else request)
                try:
                    wait_for(future.done, f'an answer of {name}', min(timeout, _RESEND))
                    return future.result()
                except AssertionError:
                    # A server that does not know its client yet loses the answer.
                    if time.monotonic() > end:
                        raise
        finally:
            self.probe.destroy_client(client)

    def close(self) -> None:
        """End everything; fail if a node's spinning ended with an exception."""
        self.context.try_shutdown()
        for executor, thread, node in self._spinners:
            thread.join(TIMEOUT)
            executor.shutdown()
            node.destroy_node()
        self._spinners = []
        # A node refers to itself by its callbacks: until it is collected, others still see it.
        gc.collect()
        assert not self._faults, f'a node died: {self._faults!r}'

    def _run(self, executor: SingleThreadedExecutor) -> None:
        try:
            executor.spin()
        except ExternalShutdownException:
            pass
        except BaseException as error:
            if self.context.ok():
                self._faults.append(error)


def _waited_for_a_processor(schedstat: str) -> float:
    try:
        return int(Path(schedstat).read_text().split()[1]) * 1e-9
    except FileNotFoundError:  # a kernel that does not count it
        return 0.0


def _heed_interrupts() -> None:
    # A shell starts what it puts into the background with interrupts ignored, and so its children.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class NodeProcess:
    """A node as a process of its own, with the code under test.

    Args:
        module: Module to run, like `fer_ros.nodes.emotion_node`.
        arguments: What follows it, like `'--ros-args', '-p', 'autostart:=false'`.
    """

    def __init__(self, module: str, *arguments: str, command: tuple[str, ...] = ()) -> None:
        source = str(Path(fer_ros.__file__).parents[1])
        environment = dict(os.environ)
        environment['PYTHONPATH'] = os.pathsep.join(
            [source, *filter(None, [environment.get('PYTHONPATH')])])
        environment['PYTHONUNBUFFERED'] = '1'
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [*(command or (sys.executable, '-m', module)), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
            start_new_session=True, preexec_fn=_heed_interrupts)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> NodeProcess:
        return self

    def __exit__(self, *_: object) -> None:
        # The whole group: a launch process that is killed leaves its nodes behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return ''.join(self.lines)

    def wait_output(self, text: str, timeout: float = TIMEOUT) -> str:
        """Return the first line that holds `text`."""
        try:
            return wait_for(
                lambda: next((line for line in list(self.lines) if text in line), None),
                f'{text!r} in the output', timeout)
        except AssertionError as error:
            raise AssertionError(f'{error}; it printed:\n{self.output}') from None

    def wait_end(self, timeout: float = TIMEOUT) -> int:
        """Return the exit code once it has ended by itself."""
        code = self.process.wait(timeout)
        self._reader.join(timeout)
        return code

    def stop(self, number: int = signal.SIGINT, timeout: float = TIMEOUT) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.wait_end(timeout)

    def time_to_end(self, number: int) -> float:
        """Return the seconds from a signal to the end of the process on a machine that is idle.

        Those in which the process, or this one, was ready to run while other work held the
        processors are left out (Linux's Documentation/scheduler/sched-stats.rst).
        """
        ids = f'/proc/{self.process.pid}/schedstat', '/proc/thread-self/schedstat'

        def active() -> float:
            return time.monotonic() - sum(map(_waited_for_a_processor, ids))

        begin = active()
        self.process.send_signal(number)
        # What has ended and is not waited for still tells its figures.
        os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        return active() - begin

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line)
