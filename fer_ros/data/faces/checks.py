"""From what an index says to labels, and what of it is wrong.

A problem is named, and what is wrong is left out, the least that is safe: a point that cannot be
right is taken as not known, a face that lies nowhere in the picture is dropped, and a picture in
which a face may be anywhere is dropped as a whole, for what is not labelled counts as background.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats
from fer_ros.data.faces.raw import RawFace, RawPicture
from fer_ros.data.faces.types import FaceLabels, FacePicture

__all__ = ['Problem', 'SURE', 'checked', 'wrong_order']

SURE = 0.7
"""A label of a lower score is neither face nor background."""

_INSIDE = 0.1  # least share of a box that lies in the picture
_TURNED = 0.3  # see `wrong_order`
_APART = 0.02  # least distance of mouth and eyes, in longer sides of the box


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something wrong in a data set.

    Attributes:
        picture: Index of the picture in its index.
        file: Its file, as far as it is known.
        face: Index of the face in the picture, or None for the picture as a whole.
        kind: What is wrong, the same words for the same fault.
        detail: The values.
        effect: What is left out if the data are used all the same.
    """

    picture: int
    file: str
    face: int | None
    kind: str
    detail: str
    effect: str

    def __str__(self) -> str:
        face = '' if self.face is None else f', face {self.face}'
        return f'picture {self.picture} ({self.file}){face}: {self.kind}: {self.detail}'


def wrong_order(landmarks: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Tell whose eyes, and whose mouth corners, are exchanged.

    Seen along the way from the eyes' middle to the mouth's, the left eye lies to the right hand,
    whatever the roll: a face may stand on its head. The eyes are exchanged if they lie the wrong
    way round by more than 0.3 of the distance from eyes to mouth, which profiles, in which
    the two eyes are nearly one, do not reach; so with the mouth corners. A mirrored picture whose
    points were not exchanged, and mouth corners given as eyes, have both. Points that a rotation
    by 180 degrees explains are not wrong, nor is what has a point that is not known.

    Args:
        landmarks: (N, 5, 2) pixels in the order of `POINTS`, NaN where not known.

    Returns:
        (N, 2) bool: eyes, mouth corners.
    """
    points = landmarks.astype(np.float64)
    down = (points[:, 3] + points[:, 4] - points[:, 0] - points[:, 1]) / 2
    square = (down ** 2).sum(axis=1)
    wrong = np.zeros((len(points), 2), bool)
    for column, across in enumerate((points[:, 1] - points[:, 0], points[:, 4] - points[:, 3])):
        turn = across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]
        wrong[:, column] = turn < -_TURNED * square
    return wrong


def checked(raw: RawPicture, row: int, size: Any) -> tuple[FacePicture | None, list[Problem]]:
    """Return a picture with what is right of its labels, None if nothing is, and what is wrong.

    Args:
        raw: The picture as the index has it.
        row: Its place in the index.
        size: Its width and height in pixels.
    """
    notes = _Notes(row, str(raw.file))
    sides = _rows([size], (2,))[0][0]
    if not (np.isfinite(sides).all() and sides.min() >= 1):
        notes.add(None, 'malformed size', f'width and height must be from 1, got {size}')
        return None, notes.problems
    boxes = _boxes(raw.faces, notes)
    if boxes is None:
        return None, notes.problems
    kept = _real_boxes(boxes, sides, notes)
    scores, wrong = _rows([face.score for face in raw.faces], ())
    wrong |= ~((scores >= 0) & (scores <= 1))
    for face in _where(wrong):
        notes.add(face, 'malformed score', f'must lie in [0, 1], got {raw.faces[face].score!r}',
                  'face ignored')
    scores[wrong] = 0.0
    flags = np.array([face.ignored for face in raw.faces], bool)
    ignored = flags | (scores < SURE)
    landmarks = _landmarks(raw.faces, boxes, kept & ~ignored, notes)
    people = _people(raw.people, notes)
    labels = FaceLabels(boxes[kept], landmarks[kept], ignored[kept])
    return FacePicture(
        str(raw.file), raw.source, raw.split, int(sides[0]), int(sides[1]), labels, people,
        scores[kept].astype(np.float32)), notes.problems


class _Notes:
    """The problems of a picture."""

    def __init__(self, row: int, file: str) -> None:
        self._row, self._file = row, file
        self.problems: list[Problem] = []

    def add(
        self, face: int | None, kind: str, detail: str, effect: str = 'picture left out',
    ) -> None:
        self.problems.append(Problem(self._row, self._file, face, kind, detail, effect))


def _boxes(faces: Sequence[RawFace], notes: _Notes) -> Floats | None:
    """Return (N, 4) finite boxes, None if one is not."""
    values, malformed = _rows([face.box for face in faces], (4,))
    with np.errstate(over='ignore'):
        boxes = values.astype(np.float32)
    infinite = ~np.isfinite(boxes).all(axis=1) & ~malformed
    for face in _where(malformed):
        notes.add(face, 'malformed box', f'must be 4 numbers, got {faces[face].box!r}')
    for face in _where(infinite):
        notes.add(face, 'box not finite', _text(boxes[face]))
    return None if malformed.any() or infinite.any() else boxes


def _real_boxes(boxes: Floats, size: NDArray[np.float64], notes: _Notes) -> NDArray[np.bool_]:
    """Return which boxes have an area that lies in the picture."""
    flat = ~(boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    for face in _where(flat):
        notes.add(face, 'box without area', _text(boxes[face]), 'face left out')
    area = np.where(flat, 1, np.prod(boxes[:, 2:] - boxes[:, :2], axis=1, dtype=np.float64))
    inner = np.minimum(boxes[:, 2:], size) - np.maximum(boxes[:, :2], 0)
    outside = ~flat & (np.prod(np.maximum(inner, 0), axis=1) < _INSIDE * area)
    for face in _where(outside):
        notes.add(face, 'box outside the picture',
                  f'{_text(boxes[face])} in {size[0]:.0f} x {size[1]:.0f}', 'face left out')
    return np.asarray(~flat & ~outside)


def _landmarks(
    faces: Sequence[RawFace], boxes: Floats, counts: NDArray[np.bool_], notes: _Notes,
) -> Floats:
    """Return (N, 5, 2) landmarks; those of faces that do not count are not worth a problem."""
    landmarks = np.full((len(faces), 5, 2), np.nan, np.float32)
    faults: dict[int, tuple[str, str]] = {}
    given, malformed = _rows([_pairs(face.landmarks) for face in faces], (5, 2))
    with np.errstate(over='ignore'):
        landmarks[:] = given
    for row, face in enumerate(faces):
        if face.landmarks is None:
            continue
        if malformed[row]:
            faults[row] = ('malformed landmarks', f'must be 5 x [x, y], got {face.landmarks!r}')
            continue
        stated = [point is not None for point in face.landmarks]
        if not np.isfinite(landmarks[row][stated]).all():
            faults[row] = ('landmark not finite', _text(landmarks[row]))
            landmarks[row] = np.nan
    _check_places(landmarks, boxes, faults)
    for row, (kind, detail) in sorted(faults.items()):
        landmarks[row] = np.nan
        if counts[row]:
            notes.add(row, kind, detail, 'points taken as not known')
    return landmarks


def _check_places(
    landmarks: Floats, boxes: Floats, faults: dict[int, tuple[str, str]],
) -> None:
    """Add landmarks that cannot be those of the face in the box to `faults`."""
    known = np.isfinite(landmarks[..., 0])
    middle = np.where(known[..., np.newaxis], landmarks, 0).sum(axis=1) \
        / np.maximum(known.sum(axis=1), 1)[:, np.newaxis]
    away = known.any(axis=1) & ((middle < boxes[:, :2]) | (middle > boxes[:, 2:])).any(axis=1)
    down = (landmarks[:, 3:].sum(axis=1) - landmarks[:, :2].sum(axis=1)) / 2
    side = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    together = np.hypot(down[:, 0], down[:, 1]) < _APART * side
    swapped = wrong_order(landmarks)
    for row in _where(away | together | swapped.any(axis=1)):
        if away[row]:
            fault = ('landmarks outside the box',
                     f'{_text(landmarks[row])} with box {_text(boxes[row])}')
        elif together[row]:
            fault = ('mouth at the eyes', _text(landmarks[row]))
        else:
            what = ('mouth corners', 'eyes', 'eyes and mouth corners')[
                int(swapped[row] @ [2, 1]) - 1]
            fault = ('landmarks in wrong order', f'{what} exchanged: {_text(landmarks[row])}')
        faults.setdefault(row, fault)


def _people(people: Any, notes: _Notes) -> Floats | None:
    if not people:
        return None
    for shape in ((5, 2), (len(people), 5, 2)):
        values, malformed = _rows([people], shape)
        if not malformed.any() and np.isfinite(values).all():
            return values.reshape(-1, 5, 2).astype(np.float32)
    notes.add(None, 'malformed human_landmarks', f'must be 5 x [x, y], got {people!r}',
              'points of people left out')
    return None


def _pairs(points: Any) -> Any:
    """Return points with [NaN, NaN] for each that is None."""
    if not isinstance(points, (list, tuple)):
        return points
    return [[np.nan, np.nan] if point is None else point for point in points]


def _rows(
    values: Sequence[Any], shape: tuple[int, ...],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return (N, *shape) numbers, NaN where they are not of this shape, and where that is."""
    array = _numbers(values, (len(values), *shape))
    if array is not None:
        return array, np.zeros(len(values), bool)
    array = np.full((len(values), *shape), np.nan)
    malformed = np.ones(len(values), bool)
    for row, value in enumerate(values):
        one = _numbers(value, shape)
        if one is not None:
            array[row], malformed[row] = one, False
    return array, malformed


def _numbers(value: Any, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    try:
        array = np.array(value)
    except ValueError:  # lists of different lengths
        return None
    if array.shape != shape or array.dtype.kind not in 'iuf':
        return None
    return array.astype(np.float64)


def _where(marks: Any) -> list[int]:
    return [int(row) for row in np.flatnonzero(marks)]


def _text(values: NDArray[Any]) -> str:
    return str(np.asarray(values, np.float64).round(1).tolist())
