"""Publishes recorded messages at the pace at which they were recorded, with `/clock`.

What is played is an iterable of `Recorded`; where it comes from is not this file's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
import dataclasses
import importlib
import time

from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock

from fer_ros.nodes.qos import IMAGE_OFFER_QOS, RESULT_QOS

__all__ = ['message_class', 'PlayerNode', 'Recorded']

_IMAGES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
_LATCHED = ('/tf_static', '/robot_description')
_ACK_SECONDS = 2.0  # for reliable subscribers to confirm the last messages
_POLL_SECONDS = 0.05


@dataclasses.dataclass(frozen=True, eq=False)
class Recorded:
    """A message to play.

    Attributes:
        topic: Its topic.
        kind: Its type, such as `sensor_msgs/msg/Image`.
        time: When it was recorded, in nanoseconds.
        data: Serialized as by ROS 2.
    """

    topic: str
    kind: str
    time: int
    data: bytes


class PlayerNode(Node):  # type: ignore[misc]
    """Plays messages.

    Args:
        rate: How many times as fast as they were recorded.
        clock: How often `/clock` is published in a second, besides with each message; 0 for no
            clock.
        options: As for `rclpy.node.Node`.

    Attributes:
        skipped: Types that are not installed, and whose topics are not played.
    """

    def __init__(self, rate: float = 1.0, clock: float = 40.0, **options: object) -> None:
        super().__init__('player', **options)
        self._rate, self._tick = rate, 1.0 / clock if clock else 0.0
        self._clock = self.create_publisher(Clock, '/clock', 10) if clock else None
        self._topics: dict[str, Publisher] = {}
        self.skipped: set[str] = set()
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self)

    def offer(self, topics: dict[str, str]) -> None:
        """Make the publishers, so that subscribers find them before the first message.

        Args:
            topics: Type of each topic.
        """
        for topic, kind in topics.items():
            self._publisher(topic, kind)

    def wait(self, topic: str, seconds: float) -> bool:
        """Wait until somebody subscribes to a topic; return whether somebody did."""
        publisher, end = self._topics[topic], time.monotonic() + seconds
        while not publisher.get_subscription_count():
            if time.monotonic() > end or not self.context.ok():
                return False
            self._executor.spin_once(timeout_sec=_POLL_SECONDS)
        return True

    def play(
        self, messages: Iterable[Recorded], step: Callable[[], object] = lambda: None,
    ) -> int:
        """Publish messages in their time; return how many were published."""
        count = 0
        for _ in self.steps(messages):
            count += 1
            step()
        return count

    def steps(self, messages: Iterable[Recorded]) -> Iterator[Recorded]:
        """Publish messages in their time, and yield each after it was published."""
        begin = first = None
        for message in messages:
            publisher = self._publisher(message.topic, message.kind)
            if publisher is None:
                continue
            now = time.monotonic()
            if begin is None or first is None:
                begin, first = now, message.time
            self._pass_time(begin, first, message.time)
            if not self.context.ok():
                return
            self._tell_time(message.time)
            publisher.publish(message.data)
            yield message

    def flush(self) -> None:
        """Let the last messages arrive: what leaves the graph takes its queue along."""
        for publisher in self._topics.values():
            publisher.wait_for_all_acked(Duration(seconds=_ACK_SECONDS))

    def _pass_time(self, begin: float, first: int, due: int) -> None:
        """Wait until a message is due, and tell the time meanwhile."""
        while self.context.ok():
            elapsed = time.monotonic() - begin
            left = (due - first) * 1e-9 / self._rate - elapsed
            if left <= 0:
                return
            if self._tick and left > self._tick:
                self._tell_time(first + round(elapsed * self._rate * 1e9))
                left = self._tick
            self._executor.spin_once(timeout_sec=left)

    def _tell_time(self, nanoseconds: int) -> None:
        if self._clock is not None:
            message = Clock()
            message.clock.sec, message.clock.nanosec = divmod(nanoseconds, 10**9)
            self._clock.publish(message)

    def _publisher(self, topic: str, kind: str) -> Publisher | None:
        if topic in self._topics:
            return self._topics[topic]
        if kind in self.skipped:
            return None
        try:
            message = message_class(kind)
        except (ImportError, AttributeError, ValueError):
            self.skipped.add(kind)
            return None
        self._topics[topic] = self.create_publisher(message, topic, _qos(topic, kind))
        return self._topics[topic]


def message_class(kind: str) -> type:
    """Return the class of a message type, such as `sensor_msgs/msg/Image`.

    Raises:
        ImportError: Its package is not installed.
        AttributeError: The package has no such message.
        ValueError: It is no name of a type.
    """
    package, _, name = kind.split('/')
    found: type = getattr(importlib.import_module(f'{package}.msg'), name)
    return found


def _qos(topic: str, kind: str) -> QoSProfile:
    if kind in _IMAGES:
        return IMAGE_OFFER_QOS
    if topic in _LATCHED:
        return QoSProfile(depth=100, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
    return RESULT_QOS
