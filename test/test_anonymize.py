"""Faces that cannot be recognized any more, also where the detector misses one for a while."""

import cv2
import numpy as np
import pytest

from fer_ros import Pipeline
from fer_ros.core.anonymize import ANONYMIZE, anonymize, Anonymizer
from fer_ros.core.errors import ConfigError, ImageError
from fer_ros.core.tracker import overlap
from fer_ros.core.types import Face, FrameResult
from fer_ros.core.view import Region

BOX = (60.0, 40.0, 40.0, 40.0)


def textured():
    return np.random.default_rng(3).integers(0, 256, (120, 160, 3)).astype(np.uint8)


def result_of(*boxes, **fields):
    """Return a result whose faces were found and not classified."""
    return FrameResult(labels=('a',), faces=(), width=160, height=120,
                       unclassified=tuple(Face(box, 1.0) for box in boxes), **fields)


@pytest.mark.parametrize('method', ANONYMIZE[1:])
def test_the_face_is_gone_and_the_rest_is_untouched(method):
    image = textured()
    kept = image.copy()
    covered = anonymize(image, [BOX], method)
    np.testing.assert_array_equal(image, kept)
    face = covered[40:80, 60:100].astype(int)
    # Of the detail between neighbouring pixels next to nothing is left.
    assert np.abs(np.diff(face, axis=1)).mean() < 0.2 * np.abs(
        np.diff(image[40:80, 60:100].astype(int), axis=1)).mean()
    outside = np.ones(image.shape[:2], bool)
    outside[28:92, 48:112] = False
    np.testing.assert_array_equal(covered[outside], image[outside])


@pytest.mark.parametrize('method', ANONYMIZE[1:])
@pytest.mark.parametrize('size', [30, 80, 200])
def test_the_detector_does_not_find_the_face_any_more(method, size, astronaut):
    scene = cv2.resize(astronaut, None, fx=size / 100, fy=size / 100)
    detector = Pipeline.from_model().detector
    boxes = [face.box for face in detector.detect(scene)]
    assert boxes
    for face in detector.detect(anonymize(scene, boxes, method)):
        assert max(overlap(face.box, box) for box in boxes) < 0.3


@pytest.mark.parametrize(('box', 'rows', 'columns'), [
    ((60.0, 40.0, 20.0, 40.0), slice(30, 90), slice(55, 85)),
    ((-30.0, -20.0, 40.0, 40.0), slice(0, 30), slice(0, 20)),
    ((140.0, 100.0, 40.0, 40.0), slice(90, 120), slice(130, 160)),
    ((0.0, 0.0, 160.0, 120.0), slice(0, 120), slice(0, 160))])
def test_a_quarter_around_the_box_is_covered_up_to_the_borders(box, rows, columns):
    expected = textured()
    expected[rows, columns] = 64
    np.testing.assert_array_equal(anonymize(textured(), [box], 'box'), expected)


@pytest.mark.parametrize('nowhere', [
    (500.0, 40.0, 10.0, 10.0), (40.0, 500.0, 10.0, 10.0), (-80.0, 40.0, 10.0, 10.0),
    (20.0, 20.0, 0.4, 10.0), (20.0, 20.0, 10.0, 0.4)])
@pytest.mark.parametrize('method', ANONYMIZE[1:])
def test_a_box_outside_or_without_a_pixel_covers_nothing(method, nowhere):
    np.testing.assert_array_equal(
        anonymize(textured(), [nowhere, BOX], method), anonymize(textured(), [BOX], method))


def covered_by(method, box, image=None):
    """Return (H, W, 3) of what lies where a box and its margin were, by an Anonymizer."""
    anonymizer = Anonymizer(method)
    anonymizer.note(result_of(box), 0.0)
    picture = anonymizer.cover(textured() if image is None else image)
    x, y, w, h = box
    return picture[max(0, int(y - h / 4)):int(y + 1.25 * h),
                   max(0, int(x - w / 4)):int(x + 1.25 * w)].astype(int)


@pytest.mark.parametrize(('box', 'rows', 'columns'), [
    ((60.0, 40.0, 40.0, 40.0), 6, 6), ((60.0, 32.0, 20.0, 40.0), 12, 6),
    ((40.0, 40.0, 40.0, 20.0), 3, 6), ((-30.0, 40.0, 40.0, 40.0), 6, 2),
    ((40.0, -30.0, 40.0, 40.0), 2, 6), ((-46.0, -46.0, 40.0, 40.0), 1, 1)])
def test_a_face_keeps_six_pixels_across_and_less_where_the_border_cuts_it(box, rows, columns):
    image = textured()
    face = covered_by('pixelate', box, image)
    height, width = face.shape[0] // rows, face.shape[1] // columns
    blocks = face[height // 2::height, width // 2::width]
    assert blocks.shape == (rows, columns, 3)
    np.testing.assert_array_equal(face, blocks.repeat(height, axis=0).repeat(width, axis=1))
    x, y = (max(0, int(box[i] - box[i + 2] / 4)) for i in (0, 1))
    assert np.abs(blocks[0, 0] - image[y:y + height, x:x + width].mean(axis=(0, 1))).max() <= 1


def test_a_blurred_face_has_no_edges_and_is_not_flat():
    face = covered_by('blur', BOX)
    pixelated = covered_by('pixelate', BOX)
    assert np.abs(np.diff(face, axis=1)).max() < np.abs(np.diff(pixelated, axis=1)).max() / 2
    assert len(np.unique(face)) > len(np.unique(pixelated))
    assert np.abs(face - pixelated).mean() < 20


def test_a_face_of_fewer_pixels_stays_as_coarse_as_it_is():
    image = textured()
    np.testing.assert_array_equal(anonymize(image, [(60.0, 40.0, 4.0, 4.0)], 'pixelate'), image)


def test_a_face_that_is_missed_stays_covered_for_a_second():
    anonymizer = Anonymizer('box')
    image = textured()
    anonymizer.note(result_of(BOX), 10.0)
    anonymizer.note(result_of(), 10.9)
    assert (anonymizer.cover(image)[60, 80] != image[60, 80]).any()
    anonymizer.note(result_of(), 11.0)
    assert (anonymizer.cover(image)[60, 80] != image[60, 80]).any()
    anonymizer.note(result_of(), 11.1)
    np.testing.assert_array_equal(anonymizer.cover(image), image)


def test_frames_of_the_same_time_cover_the_faces_of_each_other():
    anonymizer = Anonymizer('box')
    anonymizer.note(result_of(BOX), 0.0)
    anonymizer.note(result_of((10.0, 10.0, 8.0, 8.0)), 0.0)
    covered = anonymizer.cover(textured())
    assert (covered[60, 80] == 64).all()
    assert (covered[14, 14] == 64).all()


@pytest.mark.parametrize('forget', [
    Anonymizer.reset, lambda anonymizer: anonymizer.note(result_of(), 9.0)],
    ids=['reset', 'clock set back'])
def test_places_are_forgotten(forget):
    anonymizer = Anonymizer('box')
    anonymizer.note(result_of(BOX), 10.0)
    forget(anonymizer)
    np.testing.assert_array_equal(anonymizer.cover(textured()), textured())
    anonymizer.note(result_of(BOX), 10.0)
    assert (anonymizer.cover(textured())[60, 80] == 64).all()


def test_what_lies_outside_of_the_region_is_covered():
    anonymizer = Anonymizer('blur')
    image = textured()
    anonymizer.note(result_of(), 0.0)
    covered = anonymizer.cover(image, Region(40, 30, 50, 40))
    np.testing.assert_array_equal(covered[30:70, 40:90], image[30:70, 40:90])
    assert len(np.unique(covered[:30].reshape(-1, 3), axis=0)) == 1


def test_a_region_that_reaches_out_of_the_picture_is_refused():
    with pytest.raises(ImageError, match='its size is 160x120'):
        Anonymizer('blur').cover(textured(), Region(0, 0, 50, 140))


def test_none_leaves_the_picture_alone():
    anonymizer = Anonymizer()
    image = textured()
    anonymizer.note(result_of(BOX), 0.0)
    assert anonymizer.cover(image) is image


def test_another_method_is_refused():
    with pytest.raises(ConfigError, match='anonymize must be one of none, blur, pixelate, box'):
        Anonymizer('mosaic')
