"""Temperature scaling: one number that makes confidence agree with accuracy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.classifier import softmax
from fer_ros.core.types import Floats

__all__ = ['fit_temperature']

_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


def fit_temperature(
    logits: Floats, targets: NDArray[np.int64], low: float = 0.05, high: float = 20.0,
) -> float:
    """Return the temperature with the smallest negative log-likelihood.

    Guo et al. 2017, "On Calibration of Modern Neural Networks". The likelihood has one minimum
    in log temperature, which golden-section search finds.

    Args:
        logits: (N, K) outputs of the network on validation data.
        targets: (N,) true emotions.
        low: Smallest temperature considered.
        high: Largest temperature considered.
    """
    rows = np.arange(len(targets))

    def loss(log_temperature: float) -> float:
        probabilities = softmax(logits, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(probabilities[rows, targets], 1e-12)).mean())

    a, b = np.log(low), np.log(high)
    while b - a > 1e-4:
        left, right = b - _GOLDEN * (b - a), a + _GOLDEN * (b - a)
        if loss(left) < loss(right):
            b = right
        else:
            a = left
    return float(np.exp((a + b) / 2))
