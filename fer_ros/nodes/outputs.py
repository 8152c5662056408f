"""The topics that emotion_node publishes for a camera, made when it is configured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.event_handler import PublisherEventCallbacks, UnsupportedEventTypeError
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from fer_msgs.msg import EmotionArray
from fer_ros.core import annotate
from fer_ros.core.anonymize import Anonymizer
from fer_ros.core.model import Manifest
from fer_ros.core.types import FrameResult
from fer_ros.core.types import Image as Pixels
from fer_ros.core.view import turn_image, turn_result, View
from fer_ros.nodes import detections, messages
from fer_ros.nodes.humans import Humans
from fer_ros.nodes.markers import MarkerArray, Markers
from fer_ros.nodes.parameters import Parameters
from fer_ros.nodes.qos import IMAGE_OFFER_QOS, LATCHED_QOS, overridable, own, RESULT_QOS

__all__ = ['Outputs']


class Outputs:
    """Publishes results; costly forms of them only while somebody listens.

    Args:
        node: The node to publish on.
        camera: Name of the camera, or `''`: topics begin with `~/CAMERA`, or `~`.
        parameters: Which topics are wanted.
        image_topic: Full name of the camera's topic without a transport.
        labels: Names of the emotions of the model.
        humans: Publishes the faces of all cameras as ROS4HRI; None if that is not wanted.
        on_match: Called when somebody begins or ceases to listen.
    """

    def __init__(
        self, node: LifecycleNode, camera: str, parameters: Parameters,
        image_topic: str, labels: Sequence[str], humans: Humans | None,
        on_match: Callable[[], None],
    ) -> None:
        prefix = f'~/{camera}' if camera else '~'
        self._camera, self._humans = camera, humans
        self._node = node
        self._on_match = on_match
        self._publishers: list[Any] = []
        self._anonymizer = Anonymizer()
        self._emotions = self._create(EmotionArray, f'{prefix}/emotions', RESULT_QOS)
        # Publishers, where they are wanted and possible.
        self._detections: Any = None
        self._label_info: Any = None
        self._annotated: Any = None
        self._compressed: Any = None
        self._told_labels: tuple[tuple[str, ...], Any] | None = None
        if parameters.publish_detections and self._has(
                detections.Detection2DArray, 'vision_msgs', 'detections'):
            self._detections = self._create(
                detections.Detection2DArray, f'{prefix}/detections', RESULT_QOS)
            # No lifecycle publisher: what it says holds from configure on.
            self._label_info = node.create_publisher(
                detections.LabelInfo, f'{prefix}/label_info', own(LATCHED_QOS),
                qos_overriding_options=overridable())
        self._markers: Markers | None = None
        if parameters.publish_markers and self._has(
                MarkerArray, 'visualization_msgs', 'markers'):
            self._markers = Markers(
                node, self._create(MarkerArray, f'{prefix}/markers', RESULT_QOS), image_topic)
        if parameters.publish_pixels:
            self._annotated = self._create(Image, f'{prefix}/image_annotated', IMAGE_OFFER_QOS)
            self._compressed = self._create(
                CompressedImage, f'{prefix}/image_annotated/compressed', IMAGE_OFFER_QOS)
        self._labels = tuple(labels)
        self.apply(parameters)

    @property
    def heard(self) -> bool:
        """Whether anybody listens to any of the topics."""
        return any(map(_heard, self._publishers)) or (
            self._humans is not None and self._humans.heard)

    def apply(self, parameters: Parameters) -> None:
        """Put the parameters that may change at any time into force."""
        self._jpeg_quality = parameters.jpeg_quality
        self._charts, self._crops = parameters.draw_charts, parameters.draw_crops
        self._anonymizer.method = parameters.anonymize
        self._detection_form: dict[str, Any] = {
            'class_ids': parameters.detections_class_ids,
            'min_probability': parameters.detections_min_probability}
        self._tell_labels(self._labels)
        if self._markers is not None:
            self._markers.rectified = parameters.image_rectified

    def publish(self, header: Header, result: FrameResult, manifest: Manifest) -> None:
        """Publish a result under the header of its image, by the model of the manifest."""
        self._emotions.publish(messages.emotions_message(result, header, manifest))
        if _heard(self._detections):
            self._detections.publish(
                detections.detections_message(result, header, **self._detection_form))
        self._tell_labels(result.labels)  # those of a model that was exchanged are new

    def publish_faces(
        self, header: Header, bgr: Pixels, result: FrameResult, view: View, stamp: float,
    ) -> None:
        """Publish each face as RViz and as ROS4HRI have it, if that is wanted."""
        if self._markers is not None:
            self._markers.publish(header, result, view.rotation)
        if self._humans is not None:
            self._humans.publish(self._camera, header, result, bgr, view.rotation, stamp)

    def publish_annotated(
        self, header: Header, bgr: Pixels, result: FrameResult, view: View, stamp: float,
    ) -> None:
        """Publish the picture with its result drawn in, turned upright, if anybody looks."""
        self._anonymizer.note(result, stamp)
        raw, compressed = _heard(self._annotated), _heard(self._compressed)
        if not (raw or compressed):
            return
        shown = turn_image(self._anonymizer.cover(bgr, view.region), view.rotation)
        picture = annotate.draw(
            shown, turn_result(result, view.rotation), charts=self._charts, crops=self._crops,
            # They are of the face, and nobody is to know it.
            landmarks=self._anonymizer.method == 'none')
        if raw:
            self._annotated.publish(messages.image_message(picture, header))
        if compressed:
            self._compressed.publish(
                messages.compressed_message(picture, header, self._jpeg_quality))

    def reset(self) -> None:
        """Forget where faces were."""
        self._anonymizer.reset()
        self.empty()

    def empty(self) -> None:
        """Say that nobody is seen, where it is said who is."""
        if self._humans is not None:
            self._humans.forget(self._camera)

    def attend(self, listening: bool) -> None:
        """Begin or cease to take results."""
        if self._humans is not None:
            (self._humans.open if listening else self._humans.close)(self._camera)
        if self._markers is not None:
            self._markers.attend(listening)

    def destroy(self) -> None:
        """Withdraw the topics."""
        self.attend(False)
        for publisher in self._publishers:
            self._node.destroy_lifecycle_publisher(publisher)
        self._publishers = []
        if self._label_info is not None:
            self._node.destroy_publisher(self._label_info)

    def _has(self, kind: type | None, package: str, output: str) -> bool:
        if kind is None:
            self._node.get_logger().warning(
                f'{package} is not installed, so there will be no ~/{output}: install it '
                f'(ros-$ROS_DISTRO-{package.replace("_", "-")}), or set publish_{output} to false')
        return kind is not None

    def _tell_labels(self, labels: tuple[str, ...]) -> None:
        """Say which number stands for which emotion, unless that was said already."""
        self._labels = labels
        content = labels, self._detection_form['min_probability']
        if self._label_info is not None and content != self._told_labels:
            self._told_labels = content
            header = Header(stamp=self._node.get_clock().now().to_msg())
            self._label_info.publish(detections.label_info_message(*content, header))

    def _create(self, kind: type, topic: str, qos: QoSProfile) -> Any:
        make = self._node.create_lifecycle_publisher
        options = {'qos_overriding_options': overridable()}
        events = PublisherEventCallbacks(matched=lambda event: self._on_match())
        try:
            publisher = make(kind, topic, own(qos), event_callbacks=events, **options)
        except UnsupportedEventTypeError:  # another middleware: the report timer looks instead
            publisher = make(kind, topic, own(qos), **options)
        self._publishers.append(publisher)
        return publisher


def _heard(publisher: Any) -> bool:
    return publisher is not None and publisher.get_subscription_count() > 0
