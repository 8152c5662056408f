"""What the pipeline sees of a camera's image: a region of it, turned upright; and the way back."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import math
from typing import TypeAlias, TypeVar

import cv2
import numpy as np

from fer_ros.core.errors import ConfigError, ImageError
from fer_ros.core.types import Box, CropFrame, Face, FaceEmotion, Floats, FrameResult, Image

__all__ = ['ROTATIONS', 'Region', 'View', 'turn_image', 'turn_result']

ROTATIONS = (0, 90, 180, 270)
"""Degrees clockwise by which an image can be turned."""

_TURNS = {
    90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}

_Point: TypeAlias = Callable[[Floats], Floats]
_Found = TypeVar('_Found', Face, FaceEmotion)


@dataclasses.dataclass(frozen=True)
class Region:
    """A part of an image, in pixels, as sensor_msgs/RegionOfInterest has it.

    Attributes:
        x: Leftmost column.
        y: Topmost row.
        width: Columns; 0: up to the right border.
        height: Rows; 0: up to the lower border.
    """

    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0

    def within(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom in an image of that size.

        Raises:
            ImageError: The region lies wholly or partly outside.
        """
        right = self.x + self.width if self.width else width
        bottom = self.y + self.height if self.height else height
        if not (0 <= self.x < right <= width and 0 <= self.y < bottom <= height):
            raise ImageError(
                f'the region of interest ({self.width}x{self.height} at {self.x}, {self.y}) '
                f'does not lie in the image; its size is {width}x{height}')
        return self.x, self.y, right, bottom


@dataclasses.dataclass(frozen=True)
class View:
    """Cuts a region out, turns it upright, and maps what was found in it back.

    Attributes:
        region: What is looked at, in pixels of the camera's image.
        rotation: Degrees clockwise by which the image must be turned to stand upright, one of
            `ROTATIONS`: 90 for a camera that was turned counter-clockwise.

    Raises:
        ConfigError: The rotation is another number.
    """

    region: Region = Region()
    rotation: int = 0

    def __post_init__(self) -> None:
        if self.rotation not in ROTATIONS:
            raise ConfigError(
                f'rotation must be one of {", ".join(map(str, ROTATIONS))} degrees, got '
                f'{self.rotation}')

    def of(self, bgr: Image) -> Image:
        """Return what is seen of (H, W, 3) uint8 BGR; it may look into the same memory.

        Raises:
            ImageError: The region does not lie in the image.
        """
        left, top, right, bottom = self.region.within(bgr.shape[1], bgr.shape[0])
        return turn_image(bgr[top:bottom, left:right], self.rotation)

    def back(self, result: FrameResult, width: int, height: int) -> FrameResult:
        """Return a result in the pixels of the camera's image.

        Args:
            result: What was found in the view.
            width: Width of the camera's image in pixels.
            height: Height of the camera's image in pixels.
        """
        if self == View():
            return result
        left, top, _, _ = self.region.within(width, height)
        turned = turn_result(result, -self.rotation % 360)
        corner = np.array([left, top], np.float32)
        return _moved(turned, width, height, lambda points: points + corner)


def turn_image(bgr: Image, rotation: int) -> Image:
    """Return an image turned clockwise by one of `ROTATIONS`; the same one for 0."""
    return np.asarray(cv2.rotate(bgr, _TURNS[rotation]), np.uint8) if rotation else bgr


def turn_result(result: FrameResult, rotation: int) -> FrameResult:
    """Return what belongs to the image turned clockwise by one of `ROTATIONS`."""
    w, h = result.width, result.height
    if rotation == 0:
        return result
    if rotation == 90:
        return _moved(result, h, w, lambda p: np.stack([h - p[:, 1], p[:, 0]], axis=1), 90)
    if rotation == 180:
        return _moved(
            result, w, h, lambda p: np.stack([w - p[:, 0], h - p[:, 1]], axis=1), 180)
    return _moved(result, h, w, lambda p: np.stack([p[:, 1], w - p[:, 0]], axis=1), 270)


def _moved(
    result: FrameResult, width: int, height: int, move: _Point, rotation: int = 0,
) -> FrameResult:
    return dataclasses.replace(
        result, width=width, height=height,
        faces=tuple(
            _turned_head(_moved_face(face, move), move, rotation) for face in result.faces),
        unclassified=tuple(_moved_face(face, move) for face in result.unclassified))


def _moved_face(face: _Found, move: _Point) -> _Found:
    landmarks = face.landmarks
    if landmarks is not None:
        landmarks = move(landmarks).astype(np.float32)
    return dataclasses.replace(face, box=_moved_box(face.box, move), landmarks=landmarks)


def _turned_head(face: FaceEmotion, move: _Point, rotation: int) -> FaceEmotion:
    """Return a face with the pose of its head, and what was classified, turned and moved."""
    pose, crop = face.pose, face.crop
    if pose is not None:
        pose = dataclasses.replace(pose, roll=_angle(pose.roll + rotation))
    if crop is not None:
        ((x, y),) = move(np.array([[crop.x, crop.y]], np.float32))
        crop = CropFrame(float(x), float(y), crop.side, _angle(crop.roll + rotation))
    return dataclasses.replace(face, pose=pose, crop=crop)


def _angle(degrees: float) -> float:
    """Return the same angle in [-180, 180)."""
    return (degrees + 180.0) % 360.0 - 180.0


def _moved_box(box: Box, move: _Point) -> Box:
    x, y, width, height = box
    corners = move(np.array([[x, y], [x + width, y + height]], np.float64))
    left, top = (float(value) for value in corners.min(axis=0))
    right, bottom = (float(value) for value in corners.max(axis=0))
    return left, top, _positive(right - left), _positive(bottom - top)


def _positive(length: float) -> float:
    return max(length, math.ulp(1.0))
