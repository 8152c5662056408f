"""Tracks keep their number while a face is seen, and never lend it to another."""

import itertools
import math
import time

import numpy as np
import pytest

from fer_ros.core.errors import ConfigError
from fer_ros.core.tracker import overlap, shared, Tracker
from fer_ros.core.tracker.assignment import assign
from fer_ros.core.tracker.motion import BoxFilter
from fer_ros.core.types import Face


def face(x, y=0.0, size=100.0, score=0.9):
    return Face((x, y, size, size), score)


def ids(tracks):
    return [track and track.track_id for track in tracks]


@pytest.mark.parametrize(('a', 'b', 'expected'), [
    ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
    ((0, 0, 10, 10), (5, 0, 10, 10), 1 / 3),
    ((0, 0, 10, 10), (10, 0, 10, 10), 0.0),
    ((0, 0, 10, 10), (2, 2, 5, 5), 0.25),
    ((3, 0, 10, 20), (3, 15, 10, 20), 1 / 7),
    ((0, 0, 10, 10), (20, 30, 10, 10), 0.0),
    ((1, 2, 30, 10), (11, 0, 10, 40), 1 / 6),
    ((0, 0, 1e-200, 1e-200), (5, 5, 1e-200, 1e-200), 0.0),  # areas that float64 has not
])
def test_overlap_is_intersection_over_union(a, b, expected):
    assert overlap(a, b) == pytest.approx(expected)
    assert overlap(b, a) == overlap(a, b)


@pytest.mark.parametrize(('a', 'b', 'expected'), [
    ((1, 2, 30, 10), (11, 0, 10, 40), 100),
    ((0, 0, 10, 10), (9.5, 9, 10, 10), 0.5),
    ((0, 0, 10, 10), (20, 30, 10, 10), 0),
    ((0, 0, 10, 10), (0, 10, 10, 10), 0),
])
def test_boxes_share_an_area_or_none(a, b, expected):
    assert shared(a, b) == shared(b, a) == expected


def test_two_people_who_swap_places_in_the_list_keep_their_numbers():
    tracker = Tracker()
    first = tracker.update([face(0), face(300)], 0.0)
    assert ids(first) == [1, 2]
    second = tracker.update([face(305), face(5)], 0.1)
    assert ids(second) == [2, 1]
    assert second[0].age == pytest.approx(0.1)
    assert second[0].box == (305, 0, 100, 100)


@pytest.mark.parametrize('rate', [5, 10, 30, 60])
@pytest.mark.parametrize('speed', [100.0, 300.0])
def test_people_who_cross_keep_their_numbers_at_any_frame_rate(rate, speed):
    """The one behind is not found while the boxes overlap by more than a third."""
    tracker = Tracker()
    known = {}
    for index in range(int(600 / speed * rate)):
        left, right = face(speed * index / rate), face(600 - speed * index / rate, 5.0)
        hidden = overlap(left.box, right.box) > 1 / 3
        found = tracker.update([left] if hidden else [left, right], index / rate)
        for who, track in zip('ab', found, strict=False):
            known.setdefault(who, set()).add(track.track_id)
    assert known == {'a': {1}, 'b': {2}}


def test_a_walker_is_found_again_behind_a_post_where_the_walk_leads():
    tracker = Tracker()
    for index in range(40):
        x = 20.0 * index  # two sides a second at 10 Hz: half a second out of sight
        found = tracker.update([] if 15 <= index < 20 else [face(x)], index / 10)
        assert ids(found) in ([], [1])
    assert len(tracker.tracks) == 1


def test_a_face_that_jumps_across_the_picture_is_somebody_else():
    tracker = Tracker()
    for index in range(10):
        tracker.update([face(0)], index / 30)
    assert ids(tracker.update([face(400)], 10 / 30)) == [2]
    assert ids(tracker.update([face(3)], 11 / 30)) == [1]


@pytest.mark.parametrize(('size', 'other'), [(50.0, 150.0), (150.0, 50.0)])
def test_a_face_of_quite_another_size_is_somebody_else(size, other):
    tracker = Tracker()
    for index in range(10):
        tracker.update([face(-size / 2, -size / 2, size)], index / 30)
    assert ids(tracker.update([face(-other / 2, -other / 2, other)], 10 / 30)) == [2]


@pytest.mark.parametrize('box', [(300, 100, 40, 200), (300, 100, 200, 40)])
def test_a_face_is_followed_whatever_the_shape_of_its_box_and_whoever_is_near(box):
    tracker = Tracker()
    for index in range(10):
        faces = [face(0, size=250.0), Face(box, 0.9), face(600, size=20.0)]
        assert ids(tracker.update(faces, index / 30)) == [1, 2, 3]


def surprise(motion, box, seconds):
    """Return -2 ln of the density of a box, in sides and logarithms of the size."""
    expected = motion.predict(seconds)
    side, size = (expected.box[2] + expected.box[3]) / 2, (box[2] + box[3]) / 2
    off = np.array(box[:2]) + np.array(box[2:]) / 2 \
        - np.array(expected.box[:2]) - np.array(expected.box[2:]) / 2
    deviations = [*(off / side / expected.spread), math.log(size / side) / expected.size_spread]
    return sum(value ** 2 for value in deviations) + 2 * math.log(
        expected.spread ** 2 * expected.size_spread)


@pytest.mark.parametrize('unseen', [2, 4])
@pytest.mark.parametrize('size', [80.0, 100.0, 120.0])
def test_a_face_goes_to_the_track_that_makes_it_likelier(unseen, size):
    numbers = set()
    for x in range(60):
        tracker, lost, seen = Tracker(), BoxFilter((0, 0, 100, 100)), BoxFilter((60, 0, 100, 100))
        tracker.update([face(0), face(60)], 0.0)
        for index in range(1, unseen):
            tracker.update([face(60)], index / 30)
            seen.update((60, 0, 100, 100), 1 / 30)
        new = face(x + 50 - size / 2, 50 - size / 2, size)
        near = surprise(seen, new.box, 1 / 30)
        number, = ids(tracker.update([new], unseen / 30))
        likelier = 2 if near < surprise(lost, new.box, unseen / 30) else 1
        assert number in (likelier, 3)  # 3: too far from both
        numbers.add(number)
    assert numbers >= {1, 2}


def test_a_lost_track_does_not_take_the_face_of_one_that_is_seen():
    tracker = Tracker()
    tracker.update([face(0), face(130)], 0.0)
    for index in range(1, 28):
        assert ids(tracker.update([face(130)], index / 30)) == [2]


def test_unsteady_detections_with_misses_make_one_track():
    rng = np.random.default_rng(0)
    tracker = Tracker()
    for index in range(600):
        if rng.uniform() < 0.7:
            tracker.update([face(*rng.normal(200, 4, 2), 100 * math.exp(rng.normal(0, 0.08)))],
                           index / 30)
    assert [track.track_id for track in tracker.tracks] == [1]
    assert tracker.tracks[0].age > 19


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    tracker = Tracker(max_gap=1.0)
    tracker.update([face(0)], 0.0)
    assert tracker.update([], 0.5) == []
    assert len(tracker.tracks) == 1
    assert ids(tracker.update([face(0)], 0.9)) == [1]
    assert ids(tracker.update([face(0)], 2.5)) == [2]


def test_the_longest_gap_that_may_be_set_is_bridged():
    tracker = Tracker(max_gap=60.0)
    tracker.update([face(0)], 0.0)
    assert ids(tracker.update([face(300, size=50.0)], 59.0)) == [1]


def test_at_the_longest_gap_a_track_is_alive_and_the_frame_not_alone():
    tracker = Tracker(max_gap=0.5, start_score=0.7)
    tracker.update([face(0)], 1.0)
    assert ids(tracker.update([face(0), face(400, score=0.5)], 1.5)) == [1, None]


def test_a_face_of_just_the_start_score_is_sure():
    tracker = Tracker(start_score=0.7)
    tracker.update([], 0.0)
    assert ids(tracker.update([face(0, score=0.7)], 0.05)) == [1]
    assert ids(tracker.update([face(2, score=0.6), face(1, score=0.7)], 0.1)) == [None, 1]


def test_a_face_of_low_score_counts_when_it_is_seen_again_in_the_next_frame():
    tracker = Tracker(start_score=0.7)
    tracker.update([], 0.0)
    assert ids(tracker.update([face(0, score=0.5)], 0.05)) == [None]
    assert ids(tracker.update([face(2, score=0.5)], 0.1)) == [1]
    assert ids(tracker.update([face(400, score=0.5)], 0.2)) == [None]
    tracker.update([], 0.3)
    assert ids(tracker.update([face(400, score=0.5)], 0.4)) == [None]


def test_in_a_single_picture_or_where_frames_are_too_far_apart_every_face_counts():
    tracker = Tracker(max_gap=1.0, start_score=0.7)
    numbers = [ids(tracker.update([face(0, score=0.5)], 2.0 * index)) for index in range(4)]
    assert numbers == [[1], [2], [3], [4]]


def test_a_face_of_low_score_continues_a_track_but_takes_none_from_a_sure_one():
    tracker = Tracker(start_score=0.7)
    tracker.update([face(0)], 0.0)
    assert ids(tracker.update([face(2, score=0.2)], 0.1)) == [1]
    assert ids(tracker.update([face(1, score=0.2), face(4, score=0.9)], 0.2)) == [None, 1]


def test_a_clock_that_jumps_back_ends_the_tracks():
    tracker = Tracker()
    tracker.update([face(0)], 100.0)
    assert ids(tracker.update([face(0)], 3.0)) == [2]


def test_a_clock_that_is_set_back_a_little_or_stands_ends_none():
    tracker = Tracker()
    for stamp in (0.1, 0.1, 0.13, 0.08, 0.11, 0.1, 0.0):
        assert ids(tracker.update([face(0)], stamp)) == [1]


def test_a_clock_that_jumps_ahead_ends_the_tracks():
    tracker = Tracker()
    tracker.update([face(0)], 100.0)
    assert ids(tracker.update([face(0)], 1e9)) == [2]
    assert len(tracker.tracks) == 1


@pytest.mark.parametrize('stamp', [float('nan'), float('inf')])
def test_a_stamp_that_is_no_time_is_refused(stamp):
    with pytest.raises(ValueError, match='must be finite'):
        Tracker().update([], stamp)


def test_reset_forgets_the_tracks_and_gives_no_number_again():
    tracker = Tracker()
    tracker.update([face(0)], 0.0)
    tracker.reset()
    assert tracker.tracks == ()
    # Of a low score: the next frame is the first.
    assert ids(tracker.update([face(0, score=0.5)], 0.1)) == [2]


def test_numbers_are_never_given_twice():
    tracker = Tracker(max_gap=0.2)
    seen = []
    for index in range(50):
        seen += ids(tracker.update([face(0), face(500)], index * 1.0))
    assert len(set(seen)) == 100


@pytest.mark.parametrize(('options', 'name'), [
    ({'max_gap': -0.1}, 'track_max_gap'), ({'max_gap': math.nan}, 'track_max_gap'),
    ({'start_score': 1.1}, 'track_start_score')])
def test_an_impossible_option_is_refused_by_its_name(options, name):
    with pytest.raises(ConfigError, match=name):
        Tracker(**options)


def exact(costs, limit):
    """Try every assignment."""
    n, m = costs.shape
    padded = np.full((n, m + n), limit)
    padded[:, :m] = np.minimum(costs, limit)
    return min(
        sum(padded[i, j] for i, j in enumerate(order))
        for order in itertools.permutations(range(m + n), n))


def test_the_assignment_is_the_cheapest_of_all():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n, m = rng.integers(1, 4, 2)
        costs = rng.choice([rng.uniform(0, 2, (n, m)), rng.integers(0, 4, (n, m)) / 2])
        pairs = assign(costs, 1.0)
        rows, columns = [row for row, _ in pairs], [column for _, column in pairs]
        assert len(set(rows)) == len(rows)
        assert len(set(columns)) == len(columns)
        assert all(costs[pair] < 1.0 for pair in pairs)
        total = sum(costs[pair] for pair in pairs) + (n - len(pairs))
        assert total == pytest.approx(exact(costs, 1.0), abs=1e-5)


def test_the_assignment_is_that_of_scipy_for_many_faces():
    optimize = pytest.importorskip('scipy.optimize', reason='compares with SciPy')
    rng = np.random.default_rng(1)
    for _ in range(100):
        costs = rng.uniform(0, 20, rng.integers(1, 40, 2))
        rows, columns = optimize.linear_sum_assignment(np.minimum(costs, 10.0))
        ours = sum(min(costs[pair], 10.0) for pair in assign(costs, 10.0))
        ours += 10.0 * (min(costs.shape) - len(assign(costs, 10.0)))
        assert ours == pytest.approx(np.minimum(costs, 10.0)[rows, columns].sum(), abs=1e-2)


def test_nobody_and_nobody_make_no_pairs():
    assert assign(np.empty((0, 3)), 1.0) == assign(np.empty((3, 0)), 1.0) == []


def test_twenty_faces_cost_less_than_a_millisecond():
    rng = np.random.default_rng(0)
    places, speeds = rng.uniform(0, 600, (20, 2)), rng.normal(0, 100, (20, 2))
    tracker = Tracker()
    times = []
    for index in range(100):
        moved = places + speeds * index / 30 + rng.normal(0, 3, places.shape)
        faces = [face(x, y, 80.0) for x, y in moved]
        begin = time.process_time()
        tracker.update(faces, index / 30)
        times.append(time.process_time() - begin)
    # The median: what else the machine does comes and goes.
    assert np.median(times) < 1e-3
