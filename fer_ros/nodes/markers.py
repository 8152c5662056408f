"""`~/markers`: each face where it is in space, for RViz, by visualization_msgs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point
from rclpy.node import Node
from rclpy.qos import QoSReliabilityPolicy
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import ColorRGBA, Header

from fer_ros.core.annotate import emotion_color
from fer_ros.core.errors import ConfigError
from fer_ros.core.position import Intrinsics, locate, Position
from fer_ros.core.types import FaceEmotion, FrameResult, UNKNOWN
from fer_ros.nodes.camera_info import info_topic, intrinsics
from fer_ros.nodes.lifecycle import forget_the_destroyed
from fer_ros.nodes.qos import newest, overridable

try:  # not part of every ROS installation
    from visualization_msgs.msg import Marker, MarkerArray
except ImportError:
    MarkerArray = None

__all__ = ['MarkerArray', 'Markers', 'markers_message']

_LIFETIME = Duration(sec=1)  # of what no later message takes away
_HEAD = 0.16  # diameter in metres
_TEXT = 0.07  # height of capitals in metres
_LIFT = 0.15  # from the middle of the face to its text, in metres
_TEXT_COLOR = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
# Where up is in the image of a camera, by the degrees that it must be turned clockwise.
_UP = {0: (0.0, -1.0), 90: (-1.0, 0.0), 180: (0.0, 1.0), 270: (1.0, 0.0)}


def markers_message(
    result: FrameResult, header: Header, camera: Intrinsics, rotation: int = 0,
) -> Any:
    """Return a result as visualization_msgs/MarkerArray, which must be installed.

    It takes away all former markers. Each face is a ball in the colour of its label, a text, and
    a line along its bearing that reaches one standard deviation of the distance either way.

    Args:
        result: What the pipeline found.
        header: Header of the image; its frame is the camera's optical frame (REP-103).
        camera: Calibration of the image.
        rotation: Degrees clockwise by which the image must be turned to stand upright.
    """
    message = MarkerArray(markers=[Marker(header=header, action=Marker.DELETEALL)])
    for index, face in enumerate(result.faces):
        message.markers += _markers(
            face, locate(face, camera), header, face.track_id or index, _UP[rotation])
    return message


class Markers:
    """Publishes `~/markers`, and listens to the calibration while somebody looks.

    Args:
        node: The node.
        publisher: Of MarkerArray.
        image_topic: Full name of the camera's topic without a transport.
    """

    def __init__(self, node: Node, publisher: Any, image_topic: str) -> None:
        self._node = node
        self._publisher = publisher
        self._topic = info_topic(image_topic)
        self._subscription: Any = None
        self._info: CameraInfo | None = None
        self._told = ''
        self.rectified = False

    def attend(self, listening: bool) -> None:
        """Begin or cease to listen to the calibration, if the node listens to images."""
        wanted = listening and self._publisher.get_subscription_count() > 0
        if wanted and self._subscription is None:
            self._subscription = self._node.create_subscription(
                CameraInfo, self._topic, self._take,
                newest(1, QoSReliabilityPolicy.BEST_EFFORT), qos_overriding_options=overridable())
        elif not wanted and self._subscription is not None:
            subscription, self._subscription = self._subscription, None
            self._info, self._told = None, ''
            self._node.destroy_subscription(subscription)
            forget_the_destroyed(self._node.default_callback_group)

    def publish(self, header: Header, result: FrameResult, rotation: int) -> None:
        """Publish a result if somebody looks; say once why that cannot be."""
        if self._subscription is None:
            return
        try:
            if self._info is None:
                raise ConfigError(f'nothing has come on {self._topic} yet')
            camera = intrinsics(
                self._info, result.width, result.height, rectified=self.rectified)
        except ConfigError as error:
            self._tell(f'no ~/markers: {error}')
            return
        self._told = ''
        self._publisher.publish(markers_message(result, header, camera, rotation))

    def _take(self, info: CameraInfo) -> None:
        self._info = info

    def _tell(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            self._node.get_logger().warning(reason)


def _markers(
    face: FaceEmotion, place: Position, header: Header, number: int, up: Sequence[float],
) -> list[Any]:
    blue, green, red = (value / 255 for value in emotion_color(face.label))
    color = ColorRGBA(r=red, g=green, b=blue, a=0.9)

    def make(space: str, kind: int, tint: ColorRGBA) -> Any:
        marker = Marker(
            header=header, ns=space, id=number, type=kind, action=Marker.ADD, color=tint,
            lifetime=_LIFETIME)
        marker.pose.orientation.w = 1.0
        return marker

    head = make('face', Marker.SPHERE, color)
    head.pose.position = _point(place.at())
    head.scale.x = head.scale.y = head.scale.z = _HEAD
    text = make('label', Marker.TEXT_VIEW_FACING, _TEXT_COLOR)
    x, y, z = place.at()
    text.pose.position = _point((x + _LIFT * up[0], y + _LIFT * up[1], z))
    text.scale.z = _TEXT
    text.text = _wording(face, place)
    line = make('distance', Marker.LINE_STRIP, color)
    line.scale.x = 0.01
    line.points = [_point(place.at(1 - place.error)), _point(place.at(1 + place.error))]
    return [head, text, line]


def _wording(face: FaceEmotion, place: Position) -> str:
    number = f'#{face.track_id} ' if face.track_id else ''
    percent = '' if face.label == UNKNOWN else f' {100 * face.confidence:.0f}%'
    spread = place.error * place.distance
    return f'{number}{face.label}{percent}\n{place.distance:.1f} m ± {spread:.1f}'


def _point(place: tuple[float, float, float]) -> Point:
    return Point(x=place[0], y=place[1], z=place[2])
