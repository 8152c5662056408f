"""What hides a part of a face: sunglasses, masks, hands."""

from __future__ import annotations

import math

import cv2
import numpy as np

from fer_ros.core.types import Image
from fer_ros.data.faces.types import FaceLabels
from fer_ros.training.augmentation.base import Rng

__all__ = ['cover']


def cover(image: Image, labels: FaceLabels, rng: Rng) -> Image:
    """Return the picture with something drawn over the eyes or the mouth of its faces."""
    varied = image.copy()
    for box, points in zip(labels.boxes, labels.landmarks, strict=True):
        if not np.isfinite(points).all():
            continue
        side = float(np.mean(box[2:] - box[:2]))
        kind = int(rng.integers(3))
        ends = points[[0, 1]] if kind == 0 else points[[3, 4]]
        middle = ends.mean(axis=0) if kind < 2 else points[int(rng.integers(5))]
        along = (ends[1] - ends[0]) / max(1e-3, float(np.linalg.norm(ends[1] - ends[0])))
        length, height = (
            rng.uniform(0.7, 1.0), rng.uniform(0.18, 0.35) if kind == 0 else rng.uniform(0.3, 0.6))
        if kind == 2:
            length, height = rng.uniform(0.2, 0.5), rng.uniform(0.2, 0.5)
        shape = ((float(middle[0]), float(middle[1])), (length * side, height * side),
                 math.degrees(math.atan2(float(along[1]), float(along[0]))))
        color = rng.integers(0, 256, 3).tolist()
        if rng.random() < 0.5:
            cv2.ellipse(varied, shape, color, -1)
        else:
            cv2.fillConvexPoly(varied, np.round(cv2.boxPoints(shape)).astype(np.int32), color)
    return varied
