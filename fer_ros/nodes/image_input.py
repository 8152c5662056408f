"""The image topic of a camera: how it is asked for, and who publishes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image

from fer_ros.core.errors import ImageError
from fer_ros.nodes.lifecycle import forget_the_destroyed
from fer_ros.nodes.parameters import Parameters
from fer_ros.nodes.qos import newest, Offer, offers, overridable, own, tell
from fer_ros.nodes.serialized import read_image

__all__ = ['ImageInput']


class ImageInput:
    """Subscribes to the images of a camera, which come serialized, and names who cannot be heard.

    Args:
        node: The node.
        camera: Name of the camera, or `''` for the only one.
        settings: Returns the values in force for it.
        on_image: Called on a thread of the executor with each image, and with its number where
            one publisher alone counts them.
    """

    def __init__(
        self, node: LifecycleNode, camera: str, settings: Callable[[], Parameters],
        on_image: Callable[[bytes, int | None], None],
    ) -> None:
        self._node = node
        self._camera = camera
        self._settings = settings
        self._on_image = on_image
        self._group = MutuallyExclusiveCallbackGroup()
        self._subscription: Any = None

    @property
    def base_topic(self) -> str:
        """Full name of the topic without a transport."""
        name: str = self._node.resolve_topic_name(
            f'{self._camera}/image_raw' if self._camera else 'image_raw')
        return name

    @property
    def topic(self) -> str:
        """Full name of the topic that is listened to."""
        # As image_transport does it: whoever remaps image_raw has remapped its forms, too.
        return f'{self.base_topic}/compressed' if self.kind is CompressedImage else self.base_topic

    @property
    def kind(self) -> type:
        """Type of its messages."""
        compressed = self._settings().image_transport == 'compressed'
        kind: type = CompressedImage if compressed else Image
        return kind

    @property
    def qos(self) -> str:
        """What is asked of the publishers, with the overrides of the user, for people."""
        return tell(self._qos())

    @property
    def listening(self) -> bool:
        """Whether there is a subscription."""
        return self._subscription is not None

    def listen(self) -> None:
        """Subscribe."""
        try:
            self._subscription = self._subscribe(SubscriptionEventCallbacks(
                incompatible_qos=self._on_mismatch, incompatible_type=self._on_mismatch))
        except UnsupportedEventTypeError:  # of another middleware: rclpy's own words will do
            self._subscription = self._subscribe(None)

    def cease(self) -> None:
        """End the subscription."""
        subscription, self._subscription = self._subscription, None
        self._node.destroy_subscription(subscription)
        forget_the_destroyed(self._group)

    def read(self, data: bytes) -> Any:
        """Return a message that came, without copying its pixels where that can be.

        Raises:
            ImageError: The bytes are no message of its type.
        """
        image = read_image(data) if self.kind is Image else None
        if image is not None:
            return image
        try:
            return deserialize_message(data, self.kind)
        except MemoryError:
            raise
        except Exception as error:  # rclpy has no public name for it
            reason = str(error).splitlines()[0]
            raise ImageError(f'bytes that are no {self.kind.__name__} message: {reason}') \
                from error

    def offers(self) -> list[Offer]:
        """Return the publishers of the topic."""
        kind = f'sensor_msgs/msg/{self.kind.__name__}'
        return offers(self._node, self.topic, kind, self._qos())

    def _subscribe(self, events: SubscriptionEventCallbacks | None) -> Any:
        return self._node.create_subscription(
            self.kind, self.topic, self._receive, _asked(self._settings()),
            callback_group=self._group, event_callbacks=events,
            qos_overriding_options=overridable(), raw=True)

    def _receive(self, data: bytes, info: dict[str, Any]) -> None:
        subscription = self._subscription
        # Of several publishers each counts for itself, so nothing can be told from the numbers.
        alone = subscription is not None and subscription.get_publisher_count() == 1
        self._on_image(data, info.get('publication_sequence_number') if alone else None)

    def _on_mismatch(self, event: Any) -> None:
        deaf = [str(offer) for offer in self.offers() if offer.fault]
        self._node.get_logger().warning(
            f'{self.topic} has a publisher that cannot be received: '
            f'{"; ".join(deaf) or "it left already"}')

    def _qos(self) -> QoSProfile:
        if self._subscription is not None:
            return self._subscription.qos_profile
        return _asked(self._settings())


def _asked(parameters: Parameters) -> QoSProfile:
    return own(newest(
        parameters.image_qos_depth,
        QoSReliabilityPolicy[parameters.image_qos_reliability.upper()],
        QoSDurabilityPolicy[parameters.image_qos_durability.upper()]))
