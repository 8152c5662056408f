"""Smoothing follows its time constant in seconds, not the frame rate."""

import numpy as np
import pytest

from fer_ros.core.errors import ConfigError
from fer_ros.core.smoothing import Smoother

A = np.array([0.9, 0.1], np.float32)
B = np.array([0.1, 0.9], np.float32)


def log_odds(probabilities):
    return float(np.log(probabilities[1] / probabilities[0]))


@pytest.mark.parametrize('frames', [1, 5, 50])
def test_a_step_reaches_63_percent_after_the_time_constant_at_any_rate(frames):
    smoother = Smoother(0.5)
    smoother.update(1, A, 0.0)
    for i in range(1, frames + 1):
        result = smoother.update(1, B, 0.5 * i / frames)
    done = (log_odds(result) - log_odds(A)) / (log_odds(B) - log_odds(A))
    assert done == pytest.approx(1 - np.exp(-1), abs=1e-5)
    assert result.sum() == pytest.approx(1.0)


def test_ten_and_thirty_frames_a_second_give_the_same_curve():
    """A face changes twice; the curves meet wherever both have a frame."""
    def curve(rate):
        smoother, points = Smoother(0.4), {}
        for index in range(3 * rate + 1):
            # Of a frame is told what happened up to it.
            shown = A if index <= rate or index > 2 * rate else B
            points[round(index / rate, 3)] = smoother.update(1, shown, index / rate)
        return points

    slow, fast = curve(10), curve(30)
    for stamp, probabilities in slow.items():
        assert fast[stamp] == pytest.approx(probabilities, abs=1e-4)
    assert slow[2.0][1] > 0.8 > 0.2 > slow[3.0][1]


def test_an_uneven_frame_rate_gives_the_same_curve():
    even, uneven = Smoother(0.5), Smoother(0.5)
    for smoother, stamps in ((even, np.linspace(0, 1, 31)),
                             (uneven, np.r_[0, np.sort(np.random.default_rng(0).uniform(
                                 0, 1, 20)), 1])):
        smoother.update(1, A, -0.1)
        for stamp in stamps:
            result = smoother.update(1, A if stamp == 0 else B, stamp)
        smoother.result = result
    assert even.result == pytest.approx(uneven.result, abs=1e-4)


def test_what_is_averaged_is_evidence():
    """Frames that doubt between different emotions agree on the one that they have in common."""
    first = np.array([0.5, 0.49, 0.01], np.float32)
    second = np.array([0.5, 0.01, 0.49], np.float32)
    smoother = Smoother(1.0)
    for index in range(300):
        result = smoother.update(1, first if index % 2 else second, index / 30)
    # 0.5 / (0.5 + 2 sqrt(0.49 * 0.01)); the mean of the probabilities would stay at 0.5.
    assert result[0] == pytest.approx(0.78, abs=0.02)


def test_a_single_frame_that_is_absolutely_sure_does_not_outweigh_a_second():
    smoother = Smoother(0.3)
    for index in range(30):
        smoother.update(1, np.array([0.8, 0.2], np.float32), index / 30)
    assert smoother.update(1, np.array([0.0, 1.0], np.float32), 1.0)[0] > 0.5


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


def test_a_clock_that_is_set_back_a_little_changes_nothing():
    smoother = Smoother(0.5)
    smoother.update(1, A, 1.0)
    assert smoother.update(1, B, 0.95) == pytest.approx(A, abs=1e-6)


@pytest.mark.parametrize('value', [-0.1, 61.0, float('nan'), float('inf')])
def test_an_impossible_time_constant_is_refused(value):
    with pytest.raises(ConfigError, match='time constant'):
        Smoother(value)


def test_the_answer_is_float32_whatever_was_remembered():
    smoother = Smoother(0.5)
    smoother.update(1, A, 0.0)
    assert smoother.update(1, B, 0.1).dtype == np.float32


def test_after_a_reset_the_first_answer_is_as_it_came():
    smoother = Smoother(0.5)
    smoother.update(1, A, 0.0)
    smoother.reset()
    np.testing.assert_array_equal(smoother.update(1, B, 0.1), B)
