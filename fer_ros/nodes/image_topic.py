"""An image topic as frames, for commands that read cameras."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
import time
from types import TracebackType

import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import CompressedImage, Image

from fer_ros.core.compressed import compressed_to_bgr
from fer_ros.core.errors import ImageError, SourceError
from fer_ros.core.image import to_bgr
from fer_ros.core.sources import Frame
from fer_ros.nodes.messages import seconds
from fer_ros.nodes.qos import IMAGE_QOS

__all__ = ['ImageTopic']

_KINDS = {'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'}
_SILENCE = 10.0  # seconds without an image after which the topic is taken for dead


class ImageTopic:
    """The images of a topic, raw or compressed (by its name), as they come.

    Args:
        topic: Its name.

    Attributes:
        live: Always True: frames come at the pace of the camera.
    """

    live = True

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node('fer_record', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._waiting: deque[Image | CompressedImage] = deque(maxlen=1)
        self._compressed = topic.endswith('/compressed')
        self._node.create_subscription(
            CompressedImage if self._compressed else Image, topic, self._take,
            IMAGE_QOS)

    def __iter__(self) -> Iterator[Frame]:
        """Yield the images; malformed ones are left out.

        Raises:
            SourceError: None comes any more.
        """
        heard, count = time.monotonic(), 0
        while self._context.ok():
            self._executor.spin_once(timeout_sec=0.1)
            if not self._waiting:
                if time.monotonic() - heard > _SILENCE:
                    raise SourceError(
                        f'{self._topic}: no image in {_SILENCE:g} s; topics with images: '
                        f'{", ".join(self._others()) or "none"}')
                continue
            message = self._waiting.popleft()
            heard = time.monotonic()
            try:
                bgr = compressed_to_bgr(message) if self._compressed else to_bgr(message)
            except ImageError:
                continue
            # A driver that sets no stamps must not let the time stand still.
            stamp = seconds(message.header.stamp) or time.time()
            yield Frame(bgr, stamp, f'{self._topic}#{count}')
            count += 1

    def _take(self, message: Image | CompressedImage) -> None:
        # rclpy wants to see the signature of a callback, which a built-in method has not.
        self._waiting.append(message)

    def _others(self) -> list[str]:
        return [name for name, kinds in self._node.get_topic_names_and_types()
                if set(kinds) & _KINDS and self._node.count_publishers(name)]

    def __enter__(self) -> ImageTopic:
        return self

    def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None,
            trace: TracebackType | None) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()
