"""The topics that emotion_node publishes, made when it is configured."""

from __future__ import annotations

from typing import Any

from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from fer_msgs.msg import EmotionArray
from fer_ros.core import annotate
from fer_ros.core.model import Manifest
from fer_ros.core.types import FrameResult
from fer_ros.core.types import Image as Pixels
from fer_ros.nodes import messages
from fer_ros.nodes.parameters import Parameters
from fer_ros.nodes.qos import IMAGE_OFFER_QOS, RESULT_QOS

__all__ = ['Outputs']


class Outputs:
    """Publishes results; costly forms of them only while somebody listens.

    Args:
        node: The node to publish on.
        parameters: Which topics are wanted.
        manifest: Manifest of the model that classifies.

    Attributes:
        jpeg_quality: Quality of the compressed pictures, in [1, 100].
        draw_crops: Whether pictures show the crops that were classified.
    """

    def __init__(
        self, node: LifecycleNode, parameters: Parameters, manifest: Manifest,
    ) -> None:
        self._node = node
        self._manifest = manifest
        self._publishers: list[Any] = []
        self.jpeg_quality = parameters.jpeg_quality
        self.draw_crops = parameters.draw_crops
        self._emotions = self._create(EmotionArray, '~/emotions', RESULT_QOS)
        self._detections = self._annotated = self._compressed = None
        if parameters.publish_detections and messages.Detection2DArray is None:
            node.get_logger().warning(
                'vision_msgs is not installed, so there will be no ~/detections: install it '
                '(ros-$ROS_DISTRO-vision-msgs), or set publish_detections to false')
        elif parameters.publish_detections:
            self._detections = self._create(
                messages.Detection2DArray, '~/detections', RESULT_QOS)
        if parameters.publish_pixels:
            self._annotated = self._create(Image, '~/image_annotated', IMAGE_OFFER_QOS)
            self._compressed = self._create(
                CompressedImage, '~/image_annotated/compressed', IMAGE_OFFER_QOS)

    def publish(self, header: Header, result: FrameResult) -> None:
        """Publish a result under the header of its image."""
        self._emotions.publish(messages.emotions_message(result, header, self._manifest))
        if _heard(self._detections):
            self._detections.publish(messages.detections_message(result, header))

    def publish_annotated(self, header: Header, bgr: Pixels, result: FrameResult) -> None:
        """Publish the picture with its result drawn in, if anybody looks."""
        raw, compressed = _heard(self._annotated), _heard(self._compressed)
        if not (raw or compressed):
            return
        picture = annotate.draw(bgr, result, crops=self.draw_crops)
        if raw:
            self._annotated.publish(messages.image_message(picture, header))
        if compressed:
            self._compressed.publish(
                messages.compressed_message(picture, header, self.jpeg_quality))

    def destroy(self) -> None:
        """Withdraw the topics."""
        for publisher in self._publishers:
            self._node.destroy_lifecycle_publisher(publisher)
        self._publishers = []

    def _create(self, kind: type, topic: str, qos: Any) -> Any:
        publisher = self._node.create_lifecycle_publisher(kind, topic, qos)
        self._publishers.append(publisher)
        return publisher


def _heard(publisher: Any) -> bool:
    return publisher is not None and publisher.get_subscription_count() > 0
