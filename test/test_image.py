"""Every encoding gives the pixels worked out by hand; every malformed image is refused."""

import array
import dataclasses
import sys

from image_support import ALPHA, BGR, GREY, grey3, scaled, stretched, WIDE
from malformed_images import malformed_images
import numpy as np
import pytest

from fer_ros.core.encodings import ENCODINGS
from fer_ros.core.errors import ImageError
from fer_ros.core.image import from_bgr, ImageFields, to_bgr

RNG = np.random.default_rng(7)
HEIGHT, WIDTH = BGR.shape[:2]

SAMPLES = {
    'bgr8': (BGR, BGR),
    '8UC3': (BGR, BGR),
    'rgb8': (BGR[..., ::-1], BGR),
    'bgra8': (np.concatenate([BGR, ALPHA], axis=2), BGR),
    '8UC4': (np.concatenate([BGR, ALPHA], axis=2), BGR),
    'rgba8': (np.concatenate([BGR[..., ::-1], ALPHA], axis=2), BGR),
    'mono8': (GREY, grey3(GREY)),
    '8UC1': (GREY, grey3(GREY)),
    'mono16': (WIDE, grey3(scaled(WIDE))),
    '16UC1': (WIDE, grey3(stretched(WIDE))),
    'bgr16': (BGR.astype(np.uint16) * 257, BGR),
    'rgb16': (BGR[..., ::-1].astype(np.uint16) * 257, BGR),
    'bgra16': (np.concatenate([BGR, ALPHA], axis=2).astype(np.uint16) * 257, BGR),
    'rgba16': (np.concatenate([BGR[..., ::-1], ALPHA], axis=2).astype(np.uint16) * 257, BGR),
}


def message(encoding, rows, padding=0, big=False, height=None):
    """Return the fields of an image whose rows are padded with bytes that must not matter."""
    rows = np.ascontiguousarray(rows)
    lines = rows.astype(rows.dtype.newbyteorder('>' if big else '<')).reshape(len(rows), -1)
    lines = lines.view(np.uint8)
    pad = np.full((len(lines), padding), 0xA5, np.uint8)
    data = np.concatenate([lines, pad], axis=1)
    return ImageFields(
        rows.shape[1] if rows.ndim > 1 else WIDTH, height or len(rows), encoding, int(big),
        data.shape[1], data.tobytes())


@pytest.mark.parametrize('big', [False, True], ids=['little', 'big'])
@pytest.mark.parametrize('padding', [0, 1, 4, 13])
@pytest.mark.parametrize('encoding', SAMPLES)
def test_pixels_are_those_worked_out_by_hand(encoding, padding, big):
    rows, expected = SAMPLES[encoding]
    assert np.array_equal(to_bgr(message(encoding, rows, padding, big)), expected)


def yuv_pixel(y, u, v):
    """BT.601, limited range, as ITU-R BT.601-7 section 2.5 has it."""
    y, u, v = 1.164 * (y - 16), u - 128.0, v - 128.0
    bgr = np.array([y + 2.018 * u, y - 0.391 * u - 0.813 * v, y + 1.596 * v])
    return np.clip(bgr, 0, 255)


Y = RNG.integers(16, 236, (HEIGHT, WIDTH), dtype=np.uint8)
U = RNG.integers(90, 166, (HEIGHT // 2, WIDTH // 2), dtype=np.uint8)
V = RNG.integers(90, 166, (HEIGHT // 2, WIDTH // 2), dtype=np.uint8)


def yuv_expected():
    return np.array([[yuv_pixel(float(Y[r, c]), float(U[r // 2, c // 2]), float(V[r // 2, c // 2]))
                      for c in range(WIDTH)] for r in range(HEIGHT)])


def packed(order):
    """Return (H, W, 2) rows of 4:2:2 in which two rows share a colour, as in 4:2:0."""
    rows = np.empty((HEIGHT, WIDTH, 2), np.uint8)
    colour = np.stack([U, V], axis=2).repeat(2, axis=0).reshape(HEIGHT, WIDTH)
    rows[..., order.index('y')] = Y
    rows[..., 1 - order.index('y')] = colour
    return rows


def planar(first, second):
    colour = np.stack([first, second], axis=2).reshape(HEIGHT // 2, WIDTH)
    return np.concatenate([Y, colour])


@pytest.mark.parametrize('padding', [0, 3])
@pytest.mark.parametrize(('encoding', 'rows'), [
    ('uyvy', packed('cy')), ('yuv422', packed('cy')),
    ('yuyv', packed('yc')), ('yuv422_yuy2', packed('yc')),
    ('nv12', planar(U, V)), ('nv21', planar(V, U))])
def test_yuv_follows_bt601(encoding, rows, padding):
    fields = message(encoding, rows, padding, height=HEIGHT)
    difference = np.abs(to_bgr(fields).astype(float) - yuv_expected())
    assert difference.max() <= 2.0


@pytest.mark.parametrize('padding', [0, 5])
@pytest.mark.parametrize('wide', [False, True])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_bayer_gives_back_a_flat_colour(pattern, wide, padding):
    colour = {'r': 200, 'g': 120, 'b': 40}
    tile = np.array([colour[letter] for letter in pattern], np.uint16).reshape(2, 2)
    rows = np.tile(tile, (HEIGHT // 2, WIDTH // 2))
    rows = rows * 257 if wide else rows.astype(np.uint8)
    bgr = to_bgr(message(f'bayer_{pattern}{16 if wide else 8}', rows, padding))
    assert np.array_equal(bgr[2:-2, 2:-2], np.full((HEIGHT - 4, WIDTH - 4, 3), (40, 120, 200)))


def test_every_encoding_has_its_expected_pixels():
    tested = {*SAMPLES, 'uyvy', 'yuv422', 'yuyv', 'yuv422_yuy2', 'nv12', 'nv21'}
    tested |= {f'bayer_{p}{b}' for p in ('rggb', 'bggr', 'gbrg', 'grbg') for b in (8, 16)}
    assert tested == set(ENCODINGS)


def test_all_values_of_16_bits_are_rounded():
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert np.array_equal(to_bgr(message('mono16', every)), grey3(scaled(every)))


@pytest.mark.parametrize(('depth', 'grey'), [
    ([0, 0, 0], [0, 0, 0]),  # nothing was measured
    ([0, 1000, 2000], [0, 0, 255]),  # what was not measured does not stretch the rest
    ([1000, 1500, 2000], [0, 127, 255]), ([1, 2, 0], [0, 255, 0]), ([5, 6, 6], [0, 255, 255]),
    ([7, 7, 7], [0, 0, 0]), ([1, 256, 65535], [0, 0, 255])])
def test_depth_is_stretched_between_the_smallest_and_the_largest_measurement(depth, grey):
    bgr = to_bgr(message('16UC1', np.array([depth], np.uint16)))
    assert bgr.dtype == np.uint8
    assert np.array_equal(bgr, grey3([grey]))


@pytest.mark.parametrize('encoding', SAMPLES)
def test_one_pixel_is_an_image(encoding):
    rows, _ = SAMPLES[encoding]
    assert to_bgr(message(encoding, rows[:1, :1])).shape == (1, 1, 3)


@pytest.mark.parametrize('kind', [
    bytes, bytearray, memoryview, lambda d: array.array('B', d), list,
    lambda d: np.frombuffer(d, np.uint8)])
def test_data_may_come_in_any_form_of_bytes(kind):
    fields = message('bgr8', BGR, 2)
    given = dataclasses.replace(fields, data=kind(fields.data))
    assert np.array_equal(to_bgr(given), BGR)


def test_no_copy_is_made_where_none_is_needed():
    data = array.array('B', BGR.tobytes())
    fields = ImageFields(WIDTH, HEIGHT, 'bgr8', 0, WIDTH * 3, data)
    assert np.shares_memory(to_bgr(fields), np.frombuffer(data, np.uint8))


def test_there_and_back_again():
    assert np.array_equal(to_bgr(from_bgr(BGR)), BGR)
    assert np.array_equal(to_bgr(from_bgr(BGR[:, ::2])), BGR[:, ::2])


@pytest.mark.parametrize('bgr', [GREY, BGR.astype(float), BGR[:0]])
def test_only_bgr_is_published(bgr):
    with pytest.raises(ImageError, match='expected'):
        from_bgr(bgr)


CASES = malformed_images()


def test_there_are_two_hundred_malformed_images_and_none_twice():
    assert len({name for name, _ in CASES}) == 200


@pytest.mark.parametrize('fields', [fields for _, fields in CASES], ids=[n for n, _ in CASES])
def test_a_malformed_image_is_refused_with_what_was_expected(fields):
    with pytest.raises(ImageError) as error:
        to_bgr(ImageFields(**fields))
    text = str(error.value)
    assert 'got' in text or 'supported' in text


def test_the_byte_order_of_what_is_made_is_this_machines():
    assert from_bgr(BGR).is_bigendian == (sys.byteorder == 'big')


@pytest.mark.parametrize('data', [
    (), [], b'', bytearray(), memoryview(b''), array.array('B'), np.empty(0, np.uint8)])
def test_no_data_is_too_little_whatever_holds_it(data):
    with pytest.raises(ImageError, match='must be 12 bytes, got 0'):
        to_bgr(ImageFields(2, 2, 'bgr8', 0, 6, data))


@pytest.mark.parametrize(('data', 'words'), [
    (None, 'got NoneType'), (7, 'got int'), ('', 'got str'), ('text', 'got str'),
    ({}, 'got dict'), ([256], 'got list: .*256'),
    (np.zeros(4, np.float32), 'got an array of float32')])
def test_data_of_another_kind_are_named(data, words):
    with pytest.raises(ImageError, match=f'^data must be bytes, {words}'):
        to_bgr(ImageFields(2, 2, 'bgr8', 0, 6, data))
