"""What the node is among: camera and listener, each a process that can be killed or frozen."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from typing import Any

__all__ = ['Camera', 'FORMATS', 'Listener', 'SPACE']

SPACE = 'soak'
"""Namespace of all that takes part."""

FORMATS = tuple(
    (width, height, encoding) for width, height in ((320, 240), (640, 480), (200, 150))
    for encoding in ('bgr8', 'rgb8', 'mono8'))
"""Width, height and encoding of the images that cameras send."""

_RATE = 8.0  # images a second
_SPAWN = multiprocessing.get_context('spawn')


class _Actor:
    """A process that is there, or killed, or frozen."""

    def __init__(self) -> None:
        self._process: Any = None

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def freeze(self, seconds: float) -> None:
        """Stop it for a while, as a machine without time for it does."""
        os.kill(self._process.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(self._process.pid, signal.SIGCONT)

    def _start(self, function: Any, *arguments: Any) -> None:
        self._process = _SPAWN.Process(target=function, args=arguments, daemon=True)
        self._process.start()


class Camera(_Actor):
    """Publishes a portrait that wanders through the picture.

    Args:
        name: Its name, and the first part of its topic.

    Attributes:
        published: How many images it has published, over all its lives.
        shift: Seconds by which its stamps are off.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self._published = _SPAWN.Value('q', 0)
        self._shift = _SPAWN.Value('d', 0.0)

    @property
    def published(self) -> int:
        """Images so far."""
        return int(self._published.value)

    @property
    def shift(self) -> float:
        """Seconds by which its stamps are off."""
        return float(self._shift.value)

    @shift.setter
    def shift(self, seconds: float) -> None:
        self._shift.value = seconds

    def start(self, form: tuple[int, int, str]) -> None:
        """Begin to publish images of one of `FORMATS`."""
        self._start(_publish, self.name, form, self._published, self._shift)


class Listener(_Actor):
    """Looks at the annotated images of a camera."""

    def start(self, camera: str) -> None:
        """Begin to listen."""
        self._start(_listen, f'/{SPACE}/emotion_node/{camera}/image_annotated')


def _publish(name: str, form: tuple[int, int, str], published: Any, shift: Any) -> None:
    import cv2
    import numpy as np
    import rclpy
    from sensor_msgs.msg import Image
    from skimage import data
    from std_msgs.msg import Header

    from fer_ros.nodes.messages import image_message
    from fer_ros.nodes.qos import IMAGE_OFFER_QOS

    width, height, encoding = form
    portrait = cv2.resize(data.astronaut()[..., ::-1], (width, height))
    if encoding == 'rgb8':
        portrait = np.ascontiguousarray(portrait[..., ::-1])
    with _quiet_end():
        rclpy.init(args=[])
        node = rclpy.create_node(f'camera_{name}', namespace=SPACE)
        publisher = node.create_publisher(Image, f'{name}/image_raw', IMAGE_OFFER_QOS)
        count = 0
        while rclpy.ok():
            stamp = divmod(time.time_ns() + int(shift.value * 1e9), 10**9)
            image = np.roll(portrait, (count % 16, count % 24), (0, 1))
            message = image_message(image, Header(frame_id=name))
            message.header.stamp.sec, message.header.stamp.nanosec = stamp
            if encoding == 'mono8':
                message.data, message.step = message.data[::3], width
            message.encoding = encoding
            publisher.publish(message)
            count += 1
            with published.get_lock():
                published.value += 1
            rclpy.spin_once(node, timeout_sec=0)
            time.sleep(1 / _RATE)


def _listen(topic: str) -> None:
    import rclpy
    from sensor_msgs.msg import Image

    from fer_ros.nodes.qos import IMAGE_OFFER_QOS

    with _quiet_end():
        rclpy.init(args=[])
        node = rclpy.create_node('listener', namespace=SPACE)
        # Reliable, as RViz asks for: what it does not take, somebody must keep or drop.
        node.create_subscription(Image, topic, lambda message: None, IMAGE_OFFER_QOS)
        rclpy.spin(node)


@contextlib.contextmanager
def _quiet_end() -> Any:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(Exception):
        yield
