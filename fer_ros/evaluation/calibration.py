"""How far confidences are from the share of right answers, and how sure that figure is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats

__all__ = ['BINS', 'bin_gaps', 'calibration_interval', 'confidence_bins',
           'expected_calibration_error']

BINS = 15
"""Equal bins of the confidence, as in Guo et al. 2017."""

_LEVEL = (2.5, 97.5)


def confidence_bins(confidences: Floats, bins: int = BINS) -> NDArray[np.int64]:
    """Return the bin, 0 to `bins` - 1, of each confidence in [0, 1]."""
    return np.clip((confidences * bins).astype(np.int64), 0, bins - 1)


def bin_gaps(
    confidences: Floats, correct: NDArray[np.bool_], bins: int = BINS,
) -> NDArray[np.float64]:
    """Return confidence less accuracy of each bin, weighted by the bin's share of the answers.

    Args:
        confidences: (N,) confidences of the answers, in [0, 1].
        correct: (N,) whether the answers are right.
        bins: Number of bins.

    Returns:
        (bins,), as `expected_calibration_error` takes them.
    """
    sums = np.bincount(
        confidence_bins(confidences, bins), confidences - correct, minlength=bins)
    return sums / max(1, len(confidences))


def expected_calibration_error(gaps: NDArray[np.float64]) -> float:
    """Return the calibration error, in [0, 1], of the `bin_gaps`.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3.
    """
    return float(np.abs(gaps).sum())


def calibration_interval(
    gaps: NDArray[np.float64], drawn: NDArray[np.float64],
) -> tuple[float, float]:
    """Return a 95 % interval of the calibration error, from bootstrap samples.

    In the mean, noise adds to absolute values: the error of a sample lies above that of all faces
    (Roelofs et al. 2022, "Mitigating Bias in Calibration Error Estimation"), and that of a
    bootstrap sample above both, so percentiles of the bootstrap miss a small error nearly always.
    The upper end is that of the basic interval, which turns the bootstrap's deviations about the
    value (Davison and Hinkley 1997, section 5.2). The lower end takes off what the noise alone
    could add: with noise d, |g + d| - |g| is |d| at most, whatever the true gaps g are. The
    value itself, which errs upwards, is always within.

    Args:
        gaps: (bins,) `bin_gaps` of the data.
        drawn: (samples, bins) `bin_gaps` of bootstrap samples of them.

    Returns:
        Lower and upper end, in [0, 1].
    """
    value = expected_calibration_error(gaps)
    smallest = np.percentile(np.abs(drawn).sum(axis=1), _LEVEL[0])
    noise = np.percentile(np.abs(drawn - gaps).sum(axis=1), _LEVEL[1])
    return max(0.0, value - float(noise)), min(1.0, max(value, 2 * value - float(smallest)))
