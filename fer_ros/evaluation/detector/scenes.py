"""Frames of a robot's camera, composed from labelled portraits and pictures without faces.

Portraits fill their picture, while a robot sees faces of 40 to 160 pixels in a room. So each
portrait is scaled down and pasted into a room made of four background pictures. The format of the
data set is described in `fer_ros.data.faces.folder`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
from pathlib import Path

import cv2
import numpy as np

from fer_ros.core.errors import DataError
from fer_ros.core.types import Floats, Image
from fer_ros.data.faces import FaceLabels, FacePicture, read_backgrounds, read_faces

__all__ = ['Scene', 'SceneSet']


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """A frame with its labelled faces; without any, every detection is false.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        labels: The labelled faces; those that need not be found are ignored.
    """

    image: Image
    labels: FaceLabels


class SceneSet:
    """Reads a data set of labelled portraits and composes scenes from it, always the same ones.

    Args:
        folder: Folder of the data set.
        split: The value of `split` of the pictures to take.
        face_sizes: Smallest and largest longer side of a portrait's face in a scene, in pixels;
            sizes are drawn evenly in the logarithm, and no portrait is enlarged.
        frame: Width and height of the scenes in pixels.
        skip_sources: Beginnings of the `source` of pictures to leave out.
        seed: Of the choice of pictures, places and sizes.

    Raises:
        DataError: The data set is missing or malformed.
    """

    def __init__(
        self, folder: str | Path, split: str = 'val', *,
        face_sizes: tuple[float, float] = (40.0, 160.0), frame: tuple[int, int] = (640, 480),
        skip_sources: Sequence[str] = (), seed: int = 0,
    ) -> None:
        self.folder = Path(folder)
        self.frame = frame
        self.face_sizes = face_sizes
        self._seed = seed
        pictures = read_faces(self.folder, split)
        self._portraits = pictures.select(
            row for row, picture in enumerate(pictures.pictures)
            if not picture.source.startswith(tuple(skip_sources) or ('\0',))
            and _largest_side(picture) >= face_sizes[0])
        if not len(self._portraits):
            raise DataError(
                f'{pictures.name} has no picture of split {split!r} with a face of '
                f'{face_sizes[0]:.0f} pixels or more')
        self._rooms = read_backgrounds(self.folder, split)

    def scenes(self, count: int) -> Iterator[Scene]:
        """Yield `count` scenes with a portrait each, or all there are if fewer."""
        rng = np.random.default_rng(self._seed)
        order = rng.permutation(len(self._portraits))[:count]
        for index in order:
            yield self._compose(int(index), rng)

    def empty_scenes(self, count: int) -> Iterator[Scene]:
        """Yield `count` scenes without a face; none if there are no backgrounds."""
        rng = np.random.default_rng([self._seed, 1])
        for _ in range(count if len(self._rooms) else 0):
            yield Scene(self._room(rng), FaceLabels.empty())

    def _room(self, rng: np.random.Generator) -> Image:
        width, height = self.frame
        if not len(self._rooms):
            return np.full((height, width, 3), 127, np.uint8)
        room = np.empty((height, width, 3), np.uint8)
        half_w, half_h = width // 2, height // 2
        for x0, x1 in ((0, half_w), (half_w, width)):
            for y0, y1 in ((0, half_h), (half_h, height)):
                picture = self._rooms.read(int(rng.integers(len(self._rooms))))
                room[y0:y1, x0:x1] = _cover(picture, x1 - x0, y1 - y0)
        return room

    def _compose(self, index: int, rng: np.random.Generator) -> Scene:
        width, height = self.frame
        labels = self._portraits.pictures[index].labels
        sides = _sides(labels.boxes) * ~labels.ignored
        side = float(sides.max())
        low, high = self.face_sizes
        target = min(side, float(np.exp(rng.uniform(np.log(low), np.log(high)))))
        scale = target / side
        portrait = np.asarray(cv2.resize(
            self._portraits.read(index), None, fx=scale, fy=scale,
            interpolation=cv2.INTER_AREA), np.uint8)
        largest = labels.boxes[sides.argmax()].tolist()
        x0 = _place(rng, portrait.shape[1], width, scale, largest[0::2])
        y0 = _place(rng, portrait.shape[0], height, scale, largest[1::2])
        room = self._room(rng)
        left, top = max(0, x0), max(0, y0)
        right = min(width, x0 + portrait.shape[1])
        bottom = min(height, y0 + portrait.shape[0])
        room[top:bottom, left:right] = portrait[top - y0:bottom - y0, left - x0:right - x0]
        shift = np.array([x0, y0], np.float32)
        boxes = labels.boxes * np.float32(scale) + np.tile(shift, 2)
        inside = (boxes[:, :2] >= 0).all(axis=1) & (boxes[:, 2:] <= [width, height]).all(axis=1)
        ignored = labels.ignored | ~inside | (_sides(boxes) < 0.999 * low)
        return Scene(room, FaceLabels(
            boxes, labels.landmarks * np.float32(scale) + shift, ignored))


def _sides(boxes: Floats) -> Floats:
    """Return the longer side of each box."""
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).max(axis=1), np.float32)


def _largest_side(picture: FacePicture) -> float:
    labels = picture.labels
    return float(_sides(labels.boxes[~labels.ignored]).max(initial=0.0))


def _place(
    rng: np.random.Generator, size: int, room: int, scale: float, face: Sequence[float],
) -> int:
    """Return where the portrait begins: anywhere inside, or so that the face is in the middle."""
    if size <= room:
        return int(rng.integers(room - size + 1))
    middle = round(room / 2 - scale * (face[0] + face[1]) / 2)
    return min(0, max(room - size, middle))


def _cover(picture: Image, width: int, height: int) -> Image:
    scale = max(width / picture.shape[1], height / picture.shape[0])
    size = (max(width, round(picture.shape[1] * scale)),
            max(height, round(picture.shape[0] * scale)))
    picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    x0, y0 = (size[0] - width) // 2, (size[1] - height) // 2
    return picture[y0:y0 + height, x0:x0 + width]
