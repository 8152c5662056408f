"""Tags and charts lie in the picture, at their face, and off each other's ground."""

import itertools

import numpy as np
import pytest

from fer_ros.core.placement import place_charts, place_tag, Rect, visible

FRAME = (640, 480)
SIDES = ('right', 'left', 'below', 'above')


@pytest.mark.parametrize(('box', 'seen'), [
    ((10, 20, 30, 40), Rect(10, 20, 30, 40)),
    ((-10.4, -5.6, 30, 40), Rect(0, 0, 20, 34)),
    ((600, 470, 100, 100), Rect(600, 470, 40, 10)),
    ((-900, -900, 5000, 5000), Rect(0, 0, 640, 480)),
    ((700, 0, 10, 10), None),
    ((0, -20, 10, 20), None),
    ((0.2, 0.2, 0.3, 0.3), None),
    ((639, 0, 5, 5), None)])
def test_of_a_box_the_part_in_the_picture_is_visible(box, seen):
    assert visible(box, FRAME) == seen


@pytest.mark.parametrize(('box', 'place'), [
    (Rect(100, 100, 80, 80), (100, 80)),     # above
    (Rect(100, 10, 80, 80), (100, 90)),      # no room above: below
    (Rect(100, 0, 80, 480), (100, 0)),       # nor below: inside
    (Rect(600, 100, 40, 40), (540, 80)),     # moved in from the right border
])
def test_a_tag_lies_at_its_box(box, place):
    wording, rect = place_tag(box, [(100, 20)], FRAME, [])
    assert (wording, rect) == (0, Rect(*place, 100, 20))


def test_a_tag_is_shortened_where_a_neighbour_leaves_no_room():
    neighbour = Rect(200, 0, 80, 480)
    wording, rect = place_tag(Rect(140, 100, 50, 50), [(100, 20), (50, 20)], FRAME, [neighbour])
    assert wording == 1
    assert rect.shared(neighbour) == 0


def test_a_tag_without_free_room_covers_as_little_as_it_can():
    crowd = [Rect(0, 0, 640, 110), Rect(0, 150, 640, 330)]
    _, rect = place_tag(Rect(100, 100, 50, 50), [(90, 30)], FRAME, crowd)
    assert rect == Rect(100, 100, 90, 30)


def test_a_tag_that_does_not_fit_is_left_out():
    assert place_tag(Rect(2, 2, 8, 8), [(100, 20)], (16, 12), []) is None


@pytest.mark.parametrize('sides', list(itertools.permutations(SIDES, 2)))
def test_a_chart_takes_the_first_side_with_room(sides):
    box = Rect(300, 200, 60, 60)
    beside = {'right': (360, 200), 'left': (200, 200), 'below': (300, 260), 'above': (300, 100)}
    assert place_charts([box], [None], (100, 100), FRAME, sides) == [
        Rect(*beside[sides[0]], 100, 100)]


def test_a_face_that_fills_the_picture_has_its_chart_in_a_corner():
    place, = place_charts([Rect(20, 20, 600, 440)], [None], (120, 130), FRAME, SIDES)
    assert place == Rect(500, 330, 120, 130)


def test_a_face_is_not_hidden_by_its_own_chart():
    assert place_charts([Rect(0, 0, 160, 120)], [None], (110, 100), (160, 120), SIDES) == [None]


def test_in_a_crowd_nothing_covers_anything():
    rng = np.random.default_rng(5)
    placed = 0
    for _ in range(40):
        boxes = [Rect(int(x), int(y), int(side), int(side)) for x, y, side in zip(
            rng.integers(0, 600, 8), rng.integers(0, 440, 8), rng.integers(20, 40, 8),
            strict=True)]
        tags = []
        for index, box in enumerate(boxes):
            found = place_tag(
                box, [(90, 18), (30, 18)], FRAME,
                [*boxes[:index], *boxes[index + 1:], *(tag for tag in tags if tag)])
            tags.append(found[1] if found else None)
        charts = place_charts(boxes, tags, (50, 30), FRAME, SIDES)
        for index, chart in enumerate(charts):
            if chart is None:
                continue
            placed += 1
            assert chart.within(FRAME)
            others = [*boxes[:index], *boxes[index + 1:], *tags, *charts[:index]]
            assert all(chart.shared(other) == 0 for other in others if other is not None)
    assert placed > 200
