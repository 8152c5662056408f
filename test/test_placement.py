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
    ((639, 0, 5, 5), None),
    ((10, 10, 2, 2), Rect(10, 10, 2, 2)),
    ((10, 10, 1, 40), None),
    ((10, 10, 40, 1), None)])
def test_of_a_box_the_part_in_the_picture_is_visible(box, seen):
    assert visible(box, FRAME) == seen


@pytest.mark.parametrize(('rect', 'inside'), [
    (Rect(0, 0, 640, 480), True), (Rect(1, 0, 640, 480), False), (Rect(0, 1, 640, 480), False),
    (Rect(-1, 0, 10, 10), False), (Rect(0, -1, 10, 10), False)])
def test_a_rectangle_lies_within_a_picture_up_to_its_last_pixel(rect, inside):
    assert rect.within(FRAME) == inside


@pytest.mark.parametrize(('other', 'area'), [
    (Rect(20, 10, 30, 5), 150), (Rect(30, 25, 100, 100), 20 * 15), (Rect(0, 0, 11, 31), 21),
    (Rect(50, 10, 9, 9), 0), (Rect(1, 10, 9, 9), 0), (Rect(10, 40, 9, 9), 0),
    (Rect(10, 1, 9, 9), 0), (Rect(70, 80, 9, 9), 0), (Rect(0, 0, 5, 5), 0),
    (Rect(70, 0, 9, 5), 0)])
def test_rectangles_share_whole_pixels_or_none(other, area):
    rect = Rect(10, 10, 40, 30)
    assert rect.shared(other) == other.shared(rect) == area


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


def test_a_tag_inside_its_box_keeps_inside_the_picture():
    assert place_tag(Rect(0, 15, 80, 15), [(60, 20)], (100, 30), []) == (0, Rect(0, 10, 60, 20))


def test_a_tag_that_does_not_fit_is_left_out():
    assert place_tag(Rect(2, 2, 8, 8), [(100, 20)], (16, 12), []) is None


@pytest.mark.parametrize('sides', list(itertools.permutations(SIDES, 2)))
def test_a_chart_takes_the_first_side_with_room(sides):
    box = Rect(300, 200, 60, 60)
    beside = {'right': (360, 200), 'left': (200, 200), 'below': (300, 260), 'above': (300, 130)}
    assert place_charts([box], [None], (100, 70), FRAME, sides) == [
        Rect(*beside[sides[0]], 100, 70)]


@pytest.mark.parametrize(('box', 'side', 'place'), [
    (Rect(600, 200, 30, 30), 'below', (540, 230)), (Rect(600, 200, 30, 30), 'above', (540, 140)),
    (Rect(300, 440, 40, 40), 'right', (340, 420)), (Rect(300, 440, 40, 40), 'left', (200, 420))])
def test_a_chart_beside_a_face_at_the_border_keeps_inside_the_picture(box, side, place):
    assert place_charts([box], [None], (100, 60), FRAME, [side]) == [Rect(*place, 100, 60)]


@pytest.mark.parametrize(('tag', 'side', 'place'), [
    (Rect(300, 180, 100, 20), 'above', (300, 110)),
    (Rect(300, 260, 100, 20), 'below', (300, 280)),
    (Rect(280, 190, 130, 20), 'right', (410, 190)),
    (Rect(280, 190, 130, 20), 'left', (180, 190))])
def test_a_chart_has_its_place_beyond_the_tag_where_that_is_in_its_way(tag, side, place):
    assert place_charts([Rect(300, 200, 60, 60)], [tag], (100, 70), FRAME, [side]) == [
        Rect(*place, 100, 70)]


def test_one_face_has_the_corners_of_the_picture_too_and_several_have_not():
    box, other = Rect(300, 200, 50, 50), Rect(100, 200, 50, 50)
    assert place_charts([box], [None], (120, 90), FRAME, []) == [Rect(520, 390, 120, 90)]
    assert place_charts([box, other], [None, None], (120, 90), FRAME, []) == [None, None]


@pytest.mark.parametrize(('size', 'place'), [
    ((100, 100), Rect(300, 250, 100, 100)), ((101, 100), None)])
def test_a_chart_hides_a_quarter_of_its_own_face_at_most(size, place):
    boxes = [Rect(200, 150, 200, 200), Rect(0, 0, 2, 2)]
    assert place_charts(boxes, [None, None], size, FRAME, [])[0] == place


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
