"""Any result survives the way into a message, over the wire and back."""

import array
import struct

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS')

from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header

from fer_msgs.msg import EmotionArray
from fer_ros.core.image import to_bgr
from fer_ros.core.model import load_model
from fer_ros.core.types import FaceEmotion, FrameResult, UNKNOWN
from fer_ros.nodes.messages import (
    emotions_message,
    image_message,
    result_from_message,
)

MANIFEST = load_model().manifest
LABELS = MANIFEST.labels
WEIGHTS = st.lists(
    st.floats(0, 1), min_size=len(LABELS), max_size=len(LABELS)).filter(lambda w: sum(w) > 1e-3)
BOXES = st.tuples(*[st.floats(-1e4, 1e4)] * 2, *[st.floats(0.1, 1e4)] * 2)
HEADERS = st.tuples(
    st.integers(-2**31, 2**31 - 1), st.integers(0, 10**9 - 1),
    st.text(st.characters(exclude_categories=('Cs',), exclude_characters='\0'), max_size=20))


def header_of(values):
    header = Header(frame_id=values[2])
    header.stamp.sec, header.stamp.nanosec = values[:2]
    return header


@st.composite
def faces(draw):
    shares = [
        (np.array(weights) / sum(weights)).astype(np.float32)
        for weights in (draw(WEIGHTS), draw(WEIGHTS))]
    return FaceEmotion(
        draw(BOXES), draw(st.floats(0, 1)), None, draw(st.integers(0, 2**31 - 1)),
        draw(st.floats(0, 1e6)), draw(st.sampled_from((*LABELS, UNKNOWN))),
        draw(st.floats(0, 1)), *shares)


def plain(value, kind=''):
    """Return a message as lists, its floats as bytes: an emotion without valence has NaN."""
    if hasattr(value, 'get_fields_and_field_types'):
        return [plain(getattr(value, name), kind)
                for name, kind in value.get_fields_and_field_types().items()]
    if isinstance(value, (list, tuple, array.array, np.ndarray)):
        return [plain(one, kind) for one in value]
    if isinstance(value, float):
        return struct.pack('f' if 'float' in kind else 'd', value)
    return value


@given(HEADERS, st.integers(1, 2**14), st.integers(1, 2**14), st.lists(faces(), max_size=3))
def test_a_result_comes_back_as_it_was_over_the_wire(values, width, height, found):
    header = header_of(values)
    result = FrameResult(LABELS, tuple(found), width, height, timings={'total': 0.01})
    sent = emotions_message(result, header, MANIFEST)
    got = deserialize_message(serialize_message(sent), EmotionArray)
    assert plain(got) == plain(sent)
    assert got.header == header
    back = result_from_message(got)
    assert (back.labels, back.width, back.height) == (LABELS, width, height)
    for face, seen in zip(found, back.faces, strict=True):
        assert (seen.label, seen.track_id) == (face.label, face.track_id)
        assert seen.track_age == pytest.approx(face.track_age, abs=1e-6)
        np.testing.assert_array_equal(seen.probabilities, face.probabilities)
        np.testing.assert_array_equal(seen.raw_probabilities, face.raw_probabilities)
        x, y, w, h = seen.box
        assert 0 <= x < x + w <= width
        assert 0 <= y < y + h <= height


@given(HEADERS, st.integers(1, 24), st.integers(1, 24), st.integers(0, 2**32 - 1))
def test_a_picture_comes_back_as_it_was(values, width, height, seed):
    bgr = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    message = image_message(bgr, header_of(values))
    got = deserialize_message(serialize_message(message), type(message))
    np.testing.assert_array_equal(to_bgr(got), bgr)
    assert got.header == message.header


@given(st.binary(max_size=300))
def test_any_bytes_as_a_message_give_a_result_or_a_value_error(data):
    try:
        message = deserialize_message(b'\0\1\0\0' + data, EmotionArray)
    except Exception:  # of rclpy, which has no type of its own for it
        return
    try:
        result_from_message(message)
    except ValueError as error:
        assert str(error)
