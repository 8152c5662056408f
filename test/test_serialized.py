"""Serialized images are read as ROS reads them, without a copy, or left to ROS."""

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from ros_support import image_message
from sensor_msgs.msg import Image

from fer_ros.core.image import to_bgr
from fer_ros.nodes.serialized import read_image

FIELDS = ('header', 'height', 'width', 'encoding', 'is_bigendian', 'step')


def serialized(*, frame_id='camera', size=(6, 4), **changes):
    pixels = np.arange(3 * size[0] * size[1], dtype=np.uint8).reshape(size[1], size[0], 3)
    return bytes(serialize_message(
        image_message(pixels, (12, 345_678_901), frame_id, **changes)))


@pytest.mark.parametrize('encoding', ['bgr8', 'rgb8', 'a', '', 'bayer_rggb8', 'ümläut'])
@pytest.mark.parametrize('frame_id', ['', 'a', 'ab', 'abc', 'camera_optical_frame'])
@pytest.mark.parametrize('size', [(6, 4), (5, 3), (1, 1)], ids=str)
def test_every_field_is_as_ros_reads_it(encoding, frame_id, size):
    data = serialized(frame_id=frame_id, encoding=encoding, size=size, is_bigendian=1)
    image, message = read_image(data), deserialize_message(data, Image)
    for field in FIELDS:
        assert getattr(image, field) == getattr(message, field)
    assert bytes(image.data) == bytes(message.data)


def test_an_image_without_pixels_is_read_too():
    image = read_image(serialized(data=b''))
    assert len(image.data) == 0


def test_pixels_stay_where_they_are():
    data = serialized()
    assert np.shares_memory(to_bgr(read_image(data)), np.frombuffer(data, np.uint8))
    assert np.array_equal(to_bgr(read_image(data)), to_bgr(deserialize_message(data, Image)))


def test_what_is_cut_off_or_longer_than_it_says_is_left_to_ros():
    data = serialized()
    for length in range(len(data) - 1):
        assert read_image(data[:length]) is None
    assert read_image(data + bytes(8)) is None
    assert read_image(b'\x00\x00' + data[2:]) is None  # big-endian


def test_mutated_bytes_are_read_as_ros_reads_them_or_left_to_ros():
    rng = np.random.default_rng(0)
    data = serialized()
    read = 0
    for _ in range(3000):
        broken = bytearray(data)
        for place in rng.integers(0, 60, int(rng.integers(1, 4))):
            broken[place] = rng.integers(0, 256)
        image = read_image(bytes(broken))
        if image is None:
            continue
        message = deserialize_message(bytes(broken), Image)
        read += 1
        for field in FIELDS:
            assert getattr(image, field) == getattr(message, field)
        assert bytes(image.data) == bytes(message.data)
    assert read > 300
