"""The calibration error by hand, and its interval where the truth is known."""

import numpy as np
import pytest

from fer_ros.evaluation.calibration import (
    bin_gaps,
    calibration_interval,
    expected_calibration_error,
)
from fer_ros.evaluation.metrics import classification_metrics

FACES, RESAMPLES, TRIALS = 600, 200, 60


@pytest.mark.parametrize(('confidence', 'correct', 'expected'), [
    ([0.9] * 10, [1] * 9 + [0], 0.0),
    ([0.9] * 10, [0] * 10, 0.9),
    ([1.0, 0.5], [1, 1], 0.25),
    ([], [], 0.0),
])
def test_calibration_error_is_the_weighted_gap(confidence, correct, expected):
    gaps = bin_gaps(np.array(confidence, np.float32), np.array(correct, bool))
    assert expected_calibration_error(gaps) == pytest.approx(expected, abs=1e-6)


def answers(rng, count, gap):
    """Return confidences, and answers that are right so much less often."""
    confidences = 0.2 + 0.8 * rng.beta(4, 1.2, count)
    return confidences, rng.random(count) < np.clip(confidences - gap, 0, 1)


def samples(rng, confidences, correct):
    """Return the gaps of bootstrap samples."""
    rows = rng.integers(0, len(confidences), (RESAMPLES, len(confidences)))
    return np.array([bin_gaps(confidences[row], correct[row]) for row in rows])


@pytest.mark.parametrize('gap', [0.0, 0.02, 0.1])
def test_the_interval_holds_the_truth_where_percentiles_do_not(gap):
    """Of 95 % intervals of a known error, nine of ten at least hold it."""
    rng = np.random.default_rng(1)
    truth = expected_calibration_error(bin_gaps(*answers(rng, 1_000_000, gap)))
    held = percentiles = 0
    for _ in range(TRIALS):
        data = answers(rng, FACES, gap)
        gaps, drawn = bin_gaps(*data), samples(rng, *data)
        low, high = calibration_interval(gaps, drawn)
        held += low - 1e-3 <= truth <= high
        assert low <= expected_calibration_error(gaps) <= high
        low, high = np.percentile(np.abs(drawn).sum(axis=1), (2.5, 97.5))
        percentiles += low <= truth <= high
    assert held >= 0.9 * TRIALS
    if gap < 0.1:
        assert percentiles < 0.5 * TRIALS


def test_a_model_that_is_far_too_sure_is_told_apart_from_noise():
    rng = np.random.default_rng(2)
    data = answers(rng, 3_000, 0.2)
    low, high = calibration_interval(bin_gaps(*data), samples(rng, *data))
    assert 0.15 < low < 0.2 < high < 0.25


def test_the_metrics_give_this_interval():
    """The probabilities are right in the mean, and the value is nothing but noise."""
    rng = np.random.default_rng(3)
    sure = rng.uniform(0.5, 1, 500)
    targets = (rng.random(500) > sure).astype(np.int64)
    metrics = classification_metrics(
        targets, np.stack([sure, 1 - sure], axis=1), ('a', 'b'), resamples=200)
    low, high = metrics['ece_ci']
    assert low < 0.01 < metrics['ece'] <= high
