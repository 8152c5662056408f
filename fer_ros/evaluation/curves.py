"""Curves that say how far a classifier's probabilities can be trusted, and their areas.

Equal scores are one point of a curve: no figure depends on the order of the images.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats
from fer_ros.evaluation.calibration import BINS, confidence_bins

__all__ = ['class_curves', 'precision_recall', 'reliability', 'risk_coverage', 'roc', 'thin']

Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]

_POINTS = 60
_DIGITS = 4


def reliability(confidences: Floats, correct: Bools, bins: int = BINS) -> dict[str, Any]:
    """Return what a reliability diagram shows, of equal bins of the confidence.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2.

    Args:
        confidences: (N,) confidences of the answers, in [0, 1].
        correct: (N,) whether the answers are right.
        bins: Number of bins.

    Returns:
        `n`, `confidence` and `accuracy`, a list with a value a bin each; None in empty bins.
    """
    place = confidence_bins(confidences, bins)
    counts = np.bincount(place, minlength=bins)
    sums = (np.bincount(place, confidences, minlength=bins),
            np.bincount(place, correct, minlength=bins))
    mean = [[round(float(total / n), _DIGITS) if n else None
             for total, n in zip(row, counts, strict=True)] for row in sums]
    return {'n': counts.tolist(), 'confidence': mean[0], 'accuracy': mean[1]}


def risk_coverage(confidences: Floats, correct: Bools) -> tuple[Doubles, Doubles, float]:
    """Return the share of wrong answers if only the surest are given.

    Source: Geifman and El-Yaniv 2017, "Selective Classification for Deep Neural Networks"; the
    area as in Geifman et al. 2019: the mean of the risk over all coverages. Errors of equally
    sure answers are spread evenly over them.

    Args:
        confidences: (N,) confidences of the answers; N > 0.
        correct: (N,) whether the answers are right.

    Returns:
        (N,) coverage, rising to 1; (N,) risk, the share of wrong answers; and the area (AURC).
    """
    _, group, sizes = np.unique(-confidences, return_inverse=True, return_counts=True)
    wrong = np.bincount(group, ~correct) / sizes
    order = np.arange(1, len(confidences) + 1)
    risk = np.cumsum(np.repeat(wrong, sizes)) / order
    return order / len(order), risk, float(risk.mean())


def _hits(scores: Floats, positive: Bools) -> tuple[Doubles, Doubles]:
    """Return true and false positives at every threshold, from the highest score on."""
    order = np.argsort(-scores, kind='stable')
    ordered = scores[order]
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    true = np.cumsum(positive[order])[last].astype(np.float64)
    return true, last + 1 - true


def roc(scores: Floats, positive: Bools) -> tuple[Doubles, Doubles, float]:
    """Return the receiver operating characteristic.

    Args:
        scores: (N,) scores, higher for positives.
        positive: (N,) bool, of both kinds.

    Returns:
        (M,) false positive rate and true positive rate, both from 0 to 1, and the area below.
    """
    true, false = _hits(scores, positive)
    rate = np.append(0.0, true / true[-1])
    alarms = np.append(0.0, false / false[-1])
    area = float(np.sum(np.diff(alarms) * (rate[1:] + rate[:-1]) / 2))
    return alarms, rate, area


def precision_recall(scores: Floats, positive: Bools) -> tuple[Doubles, Doubles, float]:
    """Return recall and precision at every threshold, and the average precision.

    The average precision is the sum of the steps of recall times the precision there, without
    interpolation, which would be optimistic (Davis and Goadrich 2006).

    Args:
        scores: (N,) scores, higher for positives.
        positive: (N,) bool, at least one True.
    """
    true, false = _hits(scores, positive)
    recall, precision = true / true[-1], true / (true + false)
    return recall, precision, float(np.sum(np.diff(recall, prepend=0.0) * precision))


def thin(x: Doubles, y: Doubles, points: int = _POINTS) -> tuple[list[float], list[float]]:
    """Return a curve by about `points` points, evenly along its way, with both ends."""
    way = np.cumsum(np.abs(np.diff(x, prepend=x[0])) + np.abs(np.diff(y, prepend=y[0])))
    kept = np.searchsorted(way, np.linspace(0.0, way[-1], points))
    kept = np.unique(np.concatenate([[0], kept.clip(0, len(x) - 1), [len(x) - 1]]))
    return x[kept].round(_DIGITS).tolist(), y[kept].round(_DIGITS).tolist()


def class_curves(
    targets: NDArray[np.int64], probabilities: Floats, labels: Sequence[str],
) -> dict[str, dict[str, Any]]:
    """Return `roc` and `pr` of each emotion against the others, thinned.

    Args:
        targets: (N,) true emotions.
        probabilities: (N, K) distributions.
        labels: Names of the K emotions.

    Returns:
        {label: {`auc`, `ap`, `roc`: [false positive rate, true positive rate], `pr`: [recall,
        precision]}}; None for an emotion that never or always occurs.
    """
    result: dict[str, dict[str, Any]] = {}
    for index, label in enumerate(labels):
        positive = targets == index
        if positive.all() or not positive.any():
            result[label] = {'auc': None, 'ap': None, 'roc': None, 'pr': None}
            continue
        alarms, rate, auc = roc(probabilities[:, index], positive)
        recall, precision, average = precision_recall(probabilities[:, index], positive)
        result[label] = {
            'auc': round(auc, 6), 'ap': round(average, 6),
            'roc': list(thin(alarms, rate)), 'pr': list(thin(recall, precision))}
    return result
