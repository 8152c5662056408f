"""Transformed pictures keep their labels where the faces are."""

import cv2
import numpy as np
import pytest

from fer_ros.data.faces import FaceLabels
from fer_ros.evaluation.detector.scenes import GREY, Scene
from fer_ros.evaluation.detector.views import blurred, darkened, fitted, masked, rolls

EYES, WHITE = [[90, 100], [110, 100]], (255, 255, 255)
POINTS = np.array([*EYES, [100, 110], [92, 120], [108, 120]], np.float32)


def made_up(width=240, height=200):
    """Return a black picture with a white ellipse for a face, and its labels."""
    image = np.zeros((height, width, 3), np.uint8)
    # In 16ths of a pixel, whose middles lie at whole numbers.
    cv2.ellipse(image, (round(99.5 * 16), round(109.5 * 16)), (24 * 16, 32 * 16), 0, 0, 360,
                WHITE, -1, cv2.LINE_8, 4)
    return image, FaceLabels(np.array([[76, 78, 124, 142]], np.float32), POINTS[None],
                             np.zeros(1, bool))


def extent(image):
    """Return left, top, right, bottom of what is white."""
    rows, columns = np.nonzero(image[..., 0] > 200)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize('degrees', [0, 15, -30, 45, 60, 90])
@pytest.mark.parametrize('size', [(320, 320), (160, 120)])
def test_the_label_of_a_turned_face_is_the_box_about_it(degrees, size):
    image, labels = made_up()
    scene = fitted(image, labels, size, roll=degrees)
    assert scene.image.shape == (size[1], size[0], 3)
    assert scene.labels.boxes[0] == pytest.approx(extent(scene.image), abs=1.5)
    assert not scene.labels.ignored[0]


def test_landmarks_turn_with_the_face():
    image, labels = made_up()
    image[:] = 0
    for x, y in POINTS:
        cv2.circle(image, (int(x), int(y)), 2, WHITE, -1)
    scene = fitted(image, labels, (320, 320), roll=30, people=POINTS[None])
    for x, y in scene.labels.landmarks[0]:
        assert scene.image[int(y), int(x), 0] > 200
    assert scene.people == pytest.approx(scene.labels.landmarks)
    assert rolls(scene.labels.landmarks) == pytest.approx(30, abs=0.01)
    assert rolls(labels.landmarks) == pytest.approx(0)


def test_small_pictures_are_not_enlarged_and_large_ones_fit():
    image, labels = made_up(240, 200)
    scene = fitted(image, labels, (320, 320))
    assert (scene.image[:60] == GREY).all()
    assert scene.labels.boxes[0] == pytest.approx([116, 138, 164, 202])
    tall = fitted(*made_up(240, 640), (320, 320))
    assert tall.labels.boxes[0] == pytest.approx([138, 39, 162, 71])


@pytest.mark.parametrize(('box', 'why'), [
    ([230, 190, 260, 230], 'most of it is outside'), ([10, 10, 17, 19], 'too small')])
def test_faces_that_nobody_can_find_are_ignored(box, why):
    image, _ = made_up()
    labels = FaceLabels(np.array([box], np.float32), np.full((1, 5, 2), np.nan, np.float32),
                        np.zeros(1, bool))
    assert fitted(image, labels, (240, 200)).labels.ignored.all(), why


def test_the_dark_is_dark_and_the_blur_blurs():
    image, labels = made_up()
    scene = Scene(image, labels)
    dark = darkened(scene, np.random.default_rng(0)).image[100:120, 90:110]
    assert 0.05 * 255 < dark.mean() < 0.26 * 255
    assert dark.std() > 1
    for seed in range(6):
        soft = blurred(scene, np.random.default_rng(seed)).image
        assert soft.astype(int).sum() == pytest.approx(image.astype(int).sum(), rel=0.02)
        assert ((soft > 10) & (soft < 245)).sum() > 200


def test_masks_cover_nose_and_mouth_and_no_eye():
    image, labels = made_up()
    covered = (masked(Scene(image, labels), np.random.default_rng(0)).image != image).any(axis=2)
    for (x, y), hidden in zip(POINTS.astype(int), (False, False, True, True, True), strict=True):
        assert covered[y, x] == hidden
    assert covered.sum() > 300


def test_faces_without_landmarks_stay_bare_and_need_not_be_found():
    image, labels = made_up()
    unknown = FaceLabels(labels.boxes, np.full((1, 5, 2), np.nan, np.float32), labels.ignored)
    scene = masked(Scene(image, unknown), np.random.default_rng(0))
    np.testing.assert_array_equal(scene.image, image)
    assert scene.labels.ignored.all()
    assert np.isnan(rolls(unknown.landmarks)).all()
