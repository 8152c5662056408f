"""A made-up detector: it knows where the faces are, and errs as detectors do."""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np

from fer_ros.core.crop import FER_FRAMING
from fer_ros.core.types import Face
from fer_ros.evaluation.tracking.scene import Frame, Seen

__all__ = ['SimulatedDetector']

_SHIFT, _SCALE = 0.03, 0.06  # jitter of the boxes in sides, and of the logarithm of their size
_FOUND = 0.95  # share of the faces found in full view
_HIDDEN = 0.55  # a face of which less is visible is not found
_FALSE = 0.04  # false detections a frame that begin
_FALSE_LASTS = 3.0  # frames, on average
_CONVENTION = FER_FRAMING['haar']


class SimulatedDetector:
    """Finds faces with jitter, misses and false alarms.

    The less of a face is visible and the more it is blurred, the rarer it is found, the lower is
    its score, and the less exact its box. Boxes are those of Haar.

    Args:
        seed: Of the errors.
    """

    box_convention = 'haar'

    def __init__(self, seed: int | Sequence[int] = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self._false: list[Face] = []

    def detect(self, frame: Frame) -> list[Face]:
        """Return what a detector might find in the frame."""
        faces = [self._find(seen) for seen in frame.people]
        return [face for face in faces if face is not None] + self._false_alarms(frame)

    def _find(self, seen: Seen) -> Face | None:
        quality = (seen.visible - _HIDDEN) / (1 - _HIDDEN) * math.exp(-10 * seen.blur)
        if self._rng.uniform() > _FOUND * min(1.0, 2 * quality):
            return None
        error = 2.0 - min(1.0, quality)
        x, y, side, _ = seen.box
        shift = self._rng.normal(0, _SHIFT * error * side, 2)
        box = side / _CONVENTION.margin * math.exp(self._rng.normal(0, _SCALE * error))
        score = float(np.clip(self._rng.normal(0.5 + 0.42 * quality, 0.06), 0.05, 0.99))
        left, top = x + side / 2 + shift[0] - box / 2, y + side / 2 + shift[1] - box / 2
        return Face((left, top, box, box), score)

    def _false_alarms(self, frame: Frame) -> list[Face]:
        self._false = [
            face for face in self._false if self._rng.uniform() < 1 - 1 / _FALSE_LASTS]
        if self._rng.uniform() < _FALSE:
            height, width = frame.image.shape[:2]
            side = self._rng.uniform(40, 120)
            self._false.append(Face(
                (self._rng.uniform(0, width - side), self._rng.uniform(0, height - side), side,
                 side), self._rng.uniform(0.4, 0.8)))
        return list(self._false)
