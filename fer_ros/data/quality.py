"""How good pictures and labels are, in figures."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats, Image

__all__ = ['PERCENTILES', 'agreement', 'percentiles', 'picture_quality', 'quality_summary']

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
"""The percentiles that summaries give."""


def picture_quality(images: Image) -> dict[str, NDArray[np.float64]]:
    """Measure each picture.

    Args:
        images: (N, H, W) or (N, H, W, 3) uint8.

    Returns:
        (N,) figures: `brightness`, the mean grey level in 0..255; `contrast`, its standard
        deviation; `sharpness`, the variance of the Laplacian (Pech-Pacheco et al. 2000).
    """
    figures = np.empty((len(images), 3))
    for row, image in enumerate(images):
        grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        figures[row] = grey.mean(), grey.std(), cv2.Laplacian(grey, cv2.CV_64F).var()
    return dict(zip(('brightness', 'contrast', 'sharpness'), figures.T, strict=True))


def percentiles(values: NDArray[np.floating]) -> dict[str, float]:
    """Return mean and percentiles (`p5`, ...) of finite values; {} if there are none."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return {}
    marks = np.percentile(finite, PERCENTILES)
    named = {f'p{mark}': round(float(value), 3)
             for mark, value in zip(PERCENTILES, marks, strict=True)}
    return {'mean': round(float(finite.mean()), 3), **named}


def quality_summary(images: Image) -> dict[str, dict[str, float]]:
    """Return the percentiles of each figure of `picture_quality`."""
    return {name: percentiles(values) for name, values in picture_quality(images).items()}


def agreement(
    distributions: Floats, targets: NDArray[np.int64], labels: tuple[str, ...],
) -> dict[str, Any]:
    """Tell how far taggers agree.

    Args:
        distributions: (N, K) shares of the votes.
        targets: (N,) index into `labels`.
        labels: Names of the emotions.

    Returns:
        `largest_share` and `entropy_bits`: percentiles over the pictures; `majority`: share of
        the pictures whose largest share is over one half; `per_class`: the mean largest share
        of each emotion's pictures.
    """
    shares = distributions.astype(np.float64)
    largest = shares.max(axis=1)
    safe = np.where(shares > 0, shares, 1.0)
    entropy = np.abs((safe * np.log2(safe)).sum(axis=1))
    return {
        'largest_share': percentiles(largest), 'entropy_bits': percentiles(entropy),
        'majority': round(float((largest > 0.5).mean()), 4),
        'per_class': {label: round(float(largest[targets == index].mean()), 4)
                      for index, label in enumerate(labels) if (targets == index).any()}}
