"""The subscription behind `People`: callbacks for behaviour code, and silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rclpy.node import Node
from rclpy.time import Time

from fer_msgs.msg import EmotionArray
from fer_ros.client.people import Event, People, Person
from fer_ros.core.errors import ConfigError
from fer_ros.nodes.clock import create_steady_timer, elapsed_seconds
from fer_ros.nodes.qos import RESULT_QOS

__all__ = ['EmotionClient']

_TOPIC = 'emotion_node/emotions'


class EmotionClient:
    """Follows the people that an emotion_node sees.

    All callbacks are called by the node's executor, one after the other. What they raise ends
    the node's spinning, as in any callback of rclpy.

    Args:
        node: Node of the behaviour; if it uses simulated time, that counts.
        topic: The fer_msgs/EmotionArray to listen to; relative, so that it can be remapped.
        on_appear: Called with a person who was not there before.
        on_change: Called with a person whose label has changed, and with the person as before:
            `before.label` was shown from `before.since` to `person.since`.
        on_leave: Called with a person who has left, as last seen.
        on_silence: Called once when results stop: the node or the camera has ended. All people
            have left by then.
        hold: Seconds that a new label must last before it counts, >= 0.
        enter_confidence: Confidence that a new label needs, in [0, 1]; of less it is `unknown`.
        keep_confidence: Confidence that the present label needs, in [0, enter_confidence].
        gone_after: Seconds without being seen after which a person has left, >= 0.
        silence_after: Seconds without a result after which results have stopped, > 0.

    Raises:
        ConfigError: A value is out of range.

    Attributes:
        latest: The newest result, None before the first and after results have stopped.
    """

    def __init__(
        self, node: Node, topic: str = _TOPIC, *,
        on_appear: Callable[[Person], object] | None = None,
        on_change: Callable[[Person, Person], object] | None = None,
        on_leave: Callable[[Person], object] | None = None,
        on_silence: Callable[[], object] | None = None,
        hold: float = 0.5, enter_confidence: float = 0.6, keep_confidence: float = 0.4,
        gone_after: float = 1.0, silence_after: float = 2.0,
    ) -> None:
        if not 0.0 < silence_after < float('inf'):
            raise ConfigError(f'silence_after must be a time > 0 s, got {silence_after}')
        self._people = People(
            hold=hold, enter_confidence=enter_confidence, keep_confidence=keep_confidence,
            gone_after=gone_after)
        self._node = node
        self._on_appear, self._on_change = on_appear, on_change
        self._on_leave, self._on_silence = on_leave, on_silence
        self._silence_after = silence_after
        self._told_untracked = False
        self.latest: EmotionArray | None = None
        self._heard = elapsed_seconds(node)
        self._subscription = node.create_subscription(
            EmotionArray, topic, self._on_result, RESULT_QOS)
        self._timer = create_steady_timer(node, min(0.1, silence_after / 4), self._check)

    @property
    def people(self) -> Mapping[int, Person]:
        """The people who are there, by their track's number."""
        return self._people.now

    @property
    def largest(self) -> Person | None:
        """The person with the largest face in the newest result, or None."""
        if self.latest is None:
            return None
        numbers = [emotion.track_id for emotion in self.latest.emotions]
        return next((self.people[n] for n in numbers if n in self.people), None)

    def destroy(self) -> None:
        """End the subscription."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self._subscription)

    def _on_result(self, message: EmotionArray) -> None:
        self._heard = elapsed_seconds(self._node)
        self.latest = message
        if not self._told_untracked and any(not e.track_id for e in message.emotions):
            self._told_untracked = True
            self._node.get_logger().warning(
                f'{self._subscription.topic_name}: faces without a track are passed over; set '
                'the parameter tracking of the emotion_node to true')
        stamp = Time.from_msg(message.header.stamp).nanoseconds * 1e-9
        self._tell(self._people.update(stamp, list(message.emotions)))

    def _check(self) -> None:
        now = elapsed_seconds(self._node)
        quiet = now - self._heard
        if quiet < 0.0:  # simulated time has started again
            self._heard = now
        if self.latest is None or quiet <= self._silence_after:
            return
        self.latest = None
        self._tell(self._people.clear())
        if self._on_silence is not None:
            self._on_silence()

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if event.kind == 'change':
                _call(self._on_change, event.person, event.before)
            else:
                _call(self._on_appear if event.kind == 'appear' else self._on_leave, event.person)


def _call(callback: Callable[..., Any] | None, *arguments: Any) -> None:
    if callback is not None:
        callback(*arguments)
