"""Curves and their areas agree with what is worked out by hand."""

import numpy as np
import pytest

from fer_ros.evaluation.curves import (
    class_curves,
    precision_recall,
    reliability,
    risk_coverage,
    roc,
    thin,
)

CASES = [
    # scores, positives, area below the ROC, average precision
    ([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0], 1.0, 1.0),
    ([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0], 0.0, (1 / 3 + 2 / 4) / 2),
    ([0.9, 0.7, 0.5, 0.3], [1, 0, 1, 0], 0.75, (1 + 2 / 3) / 2),
    ([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0], 0.5, 0.25),
    ([0.9, 0.5, 0.5, 0.1], [0, 1, 0, 1], 0.125, (0.5 * 1 / 3 + 0.5 * 2 / 4)),
]


def floats(values):
    return np.array(values, np.float32)


@pytest.mark.parametrize(('scores', 'positive', 'area', 'average'), CASES)
def test_areas_of_small_cases(scores, positive, area, average):
    positive = np.array(positive, bool)
    assert roc(floats(scores), positive)[2] == pytest.approx(area)
    assert precision_recall(floats(scores), positive)[2] == pytest.approx(average)


@pytest.mark.parametrize(('scores', 'positive', 'area', 'average'), CASES)
def test_the_order_of_the_images_does_not_matter(scores, positive, area, average):
    scores, positive = floats(scores)[::-1], np.array(positive, bool)[::-1]
    assert roc(scores, positive)[2] == pytest.approx(area)
    assert precision_recall(scores, positive)[2] == pytest.approx(average)


def test_the_roc_area_is_the_share_of_pairs_in_the_right_order():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 20, 80).astype(np.float32)
    positive = rng.random(80) < 0.3
    gaps = scores[positive][:, np.newaxis] - scores[~positive]
    assert roc(scores, positive)[2] == pytest.approx(((gaps > 0) + 0.5 * (gaps == 0)).mean())


def test_risk_falls_where_the_errors_are_unsure():
    coverage, risk, area = risk_coverage(
        floats([0.9, 0.6, 0.8, 0.7]), np.array([True, False, True, True]))
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == [0.0, 0.0, 0.0, 0.25]
    assert area == pytest.approx(0.0625)


def test_equally_sure_answers_share_their_errors():
    for correct in ([True, False], [False, True]):
        assert risk_coverage(floats([0.5, 0.5]), np.array(correct))[1].tolist() == [0.5, 0.5]


def test_reliability_bins():
    bins = reliability(floats([0.1, 0.9, 0.7, 1.0]), np.array([True, True, False, True]), bins=2)
    assert bins == {
        'n': [1, 3], 'confidence': [0.1, pytest.approx(0.8667)],
        'accuracy': [1.0, pytest.approx(0.6667)]}
    assert reliability(floats([]), np.array([], bool), bins=2)['accuracy'] == [None, None]


def test_a_thinned_curve_keeps_its_ends_and_its_corner():
    x = np.concatenate([np.zeros(1000), np.linspace(0, 1, 1000)])
    y = np.concatenate([np.linspace(0, 1, 1000), np.ones(1000)])
    short_x, short_y = thin(x, y, 41)
    assert len(short_x) <= 43
    assert (short_x[0], short_y[0], short_x[-1], short_y[-1]) == (0, 0, 1, 1)
    assert min(abs(a) + abs(1 - b) for a, b in zip(short_x, short_y, strict=True)) < 0.05


def test_an_emotion_that_does_not_occur_has_no_curve():
    probabilities = floats([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1]])
    curves = class_curves(np.array([0, 1]), probabilities, ('a', 'b', 'c'))
    assert curves['a']['auc'] == 1.0
    assert curves['c'] == {'auc': None, 'ap': None, 'roc': None, 'pr': None}
