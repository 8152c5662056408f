"""Whether one model is better than another on the same images, or only seems so."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.evaluation.metrics import group_count, resampled_rows

__all__ = ['interval_text', 'mcnemar', 'p_text', 'paired_comparison']

Bools = NDArray[np.bool_]


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the exact two-sided p value of McNemar's test (1947).

    If two models are equally good, an image that only one of them answers rightly is as likely
    the first's as the second's: the counts are binomial with 1/2.

    Args:
        only_first: Images that only the first answers rightly.
        only_second: Images that only the second answers rightly.
    """
    n, fewer = only_first + only_second, min(only_first, only_second)
    # Whole numbers all the way: no rounding before the one division.
    term = total = 1
    for k in range(fewer):
        term = term * (n - k) // (k + 1)
        total += term
    return min(1.0, 2 * total / (1 << n))


def p_text(p: float) -> str:
    """Return a p value as text; one that is too small for a float is not 0."""
    return f'p = {p:.2g}' if p > 0 else 'p < 1e-300'


def interval_text(intervals: dict[str, Any]) -> str:
    """Return what is to be known of intervals, from the field `intervals` of the figures."""
    few = '; of so few they are too narrow' if intervals['groups'] < 10 else ''
    return (f'Intervals: {intervals["resamples"]} bootstrap samples of {intervals["groups"]} '
            f'{intervals["over"]}{few}.')


def paired_comparison(
    targets: NDArray[np.int64], first: Bools, second: Bools, labels: Sequence[str], *,
    subjects: NDArray[np.str_] | None = None, resamples: int = 1000, seed: int = 0,
) -> dict[str, Any]:
    """Return the differences of two models, second less first, with intervals.

    Args:
        targets: (N,) true emotions.
        first: (N,) whether the first model is right.
        second: (N,) whether the second model is right.
        labels: Names of the K emotions.
        subjects: (N,) names of the people, as of `resampled_rows`.
        resamples: Bootstrap samples; each holds the same images for both models.
        seed: Seed of the bootstrap.

    Returns:
        `n`; `intervals` {`level`, `over`, `groups`, `resamples`, `seed`}; `accuracy` and
        `macro_recall`, each {`first`, `second`, `difference`, `difference_ci`}; `per_class`
        {label: the same, of the recall, and `n`}; `mcnemar` {`only_first`, `only_second`, `p`}.
    """
    present = [index for index in range(len(labels)) if (targets == index).any()]
    members = np.stack([targets == index for index in present], axis=1).astype(np.float64)
    right = np.stack([first, second], axis=1).astype(np.float64)
    figures = _figures(np.ones((1, len(targets))), members, right)
    draws = resampled_rows(len(targets), subjects, resamples, seed)
    samples = np.concatenate([
        _figures(np.bincount(rows, minlength=len(targets))[np.newaxis], members, right)
        for rows in draws])
    result: dict[str, Any] = {'n': len(targets), 'intervals': {
        'level': 0.95, 'over': 'images' if subjects is None else 'subjects',
        'groups': group_count(len(targets), subjects), 'resamples': resamples, 'seed': seed}}
    rows = {}
    for column, name in enumerate(['accuracy', 'macro_recall', *(labels[i] for i in present)]):
        change = samples[:, column, 1] - samples[:, column, 0]
        # A rare emotion is missing from some samples, which then say nothing about it.
        low, high = np.nanpercentile(change, (2.5, 97.5))
        one, two = (round(float(value), 6) for value in figures[0, column])
        rows[name] = {'first': one, 'second': two, 'difference': round(two - one, 6),
                      'difference_ci': [round(float(low), 6), round(float(high), 6)]}
    result['accuracy'], result['macro_recall'] = rows.pop('accuracy'), rows.pop('macro_recall')
    for index in present:
        rows[labels[index]]['n'] = int((targets == index).sum())
    result['per_class'] = rows
    one, two = int((first & ~second).sum()), int((second & ~first).sum())
    p = mcnemar(one, two)
    result['mcnemar'] = {
        'only_first': one, 'only_second': two,
        'p': 0.0 if p == 0 else round(p, 5 - math.floor(math.log10(p)))}
    return result


def _figures(
    weights: NDArray[Any], members: NDArray[np.float64], right: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return (R, 2 + P, 2): accuracy, macro recall, recall of each class; of both models.

    Args:
        weights: (R, N) how often each image is drawn.
        members: (N, P) which class the images are of.
        right: (N, 2) which model is right.
    """
    counts = weights @ members
    hits = np.stack([weights @ (members * right[:, [i]]) for i in range(2)], axis=2)
    with np.errstate(invalid='ignore', divide='ignore'):
        recall = hits / counts[:, :, np.newaxis]
    drawn = (counts > 0)[:, :, np.newaxis]
    macro = np.where(drawn, recall, 0.0).sum(axis=1) / drawn.sum(axis=1)
    accuracy = hits.sum(axis=1) / weights.sum(axis=1, keepdims=True)
    return np.concatenate([accuracy[:, np.newaxis], macro[:, np.newaxis], recall], axis=1)
