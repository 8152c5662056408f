"""What a robot sees, made out of portraits: rooms with faces of all sizes, turned and dark.

A canvas is a background, a portrait grown over it, several portraits before a background, or a
background alone. Faces become 10 pixels to the whole canvas high, and are turned by up to 45
degrees. What light and lens do to the picture comes last, for all that is in it.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import cv2
import numpy as np

from fer_ros.core.types import Image
from fer_ros.data.faces.types import Backgrounds, FaceLabels, FacePictures
from fer_ros.training.augmentation import Augmentation
from fer_ros.training.augmentation.base import Limits, Rng, Variation
from fer_ros.training.detector.covers import cover
from fer_ros.training.detector.placing import (
    mirror,
    move_labels,
    paste,
    placement,
    visible_share,
)
from fer_ros.training.detector.softening import soften

__all__ = ['Composition', 'SceneMaker']

_COLOURLESS = 4.0  # Mean difference of the channels, in grey levels.
_SMALLEST_PART = 0.35  # Of the longer side of a picture that fills the canvas.
_UPRIGHT = 10.0  # Degrees.
_SEEN = 0.4  # Of a face that is cut off or covered by more, nobody can say whether it is one.


@dataclasses.dataclass(frozen=True)
class Composition(Variation):
    """How scenes are put together.

    Attributes:
        negative: Share of scenes that are a background without a face.
        several: Share of scenes with several portraits.
        most: Portraits of such a scene, at most.
        whole: Share of the other scenes that one picture fills as it was taken, or a part of it:
            crowds, and faces larger than the canvas.
        smallest: Side of the smallest face in pixels.
        largest: Side of the largest face of a scene of one portrait, in sides of the canvas.
        ignore_below: Faces of a smaller side are neither face nor background, in pixels.
        roll: Largest angle in degrees.
        upright: Share of the portraits that are turned by 10 degrees at most.
        perspective: Largest change of size over the canvas.
        stretch: Largest change of the logarithm of the aspect ratio.
        flip: Share of the portraits that are mirrored.
        cover: Share of the portraits over whose eyes or mouths something is drawn.
        distract: Share of the scenes with up to three pieces of other rooms, pasted like
            portraits: that a picture begins at a sharp edge must not tell a face.
        color: Share of the portraits that lose their colour before a room that has none: that a
            place is coloured must not tell a face either.
        soften: Share of the portraits that are out of focus, smeared by motion, or of few pixels,
            by so much of their face's side, whatever their size.
    """

    LIMITS: ClassVar[Limits] = {
        'negative': (0, 1), 'several': (0, 1), 'most': (1, 16), 'whole': (0, 1),
        'smallest': (4, 512), 'largest': (0.05, 4), 'ignore_below': (0, 64), 'roll': (0, 180),
        'upright': (0, 1), 'perspective': (0, 0.9), 'stretch': (0, 0.5), 'flip': (0, 1),
        'cover': (0, 1), 'distract': (0, 1), 'color': (0, 1),
        'soften': (0, 1)}

    negative: float = 0.08
    several: float = 0.3
    most: int = 5
    whole: float = 0.0
    smallest: float = 10.0
    largest: float = 1.0
    ignore_below: float = 8.0
    roll: float = 45.0
    upright: float = 0.4
    perspective: float = 0.25
    stretch: float = 0.08
    flip: float = 0.5
    cover: float = 0.15
    distract: float = 0.0
    color: float = 0.0
    soften: float = 0.0


class SceneMaker:
    """Makes training pictures.

    Args:
        pictures: Labelled faces.
        backgrounds: Pictures without a face; may be empty.
        side: Width and height of what is made, in pixels.
        composition: How it is put together.
        augmentation: What happens to the whole picture at last.
        cache: Keep decoded pictures in memory.
    """

    def __init__(
        self, pictures: FacePictures, backgrounds: Backgrounds, side: int,
        composition: Composition, augmentation: Augmentation, *, cache: bool = False,
    ) -> None:
        self._pictures, self._backgrounds, self._side = pictures, backgrounds, side
        self._composition, self._augmentation = composition, augmentation
        self._cache: dict[tuple[str, int], Image] | None = {} if cache else None

    def __call__(self, index: int, rng: Rng) -> tuple[Image, FaceLabels]:
        """Return a scene.

        Args:
            index: The picture that is in it, unless it is one without a face.
            rng: Source of chance.

        Returns:
            (side, side, 3) uint8 BGR, and its faces.
        """
        how = self._composition
        canvas = self._background(rng)
        if how.distract and len(self._backgrounds) and rng.random() < how.distract:
            for _ in range(int(rng.integers(1, 4))):
                self._distract(canvas, rng)
        labels = FaceLabels.empty()
        if not (len(self._backgrounds) and rng.random() < how.negative):
            whole = bool(how.whole) and rng.random() < how.whole
            count = int(rng.integers(2, how.most + 1)) \
                if not whole and how.most > 1 and rng.random() < how.several else 1
            others = rng.integers(0, len(self._pictures), count - 1).tolist()
            for chosen in [*others, index]:
                labels = self._add(canvas, labels, chosen, 0 if whole else count, rng)
        image = self._augmentation(canvas[np.newaxis], rng)[0]
        return image, labels

    def _background(self, rng: Rng) -> Image:
        side = self._side
        if len(self._backgrounds) == 0:
            return np.full((side, side, 3), rng.integers(0, 256, 3), np.uint8)
        index = int(rng.integers(len(self._backgrounds)))
        picture = self._read('backgrounds', index)
        height, width = picture.shape[:2]
        # Never enlarged by more than what fills the canvas, for blur would tell it apart.
        part = min(height, width) * float(rng.uniform(0.7, 1.0))
        x, y = rng.uniform(0, width - part), rng.uniform(0, height - part)
        scale = side / part
        matrix = np.array([[scale, 0, -x * scale], [0, scale, -y * scale]])
        image = np.asarray(cv2.warpAffine(
            picture, matrix, (side, side), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE), np.uint8)
        return np.ascontiguousarray(image[:, ::-1]) if rng.random() < 0.5 else image

    def _distract(self, canvas: Image, rng: Rng) -> None:
        """Paste a piece of a room, of the sizes and angles of portraits."""
        picture = self._read('backgrounds', int(rng.integers(len(self._backgrounds))))
        height, width = picture.shape[:2]
        part = min(height, width) * float(rng.uniform(0.3, 1.0))
        x, y = int(rng.uniform(0, width - part)), int(rng.uniform(0, height - part))
        piece = picture[y:y + max(8, int(part)), x:x + max(8, int(part))]
        side = math.exp(rng.uniform(math.log(0.08), math.log(0.6))) * self._side
        reach = self._composition.roll
        paste(canvas, piece, placement(
            centre=(piece.shape[1] / 2, piece.shape[0] / 2),
            target=(float(rng.uniform(0, self._side)), float(rng.uniform(0, self._side))),
            scale=side / max(piece.shape[:2]), roll=float(rng.uniform(-reach, reach)),
            aspect=math.exp(float(rng.uniform(-0.3, 0.3)))))

    def _add(
        self, canvas: Image, labels: FaceLabels, index: int, count: int, rng: Rng,
    ) -> FaceLabels:
        """Paste one of `count` portraits, or fill the canvas with a picture where that is 0.

        Returns:
            The labels of all that is seen then.
        """
        how, side = self._composition, self._side
        image = self._read('faces', index)
        new = self._pictures.pictures[index].labels
        if rng.random() < how.flip:
            image, new = mirror(image, new)
        matrix = self._matrix(new, image, count, rng) if count else self._filling(image, rng)
        if how.color and rng.random() < how.color and _colourless(canvas):
            image = np.asarray(cv2.cvtColor(
                cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
        if rng.random() < how.cover:
            image = cover(image, new, rng)
        softened = image
        if how.soften and rng.random() < how.soften:
            sizes = (new.boxes[:, 2:] - new.boxes[:, :2]).mean(axis=1)
            softened = soften(image, float(sizes.max(initial=8.0)), rng)
        fewer = np.diag([
            image.shape[1] / softened.shape[1], image.shape[0] / softened.shape[0], 1.0])
        covered = paste(canvas, softened, matrix @ fewer)
        new = move_labels(new, matrix)
        small = (new.boxes[:, 2:] - new.boxes[:, :2]).max(axis=1, initial=0) < how.ignore_below
        seen = visible_share(new.boxes, side, side)
        new = FaceLabels(new.boxes, new.landmarks, new.ignored | small | (seen < _SEEN))
        old = _behind(labels, covered)
        both = FaceLabels(
            np.concatenate([old.boxes, new.boxes]),
            np.concatenate([old.landmarks, new.landmarks]),
            np.concatenate([old.ignored, new.ignored]))
        return both.take(visible_share(both.boxes, side, side) > 0.02)

    def _matrix(self, labels: FaceLabels, image: Image, count: int, rng: Rng) -> np.ndarray:
        how, side = self._composition, self._side
        faces = np.flatnonzero(~labels.ignored)
        if len(faces):
            box = labels.boxes[int(rng.choice(faces))]
        else:
            box = np.array([0, 0, image.shape[1], image.shape[0]], np.float32)
        size = float(max(box[2:] - box[:2]))
        largest = how.largest * side / (1.0 if count == 1 else math.sqrt(count) * 1.3)
        # Enlarging makes no face that a camera would see.
        largest = max(how.smallest, min(largest, 2.0 * size))
        wanted = math.exp(rng.uniform(math.log(how.smallest), math.log(largest)))
        margin = min(wanted / 2, side / 2) * 0.8
        tilt = rng.uniform(-1, 1, 2) * how.perspective / side
        return placement(
            centre=(float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2),
            target=(float(rng.uniform(margin, side - margin)),
                    float(rng.uniform(margin, side - margin))),
            scale=wanted / size, roll=self._roll(rng), tilt=(float(tilt[0]), float(tilt[1])),
            aspect=math.exp(float(rng.uniform(-1, 1)) * how.stretch))

    def _filling(self, image: Image, rng: Rng) -> np.ndarray:
        """Return the map that brings a square out of a picture, or about it, to the canvas."""
        height, width = image.shape[:2]
        part = max(height, width) * math.exp(rng.uniform(math.log(_SMALLEST_PART), 0.0))
        middle = [
            float(rng.uniform(part / 2, side - part / 2)) if part < side else side / 2
            for side in (width, height)]
        return placement(
            centre=(middle[0], middle[1]), target=(self._side / 2, self._side / 2),
            scale=self._side / part, roll=self._roll(rng),
            aspect=math.exp(float(rng.uniform(-1, 1)) * self._composition.stretch))

    def _roll(self, rng: Rng) -> float:
        how = self._composition
        reach = _UPRIGHT if rng.random() < how.upright else how.roll
        return float(rng.uniform(-1, 1)) * min(reach, how.roll)

    def _read(self, kind: str, index: int) -> Image:
        if self._cache is not None and (kind, index) in self._cache:
            return self._cache[kind, index]
        image = self._pictures.read(index) if kind == 'faces' else self._backgrounds.read(index)
        if self._cache is not None:
            self._cache[kind, index] = image
        return image


def _colourless(image: Image) -> bool:
    thin = image[::8, ::8].astype(np.int16)
    return float((thin.max(axis=2) - thin.min(axis=2)).mean()) < _COLOURLESS


def _behind(labels: FaceLabels, covered: np.ndarray) -> FaceLabels:
    """Return what is still seen of faces before which a picture came: wholly hidden ones go."""
    if len(labels) == 0:
        return labels
    height, width = covered.shape
    hidden = np.zeros(len(labels), np.float32)
    for row, box in enumerate(labels.boxes):
        x0, y0 = (int(np.clip(round(float(v)), 0, n - 1))
                  for v, n in zip(box[:2], (width, height), strict=True))
        x1, y1 = (int(np.clip(round(float(v)), low + 1, n))
                  for v, low, n in zip(box[2:], (x0, y0), (width, height), strict=True))
        hidden[row] = covered[y0:y1, x0:x1].mean()
    some = labels.ignored | (hidden > 1 - _SEEN)
    return FaceLabels(labels.boxes, labels.landmarks, some).take(hidden < 0.9)
