"""At any times and with any faces: distributions stay such, numbers are never given twice."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from fer_ros.core.labelling import Labeller
from fer_ros.core.smoothing import Smoother
from fer_ros.core.tracker import Tracker
from fer_ros.core.tracker.assignment import assign
from fer_ros.core.types import Face, UNKNOWN

STAMPS = st.one_of(st.floats(-1e3, 1e3), st.floats(-1e18, 1e18))
WEIGHTS = st.lists(st.floats(0, 1e3), min_size=3, max_size=3).filter(lambda w: sum(w) > 1e-6)
BOXES = st.tuples(
    st.floats(-500, 500), st.floats(-500, 500), st.floats(1, 400), st.floats(1, 400))
FRAMES = st.lists(
    st.tuples(STAMPS, st.lists(st.tuples(BOXES, st.floats(0, 1)), max_size=5)), max_size=12)


def distribution(weights):
    return (np.array(weights) / sum(weights)).astype(np.float32)


@given(st.floats(0, 60), st.lists(st.tuples(STAMPS, st.integers(1, 2), WEIGHTS), max_size=20))
def test_what_is_smoothed_stays_a_distribution_at_any_times(constant, observations):
    smoother = Smoother(constant)
    for stamp, track, weights in observations:
        smoothed = smoother.update(track, distribution(weights), stamp)
        assert smoothed.dtype == np.float32
        assert (smoothed >= 0).all()
        assert float(smoothed.sum()) == pytest.approx(1.0, abs=1e-5)


@given(st.floats(0, 60), WEIGHTS, st.lists(STAMPS, min_size=1, max_size=20))
def test_a_face_that_does_not_change_is_not_changed_by_smoothing(constant, weights, stamps):
    smoother, seen = Smoother(constant), distribution(weights)
    for stamp in stamps:
        smoothed = smoother.update(1, seen, stamp)
        np.testing.assert_allclose(smoothed, seen, atol=3e-3)  # a share below 1e-3 is raised to it


@given(
    st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 60),
    st.lists(st.tuples(STAMPS, WEIGHTS), max_size=20))
def test_a_label_is_one_of_the_models_or_unknown_and_its_confidence_a_probability(
        threshold, hysteresis, margin, dwell, observations):
    labels = ('a', 'b', 'c')
    labeller = Labeller(
        labels, threshold, hysteresis=hysteresis, margin=margin, min_dwell=dwell)
    for stamp, weights in observations:
        label, confidence = labeller.update(1, distribution(weights), stamp)
        assert label in (*labels, UNKNOWN)
        assert 0.0 <= confidence <= 1.0


@given(FRAMES, st.floats(0, 60), st.floats(0, 1))
def test_no_number_is_given_twice_whatever_is_seen_and_when(frames, max_gap, start_score):
    tracker = Tracker(max_gap, start_score)
    seen, alive = set(), set()
    for stamp, faces in frames:
        tracks = tracker.update([Face(box, score) for box, score in faces], stamp)
        numbers = [track.track_id for track in tracks if track is not None]
        assert len(numbers) == len(set(numbers))
        assert all(number > 0 for number in numbers)
        # Those that are not going on are new, and larger than all that were ever given.
        new = set(numbers) - alive
        assert not new & seen
        assert not new or not seen or min(new) > max(seen)
        seen |= set(numbers)
        alive = {track.track_id for track in tracker.tracks}
        assert set(numbers) <= alive


@given(st.integers(0, 5), st.integers(0, 5), st.data())
def test_the_assignment_is_the_cheapest_of_all_whatever_the_costs(rows, columns, data):
    limit = 10.0
    costs = np.array(data.draw(st.lists(
        st.integers(0, 14), min_size=rows * columns, max_size=rows * columns)),
        float).reshape(rows, columns)
    pairs = assign(costs, limit)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(costs[pair] < limit for pair in pairs)

    def gain(chosen):
        return sum(max(0.0, limit - costs[pair]) for pair in chosen)

    few, many = sorted((rows, columns))
    best = max((gain(zip(range(rows), order, strict=True) if rows <= columns
                     else zip(order, range(columns), strict=True))
                for order in itertools.permutations(range(many), few)), default=0.0)
    assert math.isclose(gain(pairs), best)
