"""Results and messages say the same, field by field."""

import math

from builtin_interfaces.msg import Duration
import cv2
import numpy as np
import pytest
from results_support import a_face, a_result, LABELS

from fer_msgs.msg import EmotionArray
from fer_ros.core.compressed import compressed_to_bgr
from fer_ros.core.image import to_bgr
from fer_ros.core.model import load_model
from fer_ros.core.types import UNKNOWN
from fer_ros.nodes import messages

MANIFEST = load_model().manifest


def test_every_field_of_a_result_arrives(header):
    message = messages.emotions_message(a_result(a_face()), header, MANIFEST)

    assert message.header == header
    assert (message.image_width, message.image_height) == (100, 80)
    assert list(message.class_labels) == list(LABELS)
    assert (message.model_name, message.model_version) == (MANIFEST.name, MANIFEST.version)
    assert message.processing_time == Duration(nanosec=12_500_000)
    (emotion,) = message.emotions
    assert emotion.track_id == 3
    assert emotion.track_age == Duration(sec=1, nanosec=500_000_000)
    region = emotion.region
    assert (region.x_offset, region.y_offset, region.width, region.height) == (10, 20, 30, 40)
    assert (emotion.detection_score, emotion.label, emotion.confidence) == (
        0.75, 'happiness', 0.5)
    assert list(emotion.probabilities) == [0.25, 0.5, 0.25]
    assert list(emotion.raw_probabilities) == [0.25, 0.5, 0.25]
    # Neutral 0, happiness 0.81, anger -0.51: see core/affect.py.
    assert emotion.valence == pytest.approx(0.5 * 0.81 - 0.25 * 0.51)


def test_a_frame_without_faces_gives_an_empty_array_with_all_else(header):
    message = messages.emotions_message(a_result(), header, MANIFEST)
    assert message.emotions == []
    assert message.image_width == 100
    assert message.header == header


def test_emotions_without_coordinates_have_no_valence(header):
    face = a_face(label='contempt', probabilities=np.array([1.0], np.float32),
                  raw_probabilities=np.array([1.0], np.float32))
    message = messages.emotions_message(
        a_result(face, labels=('contempt',)), header, MANIFEST)
    assert math.isnan(message.emotions[0].valence)
    assert math.isnan(message.emotions[0].arousal)


@pytest.mark.parametrize(('box', 'region'), [
    ((10.0, 20.0, 30.0, 40.0), (10, 20, 30, 40)),
    ((-5.4, -7.0, 20.0, 20.0), (0, 0, 15, 13)),
    ((90.0, 70.0, 30.0, 40.0), (90, 70, 10, 10)),
    ((-10.0, -10.0, 500.0, 500.0), (0, 0, 100, 80)),
    ((3.6, 3.6, 0.2, 0.2), (4, 4, 1, 1)),
    ((200.0, 200.0, 5.0, 5.0), (99, 79, 1, 1)),
    ((-50.0, -50.0, 5.0, 5.0), (0, 0, 1, 1)),
])
def test_a_region_lies_in_the_image_and_is_never_empty(header, box, region):
    message = messages.emotions_message(a_result(a_face(box)), header, MANIFEST)
    got = message.emotions[0].region
    assert (got.x_offset, got.y_offset, got.width, got.height) == region


def test_a_message_gives_the_result_back(header):
    result = a_result(a_face(), a_face((1.0, 2.0, 3.0, 4.0), UNKNOWN, track_id=4))
    back = messages.result_from_message(messages.emotions_message(result, header, MANIFEST))

    assert (back.labels, back.width, back.height) == (result.labels, 100, 80)
    assert back.stamp == pytest.approx(12.5)
    assert back.timings['total'] == pytest.approx(0.0125)
    assert len(back.faces) == 2
    for one, other in zip(back.faces, result.faces, strict=True):
        assert (one.box, one.label, one.track_id) == (other.box, other.label, other.track_id)
        assert one.track_age == pytest.approx(other.track_age)
        assert one.confidence == pytest.approx(other.confidence)
        np.testing.assert_array_equal(one.probabilities, other.probabilities)
        np.testing.assert_array_equal(one.raw_probabilities, other.raw_probabilities)


def test_a_message_of_the_wrong_shape_is_refused(header):
    message = messages.emotions_message(a_result(a_face()), header, MANIFEST)
    message.class_labels = ['neutral']
    with pytest.raises(ValueError, match='1 labels'):
        messages.result_from_message(message)
    with pytest.raises(ValueError, match='frame size'):
        messages.result_from_message(EmotionArray())


def test_a_picture_becomes_a_message_that_reads_back_the_same(header, astronaut):
    message = messages.image_message(astronaut, header)
    assert message.header == header
    assert (message.width, message.height, message.encoding, message.step) == (
        512, 512, 'bgr8', 1536)
    np.testing.assert_array_equal(to_bgr(message), astronaut)


def test_a_compressed_picture_is_smaller_with_less_quality_and_looks_the_same(
        header, astronaut):
    good, poor = (messages.compressed_message(astronaut, header, q) for q in (95, 30))
    assert len(poor.data) < len(good.data) < astronaut.size
    assert cv2.PSNR(compressed_to_bgr(good), astronaut) > 35  # dB
