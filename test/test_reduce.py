"""A detector sees what it is meant to see, and its faces come back to their place."""

import cv2
import numpy as np
import pytest

from fer_ros.core.errors import ConfigError
from fer_ros.core.reduce import largest, look, Sight
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


@pytest.mark.parametrize('shape', [(1, 1), (1, 640), (7, 3), (480, 640), (4320, 7680)])
@pytest.mark.parametrize('sight', [
    Sight(), Sight(min_face_size=8), Sight(input_size=32), Sight(tiles=3),
    Sight(input_size=64, tiles=8)])
def test_any_frame_gives_views_of_a_pixel_or_more(shape, sight):
    shapes = seen_by(np.zeros((*shape, 3), np.uint8), sight)
    assert len(shapes) <= 1 + sight.tiles ** 2
    assert min(min(shape) for shape in shapes) >= 1


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


def test_what_is_wholly_seen_needs_no_tiles():
    assert len(seen_by(np.zeros((480, 640, 3), np.uint8), Sight(input_size=640, tiles=4))) == 1


def test_the_largest_come_first_and_no_more_than_asked():
    faces = [Face((0, 0, side, side), 0.5) for side in (10, 30, 20)]
    assert [face.box[2] for face in largest(faces)] == [30, 20, 10]
    assert [face.box[2] for face in largest(faces, 2)] == [30, 20]


@pytest.mark.parametrize('options', [
    {'min_face_size': 0.0}, {'min_face_size': -1}, {'min_face_size': 3.0},
    {'min_face_size': float('nan')}, {'min_face_size': float('inf')}, {'input_size': 31},
    {'input_size': -5}, {'input_size': 10_000}, {'tiles': 0}, {'tiles': 9}])
def test_values_of_no_sense_are_refused_by_name(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        Sight(**options)


@pytest.mark.parametrize('size', [
    (640, 480), (1280, 720), (1920, 1080), (3840, 2160), (3001, 2003), (7680, 4320)], ids=str)
def test_frames_are_reduced_in_steps_and_look_the_same(size, astronaut):
    frame = cv2.resize(astronaut, size, interpolation=cv2.INTER_CUBIC)
    views = []
    look(frame, Sight(), 20.0, lambda view: views.append(view) or [])
    direct = cv2.resize(frame, views[0].shape[1::-1], interpolation=cv2.INTER_AREA)
    # Less than a Gaussian of half a pixel would take away.
    softened = cv2.GaussianBlur(direct, (0, 0), 0.5)
    apart, allowed = (np.abs(view.astype(int) - direct) for view in (views[0], softened))
    assert apart.mean() < allowed.mean()
    assert np.percentile(apart, 99) <= np.percentile(allowed, 99)


def test_noise_of_a_large_frame_is_averaged_away():
    noise = np.random.default_rng(0).normal(0.0, 20.0, (2160, 3840, 3)) + 127
    frame = noise.clip(0, 255).astype(np.uint8)
    views = []
    look(frame, Sight(), 20.0, lambda view: views.append(view) or [])
    # The mean of 25 pixels leaves a fifth of their deviation; half of 9.7 x 9.7 are 47.
    assert views[0].std() < 20 / 5


def test_a_pixel_of_a_large_view_is_the_mean_of_its_place():
    # A ramp down and to the right, whose mean over any area is its value in the middle.
    y, x = np.mgrid[:2160, :3840]
    frame = np.repeat(((y / 18 + x / 32)[..., None]), 3, axis=2).astype(np.uint8)
    views = []
    look(frame, Sight(), 20.0, lambda view: views.append(view) or [])
    rows, columns = views[0].shape[:2]
    y, x = (np.mgrid[:rows, :columns] + 0.5) * 2160 / rows
    # astype cuts half a level off.
    assert np.abs(views[0][..., 0] - (y / 18 + x / 32 - 0.5)).max() < 1.5
