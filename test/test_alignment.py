"""Aligned crops show the face where FER images do, and nonsense points change nothing."""

import itertools

import numpy as np
import pytest

from fer_ros.core.alignment import Alignment, crop_frame, FER_ALIGNMENT
from fer_ros.core.crop import cut, FER_FRAMING, upright_frame
from fer_ros.core.errors import ConfigError
from fer_ros.core.head_pose import head_pose
from fer_ros.core.types import CropFrame, Face

ALIGNMENT, FRAMING = FER_ALIGNMENT['yunet'], FER_FRAMING['yunet']
POINTS = np.array(ALIGNMENT.points)


def face_in(frame, noise=0.0, rng=None):
    """Return a face whose landmarks lie in a frame as they do in FER images."""
    angle = np.radians(frame.roll)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = (POINTS - 0.5) * frame.side @ turn.T + (frame.x, frame.y)
    if noise:
        landmarks = landmarks + rng.normal(0, noise * frame.side, (5, 2))
    # The box that has the upright frame of the same place.
    side = frame.side / FRAMING.margin
    x, y = frame.x - FRAMING.offset_x * side, frame.y - FRAMING.offset_y * side
    return Face((x - side / 2, y - side / 2, side, side), 0.9, landmarks.astype(np.float32))


def found(face):
    return crop_frame(face, head_pose(face.landmarks), FRAMING, ALIGNMENT)


@pytest.mark.parametrize(('roll', 'side', 'place'), itertools.product(
    (-70, -30, -5, 0, 12, 45), (30.0, 48.0, 333.3), ((100.5, 80.25), (-20, 900))))
def test_the_frame_of_a_known_face_is_found(roll, side, place):
    frame = CropFrame(*place, side, roll)
    got = found(face_in(frame))
    assert (got.x, got.y) == pytest.approx(place, abs=0.02 * side)
    assert got.side == pytest.approx(side, rel=0.02)
    assert got.roll == pytest.approx(roll, abs=0.5)


def test_the_aligned_crop_of_a_turned_picture_is_that_of_the_upright_one(astronaut):
    upright = CropFrame(225, 115, 120)
    turned = CropFrame(225, 115, 120, 25)
    # The picture of a turned frame, turned back by another frame.
    picture = cut(astronaut, CropFrame(225, 115, 300, -25), (300, 300), grey=False)
    inside = CropFrame(150, 150, 120, 25)
    before = cut(astronaut, upright).astype(int)
    assert np.abs(before - cut(picture, inside)).mean() < 4
    assert np.abs(before - cut(astronaut, turned)).mean() > 15


def test_noise_of_the_landmarks_moves_the_frame_little():
    rng = np.random.default_rng(0)
    frame = CropFrame(200, 200, 100, 20)
    got = [found(face_in(frame, 0.02, rng)) for _ in range(200)]
    assert np.std([one.roll for one in got]) < 5
    assert np.std([one.side for one in got]) < 4
    assert np.std([one.x for one in got]) < 3


def upright_of(face):
    return upright_frame(face.box, FRAMING)


@pytest.mark.parametrize('swap', [[1, 0, 2, 3, 4], [0, 1, 2, 4, 3], [1, 0, 2, 4, 3]])
def test_exchanged_points_fall_back_to_the_box(swap):
    face = face_in(CropFrame(200, 200, 100, 20))
    wrong = Face(face.box, 0.9, face.landmarks[swap])
    assert found(wrong) == upright_of(wrong)


@pytest.mark.parametrize('point', range(5))
@pytest.mark.parametrize('where', [(600, 0), (0, -400), (np.nan, 0), (np.inf, 0), (1e30, 1e30)])
def test_a_point_far_out_falls_back_to_the_box(point, where):
    face = face_in(CropFrame(200, 200, 100))
    face.landmarks[point] += where
    assert found(face) == upright_of(face)


@pytest.mark.parametrize('landmarks', [
    np.full((5, 2), 200), np.zeros((5, 2)), np.full((5, 2), np.nan),
    np.column_stack([np.arange(5) * 10 + 180, np.full(5, 200)])])
def test_degenerate_points_fall_back_to_the_box(landmarks):
    face = Face((150, 150, 100, 100), 0.9, landmarks.astype(np.float32))
    assert found(face) == upright_of(face)


@pytest.mark.parametrize('frame', [
    CropFrame(500, 200, 100), CropFrame(200, 200, 30), CropFrame(200, 200, 400),
    CropFrame(200, 200, 100, 170)])
def test_landmarks_of_another_face_than_the_box_fall_back_to_it(frame):
    face = Face(face_in(CropFrame(200, 200, 100)).box, 0.9, face_in(frame).landmarks)
    assert found(face) == upright_of(face)


def test_without_landmarks_or_alignment_the_frame_is_that_of_the_box():
    face = face_in(CropFrame(200, 200, 100, 30))
    assert crop_frame(face, head_pose(face.landmarks), FRAMING, None) == upright_of(face)
    assert crop_frame(Face(face.box, 0.9), None, FRAMING, ALIGNMENT) == upright_of(face)


def test_any_points_give_a_frame(astronaut):
    rng = np.random.default_rng(2)
    for scale in (1e-6, 1.0, 30.0, 1e4, 1e8):
        for _ in range(60):
            points = rng.normal(200, scale, (5, 2)).astype(np.float32)
            box = (*rng.uniform(-300, 600, 2), *rng.uniform(1e-2, 600, 2))
            crop = cut(astronaut, found(Face(box, 0.5, points)))
            assert crop.shape == (48, 48)


@pytest.mark.parametrize('points', [
    (), POINTS[:4], POINTS[[1, 0, 2, 3, 4]], POINTS * np.nan, POINTS * 50, POINTS * 0])
def test_an_alignment_of_no_face_is_refused(points):
    with pytest.raises(ConfigError, match='five points'):
        Alignment(tuple(map(tuple, np.asarray(points).tolist())))
