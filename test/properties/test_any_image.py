"""Any fields and any bytes give pixels or an ImageError, and good ones give the same back."""

from types import SimpleNamespace

import cv2
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
import numpy as np
import pytest

from fer_ros.core.compressed import compressed_to_bgr
from fer_ros.core.encodings import ENCODINGS
from fer_ros.core.errors import ImageError
from fer_ros.core.image import check_image, from_bgr, to_bgr

SIDES = st.integers(1, 24)
PIXELS = st.tuples(SIDES, SIDES).flatmap(lambda sides: arrays(np.uint8, (*sides, 3)))
NUMBERS = st.one_of(st.integers(0, 40), st.integers(0, 2**32 - 1))


def is_picture(bgr):
    return bgr.ndim == 3 and bgr.shape[2] == 3 and bgr.dtype == np.uint8 and 0 not in bgr.shape


@given(
    width=NUMBERS, height=NUMBERS, step=NUMBERS, big=st.integers(0, 255),
    encoding=st.one_of(st.sampled_from(sorted(ENCODINGS)), st.text(max_size=12)),
    data=st.binary(max_size=4096))
def test_any_fields_give_pixels_of_their_size_or_an_image_error(
        width, height, step, big, encoding, data):
    message = SimpleNamespace(
        width=width, height=height, step=step, is_bigendian=big, encoding=encoding, data=data)
    try:
        bgr = to_bgr(message)
    except ImageError as error:
        assert str(error)
    else:
        assert is_picture(bgr)
        assert bgr.shape == (height, width, 3)


@given(
    encoding=st.sampled_from(sorted(ENCODINGS)), half=st.tuples(st.integers(1, 8),
                                                               st.integers(1, 8)),
    padding=st.integers(0, 9), big=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_whatever_is_consistent_is_converted(encoding, half, padding, big, seed):
    width, height = 2 * half[0], 2 * half[1]
    known = ENCODINGS[encoding]
    step = width * known.channels * np.dtype(known.dtype).itemsize + padding
    size = step * (height * known.planes // 2)
    data = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8).tobytes()
    message = SimpleNamespace(
        width=width, height=height, step=step, is_bigendian=int(big), encoding=encoding,
        data=data)
    check_image(message)
    assert to_bgr(message).shape == (height, width, 3)


@given(PIXELS, st.integers(0, 7), st.integers(0, 255))
def test_pixels_come_back_whatever_pads_their_rows(bgr, padding, filling):
    fields = from_bgr(bgr)
    np.testing.assert_array_equal(to_bgr(fields), bgr)
    rows = np.pad(bgr.reshape(len(bgr), -1), ((0, 0), (0, padding)), constant_values=filling)
    padded = SimpleNamespace(
        width=fields.width, height=fields.height, encoding='bgr8', is_bigendian=0,
        step=rows.shape[1], data=rows.tobytes())
    np.testing.assert_array_equal(to_bgr(padded), bgr)


@given(PIXELS)
def test_a_png_gives_its_pixels_back(bgr):
    data = cv2.imencode('.png', bgr)[1].tobytes()
    np.testing.assert_array_equal(
        compressed_to_bgr(SimpleNamespace(format='png', data=data)), bgr)


@given(
    st.sampled_from(['.jpg', '.png']), PIXELS, st.text(max_size=30),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=12),
    st.one_of(st.none(), st.integers(0, 10**6)))
def test_any_damage_to_a_compressed_picture_gives_pixels_or_an_image_error(
        suffix, bgr, form, changes, cut):
    data = bytearray(cv2.imencode(suffix, bgr)[1].tobytes())
    for place, value in changes:
        data[place % len(data)] = value
    if cut is not None:
        del data[cut % len(data):]
    try:
        assert is_picture(compressed_to_bgr(SimpleNamespace(format=form, data=bytes(data))))
    except ImageError as error:
        assert str(error)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_picture_are_refused(data):
    with pytest.raises(ImageError):
        compressed_to_bgr(SimpleNamespace(format='jpeg', data=b'\xff\xd8\xff' + data))
