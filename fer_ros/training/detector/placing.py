"""Moving a labelled picture: turned, scaled, seen at an angle, mirrored; labels move along."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats, Image
from fer_ros.data.faces.types import FaceLabels

__all__ = ['mirror', 'move_labels', 'paste', 'placement', 'visible_share']

Matrix = NDArray[np.float64]

_EXCHANGED = (1, 0, 2, 4, 3)


def mirror(image: Image, labels: FaceLabels) -> tuple[Image, FaceLabels]:
    """Return the mirror image; left and right landmarks change places."""
    width = image.shape[1]
    boxes = labels.boxes.copy()
    boxes[:, [0, 2]] = width - labels.boxes[:, [2, 0]]
    landmarks = labels.landmarks[:, _EXCHANGED].copy()
    landmarks[..., 0] = width - landmarks[..., 0]
    return np.ascontiguousarray(image[:, ::-1]), FaceLabels(boxes, landmarks, labels.ignored)


def placement(
    centre: tuple[float, float], target: tuple[float, float], scale: float, roll: float,
    tilt: tuple[float, float] = (0.0, 0.0), aspect: float = 1.0,
) -> Matrix:
    """Return the (3, 3) map that brings a place of a picture to a place of the canvas.

    Args:
        centre: The place in the picture, in pixels.
        target: Where it comes to lie.
        scale: Canvas pixels for a pixel of the picture.
        roll: Angle by which the picture turns, in degrees, clockwise as seen.
        tilt: Perspective along x and y, per pixel of the canvas.
        aspect: Factor of the width, and divisor of the height.
    """
    angle = math.radians(roll)
    turn = scale * np.array([
        [math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) \
        @ np.diag([aspect, 1 / aspect])
    there = np.eye(3)
    there[:2, :2] = turn
    there[:2, 2] = -turn @ np.array(centre)
    bend = np.array([[1, 0, 0], [0, 1, 0], [tilt[0], tilt[1], 1.0]])
    back = np.array([[1, 0, target[0]], [0, 1, target[1]], [0, 0, 1.0]])
    moved: Matrix = back @ bend @ there
    return moved


def move_labels(labels: FaceLabels, matrix: Matrix) -> FaceLabels:
    """Return the labels of the moved picture.

    The box of a turned face is that about the turned ellipse which the old box holds, for a head
    is round: a box about the turned box would grow by up to 41 %.
    """
    if len(labels) == 0:
        return labels
    centres = (labels.boxes[:, :2] + labels.boxes[:, 2:]) / 2
    halves = (labels.boxes[:, 2:] - labels.boxes[:, :2]) / 2
    moved = _map(centres, matrix)
    right = _map(centres + halves * [1, 0], matrix) - moved
    down = _map(centres + halves * [0, 1], matrix) - moved
    # The half sides of the box about an ellipse with these half axes.
    reach = np.maximum(np.sqrt(right ** 2 + down ** 2), 1e-3)
    boxes = np.concatenate([moved - reach, moved + reach], axis=1)
    landmarks = _map(labels.landmarks.reshape(-1, 2), matrix).reshape(-1, 5, 2)
    return FaceLabels(
        boxes.astype(np.float32), landmarks.astype(np.float32), labels.ignored.copy())


def paste(canvas: Image, image: Image, matrix: Matrix) -> NDArray[np.bool_]:
    """Draw the moved picture over the canvas.

    Args:
        canvas: (H, W, 3) uint8, changed in place.
        image: (h, w, 3) uint8.
        matrix: Map from the picture to the canvas.

    Returns:
        (H, W) bool, where it covers the canvas.
    """
    height, width = canvas.shape[:2]
    # Reducing first averages all pixels; the warp alone would skip most of them.
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))
    if scale < 0.6:
        small = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        shrink = np.diag([image.shape[1] / small[0], image.shape[0] / small[1], 1.0])
        image = np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), np.uint8)
        matrix = matrix @ shrink
    # Pixel centres lie at halves in the labels' coordinates, at whole numbers in OpenCV's.
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    moved = cv2.warpPerspective(
        image, np.linalg.inv(shift) @ matrix @ shift, (width, height), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE)
    corners = np.array([[0, 0], [image.shape[1], 0], list(image.shape[1::-1]),
                        [0, image.shape[0]]], np.float64)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(mask, np.round(_map(corners, matrix)).astype(np.int32), 1)
    covered = mask.astype(bool)
    np.copyto(canvas, moved, where=covered[..., np.newaxis])
    return covered


def visible_share(boxes: Floats, width: int, height: int) -> Floats:
    """Return (N,) the share of each box that lies within the canvas."""
    inside = np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    seen: Floats = (inside[:, 2:] - inside[:, :2]).prod(axis=1) / np.maximum(areas, 1e-6)
    return seen


def _map(points: NDArray[Any], matrix: Matrix) -> Matrix:
    rows = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    # A point behind the camera would come back from the other side.
    moved: Matrix = rows[:, :2] / np.maximum(rows[:, 2:], 1e-3)
    return moved
