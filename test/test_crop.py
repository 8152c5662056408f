"""Crops show the right place, sharply and without aliasing, whatever the box."""

import time

import cv2
import numpy as np
import pytest

from fer_ros.core.crop import (
    box_side,
    crop_face,
    CropConvention,
    FER_FRAMING,
    frame_of,
)
from fer_ros.core.detector import FerFaceDetector, HaarDetector, YuNetDetector
from fer_ros.core.errors import ConfigError, ImageError

AS_IS = CropConvention(margin=1.0)


def ramp(width=200, height=150):
    """Return an image whose blue is x and whose green is y: a pixel tells where it was."""
    y, x = np.mgrid[:height, :width]
    return np.dstack([x, y, np.full_like(x, 77)]).astype(np.uint8)


def test_a_box_of_the_output_size_is_copied_pixel_for_pixel(astronaut):
    crop = crop_face(astronaut, (190, 60, 48, 48), AS_IS, grey=False)
    np.testing.assert_array_equal(crop, astronaut[60:108, 190:238])


@pytest.mark.parametrize('factor', [2, 3, 5])
def test_reduction_by_a_whole_factor_is_the_mean_of_each_area(astronaut, factor):
    side = 48 * factor
    crop = crop_face(astronaut, (100, 40, side, side), AS_IS, grey=False)
    source = astronaut[40:40 + side, 100:100 + side].astype(float)
    mean = source.reshape(48, factor, 48, factor, 3).mean(axis=(1, 3))
    assert np.abs(crop - mean).max() <= 1


@pytest.mark.parametrize('side', [70, 113, 250, 400])
def test_reduction_by_any_factor_is_close_to_the_mean_of_each_area(astronaut, side):
    crop = crop_face(astronaut, (60, 20, side, side), AS_IS, grey=False)
    exact = cv2.resize(
        astronaut[20:20 + side, 60:60 + side], (48, 48), interpolation=cv2.INTER_AREA)
    assert np.abs(crop.astype(int) - exact).mean() < 1.5


@pytest.mark.parametrize('side', [200, 333, 370])
def test_a_fine_chequerboard_becomes_grey_and_no_moire(side):
    board = (np.indices((400, 400)).sum(axis=0) % 2 * 255).astype(np.uint8)
    crop = crop_face(board, (20, 20, side, side), AS_IS)
    assert np.abs(crop.astype(int) - 127).max() <= 30
    assert crop.std() < 8


@pytest.mark.parametrize('side', [400, 1500])
def test_noise_is_averaged_out_in_large_faces(side):
    noise = np.random.default_rng(0).integers(0, 256, (1600, 1600), np.uint8)
    # At least 8 x 8 samples a pixel: an eighth of the noise's 74 grey levels is left.
    assert crop_face(noise, (20, 20, side, side), AS_IS).std() < 74 / 7


@pytest.mark.parametrize('box', [
    (5.5, 10.25, 28.8, 28.8), (7.7, 4.1, 48.0, 48.0), (8.3, 6.0, 30.0, 20.0)])
def test_the_place_is_exact_to_a_quarter_of_a_pixel(box):
    y, x = np.mgrid[:60, :60] * 4
    image = np.dstack([x, y, y]).astype(np.uint8)
    crop = crop_face(image, box, AS_IS, grey=False).astype(float)
    side = box_side(box)
    left, top = box[0] + box[2] / 2 - side / 2, box[1] + box[3] / 2 - side / 2
    centres = (np.arange(48) + 0.5) / 48 * side - 0.5
    assert np.abs(crop[..., 0] / 4 - (left + centres)[None]).max() <= 0.25
    assert np.abs(crop[..., 1] / 4 - (top + centres)[:, None]).max() <= 0.25


def test_margin_and_offsets_are_in_sides_of_the_box():
    frame = frame_of((10, 20, 40, 60), CropConvention(1.2, offset_x=0.1, offset_y=-0.2))
    # Side 50, centre (30, 50) moved by (5, -10), frame of 60.
    assert frame == pytest.approx((5, 10, 60, 60))


@pytest.mark.parametrize(('box', 'inner', 'outer'), [
    ((-48, 10, 96, 96), np.s_[:, :23], 0),
    ((152, 10, 96, 96), np.s_[:, 25:], 199),
])
def test_what_lies_beyond_the_border_repeats_the_last_column(box, inner, outer):
    crop = crop_face(ramp(), box, AS_IS, grey=False)
    assert (crop[inner][..., 0] == outer).all()


@pytest.mark.parametrize('box', [
    (-500, -500, 60, 60), (900, 40, 60, 60), (-1e6, -1e6, 2e6, 2e6), (50, 50, 1e-3, 1e-3),
    (199.2, 149.4, 0.5, 0.5)])
def test_any_finite_box_gives_a_crop(box):
    assert crop_face(ramp(), box, FER_FRAMING['haar']).shape == (48, 48)


@pytest.mark.parametrize(('channels', 'grey', 'shape'), [
    (3, True, (32, 64)), (3, False, (32, 64, 3)), (1, True, (32, 64)), (1, False, (32, 64, 3))])
def test_size_is_width_by_height_and_colour_as_asked(channels, grey, shape):
    image = ramp() if channels == 3 else ramp()[..., 0]
    crop = crop_face(image, (10, 10, 100, 100), AS_IS, size=(64, 32), grey=grey)
    assert crop.shape == shape
    assert crop.dtype == np.uint8


def test_grey_before_and_after_the_reduction_agree(astronaut):
    box = (150.3, 40.8, 180, 180)
    late = cv2.cvtColor(crop_face(astronaut, box, AS_IS, grey=False), cv2.COLOR_BGR2GRAY)
    assert np.abs(crop_face(astronaut, box, AS_IS).astype(int) - late).max() <= 2


def test_the_image_is_left_alone_and_a_view_of_it_will_do(astronaut):
    before = astronaut.copy()
    mirrored = crop_face(astronaut[:, ::-1], (200, 50, 100, 100), AS_IS, grey=False)
    straight = crop_face(
        np.ascontiguousarray(astronaut[:, ::-1]), (200, 50, 100, 100), AS_IS, grey=False)
    np.testing.assert_array_equal(mirrored, straight)
    np.testing.assert_array_equal(astronaut, before)


def test_every_detector_has_its_framing():
    assert {kind.box_convention for kind in (FerFaceDetector, HaarDetector, YuNetDetector)} \
        == set(FER_FRAMING)


@pytest.mark.parametrize('values', [(0, 0, 0), (-1, 0, 0), (np.nan, 0, 0), (1, np.inf, 0)])
def test_a_convention_of_no_sense_is_refused(values):
    with pytest.raises(ConfigError, match='margin > 0'):
        CropConvention(*values)


@pytest.mark.parametrize(('image', 'told'), [
    (np.zeros((10, 10, 4), np.uint8), r'\(10, 10, 4\)'),
    (np.zeros((10, 10), np.float32), 'float32'),
    (np.zeros((0, 10, 3), np.uint8), r'\(0, 10, 3\)'),
    ([[1, 2]], 'list'),
])
def test_an_image_of_another_kind_is_refused_by_its_kind(image, told):
    with pytest.raises(ImageError, match=told):
        crop_face(image, (0, 0, 5, 5), AS_IS)


@pytest.mark.parametrize(
    'box', [(0, 0, 0, 5), (0, 0, 5, -1), (np.nan, 0, 5, 5), (0, 0, np.inf, 5)])
def test_a_box_that_is_none_is_refused(box):
    with pytest.raises(ValueError, match='box must be finite'):
        crop_face(ramp(), box, AS_IS)


def test_the_cost_of_a_huge_face_is_bounded(astronaut):
    huge = cv2.resize(astronaut, (3000, 3000))

    def cost(side):
        times = []
        for _ in range(15):
            begin = time.process_time()
            crop_face(huge, (100, 100, side, side), AS_IS)
            times.append(time.process_time() - begin)
        return min(times)
    # Sixteen times the side, 256 times the pixels.
    assert cost(2800) < 100 * cost(175)


def test_a_frame_may_be_smaller_than_the_box():
    frame = frame_of((10, 20, 40, 40), CropConvention(margin=0.5))
    assert frame == frame_of((20, 30, 20, 20), AS_IS)
