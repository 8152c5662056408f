"""Whether the scores of a detector are honest, and the fit that makes those of haar so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from fer_ros.core.detector import HaarDetector
from fer_ros.core.errors import DataError
from fer_ros.core.types import Face
from fer_ros.evaluation.detector.framing import match_faces
from fer_ros.evaluation.detector.scenes import Scene

__all__ = ['fit_haar_score', 'score_calibration']


def score_calibration(scores: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    """Say how honest the scores are.

    `slope` and `intercept` are those of a logistic regression of right or wrong on the logit of
    the score (Cox 1958): 1 and 0 for an honest score. `bins` holds the mean score and the share of
    right detections, by score.
    """
    if len(scores) < 10 or len({good for _, good in scores}) < 2:
        return {'n': len(scores)}
    score = np.clip(np.array([s for s, _ in scores], np.float64), 1e-4, 1 - 1e-4)
    good = np.array([g for _, g in scores], np.float64)
    features = np.stack([np.log(score / (1 - score)), np.ones_like(score)], axis=1)
    slope, intercept = _logistic(features, good)
    bins = []
    for low in np.arange(0.0, 1.0, 0.2):
        inside = (score >= low) & (score < low + 0.2)
        if inside.any():
            bins.append({
                'scores': f'{low:.1f}-{low + 0.2:.1f}', 'n': int(inside.sum()),
                'mean_score': round(float(score[inside].mean()), 3),
                'right': round(float(good[inside].mean()), 3)})
    return {'n': len(scores), 'slope': round(slope, 3), 'intercept': round(intercept, 3),
            'bins': bins}


def _logistic(features: NDArray[np.float64], targets: NDArray[np.float64]) -> list[float]:
    """Return the (F,) weights of a logistic regression by Newton's method.

    Args:
        features: (N, F); a column of ones stands for the intercept.
        targets: (N,) 0 or 1.
    """
    weights = np.zeros(features.shape[1])
    # A trace of ridge keeps separable data finite.
    ridge = 1e-3 * np.eye(features.shape[1])
    for _ in range(50):
        guess = 1 / (1 + np.exp(-np.clip(features @ weights, -30, 30)))
        slope = features.T @ (targets - guess) - ridge @ weights
        curve = (features * (guess * (1 - guess))[:, None]).T @ features + ridge
        step = np.linalg.solve(curve, slope)
        weights += step
        if math.sqrt(float(step @ step)) < 1e-8:
            break
    return [float(weight) for weight in weights]


def fit_haar_score(
    detector: HaarDetector, scenes: Iterable[Scene], *, progress: bool = False,
) -> tuple[float, float]:
    """Return a and b of the score 1 / (1 + exp(-(a ln n + b))) of n agreeing windows.

    Args:
        detector: The detector whose candidates are judged.
        scenes: Labelled scenes, with faces and without.
        progress: Whether to show a progress bar on stderr.
    """
    features, targets = [], []
    for scene in tqdm(scenes, desc='fit score', unit='frame', disable=not progress):
        candidates = detector.candidates(scene.image)
        # More windows, higher rank: only the order of these scores matters to `match_faces`.
        faces = [Face(box, 1 - 1 / (1 + count)) for box, count in candidates]
        matches = match_faces(faces, scene.labels, detector.box_convention)
        for (_, count), hit, counts in zip(
                candidates, matches.hits, matches.counts, strict=True):
            if counts:
                features.append((math.log(count), 1.0))
                targets.append(float(hit))
    if len(set(targets)) < 2:
        raise DataError('the scenes give no right or no wrong detection: nothing to fit')
    slope, intercept = _logistic(np.array(features), np.array(targets))
    return slope, intercept
