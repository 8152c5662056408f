"""The qualities of service of the package's topics, by name."""

from rclpy.qos import (
    QoSDurabilityPolicy,
    QoSHistoryPolicy,
    QoSProfile,
    QoSReliabilityPolicy,
)

__all__ = ['DIAGNOSTICS_QOS', 'IMAGE_OFFER_QOS', 'IMAGE_QOS', 'RESULT_QOS']

IMAGE_QOS = QoSProfile(
    history=QoSHistoryPolicy.KEEP_LAST, depth=1,
    reliability=QoSReliabilityPolicy.BEST_EFFORT, durability=QoSDurabilityPolicy.VOLATILE)
"""To subscribe to images: matches every publisher, and only the newest image waits."""

IMAGE_OFFER_QOS = QoSProfile(
    history=QoSHistoryPolicy.KEEP_LAST, depth=1,
    reliability=QoSReliabilityPolicy.RELIABLE, durability=QoSDurabilityPolicy.VOLATILE)
"""To publish images: serves reliable (RViz) and best-effort subscribers alike."""

RESULT_QOS = QoSProfile(
    history=QoSHistoryPolicy.KEEP_LAST, depth=10,
    reliability=QoSReliabilityPolicy.RELIABLE, durability=QoSDurabilityPolicy.VOLATILE)
"""To publish and to subscribe to results."""

DIAGNOSTICS_QOS = QoSProfile(
    history=QoSHistoryPolicy.KEEP_LAST, depth=10,
    reliability=QoSReliabilityPolicy.RELIABLE, durability=QoSDurabilityPolicy.VOLATILE)
"""To publish on `/diagnostics`."""
