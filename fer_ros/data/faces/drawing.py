"""Labels drawn on pictures: faces green, ignored regions grey and crossed, points in colours."""

from __future__ import annotations

import cv2
import numpy as np

from fer_ros.core.types import Floats, Image
from fer_ros.data.faces.types import FaceLabels

__all__ = ['close_up', 'draw_labels', 'moved']

_FACE, _IGNORED = (60, 200, 60), (150, 150, 150)
_POINTS = ((255, 80, 80), (80, 80, 255), (80, 230, 255), (255, 80, 255), (80, 160, 255))
"""BGR: left eye blue, right eye red, nose yellow, mouth corners magenta and orange."""


def draw_labels(image: Image, labels: FaceLabels, thickness: int = 1) -> Image:
    """Return a copy of a (H, W, 3) BGR picture with its labels drawn on it."""
    drawn = image.copy()
    for box, landmarks, ignored in zip(
            labels.boxes, labels.landmarks, labels.ignored, strict=True):
        limits = np.clip(box, -1e4, 1e4).round().astype(int).tolist()
        left, top, right, bottom = limits
        if ignored:
            cv2.rectangle(drawn, (left, top), (right, bottom), _IGNORED, thickness)
            cv2.line(drawn, (left, top), (right, bottom), _IGNORED, thickness)
            cv2.line(drawn, (left, bottom), (right, top), _IGNORED, thickness)
            continue
        cv2.rectangle(drawn, (left, top), (right, bottom), _FACE, thickness)
        radius = max(1, round(0.02 * max(right - left, bottom - top)))
        for point, colour in zip(landmarks, _POINTS, strict=True):
            if np.isfinite(point).all():
                x, y = np.clip(point, -1e4, 1e4).round().astype(int).tolist()
                cv2.circle(drawn, (x, y), radius, colour, -1, cv2.LINE_AA)
    return drawn


def moved(labels: FaceLabels, scale: float, left: float, top: float) -> FaceLabels:
    """Return labels of a picture of which (left, top) became the origin, then scaled."""
    origin = np.array([left, top], np.float32)
    boxes = ((labels.boxes.reshape(-1, 2, 2) - origin) * np.float32(scale)).reshape(-1, 4)
    return FaceLabels(boxes, (labels.landmarks - origin) * np.float32(scale), labels.ignored)


def close_up(
    image: Image, labels: FaceLabels, box: Floats, side: int, margin: float = 2.0,
) -> Image:
    """Return a square around a box with the labels drawn on it; grey beyond the border.

    Args:
        image: (H, W, 3) uint8 BGR.
        labels: Labels of the picture.
        box: (4,) left, top, right, bottom in pixels.
        side: Of the result, in pixels.
        margin: Side of the square in longer sides of the box.
    """
    left, top, right, bottom = (float(value) for value in box)
    size = max(margin * max(right - left, bottom - top), 1.0)
    scale = side / size
    x, y = (left + right - size) / 2, (top + bottom - size) / 2
    shift = np.array([[scale, 0, -x * scale], [0, scale, -y * scale]])
    if scale < 1:
        # A warp takes single pixels, so what is shrunk is averaged first.
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        shift = np.array([[1, 0, -x * scale], [0, 1, -y * scale]])
    else:
        small = image
    tile = cv2.warpAffine(small, shift, (side, side), flags=cv2.INTER_LINEAR,
                          borderValue=(127, 127, 127))
    return draw_labels(np.asarray(tile, np.uint8), moved(labels, scale, x, y))
