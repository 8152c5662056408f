"""How far a detector's landmarks are from those of the teacher, and from those of people.

The error of a face is the mean distance of its points over the distance between the eyes, as in
Cristinacce and Cootes 2006, "Feature Detection and Tracking with Constrained Local Models".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats
from fer_ros.evaluation.detector.answers import Answers, verdicts
from fer_ros.evaluation.detector.figures import interval

__all__ = ['against_people', 'against_teacher', 'point_errors']

Doubles = NDArray[np.float64]

_RESAMPLES = 1000
_DIGITS = 4


def point_errors(points: Floats, truth: Floats) -> Doubles:
    """Return the errors of faces: NaN where a point is unknown.

    Args:
        points: (N, 5, 2) landmarks.
        truth: (N, 5, 2) where they belong; the first two are the eyes.
    """
    eyes = np.linalg.norm(truth[:, 1] - truth[:, 0], axis=1)
    distance = np.linalg.norm(points - truth, axis=2).mean(axis=1)
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.asarray(np.where(eyes > 0, distance / eyes, np.nan), np.float64)


def against_teacher(
    answers: Answers, thresholds: Mapping[str, float | None], *, seed: int = 0,
) -> dict[str, Any]:
    """Return the errors of all detectors against the labels, on the faces that they find.

    Who finds hard faces, too, has larger errors; so the errors on the faces that all detectors
    with landmarks find are told as well.

    Args:
        answers: What the detectors found.
        thresholds: {name: score from which a face is found}; None takes everything.
        seed: Of the bootstrap of the faces.

    Returns:
        {name: `n`, `median`, `median_ci`, `mean`, `p90`, `common` {`n`, `median`}, `errors` of
        the faces, sorted}; no entry for detectors without landmarks.
    """
    errors = {name: _errors(answers, name, thresholds.get(name)) for name in answers.found}
    errors = {name: values for name, values in errors.items() if np.isfinite(values).any()}
    common = np.all([np.isfinite(values) for values in errors.values()], axis=0) \
        if errors else np.zeros(0, bool)
    return {name: {
        **_summary(values[np.isfinite(values)], seed),
        'common': {'n': int(common.sum()), 'median': _median(values[common])}}
        for name, values in errors.items()}


def _errors(answers: Answers, name: str, threshold: float | None) -> Doubles:
    """Return the error of every face to find, NaN where it is missed."""
    matches, _ = verdicts(answers, name)
    parts = [np.zeros(0)]
    for one, found, matched in zip(answers.pictures, answers.found[name], matches, strict=True):
        wanted = ~one.labels.ignored
        finder = matched.finder[wanted]
        points = np.concatenate([found.landmarks, np.full((1, 5, 2), np.nan)])[finder]
        scores = np.append(found.scores, -np.inf)[finder]
        values = point_errors(points, one.labels.landmarks[wanted])
        values[scores < (-np.inf if threshold is None else threshold)] = np.nan
        parts.append(values)
    return np.concatenate(parts)


def against_people(
    answers: Answers, thresholds: Mapping[str, float | None], *, seed: int = 0,
) -> dict[str, Any]:
    """Return the errors against the points that people placed, of the detectors and the labels.

    A person's points belong to the label whose points lie nearest, if these are less than half
    of the distance between the eyes away.

    Args:
        answers: What the detectors found.
        thresholds: As of `against_teacher`.
        seed: Of the bootstrap of the faces.

    Returns:
        {name: as of `against_teacher`, without `common`}, with the labels' own as `teacher`;
        empty if no picture has points of people.
    """
    errors: dict[str, list[float]] = {'teacher': []}
    matches = {name: verdicts(answers, name)[0] for name in answers.found}
    for place, one in enumerate(answers.pictures):
        for truth in () if one.people is None else one.people:
            labels = one.labels
            distances = point_errors(labels.landmarks, np.repeat(truth[None], len(labels), axis=0))
            distances[labels.ignored | np.isnan(distances)] = np.inf
            if not len(distances) or distances.min() >= 0.5:
                continue
            face = int(distances.argmin())
            errors['teacher'].append(float(distances[face]))
            for name, found in answers.found.items():
                finder = matches[name][place].finder[face]
                threshold = thresholds.get(name)
                if finder >= 0 and (threshold is None
                                    or found[place].scores[finder] >= threshold):
                    points = found[place].landmarks[finder][None]
                    errors.setdefault(name, []).append(float(point_errors(points, truth[None])[0]))
    kept = {name: np.array(values)[np.isfinite(values)] for name, values in errors.items()}
    return {name: _summary(values, seed) for name, values in kept.items() if len(values)}


def _summary(values: Doubles, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    drawn = np.median(values[rng.integers(0, len(values), (_RESAMPLES, len(values)))], axis=1)
    return {
        'n': len(values), 'median': _median(values), 'median_ci': interval(drawn),
        'mean': round(float(values.mean()), _DIGITS),
        'p90': round(float(np.quantile(values, 0.9)), _DIGITS),
        'errors': np.sort(values).round(_DIGITS).tolist()}


def _median(values: Doubles) -> float | None:
    return round(float(np.median(values)), _DIGITS) if len(values) else None
