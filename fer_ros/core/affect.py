"""Valence and arousal, derived from a distribution over emotions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math
from types import MappingProxyType

from fer_ros.core.types import Floats

__all__ = ['COORDINATES', 'valence_arousal']

COORDINATES: Mapping[str, tuple[float, float]] = MappingProxyType({
    'neutral': (0.0, 0.0),
    'happiness': (0.81, 0.51),
    'surprise': (0.40, 0.67),
    'sadness': (-0.63, -0.27),
    'anger': (-0.51, 0.59),
    'disgust': (-0.60, 0.35),
    'fear': (-0.64, 0.60),
})
"""(valence, arousal) in [-1, 1]: mean pleasure and arousal ratings of happy, surprised, sad,
angry, disgusted and fearful by Russell and Mehrabian 1977, "Evidence for a three-factor theory
of emotions", Journal of Research in Personality 11, 273-294: terms 31, 52, 151, 82, 75 and 101
of its table; dominance, the third factor, is left out. Neutral is the origin by
definition; contempt was not among the terms taken over and has no coordinates."""


def valence_arousal(labels: Sequence[str], probabilities: Floats) -> tuple[float, float]:
    """Return the mean coordinates of the emotions, weighted by their probabilities.

    Args:
        labels: Names of the K emotions.
        probabilities: (K,) distribution over them.

    Returns:
        Valence and arousal in [-1, 1]. Emotions without coordinates carry no weight; both are
        NaN if no emotion with coordinates has a probability above 0.
    """
    weight = valence = arousal = 0.0
    for label, probability in zip(labels, probabilities, strict=True):
        if label in COORDINATES:
            weight += float(probability)
            valence += float(probability) * COORDINATES[label][0]
            arousal += float(probability) * COORDINATES[label][1]
    return (valence / weight, arousal / weight) if weight > 0 else (math.nan, math.nan)
