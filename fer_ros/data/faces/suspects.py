"""Labels to look at first: where data sets of faces are wrong most often."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
import dataclasses

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.detector import FaceDetector
from fer_ros.core.types import Floats
from fer_ros.data.faces.nested import covered_shares, NESTED
from fer_ros.data.faces.statistics import FaceTable, people_error
from fer_ros.data.faces.types import FacePictures

__all__ = ['ORDERED', 'Suspect', 'compared', 'suspects_of']

ORDERED = ('lowest_scores', 'highest_ignored', 'smallest')
"""Kinds of suspects that every data set has; how many there are says nothing."""

_OVERLAP = 0.3  # intersection over union from which two boxes are of one face
_COVERED = 0.5  # share of a found box inside a label from which it is no other face
_DISAGREEMENT = 0.2  # distances of the eyes
_SURE_FACE = 0.8  # score of a found face that should have a label
_SMALL = 24.0  # pixels: a detector may miss what is smaller

Progress = Callable[[int, str], AbstractContextManager[Callable[[], object]]]


@dataclasses.dataclass(frozen=True, eq=False)
class Suspect:
    """A place in a picture that should be looked at.

    Attributes:
        picture: Index of the picture.
        box: (4,) float32 left, top, right, bottom in pixels.
        figure: What makes it suspicious: a score, an error, a size.
    """

    picture: int
    box: Floats
    figure: float


def suspects_of(pictures: FacePictures, table: FaceTable) -> dict[str, list[Suspect]]:
    """Return places by what is suspicious about them, the worst first.

    Returns:
        `lowest_scores`: faces that hardly count; `highest_ignored`: ignored regions that nearly
        count; `nested`: faces by at least 0.7 inside a larger one; `smallest`; `most_turned`: by
        more than 45 degrees; `odd_points`: the nose is far from the middle between eyes and
        mouth for its face; `against_people`: points that differ from those of people by more
        than 0.2 distances of the eyes.
    """
    counts = ~table.ignored

    def worst(
        figure: NDArray[np.floating], chosen: NDArray[np.bool_], down: bool,
    ) -> list[Suspect]:
        rows = np.flatnonzero(chosen & np.isfinite(figure))
        rows = rows[np.argsort(-figure[rows] if down else figure[rows], kind='stable')]
        return [Suspect(int(table.pictures[row]), table.boxes[row], float(figure[row]))
                for row in rows]

    turned = np.abs(table.rolls)
    odd = _nose_offset(table.landmarks)
    inside = np.concatenate([covered_shares(picture.labels) for picture in pictures.pictures])
    found = {
        'lowest_scores': worst(table.scores, counts & (table.scores < 1), False),
        'highest_ignored': worst(table.scores, table.ignored, True),
        'nested': worst(inside, counts & (inside >= NESTED), True),
        'smallest': worst(table.sides, counts, False),
        'most_turned': worst(turned, counts & (turned > 45), True),
        'odd_points': worst(odd, counts & (odd > 0.5), True),
        'against_people': []}
    for row, picture in enumerate(pictures.pictures):
        for points, error in zip(
                picture.people if picture.people is not None else (), people_error(picture),
                strict=True):
            if not error <= _DISAGREEMENT:
                found['against_people'].append(Suspect(
                    row, np.concatenate([points.min(axis=0), points.max(axis=0)]),
                    float(error) if np.isfinite(error) else 9.99))
    found['against_people'].sort(key=lambda suspect: -suspect.figure)
    return found


def compared(
    pictures: FacePictures, detector: FaceDetector, progress: Progress | None = None,
) -> dict[str, list[Suspect]]:
    """Return where a detector and the labels differ.

    Args:
        pictures: The data set.
        detector: Any.
        progress: Shows how far it is.

    Returns:
        `unlabelled`: found with a score of 0.8 or more where no label is, the surest first;
        `not_found`: faces of 24 pixels or more that were not found, the largest first.

    Raises:
        DataError: A picture cannot be read.
    """
    unlabelled, missed = [], []
    bar = progress(len(pictures), 'picture') if progress else nullcontext(lambda: None)
    with bar as step:
        for row, picture in enumerate(pictures.pictures):
            faces = detector.detect(pictures.read(row))
            boxes = np.array([face.box for face in faces], np.float32).reshape(-1, 4)
            boxes[:, 2:] += boxes[:, :2]
            labels = picture.labels
            overlap, covered = _overlaps(boxes, labels.boxes)
            known = (overlap > _OVERLAP) | (covered > _COVERED)
            unlabelled += [
                Suspect(row, boxes[index], face.score) for index, face in enumerate(faces)
                if face.score >= _SURE_FACE and not known[index].any()]
            sides = (labels.boxes[:, 2:] - labels.boxes[:, :2]).max(axis=1, initial=0.0)
            lost = ~labels.ignored & (sides >= _SMALL) & ~(overlap > _OVERLAP).any(axis=0)
            missed += [Suspect(row, labels.boxes[index], float(sides[index]))
                       for index in np.flatnonzero(lost)]
            step()
    return {'unlabelled': sorted(unlabelled, key=lambda suspect: -suspect.figure),
            'not_found': sorted(missed, key=lambda suspect: -suspect.figure)}


def _overlaps(boxes: Floats, labels: Floats) -> tuple[Floats, Floats]:
    """Return intersections over union, and over the area of `boxes`, both (N, M)."""
    low = np.maximum(boxes[:, np.newaxis, :2], labels[np.newaxis, :, :2])
    high = np.minimum(boxes[:, np.newaxis, 2:], labels[np.newaxis, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)[:, np.newaxis]
    other = np.prod(labels[:, 2:] - labels[:, :2], axis=1)[np.newaxis]
    return (np.asarray(shared / (area + other - shared), np.float32),
            np.asarray(shared / area, np.float32))


def _nose_offset(landmarks: Floats) -> Floats:
    """Return how far along the way from eyes to mouth the nose is from its middle, in ways."""
    eyes = landmarks[:, :2].mean(axis=1)
    down = landmarks[:, 3:].mean(axis=1) - eyes
    square = np.maximum((down ** 2).sum(axis=1), 1e-6)
    along = ((landmarks[:, 2] - eyes) * down).sum(axis=1) / square
    return np.asarray(np.abs(along - 0.5), np.float32)
