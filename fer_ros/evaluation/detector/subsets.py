"""What detectors are compared on: the labelled pictures, transformed copies, scenes, no faces.

Every picture of a subset can be made again from its number, so nothing but labels is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
from functools import cached_property

import cv2
import numpy as np

from fer_ros.core.detector import MIN_FACE_SIZE
from fer_ros.core.types import Image
from fer_ros.data.faces import Backgrounds, FaceLabels, FacePictures
from fer_ros.evaluation.detector.scenes import Scene, SceneSet, sides
from fer_ros.evaluation.detector.views import blurred, darkened, fitted, masked, rolls

__all__ = ['INPUT', 'Material', 'Part', 'PARTS', 'Subset', 'SUBSETS']

INPUT = 320
"""Side in pixels of the frames that every detector looks at as they are."""

_LARGE = 48.0
_UPRIGHT = 15.0  # degrees of roll
_CUTS = 5  # parts of each picture without a face


class Material:
    """The data that subsets are made of.

    Args:
        pictures: Labelled pictures.
        rooms: Pictures without faces.
        masked_sources: Beginnings of the `source` of pictures of people with masks.
        face_sizes: Longer side of the faces in composed scenes, in pixels.
        min_face_size: Side of the smallest face that detectors are asked to find in pictures
            that they reduce: a share of the picture's shorter side, above 1 pixels.
        limit: Pictures of each subset at most, 0 for all.
        scenes: Composed scenes at most; half as many have no face.
        seed: Of all that is drawn at random.
    """

    def __init__(
        self, pictures: FacePictures, rooms: Backgrounds, *, masked_sources: Sequence[str] = (),
        face_sizes: tuple[float, float] = (40.0, 160.0),
        min_face_size: float = MIN_FACE_SIZE, limit: int = 0, scenes: int = 400, seed: int = 0,
    ) -> None:
        self.seed, self.min_face_size = seed, min_face_size
        self.scene_count = min(scenes, limit or scenes)
        order = np.random.default_rng([seed, 2]).permutation(len(pictures)).tolist()
        prefixes = tuple(masked_sources)
        masks = [row for row in order if prefixes
                 and pictures.pictures[row].source.startswith(prefixes)]
        wearing = set(masks)
        bare = [row for row in order if row not in wearing]
        self.pictures = pictures.select(order[:limit or None])
        self.masks = pictures.select(masks[:limit or None])
        self.bare = pictures.select(bare[:limit or None])
        self.rooms = rooms
        self._all, self._limit, self.face_sizes = pictures, limit, face_sizes
        self._far: dict[tuple[float, float], SceneSet] = {}

    @cached_property
    def scenes(self) -> SceneSet:
        """Scenes of 640x480 as a robot's camera has them."""
        return SceneSet(self._all, self.rooms, face_sizes=self.face_sizes, seed=self.seed)

    def far(self, low: float, high: float) -> SceneSet:
        """Scenes of `INPUT` pixels with small faces."""
        if (low, high) not in self._far:
            self._far[low, high] = SceneSet(
                self._all, self.rooms, face_sizes=(low, high), frame=(INPUT, INPUT),
                seed=self.seed)
        return self._far[low, high]

    def capped(self, count: int) -> int:
        """Return a number of pictures, or the limit if that is less."""
        return min(count, self._limit or count)

    def rng(self, *place: int) -> np.random.Generator:
        """Return the random numbers of a picture."""
        return np.random.default_rng([self.seed, *place])


@dataclasses.dataclass(frozen=True)
class Subset:
    """Pictures of one kind.

    Attributes:
        title: What they are.
        count: Returns how many there are.
        make: Returns the picture of a number.
        close: Whether detectors look at every picture as it is, all at the same input size;
            else reduced, by their own rule for `min_face_size`.
        faces: Whether there are faces to find.
    """

    title: str
    count: Callable[[Material], int]
    make: Callable[[Material, int], Scene]
    close: bool = True
    faces: bool = True


@dataclasses.dataclass(frozen=True)
class Part:
    """Some of the faces of a subset; the others are ignored.

    Attributes:
        title: What they are.
        subset: Name of the subset.
        chosen: Returns (N,) bool, which faces belong to it.
    """

    title: str
    subset: str
    chosen: Callable[[FaceLabels], np.ndarray]


def _whole(material: Material, place: int, pictures: FacePictures | None = None,
           roll: float = 0.0) -> Scene:
    pictures = material.pictures if pictures is None else pictures
    picture = pictures.pictures[place]
    return fitted(pictures.read(place), picture.labels, (INPUT, INPUT), roll=roll,
                  people=picture.people)


def _rolled(degrees: float) -> Subset:
    def make(material: Material, place: int) -> Scene:
        sign = 1 if material.rng(3, place).random() < 0.5 else -1
        return _whole(material, place, roll=sign * degrees)

    return Subset(f'turned by {degrees:.0f} degrees to either side', _pictures, make)


def _far(low: float, high: float) -> Subset:
    return Subset(
        f'faces shrunk to {low:.0f} to {high:.0f} px',
        lambda material: material.capped(len(material.far(low, high))),
        lambda material, place: material.far(low, high).scene(place))


def _pictures(material: Material) -> int:
    return len(material.pictures)


def _frame(material: Material, place: int) -> Scene:
    picture = material.pictures.pictures[place]
    smallest = material.min_face_size
    if smallest <= 1.0:
        smallest *= min(picture.width, picture.height)
    labels = dataclasses.replace(
        picture.labels, ignored=picture.labels.ignored | (sides(picture.labels.boxes) < smallest))
    return Scene(material.pictures.read(place), labels, picture.people)


def _cut(material: Material, place: int) -> Scene:
    """Return a part of a picture without a face; the first of each picture is the whole."""
    room, number = place % len(material.rooms), place // len(material.rooms)
    image = material.rooms.read(room)
    rng = material.rng(6, place)
    if number:
        height, width = image.shape[:2]
        share = rng.uniform(0.4, 1.0)
        h, w = max(1, round(height * share)), max(1, round(width * share))
        top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
        image = image[top:top + h, left:left + w]
        image = image[:, ::-1] if rng.random() < 0.5 else image
    scale = INPUT / max(image.shape[:2])
    image = np.asarray(cv2.resize(
        image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR), np.uint8)
    return fitted(image, FaceLabels.empty(), (INPUT, INPUT))


def _bare_room(material: Material, place: int) -> Scene:
    image: Image = material.rooms.read(place)
    return Scene(image, FaceLabels.empty())


SUBSETS: dict[str, Subset] = {
    'whole': Subset('as they are', _pictures, _whole),
    'small': _far(20, 32),
    'tiny': _far(12, 16),
    'roll_15': _rolled(15),
    'roll_30': _rolled(30),
    'roll_45': _rolled(45),
    'roll_60': _rolled(60),
    'dark': Subset(
        'in the dark', _pictures,
        lambda material, place: darkened(_whole(material, place), material.rng(4, place))),
    'blurred': Subset(
        'blurred', _pictures,
        lambda material, place: blurred(_whole(material, place), material.rng(5, place))),
    'masks': Subset(
        'people with masks', lambda material: len(material.masks),
        lambda material, place: _whole(material, place, material.masks)),
    'drawn_masks': Subset(
        'masks drawn on', lambda material: len(material.bare),
        lambda material, place: masked(
            _whole(material, place, material.bare), material.rng(7, place))),
    'frames': Subset('as they are, reduced by each detector', _pictures, _frame, close=False),
    'scenes': Subset(
        'composed scenes of 640x480', lambda material: min(
            material.scene_count, len(material.scenes)),
        lambda material, place: material.scenes.scene(place), close=False),
    'empty': Subset(
        'parts of pictures without a face',
        lambda material: material.capped(_CUTS * len(material.rooms)), _cut, faces=False),
    'empty_frames': Subset(
        'pictures without a face', lambda material: material.capped(len(material.rooms)),
        _bare_room, close=False, faces=False),
    'empty_scenes': Subset(
        'composed scenes without a face',
        lambda material: material.scene_count // 2 if len(material.rooms) else 0,
        lambda material, place: material.scenes.empty_scene(place), close=False, faces=False),
}
"""All kinds of pictures, by name."""


def _upright(labels: FaceLabels) -> np.ndarray:
    # A comparison with NaN is false: of a face without landmarks nobody knows.
    return _large(labels) & (np.abs(rolls(labels.landmarks)) <= _UPRIGHT)


def _large(labels: FaceLabels) -> np.ndarray:
    return sides(labels.boxes) >= _LARGE


PARTS: dict[str, Part] = {
    'upright_large': Part('upright faces of 48 px and more', 'whole', _upright),
    **{f'{name}_large': Part(
        f'turned by {name[5:]} degrees, faces of 48 px and more', name, _large)
       for name in ('roll_15', 'roll_30', 'roll_45', 'roll_60')},
}
"""Parts of subsets that are judged for themselves."""
