"""The content of `metrics.json` of a run: figures with intervals, and baselines beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats
from fer_ros.evaluation.calibration import BINS, confidence_bins
from fer_ros.evaluation.curves import reliability, risk_coverage, thin
from fer_ros.evaluation.metrics import (
    confusion_matrix,
    matrix_figures,
    matrix_tables,
    with_intervals,
)
from fer_ros.evaluation.offline.groups import resampling_groups, standing_answer
from fer_ros.evaluation.offline.score import Scores

__all__ = ['SCHEMA', 'run_figures']

SCHEMA = 'fer_ros/run-metrics/1'
"""Name and version of the form of `metrics.json`; the version rises when a field changes."""

RESAMPLES = 1000
_SEED = 0

Ints = NDArray[np.int64]


def run_figures(scores: Scores) -> dict[str, Any]:
    """Return the figures of a run.

    Missed faces and `unknown` count as wrong, but for the calibration, which is about answers.

    Args:
        scores: With one row at least.
    """
    labels, classes = scores.labels, len(scores.labels)
    targets = np.asarray(scores.target, np.int64)
    guesses = np.asarray(scores.guess, np.int64)
    probabilities = scores.probabilities
    groups, over = _groups(scores)
    missed = np.asarray(np.isnan(probabilities).any(axis=1))
    sure = np.where(missed, 0.0, np.nan_to_num(probabilities).max(axis=1))
    right = np.nan_to_num(probabilities).argmax(axis=1) == targets
    matrix = confusion_matrix(targets, guesses, classes)
    result: dict[str, Any] = {
        'schema': SCHEMA, 'n': len(targets), 'no_face': int(missed.sum()),
        'unknown': int((guesses[~missed] < 0).sum())}
    result |= _with_intervals(targets, guesses, sure, right, missed, groups, classes)
    result |= matrix_tables(matrix, labels)
    result['baselines'] = _baselines(matrix, labels)
    result |= _confidence(sure[~missed], right[~missed], guesses[~missed])
    result['frames'] = {
        'evaluated': scores.frames, 'with_face': scores.with_face, 'labelled': scores.labelled,
        'unlabelled': scores.frames - scores.labelled,
        'no_face_rate': round(1 - scores.with_face / max(1, scores.frames), 6)}
    result['intervals'] = {
        'level': 0.95, 'over': over, 'groups': int(groups.max()) + 1, 'resamples': RESAMPLES,
        'seed': _SEED}
    result['subjects'] = _subjects(scores, targets, guesses)
    if scores.units and scores.units[0].tracking:
        result['segments'] = _segments(scores, targets, guesses)
        result['stability'] = scores.tracks.stability()
        result['delay'] = _delays(scores, targets, guesses)
    result['excluded'] = scores.reasons()
    return result


def kappa_of(matrix: NDArray[Any]) -> float:
    """Return Cohen's kappa (1960) of labels against answers.

    Args:
        matrix: (K, K + 1) counts; no answer is a category of its own, which no label is.
    """
    total = matrix.sum()
    if not total:
        return 0.0
    observed = np.trace(matrix[:, :len(matrix)]) / total
    expected = float(matrix.sum(axis=1) @ matrix.sum(axis=0)[:len(matrix)]) / total ** 2
    return float((observed - expected) / (1 - expected)) if expected < 1 else 0.0


def _groups(scores: Scores) -> tuple[Ints, str]:
    """Return the group of each row that the bootstrap draws as a whole, and what groups are."""
    segment = scores.segment.tolist()
    names, over = resampling_groups(
        [scores.segments[number].person for number in segment], segment,
        timed=scores.units[0].tracking)
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64), over


def _with_intervals(
    targets: Ints, guesses: Ints, sure: Floats, right: NDArray[Any], missed: NDArray[Any],
    groups: Ints, classes: int,
) -> dict[str, Any]:
    """Return accuracy, macro recall, macro F1, kappa, ECE and coverage with `*_ci`."""
    count, cells = int(groups.max()) + 1, classes * (classes + 1)
    columns = np.where(guesses < 0, classes, guesses)
    tables = np.zeros((count, cells))
    np.add.at(tables, (groups, targets * (classes + 1) + columns), 1.0)
    gaps, seen = np.zeros((count, BINS)), np.zeros(count)
    place = confidence_bins(sure[~missed])
    np.add.at(gaps, (groups[~missed], place), (sure - right)[~missed])
    np.add.at(seen, groups[~missed], 1.0)

    def figures(table: NDArray[Any]) -> dict[str, float]:
        matrix = table.reshape(classes, classes + 1)
        return {
            **matrix_figures(matrix), 'kappa': kappa_of(matrix),
            'coverage': float(1 - matrix[:, -1].sum() / max(1.0, matrix.sum()))}

    samples, drawn = [], []
    for weights in _draws(count):
        samples.append(figures(weights @ tables))
        drawn.append(weights @ gaps / max(1.0, float(weights @ seen)))
    return with_intervals(
        figures(tables.sum(axis=0)), samples, gaps.sum(axis=0) / max(1.0, float(seen.sum())),
        np.array(drawn))


def _draws(count: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each group is in a bootstrap sample."""
    rng = np.random.default_rng(_SEED)
    for _ in range(RESAMPLES):
        yield np.bincount(rng.integers(0, count, count), minlength=count).astype(np.float64)


def _baselines(matrix: Ints, labels: tuple[str, ...]) -> dict[str, Any]:
    """Return what who does not look at the faces would reach."""
    counts = matrix.sum(axis=1)
    best, present = int(counts.argmax()), int((counts > 0).sum())
    share = float(counts[best] / max(1, counts.sum()))
    chance = round(1 / len(labels), 6)
    return {
        'chance': {'accuracy': chance, 'macro_recall': chance},
        'majority': {
            'label': labels[best], 'accuracy': round(share, 6),
            'macro_recall': round(1 / max(1, present), 6),
            'macro_f1': round(2 * share / (1 + share) / max(1, present), 6)}}


def _confidence(sure: Floats, right: NDArray[Any], guesses: Ints) -> dict[str, Any]:
    """Return the curves of faces that were found, by the confidence."""
    answered = guesses >= 0
    result: dict[str, Any] = {
        'reliability': reliability(sure, right),
        'abstention': {
            'unknown': int((~answered).sum()),
            'accuracy_of_answers': round(float(right[answered].mean()), 6)
            if answered.any() else None}}
    if len(sure):
        coverage, risk, area = risk_coverage(sure, right)
        x, y = thin(coverage, risk)
        result['risk_coverage'] = {'aurc': round(area, 6), 'coverage': x, 'risk': y}
    else:
        result['risk_coverage'] = {'aurc': None, 'coverage': [], 'risk': []}
    return result


def _subjects(scores: Scores, targets: Ints, guesses: Ints) -> dict[str, Any]:
    """Return the figures of each person, and their means: every person counts the same."""
    people = np.array([info.person for info in scores.segments], dtype=object)[scores.segment]
    each = {}
    for person in sorted({str(p) for p in people} - {''}):
        mine = people == person
        matrix = confusion_matrix(targets[mine], guesses[mine], len(scores.labels))
        figures = matrix_figures(matrix)
        each[person] = {'n': int(mine.sum()), 'accuracy': round(figures['accuracy'], 6),
                        'macro_recall': round(figures['macro_recall'], 6)}
    return {'n': len(each), **_means(each), 'each': each}


def _means(each: dict[str, Any]) -> dict[str, Any]:
    if not each:
        return {'accuracy': None, 'macro_recall': None}
    return {key: round(float(np.mean([row[key] for row in each.values()])), 6)
            for key in ('accuracy', 'macro_recall')}


def _segments(scores: Scores, targets: Ints, guesses: Ints) -> dict[str, Any]:
    """Return the figures of segments, each with the answer that it got most often."""
    order = np.argsort(scores.segment, kind='stable')
    segments = scores.segment[order]
    starts = np.flatnonzero(np.diff(segments, prepend=-1))
    wanted, given = [], []
    for rows in np.split(order, starts[1:]) if len(starts) else []:
        given.append(standing_answer(Counter(guesses[rows].tolist())))
        wanted.append(targets[rows[0]])
    matrix = confusion_matrix(
        np.array(wanted, np.int64), np.array(given, np.int64), len(scores.labels))
    figures = matrix_figures(matrix)
    return {
        'n': len(wanted), 'without_frames': len(scores.segments) - len(wanted),
        **{key: round(value, 6) for key, value in figures.items()},
        'kappa': round(kappa_of(matrix), 6)}


def _delays(scores: Scores, targets: Ints, guesses: Ints) -> dict[str, Any]:
    """Return how long after a change of the label the answer follows."""
    segment, time = scores.segment, scores.time
    begun = [n for n in np.unique(segment).tolist() if scores.segments[n].change]
    delays = []
    for number in begun:
        hits = np.flatnonzero((segment == number) & (guesses == targets))
        if len(hits):
            delays.append(float(time[hits[0]]) - scores.segments[number].start)
    median, high = (np.percentile(delays, (50, 90)) if delays else (None, None))
    return {
        'changes': len(begun), 'reached': len(delays),
        'median_s': None if median is None else round(float(median), 6),
        'p90_s': None if high is None else round(float(high), 6)}
