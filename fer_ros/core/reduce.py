"""What of a frame a detector looks at: a reduced copy, and tiles of it for far faces.

The cost of finding faces depends on the number of pixels looked at, not on the camera. `look`
is the one road of all detectors: it reduces the frame, asks the detector, brings what it found
back to the frame, and joins what several views have found twice. Boxes and landmarks are places
in the frame where pixel i reaches from i to i + 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import dataclasses
import itertools
import math

import cv2
import numpy as np

from fer_ros.core.errors import ConfigError
from fer_ros.core.tracker import overlap, shared
from fer_ros.core.types import Box, Face, Image

__all__ = ['largest', 'look', 'MAX_TILES', 'MIN_FACE_SIZE', 'Sight', 'View']

MIN_FACE_SIZE = 0.09
"""Side of the smallest face by default, in shorter sides of the frame: 43 pixels at 640x480."""

MAX_TILES = 8
"""Tiles along a side of the frame, at most: 65 views are more than any robot has time for."""

_LEAST_PIXELS = 8.0  # of a face given in pixels; below, nobody sees a face
_LEAST_SHARE = 0.01
_INPUT_SIZES = (32, 8192)
# Tiles overlap by the smallest face of the whole view, and somewhat: boxes are not faces.
_OVERLAP = 1.25
_RIM = 0.05  # of a box's sides, within which it touches the border of its tile
_SPARSE = 8  # times as large as the view, from which on every other row of a frame is left out
_SAME = 0.4  # intersection over union from which two views mean the same face
_INSIDE = 0.7  # share of a box inside another one from which it is a part of that face


@dataclasses.dataclass(frozen=True)
class Sight:
    """How closely a detector looks at a frame.

    Attributes:
        min_face_size: Side of the smallest face that is wanted: up to 1 a share of the shorter
            side of the frame, in [0.01, 1]; above, pixels of the frame, from 8.
        input_size: Longer side in pixels of what the detector looks at, 32 to 8192; it then
            decides in place of `min_face_size`. 0: as large as `min_face_size` demands.
        tiles: 1: the whole frame; n, up to 8: also n by n overlapping tiles of it, each with as
            many pixels as the whole, which finds faces n times smaller at n * n + 1 times the
            cost. No frame or tile is ever enlarged.

    Raises:
        ConfigError: A value is out of range.
    """

    min_face_size: float = MIN_FACE_SIZE
    input_size: int = 0
    tiles: int = 1

    def __post_init__(self) -> None:
        size = self.min_face_size
        if not (_LEAST_SHARE <= size <= 1.0 or _LEAST_PIXELS <= size < math.inf):
            raise ConfigError(
                'min_face_size is a share of the shorter side of the frame in [0.01, 1], or, from '
                f'8 on, a number of pixels of the frame; got {size}')
        if self.input_size and not _INPUT_SIZES[0] <= self.input_size <= _INPUT_SIZES[1]:
            raise ConfigError(
                f'input_size must be 0 or lie in [{_INPUT_SIZES[0]}, {_INPUT_SIZES[1]}] pixels, '
                f'got {self.input_size}')
        if not 1 <= self.tiles <= MAX_TILES:
            raise ConfigError(f'tiles must lie in [1, {MAX_TILES}], got {self.tiles}')

    def scale(self, width: int, height: int, face: float) -> float:
        """Return pixels of the whole view a pixel of the frame, in (0, 1].

        Args:
            width: Of the frame in pixels.
            height: Of the frame in pixels.
            face: Side of the smallest face that the detector can find, in pixels.
        """
        if self.input_size:
            return min(1.0, self.input_size / max(width, height))
        wanted = self.min_face_size
        if wanted <= 1.0:
            wanted *= min(width, height)
        return min(1.0, face / wanted)


@dataclasses.dataclass(frozen=True, eq=False)
class View:
    """A part of a frame, reduced.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        left: Place of the part in the frame, in pixels.
        top: Place of the part in the frame, in pixels.
        scale: Pixels of the frame a pixel of the view, along x and y.
    """

    image: Image
    left: int
    top: int
    scale: tuple[float, float]

    def to_frame(self, face: Face) -> Face:
        """Return a face of the view in pixels of the frame."""
        scale_x, scale_y = self.scale
        x, y, width, height = face.box
        landmarks = face.landmarks
        if landmarks is not None:
            landmarks = (landmarks * self.scale + (self.left, self.top)).astype(np.float32)
        return dataclasses.replace(
            face, landmarks=landmarks,
            box=(x * scale_x + self.left, y * scale_y + self.top,
                 width * scale_x, height * scale_y))

    def cuts(self, face: Face, width: int, height: int) -> bool:
        """Tell whether a face in pixels of the frame is cut by a border inside of the frame.

        Args:
            face: The face.
            width: Of the frame in pixels.
            height: Of the frame in pixels.
        """
        rows, columns = self.image.shape[:2]
        for start, length, place, part, whole in (
                (face.box[0], face.box[2], self.left, columns * self.scale[0], width),
                (face.box[1], face.box[3], self.top, rows * self.scale[1], height)):
            rim = _RIM * length
            if (place > 0 and start < place + rim) \
                    or (place + part < whole - 0.5 and start + length > place + part - rim):
                return True
        return False


def look(
    bgr: Image, sight: Sight, face: float, find: Callable[[Image], Sequence[Face]],
    max_faces: int = 0,
) -> list[Face]:
    """Return the faces of a frame, found in reduced views of it.

    Args:
        bgr: (H, W, 3) uint8 frame.
        sight: How closely to look.
        face: Side of the smallest face that `find` can find, in pixels of what it is given.
        find: Returns the faces of a (h, w, 3) uint8 view in its pixels; the view may be as
            small as 1x1.
        max_faces: Largest number of faces to return; 0 for all.

    Returns:
        The faces in pixels of the frame, the largest first.
    """
    height, width = bgr.shape[:2]
    whole, *tiles = [
        (view, [view.to_frame(one) for one in find(view.image)])
        for view in _views(bgr, sight, face)]
    # Tiles overlap by more than their faces: what one of them cuts, another one has whole.
    in_tiles = [
        one for view, faces in tiles for one in faces if not view.cuts(one, width, height)]
    return largest(_joined(whole[1], in_tiles), max_faces)


def largest(faces: Sequence[Face], max_faces: int = 0) -> list[Face]:
    """Return faces, the largest first, at most `max_faces` of them; 0 for all."""
    # The box breaks ties: OpenCV's order changes with its threads.
    ordered = sorted(faces, key=lambda face: (-face.area, face.box))
    return ordered[:max_faces] if max_faces else ordered


def _views(bgr: Image, sight: Sight, face: float) -> Iterator[View]:
    height, width = bgr.shape[:2]
    scale = sight.scale(width, height, face)
    yield _view(bgr, 0, 0, scale)
    if sight.tiles == 1 or scale == 1.0:
        return
    margin = _OVERLAP * face / scale
    finer = min(1.0, scale * sight.tiles)
    rows, columns = (_spans(side, sight.tiles, margin) for side in (height, width))
    for (top, bottom), (left, right) in itertools.product(rows, columns):
        yield _view(bgr[top:bottom, left:right], left, top, finer)


def _view(part: Image, left: int, top: int, scale: float) -> View:
    height, width = part.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size != (width, height):
        part = _reduced(part, size)
    return View(part, left, top, (width / size[0], height / size[1]))


def _reduced(image: Image, size: tuple[int, int]) -> Image:
    """Return an image reduced to a width and a height, each pixel nearly the mean of its area.

    The exact mean (`INTER_AREA`) of areas of odd sides takes three times as long and more. Halving
    is quick, and so is bilinear interpolation, which skips no pixel where it takes away less than
    half: so an image is halved until it is less than four times as large, brought to exactly twice
    the size, and halved once more. Of very large images every other row is left out.
    """
    double = (2 * size[0], 2 * size[1])
    # Reading so many pixels takes longer than the network; four rows and more are left to average.
    if image.shape[0] >= _SPARSE * size[1]:
        image = image[::2]
    while image.shape[1] >= 2 * double[0] and image.shape[0] >= 2 * double[1]:
        image = _resized(image, (image.shape[1] // 2, image.shape[0] // 2), cv2.INTER_AREA)
    if image.shape[1] >= double[0] and image.shape[0] >= double[1]:
        image = _resized(image, double, cv2.INTER_LINEAR)
    return _resized(image, size, cv2.INTER_AREA)


def _resized(image: Image, size: tuple[int, int], interpolation: int) -> Image:
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)


def _spans(side: int, count: int, margin: float) -> list[tuple[int, int]]:
    """Return `count` equal spans that cover a side and overlap by `margin`, all in pixels."""
    length = min(side, math.ceil((side + (count - 1) * margin) / count))
    return [
        (start, start + length)
        for start in sorted({round(i * (side - length) / (count - 1)) for i in range(count)})]


def _joined(faces: Sequence[Face], in_tiles: Sequence[Face]) -> list[Face]:
    """Return the faces of the whole frame and those that only tiles show, each once."""
    kept = list(faces)
    for face in sorted(in_tiles, key=lambda face: (-face.score, face.box)):
        if not any(_same(face.box, other.box) for other in kept):
            kept.append(face)
    return kept


def _same(box: Box, other: Box) -> bool:
    smaller = min(box[2] * box[3], other[2] * other[3])
    return overlap(box, other) >= _SAME or shared(box, other) >= _INSIDE * smaller
