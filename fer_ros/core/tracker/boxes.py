"""The geometry of boxes."""

from __future__ import annotations

from fer_ros.core.types import Box

__all__ = ['overlap', 'shared']


def overlap(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes, in [0, 1]."""
    both = shared(a, b)
    return both / (a[2] * a[3] + b[2] * b[3] - both) if both else 0.0


def shared(a: Box, b: Box) -> float:
    """Return the area that two boxes have in common, in square pixels."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)
