"""Tracks keep their number while a face is seen, and never lend it to another."""

import pytest

from fer_ros.core.tracker import overlap, Tracker
from fer_ros.core.types import Face


def face(x, y=0.0, size=100.0):
    return Face((x, y, size, size), 0.9)


@pytest.mark.parametrize(('a', 'b', 'expected'), [
    ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
    ((0, 0, 10, 10), (5, 0, 10, 10), 1 / 3),
    ((0, 0, 10, 10), (10, 0, 10, 10), 0.0),
    ((0, 0, 10, 10), (2, 2, 5, 5), 0.25),
])
def test_overlap_is_intersection_over_union(a, b, expected):
    assert overlap(a, b) == pytest.approx(expected)


def test_two_people_who_swap_places_in_the_list_keep_their_numbers():
    tracker = Tracker()
    first = tracker.update([face(0), face(300)], 0.0)
    second = tracker.update([face(305), face(5)], 0.1)
    assert [t.track_id for t in first] == [1, 2]
    assert [t.track_id for t in second] == [2, 1]
    assert second[0].age == pytest.approx(0.1)


def test_a_face_joins_the_track_that_it_overlaps_most():
    tracker = Tracker()
    tracker.update([face(0), face(60)], 0.0)
    assert [t.track_id for t in tracker.update([face(50)], 0.1)] == [2]


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    tracker = Tracker(max_gap=1.0)
    tracker.update([face(0)], 0.0)
    assert tracker.update([], 0.5) == []
    assert tracker.update([face(0)], 0.9)[0].track_id == 1
    assert tracker.update([face(0)], 2.5)[0].track_id == 2


def test_a_clock_that_jumps_back_ends_the_tracks():
    tracker = Tracker()
    tracker.update([face(0)], 100.0)
    assert tracker.update([face(0)], 3.0)[0].track_id == 2


def test_reset_numbers_from_one_again():
    tracker = Tracker()
    tracker.update([face(0)], 0.0)
    tracker.reset()
    assert tracker.tracks == ()
    assert tracker.update([face(0)], 0.1)[0].track_id == 1
