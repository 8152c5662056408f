"""`/humans/faces`: results as ROS4HRI has them (REP-155), by hri_msgs, which may be missing.

An id is the face's as long as its track lives; a face that comes back later gets another one. The
ids of all cameras stand in one list: who listens takes each message for all there are.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import secrets
import string
import threading
from typing import Any

from rclpy.event_handler import PublisherEventCallbacks, UnsupportedEventTypeError
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from fer_ros.core.errors import ConfigError
from fer_ros.core.types import FrameResult
from fer_ros.core.types import Image as Pixels
from fer_ros.nodes import human_messages as convert
from fer_ros.nodes.messages import image_message
from fer_ros.nodes.parameters import Parameters
from fer_ros.nodes.qos import IMAGE_OFFER_QOS, LATCHED_QOS, overridable, own, RESULT_QOS

__all__ = ['Humans']

_SPACE = '/humans/faces'
_TOKEN_LETTERS = 4  # two nodes get the same in one case of 456,976


@dataclasses.dataclass
class _Tracked:
    """A face that is tracked: its id, its topics by name, and when it was last seen."""

    id: str
    publishers: dict[str, Any]
    seen: float


class Humans:
    """Publishes faces as ROS4HRI, for all cameras of a node.

    Its threads are the worker's, that publishes, and those that end cameras.

    Args:
        node: The node to publish on.
        parameters: What may be published.
        on_match: Called when somebody begins or ceases to listen to the list of faces.

    Raises:
        ConfigError: hri_msgs is not installed.
    """

    def __init__(
        self, node: LifecycleNode, parameters: Parameters, on_match: Callable[[], None],
    ) -> None:
        if convert.IdsList is None:
            raise ConfigError(
                'publish_humans is true, but hri_msgs is not installed: install it '
                '(ros-$ROS_DISTRO-hri-msgs, or github.com/ros4hri/hri_msgs in a workspace), or '
                'set publish_humans to false')
        self._node = node
        self._pixels = parameters.publish_pixels
        self._lock = threading.Lock()
        self._open: set[str] = set()
        self._faces: dict[tuple[str, int], _Tracked] = {}
        # Numbers of tracks begin anew with each configuration, ids must not.
        self._tokens: dict[str, str] = {}
        topic, options = f'{_SPACE}/tracked', {'qos_overriding_options': overridable()}
        events = PublisherEventCallbacks(matched=lambda event: on_match())
        try:
            self._list = node.create_publisher(
                convert.IdsList, topic, own(LATCHED_QOS), event_callbacks=events, **options)
        except UnsupportedEventTypeError:  # another middleware: the report timer looks instead
            self._list = node.create_publisher(
                convert.IdsList, topic, own(LATCHED_QOS), **options)
        self.apply(parameters)

    @property
    def heard(self) -> bool:
        """Whether anybody listens to the list of faces, or to one of them."""
        with self._lock:
            publishers = [self._list, *(
                publisher for face in self._faces.values()
                for publisher in face.publishers.values())]
            return any(publisher.get_subscription_count() for publisher in publishers)

    def apply(self, parameters: Parameters) -> None:
        """Put the parameters that may change at any time into force."""
        self._max_gap = parameters.track_max_gap
        self._crop_size = parameters.humans_crop_size
        self._crops = self._pixels and parameters.anonymize == 'none'

    def publish(
        self, camera: str, header: Header, result: FrameResult, bgr: Pixels, rotation: int,
        stamp: float,
    ) -> None:
        """Publish who is in an image, and what is known of each.

        Args:
            camera: Name of the camera.
            header: Header of the image; used as it is.
            result: What was found in it; its faces must be tracked.
            bgr: (H, W, 3) uint8, the image.
            rotation: Degrees clockwise by which the image must be turned to stand upright.
            stamp: Time of the image in seconds.
        """
        with self._lock:
            if camera not in self._open:
                return  # it ceased to listen while the image was looked at
            for face in result.faces:
                self._meet(camera, face.track_id).seen = stamp
            self._part([key for key, tracked in self._faces.items()
                        if key[0] == camera and stamp - tracked.seen > self._max_gap])
            self._tell(header)
            for face in result.faces:
                tracked = self._faces[camera, face.track_id]
                tell = {name: publisher.publish for name, publisher in tracked.publishers.items()}
                tell['roi'](convert.roi_message(face, result, header))
                tell['expression'](convert.expression_message(face, result, header))
                if face.landmarks is not None and self._pixels:
                    tell['landmarks'](convert.landmarks_message(face, result, header))
                if self._crops and tracked.publishers['cropped'].get_subscription_count():
                    crop = convert.cropped(face.box, bgr, self._crop_size, rotation)
                    tell['cropped'](image_message(crop, header))

    def open(self, camera: str) -> None:
        """Take faces of a camera from now on."""
        with self._lock:
            self._open.add(camera)

    def close(self, camera: str) -> None:
        """Take no more faces of a camera, and say that it sees nobody any more."""
        with self._lock:
            self._open.discard(camera)
        self.forget(camera)

    def forget(self, camera: str) -> None:
        """Say that nobody is seen by a camera any more, if anybody was."""
        with self._lock:
            keys = [key for key in self._faces if key[0] == camera]
            self._part(keys)
            if keys and self._node.context.ok():
                self._tell(Header(stamp=self._node.get_clock().now().to_msg()))

    def destroy(self) -> None:
        """Withdraw the topics."""
        with self._lock:
            self._part(list(self._faces))
            self._node.destroy_publisher(self._list)

    def _meet(self, camera: str, number: int) -> _Tracked:
        key = camera, number
        if key not in self._faces:
            token = self._tokens.setdefault(camera, _token(set(self._tokens.values())))
            name = f'{token}_{number}'
            kinds = {'roi': convert.Roi, 'expression': convert.Expression}
            if self._pixels:
                kinds |= {'landmarks': convert.FacialLandmarks, 'cropped': Image}
            self._faces[key] = _Tracked(name, {
                topic: self._offer(kind, f'{_SPACE}/{name}/{topic}')
                for topic, kind in kinds.items()}, 0.0)
        return self._faces[key]

    def _offer(self, kind: type, topic: str) -> Any:
        # It comes and goes while the node is active, and so is no managed entity; without event
        # callbacks no executor waits for it while it goes.
        return self._node.create_publisher(
            kind, topic, own(IMAGE_OFFER_QOS if kind is Image else RESULT_QOS),
            event_callbacks=PublisherEventCallbacks(use_default_callbacks=False))

    def _part(self, keys: list[tuple[str, int]]) -> None:
        for key in keys:
            for publisher in self._faces.pop(key).publishers.values():
                self._node.destroy_publisher(publisher)

    def _tell(self, header: Header) -> None:
        self._list.publish(convert.IdsList(
            header=header, ids=[face.id for face in self._faces.values()]))


def _token(taken: set[str]) -> str:
    """Return random letters: names of topics must not begin with a digit."""
    while True:
        token = ''.join(secrets.choice(string.ascii_lowercase) for _ in range(_TOKEN_LETTERS))
        if token not in taken:
            return token
