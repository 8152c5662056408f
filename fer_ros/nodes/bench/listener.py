"""Who listens to the results in `fer bench node`, and directs the load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import contextlib
import dataclasses
import functools
import json
import threading
import time
from types import TracebackType
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import Float64, String

from fer_msgs.msg import EmotionArray
from fer_ros.core.errors import FerError
from fer_ros.nodes.messages import seconds
from fer_ros.nodes.qos import RESULT_QOS

__all__ = ['Arrival', 'Listener']

_POLL = 0.005


@dataclasses.dataclass(frozen=True)
class Arrival:
    """A result that has come.

    Attributes:
        at: When, in seconds since the epoch.
        stamp: When its image was published, by the same clock.
        camera: Number of the camera.
        faces: Number of faces.
        processing: Seconds that the node says it has worked on it.
    """

    at: float
    stamp: float
    camera: int
    faces: int
    processing: float


class Listener:
    """A node in this process, spun by a thread of its own.

    Args:
        namespace: Of all topics of the benchmark.
    """

    def __init__(self, namespace: str) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = Node('fer_bench', namespace=namespace, context=self._context)
        self._load = self._node.create_publisher(Float64, 'load', RESULT_QOS)
        self._reports: list[dict[str, Any]] = []
        self._node.create_subscription(
            String, 'sent', lambda message: self._reports.append(json.loads(message.data)),
            RESULT_QOS)
        self._subscriptions: list[Any] = []
        self.arrivals: list[Arrival] = []
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def __enter__(self) -> Listener:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._context.try_shutdown()
        self._thread.join(5.0)
        self._node.destroy_node()

    def listen(self, topics: Sequence[str]) -> None:
        """Begin anew, with the results on these topics."""
        self.deafen()
        self.arrivals = []
        for camera, topic in enumerate(topics):
            self._subscriptions.append(self._node.create_subscription(
                EmotionArray, topic, functools.partial(self._on_result, camera), RESULT_QOS))

    def deafen(self) -> None:
        """Listen to no results any more."""
        while self._subscriptions:
            self._node.destroy_subscription(self._subscriptions.pop())

    def set_load(self, rate: float) -> dict[str, Any]:
        """Let every camera publish `rate` images a second; return what was sent before.

        Returns:
            `begin`, `end` (seconds since the epoch), `sent`, `rate` of the phase that has ended.
        """
        self.wait(self._load.get_subscription_count, 'the source of images')
        before = len(self._reports)
        self._load.publish(Float64(data=float(rate)))
        self.wait(lambda: len(self._reports) > before, 'an answer of the source of images')
        return self._reports[-1]

    def wait(
        self, condition: Callable[[], object], what: str, timeout: float = 120.0,
        watch: Callable[[], object] = lambda: None,
    ) -> None:
        """Return when a condition holds.

        Args:
            condition: It.
            what: What is waited for, for people.
            timeout: Seconds.
            watch: Called again and again; may raise if there is nothing to wait for any more.

        Raises:
            FerError: It does not come.
        """
        end = time.monotonic() + timeout
        while not condition():
            watch()
            if time.monotonic() > end:
                raise FerError(f'{what} did not come within {timeout:g} s')
            time.sleep(_POLL)

    def _on_result(self, camera: int, message: EmotionArray) -> None:
        self.arrivals.append(Arrival(
            time.time(), seconds(message.header.stamp), camera, len(message.emotions),
            seconds(message.processing_time)))

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()
