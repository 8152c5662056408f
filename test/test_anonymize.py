"""Faces that cannot be recognized any more, also where the detector misses one for a while."""

import cv2
import numpy as np
import pytest

from fer_ros import Pipeline
from fer_ros.core.anonymize import ANONYMIZE, anonymize, Anonymizer
from fer_ros.core.errors import ConfigError
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


@pytest.mark.parametrize('box', [
    (-30.0, -30.0, 50.0, 50.0), (150.0, 110.0, 50.0, 50.0), (500.0, 500.0, 10.0, 10.0),
    (20.0, 20.0, 0.4, 0.4), (0.0, 0.0, 160.0, 120.0)])
@pytest.mark.parametrize('method', ANONYMIZE[1:])
def test_boxes_over_the_border_and_tiny_ones(method, box):
    assert anonymize(textured(), [box], method).shape == (120, 160, 3)


def test_a_face_that_is_missed_stays_covered_for_a_second():
    anonymizer = Anonymizer('box')
    image = textured()
    anonymizer.note(result_of(BOX), 10.0)
    anonymizer.note(result_of(), 10.9)
    assert (anonymizer.cover(image)[60, 80] != image[60, 80]).any()
    anonymizer.note(result_of(), 11.1)
    np.testing.assert_array_equal(anonymizer.cover(image), image)


def test_what_lies_outside_of_the_region_is_covered():
    anonymizer = Anonymizer('blur')
    image = textured()
    anonymizer.note(result_of(), 0.0)
    covered = anonymizer.cover(image, Region(40, 30, 50, 40))
    np.testing.assert_array_equal(covered[30:70, 40:90], image[30:70, 40:90])
    assert len(np.unique(covered[:30].reshape(-1, 3), axis=0)) == 1


def test_none_leaves_the_picture_alone():
    anonymizer = Anonymizer()
    image = textured()
    anonymizer.note(result_of(BOX), 0.0)
    assert anonymizer.cover(image) is image


def test_another_method_is_refused():
    with pytest.raises(ConfigError, match='anonymize must be one of none, blur, pixelate, box'):
        Anonymizer('mosaic')
