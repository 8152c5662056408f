"""Where a face is in space: its bearing by the camera's calibration, its distance by its size.

The bearing is as good as calibration and box. The distance takes everybody for the mean adult:
children, whose eyes are closer together, seem to be further away than they are.
"""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.crop import box_side
from fer_ros.core.errors import ConfigError
from fer_ros.core.head_pose import MEAN_FACE
from fer_ros.core.types import FaceEmotion, Floats

__all__ = [
    'DISTORTION_MODELS', 'EYES_ERROR', 'FRAME_ERROR', 'INTERPUPILLARY', 'Intrinsics', 'Position',
    'locate',
]

INTERPUPILLARY = 0.0634
"""Metres between the pupils of adults, standard deviation 0.0038.

Source: N. A. Dodgson, "Variation and extrema of human interpupillary distance", 2004.
"""

EYES_ERROR = 0.10
"""Standard deviation of a distance by the eyes, as a share of it.

6 % by how people differ, and 8 % by landmarks that are 7 % of the distance between the eyes off
(docs/detection.md, upright faces): two points, one axis of each.
"""

FRAME_ERROR = 0.21
"""Standard deviation of a distance by the frame that is classified, as a share of it.

6 % by how people differ, and 20 % by how boxes of one detector scatter about faces
(`FER_FRAMING` in crop.py).
"""

DISTORTION_MODELS = ('', 'plumb_bob', 'rational_polynomial', 'equidistant')
"""Names as in sensor_msgs/CameraInfo; '' for a camera without distortion."""

_FRAME_SIDE = INTERPUPILLARY / float(MEAN_FACE[1, 0] - MEAN_FACE[0, 0])  # metres
_MAX_YAW = 60.0  # degrees: further aside the eyes tell nothing of the distance
_MAX_DISTANCE = 100.0  # metres


@dataclasses.dataclass(frozen=True)
class Intrinsics:
    """How a camera maps directions to pixels; pixel i has its centre at i, as in OpenCV.

    Attributes:
        width: Of the images, in pixels.
        height: Of the images, in pixels.
        fx: Focal length in pixels, > 0.
        fy: Focal length in pixels, > 0.
        cx: Principal point in pixels.
        cy: Principal point in pixels.
        model: One of `DISTORTION_MODELS`.
        distortion: The model's coefficients, in OpenCV's order.

    Raises:
        ConfigError: The camera is not calibrated, or by a model that is not known.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    model: str = ''
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        values = (self.fx, self.fy, self.cx, self.cy, *self.distortion)
        if not all(map(math.isfinite, values)) or self.fx <= 0 or self.fy <= 0:
            raise ConfigError(
                'the camera is not calibrated: fx and fy must be > 0 and all values finite, got '
                f'fx {self.fx}, fy {self.fy}, cx {self.cx}, cy {self.cy}, '
                f'distortion {self.distortion}')
        if self.model not in DISTORTION_MODELS:
            known = ', '.join(filter(None, DISTORTION_MODELS))
            raise ConfigError(f'distortion_model must be one of {known}, got {self.model!r}')
        sizes = (0, 4) if self.model == 'equidistant' else (0, 4, 5, 8, 12, 14)
        if len(self.distortion) not in sizes:
            raise ConfigError(
                f'distortion_model {self.model!r} has one of {sizes} coefficients, got '
                f'{len(self.distortion)}')

    def rays(self, points: Floats) -> NDArray[np.float64]:
        """Return the directions that are seen at points of the image.

        Args:
            points: (N, 2) pixels; pixel i reaches from i to i + 1.

        Returns:
            (N, 3) unit vectors in the camera's optical frame (REP-103): x to the right of the
            image, y down, z away from the camera.
        """
        seen = (np.asarray(points, np.float64) - 0.5).reshape(-1, 1, 2)
        matrix = np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1.0]])
        factors = np.array(self.distortion) if self.distortion else np.zeros(4)
        undistort = cv2.fisheye.undistortPoints if self.model == 'equidistant' \
            else cv2.undistortPoints
        flat = undistort(seen, matrix, factors).reshape(-1, 2)
        rays = np.column_stack([flat, np.ones(len(flat))])
        return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))


@dataclasses.dataclass(frozen=True)
class Position:
    """Where the middle of a face is.

    Attributes:
        ray: Direction from the camera, a unit vector in its optical frame.
        distance: In metres, > 0.
        error: Standard deviation of the distance, as a share of it.
    """

    ray: tuple[float, float, float]
    distance: float
    error: float

    def at(self, factor: float = 1.0) -> tuple[float, float, float]:
        """Return the point on the ray at a multiple of the distance, in metres."""
        x, y, z = (factor * self.distance * value for value in self.ray)
        return x, y, z


def locate(face: FaceEmotion, camera: Intrinsics) -> Position:
    """Return where a face is.

    The distance is told by the eyes where the landmarks are those of a face that looks at most
    60 degrees aside, else by the frame that was classified, else by the box.

    Args:
        face: A face in the pixels of the camera's image.
        camera: Its calibration.
    """
    x, y, width, height = face.box
    centre = np.array([[x + width / 2, y + height / 2]], np.float32)
    ray = camera.rays(centre)[0]
    if face.landmarks is not None and face.pose is not None and abs(face.pose.yaw) <= _MAX_YAW:
        ends, error = face.landmarks[:2], EYES_ERROR
        length = INTERPUPILLARY * math.cos(math.radians(face.pose.yaw))
    else:
        side = face.crop.side if face.crop is not None else box_side(face.box)
        ends = centre + np.array([[-side / 2, 0], [side / 2, 0]], np.float32)
        length, error = _FRAME_SIDE, FRAME_ERROR
    left, right = camera.rays(ends)
    angle = math.atan2(float(np.linalg.norm(np.cross(left, right))), float(left @ right))
    distance = min(length / max(2 * math.tan(angle / 2), 1e-9), _MAX_DISTANCE)
    return Position((float(ray[0]), float(ray[1]), float(ray[2])), distance, error)
