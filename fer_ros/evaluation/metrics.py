"""Figures that say how good a classifier is, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats

__all__ = ['class_figures', 'classification_figures', 'classification_metrics', 'confusion_matrix',
           'expected_calibration_error', 'group_count', 'matrix_figures', 'resampled_rows']

Ints = NDArray[np.int64]

_BINS = 15


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


def expected_calibration_error(
    confidences: Floats, correct: NDArray[np.bool_], bins: int = _BINS,
) -> float:
    """Return the gap between confidence and accuracy, weighted over equal bins, in [0, 1].

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3.
    """
    if len(confidences) == 0:
        return 0.0
    place = np.clip((confidences * bins).astype(np.int64), 0, bins - 1)
    gaps = np.abs(np.bincount(place, confidences - correct, minlength=bins))
    return float(gaps.sum() / len(confidences))


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
    figures = matrix_figures(matrix)
    samples: dict[str, list[float]] = {}
    for rows in resampled_rows(len(targets), subjects, resamples, seed):
        drawn = matrix_figures(confusion_matrix(targets[rows], guesses[rows], classes))
        seen = rows[answered[rows]]
        drawn['ece'] = expected_calibration_error(sure[seen], best[seen] == targets[seen])
        for name, value in drawn.items():
            samples.setdefault(name, []).append(value)
    figures['ece'] = expected_calibration_error(
        sure[answered], best[answered] == targets[answered])
    for name, value in figures.items():
        result[name] = round(value, 6)
        low, high = np.percentile(samples[name], (2.5, 97.5))
        result[f'{name}_ci'] = [round(float(low), 6), round(float(high), 6)]
    precision, recall, f1 = class_figures(matrix)
    result['per_class'] = {
        label: {'precision': round(float(precision[i]), 6), 'recall': round(float(recall[i]), 6),
                'f1': round(float(f1[i]), 6), 'n': int(matrix[i].sum())}
        for i, label in enumerate(labels)}
    result['confusion'] = {'labels': [*labels, 'unknown'], 'matrix': matrix.tolist()}
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


def class_figures(matrix: Ints) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
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
    _, recall, f1 = class_figures(matrix)
    return {
        'accuracy': float(np.trace(matrix[:, :len(matrix)]) / max(1, matrix.sum())),
        'macro_recall': float(recall[present].mean()) if present.any() else 0.0,
        'macro_f1': float(f1[present].mean()) if present.any() else 0.0,
    }
