"""A part of the image, turned upright, and the way back to the camera's pixels."""

import dataclasses

import numpy as np
import pytest

from fer_ros.core.errors import ConfigError, ImageError
from fer_ros.core.types import CropFrame, Face, FaceEmotion, FrameResult, HeadPose
from fer_ros.core.view import Region, ROTATIONS, turn_image, turn_result, View


def marked(width, height, box):
    """Return a black image with a white box (x, y, width, height)."""
    image = np.zeros((height, width, 3), np.uint8)
    x, y, w, h = box
    image[y:y + h, x:x + w] = 255
    return image


def found_in(image):
    """Return a result whose one face is the white box, landmarks on its corners."""
    rows, columns = np.nonzero(image[..., 0])
    left, top = int(columns.min()), int(rows.min())
    right, bottom = int(columns.max()) + 1, int(rows.max()) + 1
    points = np.array([[left, top], [right, top], [left, bottom], [right, bottom],
                       [(left + right) / 2, (top + bottom) / 2]], np.float32)
    even = np.full(2, 0.5, np.float32)
    box = (left, top, right - left, bottom - top)
    face = FaceEmotion(
        box=box, score=1.0, landmarks=points, track_id=1, track_age=0.0, label='a',
        confidence=0.5, probabilities=even, raw_probabilities=even)
    return FrameResult(
        labels=('a', 'b'), faces=(face,), width=image.shape[1], height=image.shape[0],
        unclassified=(Face(box, 1.0),))


BOX = (30, 12, 10, 20)


@pytest.mark.parametrize('rotation', ROTATIONS)
@pytest.mark.parametrize('region', [Region(), Region(20, 5), Region(25, 10, 40, 30)])
def test_what_is_found_in_the_view_lies_where_it_is_in_the_image(rotation, region):
    image = marked(80, 60, BOX)
    view = View(region, rotation)
    result = view.back(found_in(view.of(image)), 80, 60)
    assert (result.width, result.height) == (80, 60)
    (face,), (other,) = result.faces, result.unclassified
    assert face.box == pytest.approx(BOX)
    assert other.box == pytest.approx(BOX)
    x, y, w, h = BOX
    corners = {(x, y), (x + w, y), (x, y + h), (x + w, y + h), (x + w / 2, y + h / 2)}
    assert {tuple(map(float, point)) for point in face.landmarks} == corners
    assert face.landmarks.dtype == np.float32


@pytest.mark.parametrize('rotation', ROTATIONS)
def test_a_turned_result_belongs_to_the_turned_image(rotation):
    image = marked(80, 60, BOX)
    turned = turn_image(image, rotation)
    result = turn_result(found_in(image), rotation)
    assert (result.width, result.height) == turned.shape[1::-1]
    assert result.faces[0].box == pytest.approx(found_in(turned).faces[0].box)


@pytest.mark.parametrize(('rotation', 'roll'), [(0, 10), (90, 100), (180, -170), (270, -80)])
def test_heads_and_crops_turn_with_the_image(rotation, roll):
    result = found_in(marked(80, 60, BOX))
    face = dataclasses.replace(
        result.faces[0], pose=HeadPose(roll=10, yaw=5, pitch=-3), crop=CropFrame(32, 15, 9, 10))
    turned = turn_result(dataclasses.replace(result, faces=(face,)), rotation)
    (head,) = turned.faces
    assert (head.pose.roll, head.pose.yaw, head.pose.pitch) == pytest.approx((roll, 5, -3))
    assert (head.crop.side, head.crop.roll) == pytest.approx((9, roll))
    place = found_in(turn_image(marked(80, 60, (32, 15, 1, 1)), rotation)).faces[0].box
    assert abs(head.crop.x - place[0]) <= 1
    assert abs(head.crop.y - place[1]) <= 1
    back = View(rotation=rotation).back(turned, 80, 60).faces[0]
    assert (back.crop.x, back.crop.y, back.pose.roll) == pytest.approx((32, 15, 10))


def test_90_degrees_are_clockwise():
    image = marked(80, 60, (0, 0, 10, 5))  # at the upper left
    assert found_in(turn_image(image, 90)).faces[0].box == (55, 0, 5, 10)


def test_the_whole_image_upright_is_not_copied():
    image = marked(80, 60, BOX)
    assert View().of(image).base is image or View().of(image) is image
    result = found_in(image)
    assert View().back(result, 80, 60) is result


@pytest.mark.parametrize('region', [
    Region(80, 0), Region(0, 60), Region(70, 0, 11), Region(0, 50, 0, 11), Region(-1, 0)])
def test_a_region_outside_is_refused(region):
    with pytest.raises(ImageError, match=r'region of interest .* 80x60'):
        View(region).of(marked(80, 60, BOX))


def test_another_rotation_is_refused():
    with pytest.raises(ConfigError, match='one of 0, 90, 180, 270 degrees, got 45'):
        View(rotation=45)
