"""Figures that say how good a classifier is, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats
from fer_ros.evaluation.calibration import (
    bin_gaps,
    calibration_interval,
    expected_calibration_error,
)

__all__ = ['classification_figures', 'classification_metrics', 'confusion_matrix', 'group_count',
           'matrix_figures', 'matrix_tables', 'resampled_rows', 'with_intervals']

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]


def confusion_matrix(targets: Ints, guesses: Ints, classes: int) -> Ints:
    """Return the (K, K + 1) counts: row true emotion, column guess, last column `no answer`.

    Args:
        targets: (N,) true emotions, 0 to K - 1.
        guesses: (N,) guessed emotions, 0 to K - 1, or -1 where there was no answer.
        classes: K.
    """
    columns = np.where(guesses < 0, classes, guesses)
    flat = np.bincount(targets * (classes + 1) + columns, minlength=classes * (classes + 1))
    return flat.reshape(classes, classes + 1)


def classification_figures(targets: Ints, guesses: Ints, classes: int) -> dict[str, float]:
    """Return `accuracy`, `macro_recall` and `macro_f1` in [0, 1].

    The means are over the emotions that occur in `targets`; the arguments are those of
    `confusion_matrix`.
    """
    return matrix_figures(confusion_matrix(targets, guesses, classes))


def classification_metrics(
    targets: Ints, probabilities: Floats, labels: Sequence[str], *,
    unknown_threshold: float = 0.0, resamples: int = 1000, seed: int = 0,
    subjects: NDArray[np.str_] | None = None,
) -> dict[str, Any]:
    """Return the figures of `metrics.json` for images of faces.

    Args:
        targets: (N,) true emotions.
        probabilities: (N, K) calibrated distributions; a row of NaN is a face that was missed.
        labels: Names of the K emotions.
        unknown_threshold: Confidence below which the model abstains. Missed faces and
            abstentions count as wrong.
        resamples: Bootstrap samples of the images for the 95 % intervals `*_ci`.
        seed: Seed of the bootstrap.
        subjects: (N,) names of the people, as of `resampled_rows`.
    """
    classes = len(labels)
    missed = np.isnan(probabilities).any(axis=1)
    sure = np.where(missed, -1.0, np.nan_to_num(probabilities).max(axis=1))
    best = np.nan_to_num(probabilities).argmax(axis=1)
    guesses = np.where(missed | (sure < unknown_threshold), -1, best)
    answered: NDArray[np.bool_] = np.logical_not(missed)
    matrix = confusion_matrix(targets, guesses, classes)
    result: dict[str, Any] = {
        'n': len(targets), 'no_face': int(missed.sum()),
        'unknown': int((guesses[answered] < 0).sum()),
    }
    samples, drawn = [], []
    for rows in resampled_rows(len(targets), subjects, resamples, seed):
        samples.append(matrix_figures(confusion_matrix(targets[rows], guesses[rows], classes)))
        seen = rows[answered[rows]]
        drawn.append(bin_gaps(sure[seen], best[seen] == targets[seen]))
    gaps = bin_gaps(sure[answered], best[answered] == targets[answered])
    result |= with_intervals(matrix_figures(matrix), samples, gaps, np.array(drawn))
    result |= matrix_tables(matrix, labels)
    return result


def with_intervals(
    figures: Mapping[str, float], samples: Sequence[Mapping[str, float]], gaps: Doubles,
    drawn: Doubles,
) -> dict[str, Any]:
    """Return figures and `ece`, each with its 95 % interval `*_ci`.

    Intervals hold the middle 95 % of the samples; that of the `ece` is a `calibration_interval`.

    Args:
        figures: Figures of the data.
        samples: The same of each bootstrap sample.
        gaps: (bins,) `bin_gaps` of the data.
        drawn: (samples, bins) `bin_gaps` of the bootstrap samples.
    """
    ends = {name: np.percentile([sample[name] for sample in samples], (2.5, 97.5))
            for name in figures}
    ends['ece'] = np.array(calibration_interval(gaps, drawn))
    result: dict[str, Any] = {}
    for name, value in {**figures, 'ece': expected_calibration_error(gaps)}.items():
        result[name] = round(value, 6)
        result[f'{name}_ci'] = [round(float(end), 6) for end in ends[name]]
    return result


def group_count(count: int, subjects: NDArray[np.str_] | None) -> int:
    """Return how many groups `resampled_rows` draws from."""
    if subjects is None:
        return count
    return len(np.unique(subjects[subjects != ''])) + int((subjects == '').sum())


def resampled_rows(
    count: int, subjects: NDArray[np.str_] | None, resamples: int, seed: int,
) -> Iterator[Ints]:
    """Yield the rows of bootstrap samples.

    Images of one person resemble each other: where people are known, whole people are drawn,
    or the intervals would be too narrow (Davison and Hinkley 1997, section 3.8).

    Args:
        count: Number of images N.
        subjects: (N,) names of the people; an image without a name stands for itself. None
            where nobody is known.
        resamples: Number of samples.
        seed: Seed of the draw.

    Yields:
        (M,) rows; M is N where nobody is known.
    """
    rng = np.random.default_rng(seed)
    if subjects is None:
        for _ in range(resamples):
            yield rng.integers(0, count, count)
        return
    _, person = np.unique(subjects, return_inverse=True)
    person = np.where(subjects == '', person.max() + 1 + np.arange(count), person)
    order = np.argsort(person, kind='stable')
    people = np.split(order, np.flatnonzero(np.diff(person[order])) + 1)
    for _ in range(resamples):
        yield np.concatenate([people[i] for i in rng.integers(0, len(people), len(people))])


def matrix_tables(matrix: Ints, labels: Sequence[str]) -> dict[str, Any]:
    """Return `per_class` and `confusion` of `metrics.json`, of a (K, K + 1) matrix."""
    precision, recall, f1 = _class_figures(matrix)
    return {
        'per_class': {
            label: {'precision': round(float(precision[i]), 6),
                    'recall': round(float(recall[i]), 6), 'f1': round(float(f1[i]), 6),
                    'n': int(matrix[i].sum())}
            for i, label in enumerate(labels)},
        'confusion': {'labels': [*labels, 'unknown'], 'matrix': matrix.tolist()}}


def _class_figures(matrix: Ints) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return precision, recall and F1 of each emotion, (K,) each, of a (K, K + 1) matrix."""
    hits = np.diagonal(matrix).astype(float)
    with np.errstate(divide='ignore', invalid='ignore'):
        precision = np.nan_to_num(hits / matrix.sum(axis=0)[:len(matrix)])
        recall = np.nan_to_num(hits / matrix.sum(axis=1))
        f1 = np.nan_to_num(2 * precision * recall / (precision + recall))
    return precision, recall, f1


def matrix_figures(matrix: Ints) -> dict[str, float]:
    """Return `accuracy`, `macro_recall` and `macro_f1` of a (K, K + 1) confusion matrix."""
    present = matrix.sum(axis=1) > 0
    _, recall, f1 = _class_figures(matrix)
    return {
        'accuracy': float(np.trace(matrix[:, :len(matrix)]) / max(1, matrix.sum())),
        'macro_recall': float(recall[present].mean()) if present.any() else 0.0,
        'macro_f1': float(f1[present].mean()) if present.any() else 0.0,
    }
