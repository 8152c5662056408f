"""Where a face is expected is what Kalman's filter expects of a velocity that decays."""

import math

import numpy as np
import pytest

from fer_ros.core.tracker.motion import BoxFilter

# What the module says of faces and detectors: in sides and seconds.
NOISE, SIZE_NOISE, SPEED, SIZE_RATE, MEMORY = 0.05, 0.1, 3.0, 0.4, 0.5


@pytest.mark.parametrize('rate', [10, 30])
def test_the_expected_place_of_a_steady_walk_does_not_depend_on_the_frame_rate(rate):
    motion = BoxFilter((0, 0, 100, 100))
    for index in range(1, 2 * rate + 1):
        motion.update((100 * index / rate, 0, 100, 100), 1 / rate)
    # Half a second later a velocity that lasted would have led to 250.
    assert motion.predict(0.5).box[0] == pytest.approx(230, abs=12)
    assert motion.predict(0.5).spread > motion.predict(0.1).spread > motion.predict(0.0).spread


def test_a_gap_teaches_the_velocity():
    motion = BoxFilter((0, 0, 100, 100))
    motion.update((120, 0, 100, 100), 0.6)
    assert motion.predict(0.1).box[0] > 130


@pytest.mark.parametrize('seconds', [0.0, 0.03, 0.5, 10.0])
def test_after_one_detection_a_face_is_expected_there_but_may_have_gone_anywhere(seconds):
    expected = BoxFilter((-20, 30, 60, 80)).predict(seconds)
    assert expected.box == pytest.approx((-20, 30, 60, 80))
    # Mean square way of an Ornstein-Uhlenbeck process (Uhlenbeck and Ornstein 1930).
    times = seconds / MEMORY
    way = 2 * (SPEED * MEMORY) ** 2 * (times - 1 + math.exp(-times))
    assert expected.spread == pytest.approx(math.sqrt(2 * NOISE ** 2 + way))
    assert expected.size_spread == pytest.approx(
        math.sqrt(2 * SIZE_NOISE ** 2 + SIZE_RATE ** 2 * seconds))


def textbook(values, gaps, noise, start, step):
    """Return what Kalman's filter by matrices expects, and its deviation, after all but a gap.

    Args:
        values: What was measured of the first component.
        gaps: Seconds after each value.
        noise: Standard deviation of what is measured.
        start: Covariance of the other components at first.
        step: Returns the transition and the covariance of the process for a time.
    """
    state = np.zeros(1 + len(start))
    covariance = np.diag([noise ** 2, *start])
    state[0] = values[0]
    for index, gap in enumerate(gaps):
        transition, process = step(gap)
        state = transition @ state
        covariance = transition @ covariance @ transition.T + process
        if index + 1 < len(values):
            gain = covariance[:, 0] / (covariance[0, 0] + noise ** 2)
            state = state + gain * (values[index + 1] - state[0])
            covariance = covariance - np.outer(gain, covariance[0])
    return state[0], math.sqrt(covariance[0, 0] + noise ** 2)


def way_and_velocity(seconds):
    times = (np.arange(2000) + 0.5) / 2000 * seconds
    kicks = np.array([MEMORY * (1 - np.exp(-times / MEMORY)), np.exp(-times / MEMORY)])
    decay = math.exp(-seconds / MEMORY)
    return (np.array([[1, MEMORY * (1 - decay)], [0, decay]]),
            2 * SPEED ** 2 / MEMORY * seconds / 2000 * kicks @ kicks.T)


def size(seconds):
    return np.eye(1), np.full((1, 1), SIZE_RATE ** 2 * seconds)


def test_the_filter_is_kalmans():
    boxes = [(10, 20, 60, 80), (25, 18, 66, 90), (31, 40, 50, 70), (90, 10, 55, 100)]
    gaps = [0.04, 0.3, 1.2, 0.2]
    motion = BoxFilter(boxes[0])
    for box, gap in zip(boxes[1:], gaps, strict=False):
        motion.update(box, gap)
    expected = motion.predict(gaps[-1])
    for axis in (0, 1):
        length, size_spread = textbook(
            [math.log(box[2 + axis]) for box in boxes], gaps, SIZE_NOISE, [], size)
        middle, spread = textbook(
            [box[axis] + box[2 + axis] / 2 for box in boxes], gaps, NOISE, [SPEED ** 2],
            way_and_velocity)
        assert expected.box[2 + axis] == pytest.approx(math.exp(length))
        assert expected.box[axis] + expected.box[2 + axis] / 2 == pytest.approx(middle, rel=1e-5)
        assert expected.spread == pytest.approx(spread, rel=1e-5)
        assert expected.size_spread == pytest.approx(size_spread)
