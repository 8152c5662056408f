"""Which detections of a picture are right, and which labelled faces they find."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats

__all__ = ['match', 'Matches', 'OVERLAP', 'overlaps']

OVERLAP = 0.5
"""Intersection over union from which a detection finds a face."""

# Share of a detection's area within an ignored face from which it counts neither way: COCO's rule.
_IGNORED_SHARE = 0.5


@dataclasses.dataclass(frozen=True, eq=False)
class Matches:
    """The detections and the labelled faces of a picture, joined.

    Attributes:
        finder: (N,) int64, for each labelled face the detection that finds it, or -1.
        hits: (M,) bool, whether the detection finds a face.
        counts: (M,) bool, whether the detection counts: False where it lies on an ignored face.
    """

    finder: NDArray[np.int64]
    hits: NDArray[np.bool_]
    counts: NDArray[np.bool_]


def match(
    boxes: Floats, scores: Floats, truths: Floats, ignored: NDArray[np.bool_], *,
    overlap: float = OVERLAP,
) -> Matches:
    """Join the detections of a picture to its labelled faces, the surest first.

    Each takes the face that it overlaps most of those still free. The second finding of a face
    is wrong. What finds nothing and lies with half of its area on an ignored face does not count.

    Args:
        boxes: (M, 4) detections: left, top, right, bottom.
        scores: (M,) their scores.
        truths: (N, 4) labelled faces.
        ignored: (N,) bool, whether a label is neither face nor background.
        overlap: Intersection over union that a finding needs, > 0.
    """
    union, share = overlaps(boxes, truths)
    union[:, ignored] = 0.0
    finder = np.full(len(truths), -1, np.int64)
    hits = np.zeros(len(boxes), bool)
    for place in np.argsort(-scores, kind='stable') if len(truths) else ():
        best = int(union[place].argmax())
        if union[place, best] >= overlap:
            finder[best], hits[place] = place, True
            union[:, best] = 0.0
    beside = (share[:, ignored] >= _IGNORED_SHARE).any(axis=1)
    return Matches(finder, hits, hits | ~beside)


def overlaps(boxes: Floats, others: Floats) -> tuple[Floats, Floats]:
    """Return how far boxes lie on each other.

    Args:
        boxes: (M, 4) left, top, right, bottom.
        others: (N, 4) of the same kind.

    Returns:
        (M, N) intersection over union, and (M, N) intersection over the area of the first.
    """
    first, second = boxes[:, np.newaxis], others[np.newaxis]
    sides = (np.minimum(first[..., 2:], second[..., 2:])
             - np.maximum(first[..., :2], second[..., :2])).clip(0)
    shared = sides[..., 0] * sides[..., 1]
    areas = [np.prod(part[..., 2:] - part[..., :2], axis=-1) for part in (first, second)]
    tiny = np.finfo(np.float32).tiny
    return (np.asarray(shared / np.maximum(areas[0] + areas[1] - shared, tiny), np.float32),
            np.asarray(shared / np.maximum(areas[0], tiny), np.float32))
