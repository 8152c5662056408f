"""The figures of a comparison: recall, precision, intervals, differences, false alarms."""

from __future__ import annotations

from collections.abc import Sequence
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.evaluation.curves import thin
from fer_ros.evaluation.detector.answers import Answers, verdicts
from fer_ros.evaluation.detector.curves import (
    average_precision,
    intervals,
    Judged,
    precision_recall,
    recall_at_precision,
    threshold_at_precision,
)
from fer_ros.evaluation.detector.scenes import sides
from fer_ros.evaluation.detector.score_fit import score_calibration

__all__ = ['by_size', 'false_alarms', 'interval', 'operating_point', 'PRECISION',
           'subset_figures']

PRECISION = 0.95
"""Precision at which recalls are compared."""

_RESAMPLES = 1000
_DIGITS = 4


def interval(values: NDArray[Any]) -> list[float]:
    """Return the 95 % interval of bootstrap figures."""
    low, high = np.nanpercentile(values, (2.5, 97.5))
    return [round(float(low), _DIGITS), round(float(high), _DIGITS)]


def subset_figures(answers: Answers, subject: str, *, seed: int = 0) -> dict[str, Any]:
    """Return the figures of all detectors on the pictures of a subset.

    Args:
        answers: What the detectors found, from the lowest scores on; at least one face to find.
        subject: The detector that is compared with the others.
        seed: Of the bootstrap of the pictures.

    Returns:
        `pictures`, `faces`, `detectors` {name: `recall` at `PRECISION`, `ap`, `threshold` (the
        score that gives this recall, None if none does), `found` (the recall of all detections),
        `recall_ci`, `ap_ci`, `curve` [recall, precision]} and `differences` {other: `recall` and
        `ap` of the subject less those of the other, `recall_ci`, `ap_ci`}. Intervals are of 95 %;
        those of differences are paired: the same samples of the pictures for both.
    """
    rows, samples = {}, {}
    for name in answers.found:
        _, judged = verdicts(answers, name)
        rows[name] = _row(judged)
        areas, recalls = intervals(judged, PRECISION, resamples=_RESAMPLES, seed=seed)
        samples[name] = {'ap': areas, 'recall': recalls}
        for key, values in samples[name].items():
            rows[name][f'{key}_ci'] = interval(values)
    differences: dict[str, dict[str, Any]] = {}
    for other in answers.found:
        if other != subject:
            differences[other] = {}
            for key in ('recall', 'ap'):
                differences[other][key] = round(rows[subject][key] - rows[other][key], _DIGITS)
                differences[other][f'{key}_ci'] = interval(
                    samples[subject][key] - samples[other][key])
    return {'pictures': len(answers.pictures), 'faces': answers.faces(), 'detectors': rows,
            'differences': differences}


def _row(judged: Judged) -> dict[str, Any]:
    threshold = threshold_at_precision(judged, PRECISION)
    recall, precision, _ = precision_recall(judged)
    curve = list(thin(recall, precision)) if len(recall) else [[], []]
    return {
        'recall': round(recall_at_precision(judged, PRECISION), _DIGITS),
        'ap': round(average_precision(judged), _DIGITS),
        'threshold': None if threshold is None else round(threshold, _DIGITS),
        'found': round(float(judged.hits.sum() / judged.faces.sum()), _DIGITS),
        'curve': curve}


def by_size(
    answers: Answers, name: str, threshold: float, edges: Sequence[float],
) -> list[tuple[int, float | None]]:
    """Return the number of faces and the recall between edges of their longer side.

    Args:
        answers: What the detectors found.
        name: The detector.
        threshold: The score that a finding must have.
        edges: Rising sizes in pixels.
    """
    found, sizes = _outcomes(answers, name, threshold)
    rows: list[tuple[int, float | None]] = []
    for low, high in itertools.pairwise(edges):
        inside = (sizes >= low * 0.999) & (sizes < high)
        count = int(inside.sum())
        rows.append((count, round(float(found[inside].mean()), _DIGITS) if count else None))
    return rows


def _outcomes(
    answers: Answers, name: str, threshold: float = 0.0,
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return for every face to find whether it is found from a score on, and its longer side."""
    found, sizes = [np.zeros(0, bool)], [np.zeros(0)]
    matches, _ = verdicts(answers, name)
    for one, finding, matched in zip(
            answers.pictures, answers.found[name], matches, strict=True):
        wanted = ~one.labels.ignored
        finder = matched.finder[wanted]
        # A label is found by the surest detection that fits: a threshold only takes it away.
        sure = np.append(finding.scores, -np.inf)[finder] >= threshold
        found.append((finder >= 0) & sure)
        sizes.append(sides(one.labels.boxes)[wanted].astype(float))
    return np.concatenate(found), np.concatenate(sizes)


def operating_point(
    answers: Answers, empty: Answers, edges: Sequence[float],
) -> dict[str, dict[str, Any]]:
    """Return what detectors do with their own thresholds in scenes, with faces and without.

    Args:
        answers: What they found in scenes with faces.
        empty: What they found in scenes without.
        edges: Rising sizes of faces in pixels.

    Returns:
        {name: `recall`, `recall_by_size` {'40-56 px': ...} by the longer side of the labelled
        box, `precision`, `false_per_frame`, `ms_median`, `ms_p95` of processor time a frame,
        `calibration` of the score, see `score_calibration`}.
    """
    result = {}
    for name, findings in answers.found.items():
        matches, judged = verdicts(answers, name)
        hits, _ = _outcomes(answers, name)
        wrong = int((~judged.hits).sum())
        scores = [*zip(judged.scores.tolist(), judged.hits.tolist(), strict=True),
                  *((score, False) for one in empty.found[name] for score in one.scores.tolist())]
        times = [one.seconds for one in findings]
        bands = by_size(answers, name, 0.0, edges)
        result[name] = {
            'recall': round(float(hits.mean()), _DIGITS) if len(hits) else None,
            'recall_by_size': {
                f'{low:.0f}-{high - 1:.0f} px': share for (low, high), (_, share)
                in zip(itertools.pairwise(edges), bands, strict=True)},
            'precision': round(float(hits.sum()) / max(1, hits.sum() + wrong), _DIGITS),
            'false_per_frame': round(wrong / max(1, len(matches)), _DIGITS),
            'ms_median': round(1e3 * float(np.median(times)), 2) if times else None,
            'ms_p95': round(1e3 * float(np.quantile(times, 0.95)), 2) if times else None,
            'calibration': score_calibration(scores)}
    return result


def false_alarms(empty: Answers, *, seed: int = 0) -> dict[str, Any]:
    """Return what detectors find in pictures without a face.

    Args:
        empty: What they found, each with its own threshold, in one picture or more.
        seed: Of the bootstrap of the pictures.

    Returns:
        `pictures` and `detectors` {name: `per_100` detections in 100 pictures with its interval
        `per_100_ci`, and `share` of the pictures with any}. Without any alarm the interval's end
        is the rule of three: 300 / pictures (Hanley and Lippman-Hand 1983).
    """
    count = len(empty.pictures)
    draws = np.random.default_rng(seed).integers(0, count, (_RESAMPLES, count))
    rows = {}
    for name, findings in empty.found.items():
        alarms = np.array([len(one.scores) for one in findings])
        rows[name] = {
            'per_100': round(100 * float(alarms.mean()), _DIGITS),
            'per_100_ci': interval(100 * alarms[draws].mean(axis=1)) if alarms.any()
            else [0.0, round(300 / count, _DIGITS)],
            'share': round(float((alarms > 0).mean()), _DIGITS)}
    return {'pictures': count, 'detectors': rows}
