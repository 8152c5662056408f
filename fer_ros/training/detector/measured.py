"""What a detector gave on the validation data, and the figures that follow from it."""

from __future__ import annotations

import dataclasses

import numpy as np

from fer_ros.evaluation.detector.curves import (
    average_precision,
    Judged,
    precision_recall,
    recall_at_precision,
    threshold_at_precision,
)
from fer_ros.evaluation.detector.score_fit import score_calibration

__all__ = ['FIRST_SCORE', 'Measured']

FIRST_SCORE = 0.02
"""Detections of a lower score are not looked at."""

_PRECISION = 0.95
_DEFAULT_THRESHOLD = 0.5  # Of a network that never is so precise.
_POINTS = 50


@dataclasses.dataclass(frozen=True, eq=False)
class Measured:
    """One pass of a network over the validation data.

    Attributes:
        pictures: Detections in whole pictures.
        scenes: Detections in composed scenes.
        point_error: Median distance of a landmark from its label in the scenes, in distances of
            the eyes; NaN where no labelled face was found.
        empty: Best score of each scene without a face.
    """

    pictures: Judged
    scenes: Judged
    point_error: float
    empty: tuple[float, ...] = ()

    def figures(self) -> dict[str, float]:
        """Return what the network achieves.

        `picture_ap` and `scene_ap` are average precisions, `average_precision` is their mean,
        `scene_recall` the recall at a precision of 95 %, `point_error` as above.
        """
        picture_ap, scene_ap = average_precision(self.pictures), average_precision(self.scenes)
        return {
            'average_precision': (picture_ap + scene_ap) / 2, 'picture_ap': picture_ap,
            'scene_ap': scene_ap, 'scene_recall': recall_at_precision(self.scenes, _PRECISION),
            'point_error': self.point_error}

    def curve(self) -> dict[str, list[float]]:
        """Return `recall` and `precision` in the scenes at up to 50 thresholds."""
        recall, precision, _ = precision_recall(self.scenes)
        rows = np.unique(np.linspace(0, max(0, len(recall) - 1), _POINTS).astype(int))
        rows = rows[:len(recall)]
        return {'recall': [round(float(value), 4) for value in recall[rows]],
                'precision': [round(float(value), 4) for value in precision[rows]]}

    def threshold(self) -> tuple[float, float]:
        """Return the score of the network from which 95 % of the faces in the scenes are right.

        Returns:
            The score, in [0.05, 0.95]; and the share of the scenes without a face in which one is
            seen then, NaN where there are no such scenes.
        """
        found = threshold_at_precision(self.scenes, _PRECISION)
        score = float(np.clip(_DEFAULT_THRESHOLD if found is None else found, 0.05, 0.95))
        return score, float(np.mean(np.array(self.empty) >= score)) if self.empty \
            else float('nan')

    def calibration(self) -> tuple[float, float]:
        """Return slope and intercept that make the logit of a score that of being right.

        The network's scores are overlaps, which say little to whoever sets a threshold. Fitted on
        the detections in the scenes with and without faces; 1 and 0 if there are too few.
        """
        known = list(zip(self.scenes.scores.tolist(), self.scenes.hits.tolist(), strict=True))
        known += [(score, False) for score in self.empty if score >= FIRST_SCORE]
        fit = score_calibration(known)
        if not 0.1 <= fit.get('slope', 0.0) <= 10.0:
            return 1.0, 0.0
        return fit['slope'], fit['intercept']
