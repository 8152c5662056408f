"""Average precision and recall of a face detector, from boxes alone: NumPy and nothing else.

Example:
    judged = judge([(boxes, scores), ...], [(truths, ignored), ...])  # a pair a picture
    average_precision(judged), recall_at_precision(judged, 0.95)
"""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats
from fer_ros.evaluation.detector.matching import match, Matches, OVERLAP

__all__ = ['average_precision', 'intervals', 'judge', 'Judged', 'pool', 'precision_recall',
           'recall_at_precision', 'threshold_at_precision']

Doubles = NDArray[np.float64]

_BATCH = 64


@dataclasses.dataclass(frozen=True, eq=False)
class Judged:
    """All detections that count in a set of pictures, the surest first.

    Attributes:
        scores: (K,) float64, falling.
        hits: (K,) bool, whether each finds a face.
        pictures: (K,) int64, the picture of each.
        faces: (P,) int64, number of faces to find in each picture.
    """

    scores: Doubles
    hits: NDArray[np.bool_]
    pictures: NDArray[np.int64]
    faces: NDArray[np.int64]


def judge(
    detections: Iterable[tuple[Floats, Floats]],
    truths: Iterable[tuple[Floats, NDArray[np.bool_]]], *, overlap: float = OVERLAP,
) -> Judged:
    """Compare the detections in some pictures with the labels.

    Args:
        detections: For each picture (M, 4) boxes left, top, right, bottom and (M,) scores.
        truths: For each picture (N, 4) labelled boxes and (N,) bool, whether a label is ignored:
            finding it is neither right nor wrong.
        overlap: Intersection over union that a finding needs, > 0.
    """
    parts, faces = [], []
    for (boxes, scores), (wanted, ignored) in zip(detections, truths, strict=True):
        parts.append((scores, match(boxes, scores, wanted, ignored, overlap=overlap)))
        faces.append(int((~ignored).sum()))
    return pool(parts, faces)


def pool(parts: Iterable[tuple[Floats, Matches]], faces: Iterable[int]) -> Judged:
    """Put the matches of some pictures together.

    Args:
        parts: For each picture the (M,) scores and the matches.
        faces: For each picture the number of faces to find.
    """
    scores, hits, pictures = [np.zeros(0)], [np.zeros(0, bool)], [np.zeros(0, np.int64)]
    for place, (values, matches) in enumerate(parts):
        scores.append(values[matches.counts].astype(np.float64))
        hits.append(matches.hits[matches.counts])
        pictures.append(np.full(int(matches.counts.sum()), place, np.int64))
    all_scores = np.concatenate(scores)
    order = np.argsort(-all_scores, kind='stable')
    return Judged(all_scores[order], np.concatenate(hits)[order],
                  np.concatenate(pictures)[order], np.array(list(faces), np.int64))


def precision_recall(judged: Judged) -> tuple[Doubles, Doubles, Doubles]:
    """Return (M,) recall, precision and score at every threshold; equal scores are one.

    Raises:
        ValueError: There is no face to find.
    """
    recall, precision, last = _curves(judged, np.ones((1, len(judged.faces))))
    return recall[0], precision[0], judged.scores[last]


def average_precision(judged: Judged) -> float:
    """Return the area below the curve of precision and recall, in [0, 1].

    At each recall stands the best precision of this or any higher recall, as in Everingham et
    al. 2010, "The PASCAL Visual Object Classes (VOC) Challenge", at every recall.

    Raises:
        ValueError: There is no face to find.
    """
    recall, precision, _ = _curves(judged, np.ones((1, len(judged.faces))))
    return float(_area(recall, precision)[0])


def recall_at_precision(judged: Judged, precision: float = 0.95) -> float:
    """Return the largest recall at a threshold where the precision is at least so high.

    Zero if it never is.

    Raises:
        ValueError: There is no face to find.
    """
    recall, known, _ = _curves(judged, np.ones((1, len(judged.faces))))
    return float(_recall_at(recall, known, precision)[0])


def threshold_at_precision(judged: Judged, precision: float = 0.95) -> float | None:
    """Return the score that gives `recall_at_precision`, the highest of those; None if none."""
    recall, known, scores = precision_recall(judged)
    good = np.flatnonzero(known >= precision)
    return float(scores[good[recall[good].argmax()]]) if len(good) else None


def intervals(
    judged: Judged, precision: float = 0.95, *, resamples: int = 1000, seed: int = 0,
) -> tuple[Doubles, Doubles]:
    """Return average precision and recall at a precision in bootstrap samples of the pictures.

    Pictures are drawn, not faces: those of one picture are found or missed together. The samples
    depend on the seed and the number of pictures alone, so those of two detectors on the same
    pictures may be subtracted.

    Args:
        judged: Detections in P pictures.
        precision: As of `recall_at_precision`.
        resamples: Number of samples R.
        seed: Of the draw.

    Returns:
        (R,) average precision and (R,) recall; NaN where a sample holds no face.
    """
    rng = np.random.default_rng(seed)
    count = len(judged.faces)
    areas, recalls = [], []
    for start in range(0, resamples, _BATCH):
        weights = rng.multinomial(
            count, np.full(count, 1 / count), min(_BATCH, resamples - start)).astype(np.float64)
        recall, known, _ = _curves(judged, weights)
        areas.append(_area(recall, known))
        recalls.append(_recall_at(recall, known, precision))
    return np.concatenate(areas), np.concatenate(recalls)


def _curves(judged: Judged, weights: Doubles) -> tuple[Doubles, Doubles, NDArray[np.int64]]:
    """Return (R, M) recall and precision with each of (R, P) weights, and the M last places."""
    if not judged.faces.any():
        raise ValueError('there is no face to find: recall means nothing')
    last = np.flatnonzero(np.append(judged.scores[1:] != judged.scores[:-1], True)) \
        if len(judged.scores) else np.zeros(0, np.int64)
    each = weights[:, judged.pictures]
    found = np.cumsum(each * judged.hits, axis=1)[:, last]
    given = np.cumsum(each, axis=1)[:, last]
    with np.errstate(invalid='ignore', divide='ignore'):
        recall = found / (weights @ judged.faces)[:, np.newaxis]
        precision = np.where(given > 0, found / np.maximum(given, 1), 1.0)
    return recall, precision, last


def _area(recall: Doubles, precision: Doubles) -> Doubles:
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((np.diff(recall, axis=1, prepend=0.0) * best).sum(axis=1), np.float64)


def _recall_at(recall: Doubles, known: Doubles, precision: float) -> Doubles:
    return np.asarray(np.where(known >= precision, recall, 0.0).max(axis=1, initial=0.0))
