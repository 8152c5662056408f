"""What can be seen of emotion nodes, their cameras and their results, from another process."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import os
import re
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from rclpy.utilities import get_rmw_implementation_identifier
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from fer_msgs.msg import EmotionArray
from fer_ros.nodes.messages import seconds
from fer_ros.nodes.qos import DIAGNOSTICS_QOS, IMAGE_QOS, newest, Offer, offers, RESULT_QOS

__all__ = ['CameraEvidence', 'Evidence', 'Heard', 'gather']

_STATUS_NAME = re.compile(r'(?P<node>.+): emotions(?: of (?P<camera>\w+))?$')
_IMAGE_TYPES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
_SPIN_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class Heard:
    """One message: when it came, in seconds of the system's clock, and what its header says."""

    time: float
    stamp: float
    frame_id: str


@dataclasses.dataclass
class CameraEvidence:
    """One camera of one node, by the node's own report and by what is seen from outside.

    Attributes:
        node: Full name of the node.
        camera: Name of the camera, or `''`.
        level: Level of its last report, 0 to 3.
        message: Message of its last report.
        values: Values of its last report.
        state: Lifecycle state that the node tells when it is asked; '' if it does not answer.
        offers: Publishers of its image topic.
        images: Images that came, as far as they could be received.
        results: Results that came.
        model: Name and version of the model in the last result.
    """

    node: str
    camera: str
    level: int = 0
    message: str = ''
    values: dict[str, str] = dataclasses.field(default_factory=dict)
    state: str = ''
    offers: list[Offer] = dataclasses.field(default_factory=list)
    images: list[Heard] = dataclasses.field(default_factory=list)
    results: list[Heard] = dataclasses.field(default_factory=list)
    model: str = ''

    @property
    def title(self) -> str:
        """Name for people."""
        return f'{self.node}{" camera " if self.camera else ""}{self.camera}'

    @property
    def results_topic(self) -> str:
        """Topic of its results."""
        return '/'.join(filter(None, [self.node.rstrip('/'), self.camera, 'emotions']))


@dataclasses.dataclass
class Evidence:
    """All that was seen.

    Attributes:
        middleware: Name of the middleware.
        domain: ROS_DOMAIN_ID.
        discovery: What limits discovery, for people.
        seconds: How long messages were collected.
        nodes: Full names of all other nodes.
        image_topics: Topics that carry images, with their types.
        clock_publishers: Publishers of /clock.
        clock: Last time on /clock in seconds, None if none came.
        cameras: The emotion nodes' cameras.
    """

    middleware: str
    domain: str
    discovery: str
    seconds: float
    nodes: list[str] = dataclasses.field(default_factory=list)
    image_topics: dict[str, str] = dataclasses.field(default_factory=dict)
    clock_publishers: int = 0
    clock: float | None = None
    cameras: list[CameraEvidence] = dataclasses.field(default_factory=list)


def gather(node: Node, span: float, wait: float, only: str = '') -> Evidence:
    """Look for emotion nodes, then collect their messages.

    Args:
        node: Who looks; it is not spun by anybody else.
        span: Seconds for which images and results are collected.
        wait: Seconds to wait for the first report of an emotion node.
        only: Full name of the node that is looked at; '' for all.
    """
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    try:
        return _Gatherer(node, executor, only).gather(span, wait)
    finally:
        executor.shutdown()


class _Gatherer:
    """Holds the subscriptions while evidence is gathered."""

    def __init__(self, node: Node, executor: SingleThreadedExecutor, only: str) -> None:
        self._node = node
        self._executor = executor
        self._only = only.strip('/')
        self._cameras: dict[str, CameraEvidence] = {}
        node.create_subscription(
            DiagnosticArray, '/diagnostics', self._on_diagnostics, DIAGNOSTICS_QOS)

    def gather(self, span: float, wait: float) -> Evidence:
        self._spin(wait, until=lambda: bool(self._cameras))
        self._spin(1.5)  # for the others: each reports once a second by default
        evidence = Evidence(
            middleware=get_rmw_implementation_identifier(),
            domain=os.environ.get('ROS_DOMAIN_ID', '0'), discovery=_discovery(), seconds=span,
            cameras=list(self._cameras.values()))
        for camera in evidence.cameras:
            camera.state = self._ask_state(camera.node)
            self._subscribe(camera)
        clock = self._watch_clock(evidence)
        self._spin(span)
        self._look_around(evidence)
        self._node.destroy_subscription(clock)
        return evidence

    def _spin(self, limit: float, until: Callable[[], bool] = lambda: False) -> None:
        end = time.monotonic() + limit
        while not until() and (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=min(left, _SPIN_SECONDS))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            match = _STATUS_NAME.match(status.name)
            if match is None or self._only not in ('', match['node']):
                continue
            camera = self._cameras.setdefault(
                status.name, CameraEvidence(f'/{match["node"]}', match['camera'] or ''))
            camera.level, camera.message = status.level[0], status.message
            camera.values = {pair.key: pair.value for pair in status.values}

    def _ask_state(self, name: str) -> str:
        client = self._node.create_client(GetState, f'{name}/get_state')
        try:
            self._spin(2.0, until=client.service_is_ready)
            if not client.service_is_ready():
                return ''
            future = client.call_async(GetState.Request())
            self._spin(2.0, until=future.done)
            return str(future.result().current_state.label) if future.done() else ''
        finally:
            self._node.destroy_client(client)

    def _subscribe(self, camera: CameraEvidence) -> None:
        def note(into: list[Heard], header: Header) -> None:
            into.append(Heard(time.time(), seconds(header.stamp), header.frame_id))

        def on_result(message: EmotionArray) -> None:
            note(camera.results, message.header)
            camera.model = f'{message.model_name} {message.model_version}'

        self._node.create_subscription(EmotionArray, camera.results_topic, on_result, RESULT_QOS)
        topic = camera.values.get('image_topic', '')
        if topic and topic in dict(self._node.get_topic_names_and_types()):
            kind = CompressedImage if topic.endswith('/compressed') else Image
            self._node.create_subscription(
                kind, topic, lambda message: note(camera.images, message.header), IMAGE_QOS)

    def _watch_clock(self, evidence: Evidence) -> Any:
        def on_clock(message: Clock) -> None:
            evidence.clock = seconds(message.clock)

        return self._node.create_subscription(Clock, '/clock', on_clock, IMAGE_QOS)

    def _look_around(self, evidence: Evidence) -> None:
        own = self._node.get_name()
        evidence.nodes = [
            f'{space.rstrip("/")}/{name}'
            for name, space in self._node.get_node_names_and_namespaces() if name != own]
        evidence.image_topics = {
            topic: kinds[0] for topic, kinds in self._node.get_topic_names_and_types()
            if kinds[0] in _IMAGE_TYPES and self._node.count_publishers(topic)
            and 'image_annotated' not in topic}
        evidence.clock_publishers = self._node.count_publishers('/clock')
        for camera in evidence.cameras:
            topic = camera.values.get('image_topic', '')
            kind = _IMAGE_TYPES[topic.endswith('/compressed')]
            if topic:
                camera.offers = offers(self._node, topic, kind, _asked(camera))


def _asked(camera: CameraEvidence) -> QoSProfile:
    """Return what the node asks of its camera, by its own report."""
    words = camera.values.get('image_qos', '')
    return newest(
        1,
        QoSReliabilityPolicy.RELIABLE if words.startswith('reliable')
        else QoSReliabilityPolicy.BEST_EFFORT,
        QoSDurabilityPolicy.TRANSIENT_LOCAL if 'transient_local' in words
        else QoSDurabilityPolicy.VOLATILE)


def _discovery() -> str:
    found = [f'{name}={value}' for name in (
        'ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_LOCALHOST_ONLY', 'ROS_STATIC_PEERS',
        'ROS_DISCOVERY_SERVER') if (value := os.environ.get(name))]
    return ', '.join(found) or 'the local network'
