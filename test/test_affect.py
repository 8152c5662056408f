"""Valence and arousal are weighted means of published coordinates."""

import math

import numpy as np
import pytest

from fer_ros.core.affect import valence_arousal
from fer_ros.core.types import EMOTIONS


@pytest.mark.parametrize(('label', 'expected'), [
    ('neutral', (0.0, 0.0)), ('happiness', (0.81, 0.51)), ('surprise', (0.40, 0.67)),
    ('sadness', (-0.63, -0.27)), ('anger', (-0.51, 0.59)), ('disgust', (-0.60, 0.35)),
    ('fear', (-0.64, 0.60))])
def test_a_certain_emotion_has_its_own_coordinates(label, expected):
    certain = np.array([name == label for name in EMOTIONS], np.float32)
    assert valence_arousal(EMOTIONS, certain) == pytest.approx(expected)


def test_half_happiness_half_neutral_lies_half_way():
    values = valence_arousal(('happiness', 'neutral'), np.array([0.5, 0.5], np.float32))
    assert values == pytest.approx((0.405, 0.255))


def test_an_emotion_without_coordinates_carries_no_weight():
    values = valence_arousal(('happiness', 'contempt'), np.array([0.1, 0.9], np.float32))
    assert values == pytest.approx((0.81, 0.51))


def test_labels_without_any_coordinates_give_nan():
    values = valence_arousal(('bored', 'tired'), np.array([0.5, 0.5], np.float32))
    assert all(math.isnan(value) for value in values)


def test_a_distribution_over_other_labels_is_an_error():
    with pytest.raises(ValueError, match='zip'):
        valence_arousal(('happiness', 'neutral'), np.array([1.0], np.float32))
