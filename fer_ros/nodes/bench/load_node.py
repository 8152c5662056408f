"""Publishes the images of cameras at a rate that can be changed, and counts them.

    python -m fer_ros.nodes.bench.load_node --ros-args -p image:=scene.png

What comes on `load` (std_msgs/Float64: images a second and camera, 0 for none) begins a phase, and
what was sent in the one before is told on `sent` (std_msgs/String, JSON: `begin`, `end`, `sent`).
The stamp of an image is the moment of its publication.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys
import time

import numpy as np
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Float64, Header, String

from fer_ros.core.sources.picture import read_image
from fer_ros.nodes.declare import declare_fixed, make_descriptor
from fer_ros.nodes.messages import compressed_message, image_message
from fer_ros.nodes.process import end_between_callbacks, run_node
from fer_ros.nodes.qos import IMAGE_OFFER_QOS, RESULT_QOS
from fer_ros.nodes.transport import make_room_for_images

__all__ = ['LoadNode', 'main']

_FRAMES = 3
_STEP = 2  # pixels by which the picture moves from one image to the next
_QUALITY = 90
_LATE = 0.5  # seconds; who is later is not hurried to catch up


class LoadNode(Node):  # type: ignore[misc]
    """The cameras."""

    def __init__(self) -> None:
        super().__init__('load_node')
        picture = str(declare_fixed(self, 'image', '', 'PNG file that the cameras show'))
        topics = self.declare_parameter(
            'topics', ['image_raw'],
            make_descriptor(['image_raw'], 'Topics, one a camera')).value
        compressed = bool(declare_fixed(self, 'compressed', False, 'Publish JPEG, not pixels'))
        scene = read_image(Path(picture))
        frames = [np.roll(scene, _STEP * index, axis=1) for index in range(_FRAMES)]
        self._messages = [
            compressed_message(frame, Header(frame_id='camera'), _QUALITY) if compressed
            else image_message(frame, Header(frame_id='camera')) for frame in frames]
        kind = CompressedImage if compressed else Image
        self._image_topics = [
            self.create_publisher(kind, topic, IMAGE_OFFER_QOS) for topic in topics]
        self._sent_topic = self.create_publisher(String, 'sent', RESULT_QOS)
        self.create_subscription(Float64, 'load', self._on_load, RESULT_QOS)
        self._rate = 0.0
        self._begin_phase()

    def run(self) -> None:
        """Publish until the context ends."""
        executor = SingleThreadedExecutor(context=self.context)
        executor.add_node(self)
        while self.context.ok():
            left = self._due - time.monotonic() if self._rate else 0.1
            executor.spin_once(timeout_sec=max(0.0, left))
            if self._rate and time.monotonic() >= self._due:
                self._publish()

    def _on_load(self, message: Float64) -> None:
        report = {'begin': self._begin, 'end': time.time(), 'sent': self._count,
                  'rate': self._rate}
        self._sent_topic.publish(String(data=json.dumps(report)))
        self._rate = message.data
        self._begin_phase()

    def _begin_phase(self) -> None:
        self._count = 0
        self._begin, self._due = time.time(), time.monotonic()

    def _publish(self) -> None:
        message = self._messages[self._count % _FRAMES]
        for publisher in self._image_topics:
            message.header.stamp = self.get_clock().now().to_msg()
            publisher.publish(message)
            self._count += 1
        self._due += 1.0 / self._rate
        if time.monotonic() - self._due > _LATE:
            self._due = time.monotonic()


def main(args: list[str] | None = None) -> int:
    """Run the node; return its exit code."""
    end_between_callbacks()
    make_room_for_images()
    return run_node('load_node', args, LoadNode, LoadNode.run)


if __name__ == '__main__':
    sys.exit(main())
