"""Frames of a robot's camera, composed from labelled portraits and pictures without faces.

Portraits fill their picture, while a robot sees faces of 40 to 160 pixels in a room. So each
portrait is scaled down and pasted into a room made of four background pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
from pathlib import Path

import cv2
import numpy as np

from fer_ros.core.errors import DataError
from fer_ros.core.types import Floats, Image
from fer_ros.data.faces import (
    Backgrounds,
    FaceLabels,
    FacePicture,
    FacePictures,
    read_backgrounds,
    read_faces,
)

__all__ = ['empty_rooms', 'GREY', 'Scene', 'SceneSet', 'sides', 'without_sources']

GREY = 127
"""Level of what no picture covers."""


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """A frame with its labelled faces; without any, every detection is false.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        labels: The labelled faces; those that need not be found are ignored.
        people: (M, 5, 2) float32 landmarks placed by people, or None.
    """

    image: Image
    labels: FaceLabels
    people: Floats | None = None


class SceneSet:
    """Composes scenes from labelled portraits whose face is large enough, always the same ones.

    Args:
        pictures: The portraits.
        rooms: Pictures without faces; where there are none, rooms are grey.
        face_sizes: Smallest and largest longer side of a portrait's face in a scene, in pixels;
            sizes are drawn evenly in the logarithm, and no portrait is enlarged.
        frame: Width and height of the scenes in pixels.
        seed: Of the choice of pictures, places and sizes.
    """

    def __init__(
        self, pictures: FacePictures, rooms: Backgrounds, *,
        face_sizes: tuple[float, float] = (40.0, 160.0), frame: tuple[int, int] = (640, 480),
        seed: int = 0,
    ) -> None:
        self.frame = frame
        self.face_sizes = face_sizes
        self._seed = seed
        self._rooms = rooms
        large = [row for row, picture in enumerate(pictures.pictures)
                 if _largest_side(picture) >= face_sizes[0]]
        order = np.random.default_rng(seed).permutation(len(large))
        self._portraits = pictures.select(large[place] for place in order)

    def __len__(self) -> int:
        return len(self._portraits)

    def scenes(self, count: int) -> Iterator[Scene]:
        """Yield `count` scenes with a portrait each, or all there are if fewer."""
        for place in range(min(count, len(self))):
            yield self.scene(place)

    def empty_scenes(self, count: int) -> Iterator[Scene]:
        """Yield `count` scenes without a face; none if there are no pictures of rooms."""
        for place in range(count if len(self._rooms) else 0):
            yield self.empty_scene(place)

    def empty_scene(self, place: int) -> Scene:
        """Return a scene without a face."""
        return Scene(self._room(np.random.default_rng([self._seed, 1, place])),
                     FaceLabels.empty())

    def scene(self, place: int) -> Scene:
        """Return the scene of a portrait, from 0 to the number of portraits less 1."""
        rng = np.random.default_rng([self._seed, 0, place])
        width, height = self.frame
        labels = self._portraits.pictures[place].labels
        wanted = sides(labels.boxes) * ~labels.ignored
        side = float(wanted.max())
        low, high = self.face_sizes
        target = min(side, float(np.exp(rng.uniform(np.log(low), np.log(high)))))
        scale = target / side
        portrait = np.asarray(cv2.resize(
            self._portraits.read(place), None, fx=scale, fy=scale,
            interpolation=cv2.INTER_AREA), np.uint8)
        largest = labels.boxes[wanted.argmax()].tolist()
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
        ignored = labels.ignored | ~inside | (sides(boxes) < 0.999 * low)
        return Scene(room, FaceLabels(
            boxes, labels.landmarks * np.float32(scale) + shift, ignored))

    def _room(self, rng: np.random.Generator) -> Image:
        width, height = self.frame
        room = np.full((height, width, 3), GREY, np.uint8)
        if not len(self._rooms):
            return room
        half_w, half_h = width // 2, height // 2
        for x0, x1 in ((0, half_w), (half_w, width)):
            for y0, y1 in ((0, half_h), (half_h, height)):
                picture = self._rooms.read(int(rng.integers(len(self._rooms))))
                room[y0:y1, x0:x1] = _cover(picture, x1 - x0, y1 - y0)
        return room


def sides(boxes: Floats) -> Floats:
    """Return the (N,) longer sides of (N, 4) boxes left, top, right, bottom."""
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).max(axis=1), np.float32)


def empty_rooms(folder: str | Path, count: int, seed: int = 0) -> list[Image]:
    """Return rooms without a face, (480, 640, 3) uint8 BGR.

    Args:
        folder: A data set with pictures without faces, of which those of the split `val` are
            taken; where there are none, rooms are left out.
        count: Number of rooms.
        seed: Of their choice.
    """
    scenes = SceneSet(
        read_faces(folder, 'val'), read_backgrounds(folder, 'val'), seed=seed)
    return [scene.image for scene in scenes.empty_scenes(count)]


def without_sources(pictures: FacePictures, beginnings: Sequence[str]) -> FacePictures:
    """Return the pictures whose source begins like none of these.

    Raises:
        DataError: There is none.
    """
    rows = [row for row, picture in enumerate(pictures.pictures)
            if not picture.source.startswith(tuple(beginnings) or ('\0',))]
    if not rows:
        raise DataError(f'{pictures.name}: the source of every picture is to be left out')
    return pictures.select(rows)


def _largest_side(picture: FacePicture) -> float:
    labels = picture.labels
    return float(sides(labels.boxes[~labels.ignored]).max(initial=0.0))


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
