"""Answers every image with an empty result: what images and results cost without any work.

    python -m fer_ros.nodes.bench.echo_node --ros-args -p image_transport:=raw

It is the least that a Python node can do, and so the yardstick of `fer bench node`.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from fer_msgs.msg import EmotionArray
from fer_ros.nodes.declare import declare_fixed, make_descriptor
from fer_ros.nodes.process import end_between_callbacks, run_node
from fer_ros.nodes.qos import IMAGE_QOS, RESULT_QOS
from fer_ros.nodes.transport import make_room_for_images

__all__ = ['EchoNode', 'main']


class EchoNode(Node):  # type: ignore[misc]
    """Listens and answers on the topics that emotion_node has, with its qualities of service."""

    def __init__(self) -> None:
        super().__init__('echo_node')
        cameras = self.declare_parameter(
            'camera_names', [''], make_descriptor([''], 'As of emotion_node')).value
        transport = declare_fixed(self, 'image_transport', 'raw', 'As of emotion_node')
        kind, form = (CompressedImage, '/compressed') if transport == 'compressed' \
            else (Image, '')
        for camera in cameras:
            prefix = f'{camera}/' if camera else ''
            publisher = self.create_publisher(EmotionArray, f'~/{prefix}emotions', RESULT_QOS)
            self.create_subscription(
                kind, f'{prefix}image_raw{form}', functools.partial(_answer, publisher),
                IMAGE_QOS)


def _answer(publisher: Any, image: Image | CompressedImage) -> None:
    publisher.publish(EmotionArray(header=image.header))


def main(args: list[str] | None = None) -> int:
    """Run the node; return its exit code."""
    end_between_callbacks()
    make_room_for_images()
    return run_node('echo_node', args, EchoNode, _spin)


def _spin(node: EchoNode) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.spin()


if __name__ == '__main__':
    sys.exit(main())
