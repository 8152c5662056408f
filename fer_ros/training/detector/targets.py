"""Which cells of the grid have to see which face.

Adaptive training sample selection (Zhang et al. 2020, "Bridging the Gap Between Anchor-based and
Anchor-free Detection"): for each face, the nearest cells of each stride are candidates; those
whose squares overlap the face better than the mean of the candidates plus one standard deviation,
and whose centres lie in the face, see it. No threshold is set by hand, and a face of any size
gets the cells of the strides that suit it.
"""

from __future__ import annotations

import numpy as np

from fer_ros.core.face_grid import STRIDES
from fer_ros.core.types import Floats
from fer_ros.data.faces.types import FaceLabels

__all__ = ['assign', 'TARGETS']

TARGETS = 16
"""Numbers a cell: 1 a face, 0 background, -1 neither; box left, top, right, bottom in pixels; five
landmarks (x, y) in pixels; whether they are known."""

_CANDIDATES = 9  # A stride, as in the paper.
_SQUARE = 4.0  # Strides that the square of a cell measures.


def assign(labels: FaceLabels, cells: Floats) -> Floats:
    """Return what the cells have to say about a picture.

    Args:
        labels: Its faces.
        cells: (A, 3) of `fer_ros.core.face_grid.grid`.

    Returns:
        (A, 16) float32, see `TARGETS`.
    """
    targets = np.zeros((len(cells), TARGETS), np.float32)
    for box in labels.boxes[labels.ignored]:
        targets[_inside(cells, box), 0] = -1.0
    faces = labels.take(~labels.ignored)
    if len(faces) == 0:
        return targets
    overlaps = _overlaps(faces.boxes, cells)
    owner = np.full(len(cells), -1)
    best = np.zeros(len(cells))
    for face, box in enumerate(faces.boxes):
        chosen = _chosen(box, overlaps[face], cells)
        better = chosen[overlaps[face][chosen] > best[chosen]]
        owner[better], best[better] = face, overlaps[face][better]
    rows = np.flatnonzero(owner >= 0)
    seen = owner[rows]
    known = np.asarray(faces.known.all(axis=1))
    targets[rows, 0] = 1.0
    targets[rows, 1:5] = faces.boxes[seen]
    targets[rows, 5:15] = np.nan_to_num(faces.landmarks[seen]).reshape(-1, 10)
    targets[rows, 15] = known[seen]
    return targets


def _chosen(box: Floats, overlaps: Floats, cells: Floats) -> np.ndarray:
    centre = (box[:2] + box[2:]) / 2
    distances = ((cells[:, :2] - centre) ** 2).sum(axis=1)
    candidates = []
    for stride in STRIDES:
        rows = np.flatnonzero(cells[:, 2] == stride)
        count = min(_CANDIDATES, len(rows))
        candidates.append(rows[np.argpartition(distances[rows], count - 1)[:count]])
    rows = np.concatenate(candidates)
    good = overlaps[rows]
    chosen: np.ndarray = rows[(good >= good.mean() + good.std()) & _inside(cells[rows], box)]
    # A face smaller than the finest grid can lie between its cells.
    return chosen if len(chosen) else rows[[int(good.argmax())]]


def _inside(cells: Floats, box: Floats) -> np.ndarray:
    inside: np.ndarray = ((cells[:, 0] > box[0]) & (cells[:, 0] < box[2])
                          & (cells[:, 1] > box[1]) & (cells[:, 1] < box[3]))
    return inside


def _overlaps(boxes: Floats, cells: Floats) -> Floats:
    """Return (N, A) intersections over unions of boxes and the squares of cells."""
    half = cells[:, 2:] * _SQUARE / 2
    low, high = cells[:, :2] - half, cells[:, :2] + half
    corner = np.maximum(boxes[:, np.newaxis, :2], low)
    sides = np.clip(np.minimum(boxes[:, np.newaxis, 2:], high) - corner, 0, None)
    both = sides.prod(axis=2)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    shares: Floats = both / (areas[:, np.newaxis] + (2 * half[:, 0]) ** 2 - both)
    return shares
