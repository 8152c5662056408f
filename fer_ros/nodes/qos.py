"""The qualities of service of the package's topics, by name, and what goes with what."""

from __future__ import annotations

import copy
import dataclasses

from rclpy.node import Node
from rclpy.qos import (
    QoSDurabilityPolicy,
    QoSHistoryPolicy,
    QoSPolicyKind,
    QoSProfile,
    QoSReliabilityPolicy,
)
from rclpy.qos_overriding_options import QoSOverridingOptions

__all__ = [
    'DIAGNOSTICS_QOS', 'IMAGE_OFFER_QOS', 'IMAGE_QOS', 'LATCHED_QOS', 'Offer', 'RESULT_QOS',
    'newest', 'offers', 'overridable', 'own', 'tell',
]


def newest(
    depth: int, reliability: QoSReliabilityPolicy,
    durability: QoSDurabilityPolicy = QoSDurabilityPolicy.VOLATILE,
) -> QoSProfile:
    """Return a profile that keeps the newest `depth` messages."""
    return QoSProfile(
        history=QoSHistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability,
        durability=durability)


IMAGE_QOS = newest(1, QoSReliabilityPolicy.BEST_EFFORT)
"""To subscribe to images: matches every publisher, and only the newest image waits."""

IMAGE_OFFER_QOS = newest(1, QoSReliabilityPolicy.RELIABLE)
"""To publish images: serves reliable (RViz) and best-effort subscribers alike."""

RESULT_QOS = newest(10, QoSReliabilityPolicy.RELIABLE)
"""To publish and to subscribe to results."""

LATCHED_QOS = newest(
    1, QoSReliabilityPolicy.RELIABLE, QoSDurabilityPolicy.TRANSIENT_LOCAL)
"""To publish what holds until it is said anew; latecomers get it, too."""

DIAGNOSTICS_QOS = newest(10, QoSReliabilityPolicy.RELIABLE)
"""To publish on `/diagnostics`."""


def own(profile: QoSProfile) -> QoSProfile:
    """Return a copy: rclpy writes the user's overrides into the profile that it is given."""
    return copy.copy(profile)


def overridable() -> QoSOverridingOptions:
    """Return which policies the user may override, as `qos_overrides.TOPIC.KIND.POLICY`."""
    return QoSOverridingOptions([
        QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, QoSPolicyKind.RELIABILITY,
        QoSPolicyKind.DURABILITY])


def tell(profile: QoSProfile) -> str:
    """Return what of a profile decides whether two sides match."""
    return f'{profile.reliability.name.lower()}, {profile.durability.name.lower()}'


@dataclasses.dataclass(frozen=True)
class Offer:
    """What a publisher of a topic offers.

    Attributes:
        node: Full name of its node.
        qos: Its quality of service, for people.
        fault: Why nothing of it is received, or ''.
    """

    node: str
    qos: str
    fault: str

    def __str__(self) -> str:
        return f'{self.node} ({self.qos}{": " if self.fault else ""}{self.fault})'


def offers(node: Node, topic: str, kind: str, wanted: QoSProfile) -> list[Offer]:
    """Return the publishers of a topic.

    Args:
        node: Who looks.
        topic: Full name of the topic.
        kind: Type that is wanted, like `sensor_msgs/msg/Image`.
        wanted: Quality of service that is asked for.
    """
    found = []
    for info in node.get_publishers_info_by_topic(topic):
        name = f'{info.node_namespace.rstrip("/")}/{info.node_name}'
        fault = _mismatch(info.qos_profile, wanted)
        if info.topic_type != kind:
            fault = f'publishes {info.topic_type}, not {kind}'
        found.append(Offer(name, tell(info.qos_profile), fault))
    return found


def _mismatch(offered: QoSProfile, wanted: QoSProfile) -> str:
    if (wanted.reliability == QoSReliabilityPolicy.RELIABLE
            and offered.reliability == QoSReliabilityPolicy.BEST_EFFORT):
        return 'reliable is asked for; set image_qos.reliability to best_effort'
    if (wanted.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL
            and offered.durability == QoSDurabilityPolicy.VOLATILE):
        return 'transient_local is asked for; set image_qos.durability to volatile'
    return ''
