"""A detector sees what it is meant to see, and its faces come back to their place."""

import cv2
import numpy as np
import pytest

from fer_ros.core.errors import ConfigError
from fer_ros.core.reduce import largest, look, Sight, View
from fer_ros.core.types import Face

FACE = 24.0


def discs(bgr):
    """Find bright discs of 10 pixels and more: a detector whose answer is known."""
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    _, mask = cv2.threshold(grey, 127, 255, cv2.THRESH_BINARY)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    faces = []
    for x, y, w, h, _ in stats[1:].tolist():
        if w >= 10 and h >= 10:
            points = np.array([[x + w * a, y + h * b] for a, b in (
                (0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))], np.float32)
            faces.append(Face((float(x), float(y), float(w), float(h)), 0.9, points))
    return faces


def frame_of_discs(size, places):
    frame = np.zeros((size[1], size[0], 3), np.uint8)
    for x, y, radius in places:
        cv2.circle(frame, (x, y), radius, (255, 255, 255), -1)
    return frame


def seen_by(frame, sight):
    shapes = []
    look(frame, sight, FACE, lambda view: shapes.append(view.shape[:2]) or [])
    return shapes


def whole_view(frame, sight):
    views = []
    look(frame, sight, 20.0, lambda view: views.append(view) or [])
    return views[0]


@pytest.mark.parametrize(('sight', 'expected'), [
    (Sight(), (267, 356)),                       # 43.2 pixels of a face become 24
    (Sight(min_face_size=0.09, tiles=1), (267, 356)),
    (Sight(min_face_size=48), (240, 320)),       # pixels
    (Sight(min_face_size=1.0), (24, 32)),
    (Sight(min_face_size=10), (480, 640)),       # never enlarged
    (Sight(input_size=320), (240, 320)),
    (Sight(input_size=320, min_face_size=10), (240, 320)),
    (Sight(input_size=4000), (480, 640)),
])
def test_the_view_is_as_large_as_asked_for(sight, expected):
    assert seen_by(np.zeros((480, 640, 3), np.uint8), sight) == [expected]


@pytest.mark.parametrize('shape', [
    (1, 1), (1, 640), (640, 1), (7, 3), (480, 640), (4320, 7680)])
@pytest.mark.parametrize('sight', [
    Sight(), Sight(min_face_size=8), Sight(input_size=32), Sight(tiles=3),
    Sight(input_size=64, tiles=8)])
def test_any_frame_gives_views_of_a_pixel_or_more(shape, sight):
    shapes = seen_by(np.zeros((*shape, 3), np.uint8), sight)
    assert len(shapes) <= 1 + sight.tiles ** 2
    assert min(min(shape) for shape in shapes) >= 1
    assert (np.max(shapes, axis=0) <= shape).all()


@pytest.mark.parametrize('sight', [Sight(), Sight(input_size=320), Sight(input_size=200, tiles=3)])
def test_boxes_and_points_come_back_to_their_place(sight):
    frame = frame_of_discs((640, 481), [(400, 300, 60), (100, 90, 40)])
    for face, (x, y, radius) in zip(
            look(frame, sight, FACE, discs), [(400, 300, 60), (100, 90, 40)], strict=True):
        assert face.box == pytest.approx(
            (x - radius, y - radius, 2 * radius, 2 * radius), abs=4)
        assert face.landmarks[0] == pytest.approx(
            [x - 0.4 * radius, y - 0.2 * radius], abs=4)
        assert face.landmarks.dtype == np.float32


def test_a_frame_that_is_not_reduced_is_seen_as_it_is():
    frame = frame_of_discs((640, 481), [(400, 300, 60)])
    views = []
    face, = look(
        frame, Sight(input_size=640), FACE, lambda view: views.append(view) or discs(view))
    assert np.array_equal(views, [frame])
    assert face.box == (340, 240, 121, 121)


@pytest.mark.parametrize(('width', 'box', 'cut'), [
    # The view shows columns 300 to 700 and rows 50 to 200 of the frame.
    (1000, (400, 100, 60, 40), False),
    (1000, (302, 100, 60, 40), True), (1000, (304, 100, 60, 40), False),
    (1000, (638, 100, 60, 40), True), (1000, (636, 100, 60, 40), False),
    (1000, (400, 51, 60, 40), True), (1000, (400, 53, 60, 40), False),
    (1000, (400, 159, 60, 40), True), (1000, (400, 157, 60, 40), False),
    (700, (640, 100, 60, 40), False), (701, (640, 100, 60, 40), True),  # the frame ends there
])
def test_a_face_is_cut_where_it_touches_the_border_of_a_view_inside_the_frame(width, box, cut):
    view = View(np.zeros((100, 200, 3), np.uint8), 300, 50, (2.0, 1.5))
    assert view.cuts(Face(box, 0.9), width, 480) == cut


def test_no_face_is_cut_by_the_border_of_the_frame():
    view = View(np.zeros((100, 200, 3), np.uint8), 0, 0, (2.0, 1.5))
    for box in ((0, 0, 60, 40), (-5, -5, 60, 40), (340, 110, 60, 40)):
        assert not view.cuts(Face(box, 0.9), 400, 150)


def found_twice(whole, in_tile):
    """Return what is made of a face that the whole view shows and one that the first tile does."""
    faces = [[Face(tuple(value / 2 for value in whole), 0.5)], [Face(in_tile, 0.9)]]
    return look(np.zeros((240, 240, 3), np.uint8), Sight(input_size=120, tiles=2), 20.0,
                lambda view: faces.pop(0) if faces else [])


@pytest.mark.parametrize(('box', 'other', 'same'), [
    ((10, 10, 40, 60), (10, 10, 40, 60), True),
    ((0, 0, 70, 10), (30, 0, 70, 10), True), ((0, 0, 70, 10), (31, 0, 70, 10), False),
    ((0, 0, 10, 70), (0, 30, 10, 70), True), ((0, 0, 10, 70), (0, 31, 10, 70), False),
    ((20, 10, 90, 60), (50, 20, 10, 20), True),  # within
    ((20, 10, 60, 90), (66, 30, 20, 10), True), ((20, 10, 60, 90), (67, 30, 20, 10), False),
    ((10, 20, 90, 60), (30, 66, 10, 20), True), ((10, 20, 90, 60), (30, 67, 10, 20), False),
    ((10, 10, 20, 30), (30, 10, 20, 30), False), ((10, 10, 30, 20), (10, 30, 30, 20), False),
    ((0, 0, 10, 20), (70, 60, 30, 20), False),
])
def test_two_views_mean_one_face_by_four_tenths_of_both_or_seven_of_the_smaller(box, other, same):
    for whole, in_tile in ((box, other), (other, box)):
        found = found_twice(whole, in_tile)
        assert [face.box for face in found] == (
            [whole] if same else sorted((whole, in_tile), key=lambda b: (-b[2] * b[3], b)))


@pytest.mark.parametrize('scores', [(0.5, 0.9), (0.9, 0.5)])
def test_of_a_face_in_two_tiles_the_surer_one_is_kept(scores):
    found = [[], [Face((70.0, 40.0, 30.0, 30.0), scores[0])],
             [Face((5.0, 40.0, 30.0, 30.0), scores[1])]]
    frame = np.zeros((100, 200, 3), np.uint8)
    # Tiles of 125 columns, from 0 and from 75.
    face, = look(frame, Sight(input_size=100, tiles=2), 20.0,
                 lambda view: found.pop(0) if found else [])
    assert face.score == 0.9


def test_tiles_overlap_by_the_smallest_face_of_the_whole_view_and_are_not_enlarged():
    shapes = seen_by(np.zeros((960, 1280, 3), np.uint8), Sight(input_size=320, tiles=3))
    margin = 1.25 * FACE * 4
    assert shapes[0] == (240, 320)
    assert shapes[1:] == 9 * [(round((960 + 2 * margin) / 3 * 0.75),
                               round((1280 + 2 * margin) / 3 * 0.75))]
    shapes = seen_by(np.zeros((480, 640, 3), np.uint8), Sight(input_size=400, tiles=4))
    assert len(shapes) == 17
    assert np.max(shapes[1:], axis=0).tolist() == [156, 196]


def test_no_more_faces_than_asked_are_returned():
    frame = frame_of_discs((640, 480), [(400, 300, 60), (100, 90, 40)])
    face, = look(frame, Sight(), FACE, discs, max_faces=1)
    assert face.box[2] > 100


def test_tiles_find_smaller_faces_each_once():
    places = [(320 + 310 * i, 240 + 230 * j, 14) for i in range(5) for j in range(4)]
    frame = frame_of_discs((1920, 1080), [*places, (150, 700, 110)])
    coarse = look(frame, Sight(input_size=320), FACE, discs)
    assert len(coarse) == 1
    fine = look(frame, Sight(input_size=640, tiles=3), FACE, discs)
    assert len(fine) == 21
    assert fine[0].box == pytest.approx(coarse[0].box, abs=10)


@pytest.mark.parametrize('step', range(0, 640, 40))
def test_no_face_is_lost_or_doubled_at_the_seams_of_tiles(step):
    frame = frame_of_discs((1280, 960), [(300 + step, 200 + step * 3 // 4, 15)])
    faces = look(frame, Sight(input_size=320, tiles=4), FACE, discs)
    assert [face.box for face in faces] == [
        pytest.approx((285 + step, 185 + step * 3 // 4, 30, 30), abs=3)]
    assert faces[0].landmarks[0] == pytest.approx(
        [285 + step + 9, 185 + step * 3 // 4 + 12], abs=3)


@pytest.mark.parametrize('place', [(15, 15), (1264, 15), (15, 944), (1264, 944), (640, 5)])
def test_a_face_at_the_border_of_the_frame_is_found_in_its_tile(place):
    frame = frame_of_discs((1280, 960), [(*place, 15)])
    assert look(frame, Sight(input_size=320), FACE, discs) == []
    assert len(look(frame, Sight(input_size=320, tiles=4), FACE, discs)) == 1


def test_what_is_wholly_seen_needs_no_tiles():
    assert len(seen_by(np.zeros((480, 640, 3), np.uint8), Sight(input_size=640, tiles=4))) == 1


def test_the_largest_come_first_and_no_more_than_asked():
    faces = [Face((0, 0, side, side), 0.5) for side in (10, 30, 20)]
    assert [face.box[2] for face in largest(faces)] == [30, 20, 10]
    assert [face.box[2] for face in largest(faces, 2)] == [30, 20]


RANGES = {
    'min_face_size': r'in \[0.01, 1\], or, from 8 on', 'input_size': r'0 or lie in \[32, 8192\]',
    'tiles': r'\[1, 8\]'}


@pytest.mark.parametrize(('name', 'value'), [
    ('min_face_size', 0.0), ('min_face_size', -1), ('min_face_size', 0.009),
    ('min_face_size', 1.5), ('min_face_size', 7.9), ('min_face_size', float('nan')),
    ('min_face_size', float('inf')), ('input_size', 31), ('input_size', -5),
    ('input_size', 8193), ('tiles', 0), ('tiles', 9)])
def test_values_of_no_sense_are_refused_with_name_and_range(name, value):
    with pytest.raises(ConfigError, match=f'^{name} .*{RANGES[name]}.* got {value}$'):
        Sight(**{name: value})


@pytest.mark.parametrize(('name', 'value'), [
    ('min_face_size', 0.01), ('min_face_size', 1.0), ('min_face_size', 8), ('input_size', 0),
    ('input_size', 32), ('input_size', 8192), ('tiles', 1), ('tiles', 8)])
def test_the_ends_of_a_range_belong_to_it(name, value):
    assert getattr(Sight(**{name: value}), name) == value


@pytest.mark.parametrize('size', [
    (640, 480), (1280, 720), (1920, 1080), (3840, 2160), (3001, 2003), (7680, 4320)], ids=str)
def test_frames_are_reduced_in_steps_and_look_the_same(size, astronaut):
    frame = cv2.resize(astronaut, size, interpolation=cv2.INTER_CUBIC)
    view = whole_view(frame, Sight())
    direct = cv2.resize(frame, view.shape[1::-1], interpolation=cv2.INTER_AREA)
    # Less than a Gaussian of half a pixel would take away.
    softened = cv2.GaussianBlur(direct, (0, 0), 0.5)
    apart, allowed = (np.abs(one.astype(int) - direct) for one in (view, softened))
    assert apart.mean() < allowed.mean()
    assert np.percentile(apart, 99) <= np.percentile(allowed, 99)


@pytest.mark.parametrize('size', [320, 321, 400, 639])
def test_a_frame_that_is_halved_at_most_is_reduced_to_exact_means(size):
    frame = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    view = whole_view(frame, Sight(input_size=size))
    exact = cv2.resize(frame, view.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(view.astype(int) - exact).max() <= 1


@pytest.mark.parametrize('factor', [2, 4])
def test_a_pixel_of_a_halved_frame_is_the_mean_of_its_block(factor):
    frame = np.random.default_rng(2).integers(0, 256, (480, 640, 3), np.uint8)
    view = whole_view(frame, Sight(input_size=640 // factor))
    blocks = frame.reshape(480 // factor, factor, 640 // factor, factor, 3)
    assert np.abs(view - blocks.mean(axis=(1, 3))).max() <= 1.5


def test_noise_of_a_large_frame_is_averaged_away():
    noise = np.random.default_rng(0).normal(0.0, 20.0, (2160, 3840, 3)) + 127
    frame = noise.clip(0, 255).astype(np.uint8)
    view = whole_view(frame, Sight())
    # The mean of 25 pixels leaves a fifth of their deviation; half of 9.7 x 9.7 are 47.
    assert view.std() < 20 / 5


def test_a_pixel_of_a_large_view_is_the_mean_of_its_place():
    # A ramp down and to the right, whose mean over any area is its value in the middle.
    y, x = np.mgrid[:2160, :3840]
    frame = np.repeat(((y / 18 + x / 32)[..., None]), 3, axis=2).astype(np.uint8)
    view = whole_view(frame, Sight())
    rows, columns = view.shape[:2]
    y, x = (np.mgrid[:rows, :columns] + 0.5) * 2160 / rows
    # astype cuts half a level off.
    assert np.abs(view[..., 0] - (y / 18 + x / 32 - 0.5)).max() < 1.5
