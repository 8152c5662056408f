"""Faces are followed where they move, and given up rather than misplaced."""

import cv2
import numpy as np
import pytest

from fer_ros.core.flow import FaceFlow
from fer_ros.core.tracker import overlap
from fer_ros.core.types import Face

BOX = (178.0, 62.0, 92.0, 106.0)
POINTS = np.array(
    [[205, 105], [245, 107], [225, 128], [207, 143], [243, 145]], np.float32)


def moved(image, angle=0.0, scale=1.0, shift=(0, 0)):
    """Return the picture turned and scaled about the face and shifted, and what it does to x."""
    matrix = cv2.getRotationMatrix2D((224, 115), angle, scale)
    matrix[:, 2] += shift
    picture = cv2.warpAffine(image, matrix, (640, 480), borderMode=cv2.BORDER_REFLECT)
    return picture, lambda points: points @ matrix[:, :2].T + matrix[:, 2]


@pytest.mark.parametrize('motion', [
    {}, {'shift': (25, -18)}, {'shift': (-30, 20)}, {'angle': 8}, {'scale': 1.12},
    {'scale': 0.9}, {'angle': 15}, {'angle': -6, 'scale': 1.05, 'shift': (12, 15)},
    {'shift': (0.4, -0.3)}], ids=str)
def test_box_and_landmarks_move_with_the_face(astronaut, motion):
    start, _ = moved(astronaut, shift=(60, 60))
    shift = np.array(motion.get('shift', (0, 0))) + 60
    after, way = moved(astronaut, motion.get('angle', 0), motion.get('scale', 1), shift)
    flow = FaceFlow()
    flow.start(start, [Face((BOX[0] + 60, BOX[1] + 60, *BOX[2:]), 0.8, POINTS + 60)])
    [face] = flow.move(after)
    assert face.score == 0.8
    # The box's edges run from 0 to 1 where OpenCV's pixel centres are whole numbers.
    assert np.abs(face.landmarks - (way(POINTS - 0.5) + 0.5)).max() < 0.5
    assert face.landmarks.dtype == np.float32
    centre = way(np.array([BOX[0] + BOX[2] / 2, BOX[1] + BOX[3] / 2]) - 0.5) + 0.5
    scale = motion.get('scale', 1)
    wanted = (*(centre - np.array(BOX[2:]) * scale / 2), BOX[2] * scale, BOX[3] * scale)
    assert overlap(face.box, wanted) > 0.95


def test_a_face_is_followed_over_many_frames(astronaut):
    flow = FaceFlow()
    start, _ = moved(astronaut, shift=(60, 60))
    flow.start(start, [Face((BOX[0] + 60, BOX[1] + 60, *BOX[2:]), 0.8)])
    for step in range(1, 21):
        after, _ = moved(astronaut, shift=(60 + 8 * step, 60 + 4 * step))
        [face] = flow.move(after)
    assert face.landmarks is None
    assert overlap(face.box, (BOX[0] + 220, BOX[1] + 140, *BOX[2:])) > 0.9


@pytest.mark.parametrize('frame', [
    np.full((480, 640, 3), 90, np.uint8),
    np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)], ids=['even', 'noise'])
def test_a_face_that_is_gone_is_given_up(astronaut, frame):
    start, _ = moved(astronaut, shift=(60, 60))
    flow = FaceFlow()
    flow.start(start, [Face((BOX[0] + 60, BOX[1] + 60, *BOX[2:]), 0.8)])
    assert flow.move(frame) is None


@pytest.mark.parametrize('change', [
    [[1, 0.25], [0.25, 1]], [[0.7, 0], [0, 1]], [[1.35, 0], [0, 1.35]], [[0.74, 0], [0, 0.74]]],
    ids=['sheared', 'squeezed', 'enlarged', 'reduced'])
def test_what_changes_as_no_face_does_from_frame_to_frame_is_given_up(astronaut, change):
    start, box = placed(astronaut, 300, 200)
    middle = np.array([[300.0], [200.0]])
    matrix = np.hstack([change, middle - change @ middle])
    flow = FaceFlow()
    flow.start(start, [Face(box, 0.8)])
    assert flow.move(cv2.warpAffine(start, matrix, (640, 480))) is None


def test_without_faces_there_is_nothing_to_lose(astronaut):
    flow = FaceFlow()
    assert flow.move(astronaut) == []
    flow.start(astronaut, [])
    assert flow.move(astronaut) == []


@pytest.mark.parametrize('box', [
    (-400, -400, 60, 60), (0, 0, 2, 2), (-50, -50, 5000, 5000), (511, 511, 1e-3, 1e-3)])
@pytest.mark.parametrize('shape', [(1, 1), (512, 512), (3, 900)])
def test_any_box_in_any_frame_is_followed_or_given_up(astronaut, box, shape):
    frame = cv2.resize(astronaut, shape[::-1])
    flow = FaceFlow()
    flow.start(frame, [Face(box, 0.5)])
    faces = flow.move(frame)
    assert faces is None or np.isfinite(faces[0].box).all()


def placed(astronaut, x, y):
    """Return a grey frame with the middle of the face at a place, and the face's box."""
    matrix = np.array([[1, 0, x - 224], [0, 1, y - 115]], np.float32)
    frame = cv2.warpAffine(
        astronaut, matrix, (640, 480), borderMode=cv2.BORDER_CONSTANT, borderValue=(90, 90, 90))
    return frame, (x - BOX[2] / 2, y - BOX[3] / 2, *BOX[2:])


@pytest.mark.parametrize(('begin', 'end', 'in_sight'), [
    ((48, 200), (50, 205), True), ((592, 200), (590, 205), True),
    ((300, 55), (305, 58), True), ((300, 425), (305, 422), True),
    ((8, 200), (2, 200), True), ((632, 200), (637, 200), True),
    ((300, 8), (300, 2), True), ((300, 472), (300, 477), True),
    ((4, 200), (-4, 200), False), ((636, 200), (644, 200), False),
    ((300, 4), (300, -4), False), ((300, 476), (300, 484), False),
    # Columns 0 to 639 and rows 0 to 479 reach from 0 to 640 and 480.
    ((0, 200), (0, 200), True), ((300, 0), (300, 0), True),
    ((640, 200), (640, 200), False), ((300, 480), (300, 480), False)])
def test_a_face_is_followed_until_its_middle_leaves_the_frame(astronaut, begin, end, in_sight):
    frame, box = placed(astronaut, *begin)
    flow = FaceFlow()
    flow.start(frame, [Face(box, 0.8)])
    after, wanted = placed(astronaut, *end)
    faces = flow.move(after)
    if in_sight:
        assert faces[0].box == pytest.approx(wanted, abs=2)
    else:
        assert faces is None
