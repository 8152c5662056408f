"""The qualities of service of the package's topics, by name."""

from rclpy.qos import (
    QoSDurabilityPolicy,
    QoSHistoryPolicy,
    QoSProfile,
    QoSReliabilityPolicy,
)

__all__ = ['DIAGNOSTICS_QOS', 'IMAGE_OFFER_QOS', 'IMAGE_QOS', 'RESULT_QOS']


def _newest(depth: int, reliability: QoSReliabilityPolicy) -> QoSProfile:
    return QoSProfile(
        history=QoSHistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability,
        durability=QoSDurabilityPolicy.VOLATILE)


IMAGE_QOS = _newest(1, QoSReliabilityPolicy.BEST_EFFORT)
"""To subscribe to images: matches every publisher, and only the newest image waits."""

IMAGE_OFFER_QOS = _newest(1, QoSReliabilityPolicy.RELIABLE)
"""To publish images: serves reliable (RViz) and best-effort subscribers alike."""

RESULT_QOS = _newest(10, QoSReliabilityPolicy.RELIABLE)
"""To publish and to subscribe to results."""

DIAGNOSTICS_QOS = _newest(10, QoSReliabilityPolicy.RELIABLE)
"""To publish on `/diagnostics`."""
