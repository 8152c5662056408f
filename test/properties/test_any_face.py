"""Any box and any landmarks in any picture: a crop, an upright fallback, or a ValueError."""

import math

from hypothesis import assume, given
from hypothesis import strategies as st
import numpy as np
import pytest

from fer_ros.core.alignment import crop_frame, FER_ALIGNMENT
from fer_ros.core.annotate import draw
from fer_ros.core.crop import crop_face, CropConvention, cut, FER_FRAMING, upright_frame
from fer_ros.core.head_pose import head_pose
from fer_ros.core.reduce import look, Sight
from fer_ros.core.types import CropFrame, Face, FaceEmotion, FrameResult

SIDES = st.integers(1, 40)
PLACES = st.floats(-1e6, 1e6)
LENGTHS = st.floats(1e-3, 1e6)
BOXES = st.tuples(PLACES, PLACES, LENGTHS, LENGTHS)
ANY = st.floats(width=32)


def picture(width, height):
    return (np.arange(width * height * 3) % 251).astype(np.uint8).reshape(height, width, 3)


@given(SIDES, SIDES, BOXES, st.integers(1, 64), st.integers(1, 64), st.booleans())
def test_any_box_in_any_picture_gives_a_crop_of_the_size_asked(
        width, height, box, columns, rows, grey):
    image = picture(width, height)
    kept = image.copy()
    crop = crop_face(image, box, FER_FRAMING['yunet'], (columns, rows), grey)
    assert crop.shape == ((rows, columns) if grey else (rows, columns, 3))
    assert crop.dtype == np.uint8
    np.testing.assert_array_equal(image, kept)


@given(SIDES, SIDES, PLACES, PLACES, LENGTHS, st.floats(-720, 720), st.integers(0, 255))
def test_a_flat_picture_gives_flat_crops_however_they_are_turned(
        width, height, x, y, side, roll, value):
    image = np.full((height, width, 3), value, np.uint8)
    crop = cut(image, CropFrame(x, y, side, roll))
    assert abs(crop.astype(int) - value).max() <= 1


@given(st.tuples(ANY, ANY, ANY, ANY))
def test_a_box_that_is_none_is_refused_and_every_other_is_framed(box):
    good = all(map(math.isfinite, box)) and box[2] > 0 and box[3] > 0
    if not good:
        with pytest.raises(ValueError, match='box'):
            upright_frame(box, CropConvention(1.0))
        with pytest.raises(ValueError, match='box'):
            Face(box, 0.5)
        return
    assume(max(map(abs, box)) < 1e30)
    frame = upright_frame(box, CropConvention(1.0))
    assert frame.side == pytest.approx((box[2] + box[3]) / 2)


@given(BOXES, st.lists(st.tuples(PLACES, PLACES), min_size=5, max_size=5))
def test_any_landmarks_give_a_frame_near_the_box(box, points):
    face = Face(box, 0.9, np.array(points, np.float32))
    pose = head_pose(face.landmarks)
    convention = FER_FRAMING['yunet']
    frame = crop_frame(face, pose, convention, FER_ALIGNMENT['yunet'])
    upright = upright_frame(box, convention)
    assert 0.5 <= frame.side / upright.side <= 1.6
    assert math.hypot(frame.x - upright.x, frame.y - upright.y) <= 0.4 * upright.side + 1e-3


@given(SIDES, SIDES, st.one_of(st.floats(0.01, 1), st.floats(8, 1e4)), st.integers(1, 8),
       st.integers(0, 200))
def test_any_look_at_any_picture_shows_views_of_it_and_brings_faces_back(
        width, height, size, tiles, input_size):
    assume(input_size == 0 or input_size >= 32)

    def find(view):
        assert 0 not in view.shape
        return [Face((0.0, 0.0, float(view.shape[1]), float(view.shape[0])), 0.9)]

    faces = look(picture(width, height), Sight(size, input_size, tiles), 24.0, find)
    assert faces
    for face in faces:
        x, y, w, h = face.box
        assert x >= -1e-6 and y >= -1e-6  # noqa: PT018
        assert x + w <= width + 1e-6 and y + h <= height + 1e-6  # noqa: PT018


@given(SIDES, SIDES, st.lists(BOXES, max_size=4), st.booleans(), st.booleans())
def test_any_faces_can_be_drawn_on_any_picture(width, height, boxes, charts, crops):
    share = np.array([0.5, 0.5], np.float32)
    faces = tuple(
        FaceEmotion(box, 0.9, None, number, 1.0, 'neutral', 0.5, share, share)
        for number, box in enumerate(boxes))
    result = FrameResult(('neutral', 'anger'), faces, width, height)
    image = picture(width, height)
    kept = image.copy()
    drawn = draw(image, result, charts=charts, crops=crops)
    assert (drawn.shape, drawn.dtype) == (image.shape, np.uint8)
    np.testing.assert_array_equal(image, kept)
