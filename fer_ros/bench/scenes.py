"""Made-up frames with any number of faces, of any size, always the same ones."""

from __future__ import annotations

from collections.abc import Sequence
import math
from pathlib import Path

import cv2
import numpy as np

from fer_ros.core.demo_clip import demo_photograph
from fer_ros.core.detector import create_detector
from fer_ros.core.errors import ConfigError
from fer_ros.core.sources.picture import read_image
from fer_ros.core.types import Image
from fer_ros.evaluation.pasted import paste

__all__ = ['make_frames', 'portrait']

_CROP = 1.5  # side of what is cut out, in sides of the face's box
_SHARE = 0.9  # of its cell that a head fills
_LARGEST = 0.45  # side of a head in shorter sides of the frame
_STEP = 2  # pixels by which everything moves from one frame to the next


def portrait(path: str | Path = '') -> Image:
    """Return a (S, S, 3) uint8 BGR picture of a head.

    Args:
        path: A picture of somebody, whose largest face is taken; '' for the astronaut of
            `fer demo`.

    Raises:
        FerError: The picture cannot be read or shows no face, or scikit-image, which brings the
            astronaut, is missing.
    """
    picture = read_image(Path(path)) if path else demo_photograph('--image PICTURE')
    faces = create_detector().detect(picture)
    if not faces:
        raise ConfigError(f'{path}: no face was found in it; give another --image')
    x, y, width, height = faces[0].box
    side = max(16, round(_CROP * max(width, height)))
    corner = (round(x + width / 2 - side / 2), round(y + height / 2 - side / 2))
    wide = cv2.copyMakeBorder(picture, side, side, side, side, cv2.BORDER_REPLICATE)
    left, top = corner[0] + side, corner[1] + side
    return np.asarray(wide[top:top + side, left:left + side].copy(), np.uint8)


def make_frames(
    head: Image, size: tuple[int, int], faces: int, count: int = 3,
) -> Sequence[Image]:
    """Return frames of a scene in which everything moves a little.

    Args:
        head: (S, S, 3) uint8 BGR.
        size: Width and height of the frames in pixels.
        faces: Number of faces, in rows; the more there are, the smaller they are.
        count: Number of frames.

    Returns:
        `count` frames, (H, W, 3) uint8 BGR.
    """
    scene = _room(size)
    width, height = size
    columns = max(1, math.ceil(math.sqrt(faces * width / height)))
    rows = max(1, math.ceil(faces / columns))
    cell = width / columns, height / rows
    side = min(_SHARE * min(cell), _LARGEST * min(size))
    for index in range(faces):
        column, row = index % columns, index // columns
        # Every other one is mirrored and a little turned, so that they are not all alike.
        crop, roll = (head, -4.0) if (column + row) % 2 else (head[:, ::-1], 4.0)
        centre = ((column + 0.5) * cell[0], (row + 0.5) * cell[1])
        scene = paste(np.ascontiguousarray(crop), scene, centre, side, roll).image
    return [np.roll(scene, _STEP * index, axis=1) for index in range(count)]


def _room(size: tuple[int, int]) -> Image:
    """Return a coloured wall with structures of all sizes, as rooms have them."""
    rng = np.random.default_rng(0)
    width, height = size
    room = np.full((height, width, 3), 110.0, np.float32)
    for cells in (4, 16, 64):
        small = rng.normal(0.0, 14.0, (cells, cells, 3)).astype(np.float32)
        room += cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
    return np.clip(room, 0, 255).astype(np.uint8)
