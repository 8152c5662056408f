"""The types refuse what cannot be, and say what is wrong."""

import numpy as np
import pytest

from fer_ros.core.types import EMOTIONS, Face, FaceEmotion, FrameResult

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
    (0, 0, 0, 10), (0, 0, 10, -1), (0, 0, float('nan'), 1), (0, 0, float('inf'), 1), (0, 0, 1)])
def test_face_refuses_a_box_without_area(box):
    with pytest.raises(ValueError, match='box must be'):
        Face(box, 0.5)


@pytest.mark.parametrize('score', [-0.1, 1.1, float('nan')])
def test_face_refuses_a_score_outside_of_0_to_1(score):
    with pytest.raises(ValueError, match='score must lie'):
        Face((0, 0, 10, 10), score)


def test_face_refuses_landmarks_of_another_shape():
    with pytest.raises(ValueError, match=r'\(5, 2\), got \(4, 2\)'):
        Face((0, 0, 10, 10), 0.5, np.zeros((4, 2), np.float32))


@pytest.mark.parametrize('probabilities', [
    UNIFORM * 2, -UNIFORM, np.full(8, np.nan, np.float32), UNIFORM.reshape(2, 4)])
def test_emotion_refuses_what_is_no_distribution(probabilities):
    with pytest.raises(ValueError, match='probabilities'):
        emotion(probabilities=probabilities)


def test_emotion_refuses_distributions_of_two_lengths():
    with pytest.raises(ValueError, match='same length'):
        emotion(raw_probabilities=np.full(4, 0.25, np.float32))


def test_result_refuses_a_face_with_another_number_of_labels():
    with pytest.raises(ValueError, match='2 labels'):
        FrameResult(('a', 'b'), (emotion(),), 640, 480)


def test_result_without_faces_is_legal_and_frozen():
    result = FrameResult(EMOTIONS, (), 640, 480, timings={'total': 0.1})
    assert result.faces == ()
    with pytest.raises(AttributeError):
        result.width = 1
    with pytest.raises(TypeError):
        result.timings['total'] = 2.0
