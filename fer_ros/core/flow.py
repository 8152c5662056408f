"""Faces from frame to frame without a detector: by the optical flow of what they show.

Of each face a small grey picture is kept, taken at its place. In the next frame the same place is
looked at, the points in it are followed there and back (Lucas and Kanade, with pyramids), and
the similarity transform that most of them agree on moves box and landmarks. So the cost is that
of the faces, whatever the camera's resolution, and no frame is kept.

Source of following there and back: Kalal, Mikolajczyk, Matas, "Forward-backward error: automatic
detection of tracking failures", 2010.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.crop import box_side, cut
from fer_ros.core.types import Box, CropFrame, Face, Floats, Image

__all__ = ['FaceFlow']

_VIEW = 2.0  # side of what is looked at, in sides of the box: a face may move by half of one
_PIXELS = 80  # side of the small picture
_GRID = 5  # points a row, over the middle of the box
_MIDDLE = 0.8
_WINDOW, _LEVELS = (13, 13), 2
_BACK = 1.0  # pixels of the small picture by which a point may miss its start on the way back
_APART = 1.5  # pixels by which a point may differ from what the others agree on
_LEAST_POINTS = 10
_LARGEST_SCALE = 1.3  # from one frame to the next

# (25, 1, 2) places in a small picture, over the middle of the face.
_LINE = np.linspace(-0.5, 0.5, _GRID) * _PIXELS / _VIEW * _MIDDLE + (_PIXELS - 1) / 2
_START: Floats = np.dstack(np.meshgrid(_LINE, _LINE)).reshape(-1, 1, 2).astype(np.float32)


class FaceFlow:
    """Follows the faces of one camera between two detections.

    Example:
        flow.start(bgr, detector.detect(bgr))
        faces = flow.move(next_bgr)  # None: a face is lost, detect anew
    """

    def __init__(self) -> None:
        self._faces: list[Face] = []
        self._pictures: list[Image] = []

    def start(self, bgr: Image, faces: Sequence[Face]) -> None:
        """Begin with the faces that were found in a (H, W, 3) uint8 frame."""
        self._faces = list(faces)
        self._pictures = [_look(bgr, face.box) for face in self._faces]

    def move(self, bgr: Image) -> list[Face] | None:
        """Return where the faces are in the next frame, in the order of `start`.

        Args:
            bgr: (H, W, 3) uint8.

        Returns:
            The faces, with the scores that they were found with; None if one of them is lost.
        """
        faces = []
        for face, before in zip(self._faces, self._pictures, strict=True):
            moved = _moved(face, before, _look(bgr, face.box))
            if moved is None or not _in_sight(moved.box, bgr):
                return None
            faces.append(moved)
        self.start(bgr, faces)
        return faces


def _look(bgr: Image, box: Box) -> Image:
    """Return the (80, 80) grey picture about a box."""
    return cut(bgr, _place(box), (_PIXELS, _PIXELS))


def _place(box: Box) -> CropFrame:
    return CropFrame(box[0] + box[2] / 2, box[1] + box[3] / 2, _VIEW * box_side(box))


def _moved(face: Face, before: Image, after: Image) -> Face | None:
    """Return a face as its small picture has moved; None if the points do not agree."""
    there, found = _flow(before, after, _START)
    back, known = _flow(after, before, there)
    good = found & known & (np.abs(back - _START).max(axis=(1, 2)) <= _BACK)
    if good.sum() < _LEAST_POINTS:
        return None
    # OpenCV draws the same samples every time.
    matrix, agree = cv2.estimateAffinePartial2D(
        _START[good], there[good], method=cv2.RANSAC, ransacReprojThreshold=_APART)
    if matrix is None or int(agree.sum()) < _LEAST_POINTS:
        return None
    matrix = np.asarray(matrix, np.float64)
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    if not 1 / _LARGEST_SCALE <= scale <= _LARGEST_SCALE:
        return None
    return _carried(face, matrix, scale)


def _flow(before: Image, after: Image, points: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return where (N, 1, 2) points have moved to, and which of them were found."""
    moved, status, _ = cv2.calcOpticalFlowPyrLK(
        before, after, points, np.empty_like(points), winSize=_WINDOW, maxLevel=_LEVELS)
    return np.asarray(moved, np.float32), np.asarray(status).ravel() == 1


def _carried(face: Face, matrix: NDArray[np.float64], scale: float) -> Face:
    """Return a face moved by a (2, 3) transform of its small picture."""
    place = _place(face.box)
    unit = place.side / _PIXELS
    middle = np.array([place.x, place.y])
    turn, shift = matrix[:, :2], matrix[:, 2]
    # From pixels of the small picture about its middle to pixels of the frame.
    centre = np.full(2, (_PIXELS - 1) / 2)
    shift = (shift + turn @ centre - centre) * unit
    x, y = middle + shift
    width, height = face.box[2] * scale, face.box[3] * scale
    landmarks = face.landmarks
    if landmarks is not None:
        landmarks = ((landmarks - middle) @ turn.T + middle + shift).astype(np.float32)
    left, top = float(x) - width / 2, float(y) - height / 2
    return dataclasses.replace(face, landmarks=landmarks, box=(left, top, width, height))


def _in_sight(box: Box, bgr: Image) -> bool:
    """Tell whether the middle of a box lies in the frame."""
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
    return bool(0 <= x < bgr.shape[1] and 0 <= y < bgr.shape[0])
