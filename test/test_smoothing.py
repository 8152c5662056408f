"""Smoothing follows its time constant in seconds, not the frame rate."""

import numpy as np
import pytest

from fer_ros.core.errors import ConfigError
from fer_ros.core.smoothing import Smoother

A = np.array([1.0, 0.0], np.float32)
B = np.array([0.0, 1.0], np.float32)


@pytest.mark.parametrize('frames', [1, 5, 50])
def test_a_step_reaches_63_percent_after_the_time_constant_at_any_rate(frames):
    smoother = Smoother(0.5)
    smoother.update(1, A, 0.0)
    for i in range(1, frames + 1):
        result = smoother.update(1, B, 0.5 * i / frames)
    assert result[1] == pytest.approx(1 - np.exp(-1), abs=1e-5)
    assert result.sum() == pytest.approx(1.0)


def test_the_first_observation_is_taken_as_it_is():
    assert Smoother(0.5).update(1, B, 0.0).tolist() == B.tolist()


def test_zero_switches_the_filter_off():
    smoother = Smoother(0.0)
    smoother.update(1, A, 0.0)
    assert smoother.update(1, B, 0.01).tolist() == B.tolist()


def test_tracks_do_not_mix_and_are_forgotten():
    smoother = Smoother(10.0)
    smoother.update(1, A, 0.0)
    assert smoother.update(2, B, 0.0).tolist() == B.tolist()
    smoother.keep([2])
    assert smoother.update(1, B, 0.1).tolist() == B.tolist()


@pytest.mark.parametrize('value', [-0.1, float('nan'), float('inf')])
def test_an_impossible_time_constant_is_refused(value):
    with pytest.raises(ConfigError, match='time constant'):
        Smoother(value)
