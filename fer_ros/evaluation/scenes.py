"""Frames of a robot's camera, composed from labelled portraits and pictures without faces.

Portraits fill their picture, while a robot sees faces of 40 to 160 pixels in a room. So each
portrait is scaled down and pasted into a room made of four background pictures.

The data set is a folder with `faces.json`, a list of `{file, source, width, height, split, faces}`
where `faces` is a list of `{box: [x1, y1, x2, y2], landmarks: 5 x [x, y], score}` in pixels, and
the pictures in `images.zip` or `images/`. Backgrounds, if any, are `backgrounds.json`, a list of
`{file, source, split}`, with `backgrounds.zip` or `backgrounds/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import json
from pathlib import Path
from typing import Any
import zipfile

import cv2
import numpy as np

from fer_ros.core.errors import DataError
from fer_ros.core.types import Box, Image

__all__ = ['Scene', 'SceneSet', 'Truth']

# A label of a lower score is neither face nor background; the data set's own rule.
_SURE = 0.7


@dataclasses.dataclass(frozen=True)
class Truth:
    """A labelled face of a scene.

    Attributes:
        box: Left, top, width, height in pixels.
        counts: Whether it must be found; otherwise finding it is neither right nor wrong.
    """

    box: Box
    counts: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """A frame with its labelled faces; without any, every detection is false.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        truths: The labelled faces.
    """

    image: Image
    truths: tuple[Truth, ...]


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
        self._portraits = [
            entry for entry in _index(self.folder / 'faces.json', split)
            if not str(entry.get('source', '')).startswith(tuple(skip_sources) or ('\0',))
            and _largest_side(entry) >= face_sizes[0]]
        if not self._portraits:
            raise DataError(
                f'{self.folder / "faces.json"} has no picture of split {split!r} with a face of '
                f'{face_sizes[0]:.0f} pixels or more')
        self._images = _Pictures(self.folder, 'images')
        self._rooms: list[dict[str, Any]] = []
        if (self.folder / 'backgrounds.json').exists():
            self._rooms = _index(self.folder / 'backgrounds.json', split)
            self._room_images = _Pictures(self.folder, 'backgrounds')

    def scenes(self, count: int) -> Iterator[Scene]:
        """Yield `count` scenes with a portrait each, or all there are if fewer."""
        rng = np.random.default_rng(self._seed)
        order = rng.permutation(len(self._portraits))[:count]
        for index in order:
            yield self._compose(self._portraits[index], rng)

    def empty_scenes(self, count: int) -> Iterator[Scene]:
        """Yield `count` scenes without a face; none if there are no backgrounds."""
        rng = np.random.default_rng([self._seed, 1])
        for _ in range(count if self._rooms else 0):
            yield Scene(self._room(rng), ())

    def _room(self, rng: np.random.Generator) -> Image:
        width, height = self.frame
        if not self._rooms:
            return np.full((height, width, 3), 127, np.uint8)
        room = np.empty((height, width, 3), np.uint8)
        half_w, half_h = width // 2, height // 2
        for x0, x1 in ((0, half_w), (half_w, width)):
            for y0, y1 in ((0, half_h), (half_h, height)):
                entry = self._rooms[int(rng.integers(len(self._rooms)))]
                room[y0:y1, x0:x1] = _cover(
                    self._room_images.read(entry['file']), x1 - x0, y1 - y0)
        return room

    def _compose(self, entry: dict[str, Any], rng: np.random.Generator) -> Scene:
        width, height = self.frame
        side = _largest_side(entry)
        low, high = self.face_sizes
        target = min(side, float(np.exp(rng.uniform(np.log(low), np.log(high)))))
        scale = target / side
        portrait = self._images.read(entry['file'])
        portrait = np.asarray(cv2.resize(
            portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        largest = max(entry['faces'], key=lambda face: _side(face) * (face['score'] >= _SURE))
        x0 = _place(rng, portrait.shape[1], width, scale, largest['box'][0::2])
        y0 = _place(rng, portrait.shape[0], height, scale, largest['box'][1::2])
        room = self._room(rng)
        left, top = max(0, x0), max(0, y0)
        right = min(width, x0 + portrait.shape[1])
        bottom = min(height, y0 + portrait.shape[0])
        room[top:bottom, left:right] = portrait[top - y0:bottom - y0, left - x0:right - x0]
        truths = []
        for face in entry['faces']:
            x1, y1, x2, y2 = (value * scale for value in face['box'])
            box = (x1 + x0, y1 + y0, x2 - x1, y2 - y1)
            inside = min(box[:2]) >= 0 and box[0] + box[2] <= width \
                and box[1] + box[3] <= height
            if min(box[2:]) > 0:
                truths.append(Truth(
                    box, bool(inside and face['score'] >= _SURE and max(box[2:]) >= 0.999 * low)))
        return Scene(room, tuple(truths))


class _Pictures:
    """The pictures of a data set, in `NAME.zip` or in the folder `NAME`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder / name
        archive = folder / f'{name}.zip'
        if not archive.exists() and not self._folder.is_dir():
            raise DataError(f'{folder} has neither {name}.zip nor a folder {name}')
        try:
            self._archive = zipfile.ZipFile(archive) if archive.exists() else None
        except (OSError, zipfile.BadZipFile) as error:
            raise DataError(f'cannot read {archive}: {error}') from error

    def read(self, file: str) -> Image:
        try:
            data = self._archive.read(file) if self._archive is not None \
                else (self._folder / file).read_bytes()
        except (KeyError, OSError, zipfile.BadZipFile) as error:
            raise DataError(f'cannot read picture {file}: {error}') from error
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        if image is None:
            raise DataError(f'picture {file} cannot be decoded')
        return np.asarray(image, np.uint8)


def _index(path: Path, split: str) -> list[dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        return [
            entry for entry in content
            if entry['split'] == split and isinstance(entry['file'], str)
            and all(len(face['box']) == 4 and face['score'] >= 0
                    for face in entry.get('faces', ()))]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f'cannot read {path}: {error!r}; it must be a list of '
            '{file, split, faces: [{box, score}]}') from error


def _side(face: dict[str, Any]) -> float:
    x1, y1, x2, y2 = face['box']
    return float(max(x2 - x1, y2 - y1))


def _largest_side(entry: dict[str, Any]) -> float:
    return max((_side(face) for face in entry['faces'] if face['score'] >= _SURE), default=0.0)


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
