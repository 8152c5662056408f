"""Faces in space: synthetic faces at known places are found there again."""

import math

import cv2
import numpy as np
import pytest
from results_support import a_face

from fer_ros.core.errors import ConfigError
from fer_ros.core.head_pose import head_pose, project
from fer_ros.core.position import (
    EYES_ERROR,
    FRAME_ERROR,
    INTERPUPILLARY,
    Intrinsics,
    locate,
)
from fer_ros.core.types import CropFrame, HeadPose

PLAIN = Intrinsics(640, 480, 500.0, 510.0, 319.5, 239.5)
CAMERAS = {
    'none': PLAIN,
    'plumb_bob': Intrinsics(
        640, 480, 500.0, 510.0, 310.0, 250.0, 'plumb_bob', (-0.3, 0.1, 0.001, -0.002, 0.0)),
    'rational_polynomial': Intrinsics(
        640, 480, 500.0, 510.0, 310.0, 250.0, 'rational_polynomial',
        (0.4, -0.2, 0.001, -0.001, 0.05, 0.5, -0.1, 0.02)),
    'equidistant': Intrinsics(
        640, 480, 300.0, 305.0, 310.0, 250.0, 'equidistant', (0.02, -0.01, 0.002, -0.001)),
}


def seen(camera, points):
    """Return the (N, 2) pixels at which a camera sees (N, 3) points in metres."""
    matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1.0]])
    factors = np.array(camera.distortion or (0.0,) * 4)
    points = np.asarray(points, np.float64).reshape(-1, 1, 3)
    still = np.zeros(3)
    project_points = cv2.fisheye.projectPoints if camera.model == 'equidistant' else None
    if project_points:
        places = project_points(points, still, still, matrix, factors)[0]
    else:
        places = cv2.projectPoints(points, still, still, matrix, factors)[0]
    return places.reshape(-1, 2) + 0.5  # of pixel centres, to where pixels begin


@pytest.mark.parametrize('camera', CAMERAS.values(), ids=CAMERAS)
def test_rays_lead_to_the_points_that_are_seen(camera):
    points = np.array([[0, 0, 1.0], [0.3, -0.2, 1.5], [-0.8, 0.5, 2.0], [0.05, 0.4, 1.0]])
    rays = camera.rays(seen(camera, points))
    expected = points / np.linalg.norm(points, axis=1, keepdims=True)
    np.testing.assert_allclose(rays, expected, atol=2e-4)


@pytest.mark.parametrize('camera', CAMERAS.values(), ids=CAMERAS)
@pytest.mark.parametrize('place', [(0.0, 0.0, 1.0), (0.5, -0.3, 1.5), (-0.9, 0.4, 3.0)])
def test_a_face_is_found_by_its_eyes(camera, place):
    place = np.array(place)
    # It looks at the camera: its eyes lie across the ray.
    across = np.cross((0, 1, 0), place)
    across *= INTERPUPILLARY / 2 / np.linalg.norm(across)
    left, right, middle = seen(camera, [place - across, place + across, place])
    marks = np.array([left, right, middle, middle, middle], np.float32)
    side = 2 * float(np.linalg.norm(right - left))
    face = a_face((middle[0] - side / 2, middle[1] - side / 2, side, side), landmarks=marks,
                  pose=HeadPose(0.0, 0.0, 0.0))
    found = locate(face, camera)
    np.testing.assert_allclose(found.at(), place, rtol=0.01, atol=0.005)
    assert found.error == EYES_ERROR


@pytest.mark.parametrize('yaw', [0.0, 30.0, -45.0])
def test_a_face_that_looks_aside_is_not_taken_for_a_far_one(yaw):
    # The mean face: 0.366 sides of the frame between the eyes.
    scale = INTERPUPILLARY / 0.366 * 500.0 / 2.0  # pixels a side, 2 m away
    marks = project(HeadPose(0.0, yaw, 0.0)) * scale + (320, 240)
    face = a_face((270.0, 190.0, 100.0, 100.0), landmarks=marks.astype(np.float32),
                  pose=head_pose(marks))
    camera = Intrinsics(640, 480, 500.0, 500.0, 319.5, 239.5)
    assert locate(face, camera).distance == pytest.approx(2.0, rel=0.03)


@pytest.mark.parametrize(('changes', 'distance'), [
    ({'crop': CropFrame(320.0, 240.0, 50.0)}, 1.732),  # the frame is 0.1732 m wide
    ({}, 0.866),  # the box stands in for it
    ({'crop': CropFrame(320.0, 240.0, 50.0), 'pose': HeadPose(0.0, 70.0, 0.0),
      'landmarks': np.full((5, 2), 320.0, np.float32)}, 1.732),  # too far aside
])
def test_without_useful_eyes_the_size_tells_the_distance(changes, distance):
    camera = Intrinsics(640, 480, 500.0, 500.0, 319.5, 239.5)
    found = locate(a_face((270.0, 190.0, 100.0, 100.0), **changes), camera)
    assert found.distance == pytest.approx(distance, rel=0.01)
    assert found.error == FRAME_ERROR
    assert found.ray == pytest.approx((0.0, 0.0, 1.0), abs=1e-6)


def test_points_that_fall_together_are_far_away_but_not_infinitely():
    face = a_face(landmarks=np.full((5, 2), 30.0, np.float32), pose=HeadPose(0.0, 0.0, 0.0))
    assert math.isfinite(locate(face, PLAIN).distance)


@pytest.mark.parametrize(('yaw', 'error'), [
    (60.0, EYES_ERROR), (-60.0, EYES_ERROR), (60.5, FRAME_ERROR), (-61.0, FRAME_ERROR)])
def test_eyes_are_measured_up_to_sixty_degrees_aside(yaw, error):
    marks = np.array([[300, 200], [330, 200], [315, 215], [305, 230], [325, 230]], np.float32)
    face = a_face(landmarks=marks, pose=HeadPose(0.0, yaw, 0.0))
    assert locate(face, PLAIN).error == error


@pytest.mark.parametrize(('model', 'counts'), [
    ('', (0, 4, 5, 8, 12, 14)), ('plumb_bob', (0, 4, 5, 8, 12, 14)),
    ('rational_polynomial', (0, 4, 5, 8, 12, 14)), ('equidistant', (0, 4))])
def test_a_model_has_as_many_coefficients_as_opencv_knows(model, counts):
    for count in range(16):
        values = (640, 480, 500.0, 510.0, 319.5, 239.5, model, (0.0,) * count)
        if count in counts:
            # Without distortion the middle is seen straight ahead, whatever the model.
            assert Intrinsics(*values).rays([[320.0, 240.0]]) == pytest.approx(
                np.array([[0.0, 0.0, 1.0]]))
        else:
            with pytest.raises(ConfigError, match=f'{model!r} has one of .* got {count}$'):
                Intrinsics(*values)


def test_an_equidistant_camera_needs_no_coefficients():
    # Its angles are proportional to pixels: here a radian is 300 of them.
    camera = Intrinsics(640, 480, 300.0, 300.0, 319.5, 239.5, 'equidistant')
    assert camera.rays(np.array([[320.0 + 300.0 * 0.8, 240.0]])) == pytest.approx(
        np.array([[math.sin(0.8), 0.0, math.cos(0.8)]]), abs=1e-6)


def test_a_focal_length_may_be_any_that_is_positive():
    # As of a picture that is reduced to a pixel.
    assert Intrinsics(1, 1, 0.5, 0.5, 0.0, 0.0).rays([[1.0, 0.5]]) == pytest.approx(
        np.array([[1.0, 0.0, 1.0]]) / math.sqrt(2))


@pytest.mark.parametrize(('changes', 'reason'), [
    ({'fx': 0.0}, 'not calibrated.* fx 0.0'), ({'fy': math.nan}, 'not calibrated'),
    ({'fy': 0.0}, 'not calibrated.* fy 0.0'), ({'fx': -500.0}, 'not calibrated'),
    ({'distortion': (math.inf,) * 4}, r'all values finite.* distortion \(inf, inf'),
    ({'cx': math.nan}, 'all values finite.* cx nan'),
    ({'model': 'omni'}, 'must be one of plumb_bob, rational_polynomial, equidistant'),
    ({'model': 'plumb_bob', 'distortion': (0.1, 0.2)}, "'plumb_bob' has one of .* got 2"),
])
def test_a_calibration_that_cannot_be_is_refused(changes, reason):
    values = {'width': 640, 'height': 480, 'fx': 500.0, 'fy': 500.0, 'cx': 320.0, 'cy': 240.0}
    with pytest.raises(ConfigError, match=reason):
        Intrinsics(**{**values, **changes})
