"""The types refuse what cannot be, and say what is wrong."""

import re

import numpy as np
import pytest

from fer_ros.core.types import CropFrame, EMOTIONS, Face, FaceEmotion, FrameResult, HeadPose

UNIFORM = np.full(8, 1 / 8, np.float32)


def emotion(**changes):
    fields = {
        'box': (1.0, 2.0, 30.0, 40.0), 'score': 0.9, 'landmarks': None, 'track_id': 1,
        'track_age': 0.0, 'label': 'neutral', 'confidence': 0.125, 'probabilities': UNIFORM,
        'raw_probabilities': UNIFORM}
    return FaceEmotion(**{**fields, **changes})


def test_emotions_are_those_of_fer_plus_in_their_order():
    assert EMOTIONS == (
        'neutral', 'happiness', 'surprise', 'sadness', 'anger', 'disgust', 'fear', 'contempt')


@pytest.mark.parametrize('box', [
    (0, 0, 0, 10), (0, 0, 10, 0), (0, 0, 10, -1), (0, 0, float('nan'), 1), (0, 0, float('inf'), 1),
    (0, 0, 1)])
def test_face_refuses_a_box_without_area(box):
    with pytest.raises(ValueError, match='box must be'):
        Face(box, 0.5)


@pytest.mark.parametrize('score', [-0.1, 1.1, float('nan')])
def test_a_score_outside_of_0_to_1_is_refused_by_its_name(score):
    with pytest.raises(ValueError, match=r'^score must lie'):
        Face((0, 0, 10, 10), score)
    for name in ('score', 'confidence'):
        with pytest.raises(ValueError, match=f'^{name} must lie'):
            emotion(**{name: score})


@pytest.mark.parametrize('shape', [(4, 2), (6, 2), (5, 3), (5,)])
def test_landmarks_of_another_shape_are_refused(shape):
    points = np.zeros(shape, np.float32)
    for make in (lambda: Face((0, 0, 10, 10), 0.5, points), lambda: emotion(landmarks=points)):
        with pytest.raises(ValueError, match=re.escape(f'have shape (5, 2), got {shape}')):
            make()


def test_the_least_and_the_most_that_can_be_are_taken():
    points = np.zeros((5, 2), np.float32)
    certain = np.eye(8, dtype=np.float32)[0]
    for score in (0.0, 1.0):
        assert Face((-5, -5, 0.1, 0.1), score, points).area == pytest.approx(0.01)
        face = emotion(score=score, confidence=score, landmarks=points, probabilities=certain)
        assert FrameResult(EMOTIONS, (face,), 1, 1).faces == (face,)


@pytest.mark.parametrize('probabilities', [
    UNIFORM * 2, -UNIFORM, np.full(8, np.nan, np.float32), UNIFORM.reshape(2, 4)])
def test_emotion_refuses_what_is_no_distribution(probabilities):
    for name in ('probabilities', 'raw_probabilities'):
        with pytest.raises(ValueError, match=f'^{name} must be'):
            emotion(**{name: probabilities})


def test_emotion_refuses_distributions_of_two_lengths():
    with pytest.raises(ValueError, match='same length'):
        emotion(raw_probabilities=np.full(4, 0.25, np.float32))


def test_result_refuses_a_face_with_another_number_of_labels():
    with pytest.raises(ValueError, match='2 labels'):
        FrameResult(('a', 'b'), (emotion(),), 640, 480)


@pytest.mark.parametrize('size', [(0, 480), (640, 0), (-1, -1)])
def test_result_refuses_a_frame_without_pixels(size):
    with pytest.raises(ValueError, match=f'frame size must be positive, got {size[0]}x{size[1]}'):
        FrameResult(EMOTIONS, (), *size)


def test_result_without_faces_is_legal_and_frozen():
    timings = {'total': 0.1}
    result = FrameResult(EMOTIONS, (), 640, 480, timings=timings)
    timings['total'] = 3.0
    assert (result.faces, result.timings) == ((), {'total': 0.1})
    with pytest.raises(AttributeError):
        result.width = 1
    with pytest.raises(TypeError):
        result.timings['total'] = 2.0


@pytest.mark.parametrize(('roll', 'corners'), [
    (0, [(8, 18), (12, 18), (12, 22), (8, 22)]),
    (90, [(12, 18), (12, 22), (8, 22), (8, 18)]),  # the face's upper left is at the upper right
    (45, [(10, 20 - 8 ** 0.5), (10 + 8 ** 0.5, 20), (10, 20 + 8 ** 0.5), (10 - 8 ** 0.5, 20)])])
def test_the_corners_of_a_crop_turn_clockwise_with_the_face(roll, corners):
    found = CropFrame(10, 20, 4, roll).corners()
    assert found.dtype == np.float32
    assert found == pytest.approx(np.array(corners), abs=1e-5)


@pytest.mark.parametrize('values', [
    (1, 2, 0, 0), (1, 2, -3, 0), (float('nan'), 2, 3, 0), (1, 2, 3, float('inf'))])
def test_a_crop_without_area_or_place_is_refused(values):
    with pytest.raises(ValueError, match=r'a crop frame needs finite values and a side > 0, got'):
        CropFrame(*values)
    assert CropFrame(1, 2, 0.5).side == 0.5


@pytest.mark.parametrize('name', ['roll', 'yaw', 'pitch'])
def test_a_head_is_turned_by_finite_angles(name):
    angles = {'roll': 10.0, 'yaw': -170.0, 'pitch': 0.0}
    assert getattr(HeadPose(**angles), name) == angles[name]
    with pytest.raises(ValueError, match=f'three finite angles, got .*{name}=nan'):
        HeadPose(**{**angles, name: float('nan')})
