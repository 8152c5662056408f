"""Compressed images of every kind give their pixels; torn, absurd and foreign data are refused."""

import dataclasses
import io
import struct

import cv2
from image_support import ALPHA, BGR, GREY, grey3, scaled, stretched, WIDE
import numpy as np
import PIL.Image
import pytest

from fer_ros.core.compressed import compressed_to_bgr
from fer_ros.core.errors import ImageError


@dataclasses.dataclass
class Compressed:
    format: str
    data: bytes


def encode(pixels, suffix):
    return cv2.imencode(suffix, pixels)[1].tobytes()


RGB_ORDER = np.ascontiguousarray(BGR[..., ::-1])
RGBA_ORDER = np.concatenate([RGB_ORDER, ALPHA], axis=2)
BGRA = np.concatenate([BGR, ALPHA], axis=2)


@pytest.mark.parametrize(('text', 'pixels', 'expected'), [
    ('png', BGR, BGR), ('', BGR, BGR), ('bgr8; png compressed bgr8', BGR, BGR),
    ('rgb8; png compressed bgr8', BGR, BGR), ('rgb8; png compressed ', RGB_ORDER, BGR),
    ('rgb8; png compressed rgb8', RGB_ORDER, BGR), ('rgb8', BGR, BGR),
    ('rgba8; png compressed ', RGBA_ORDER, BGR),
    ('rgb16; png compressed ', RGB_ORDER.astype(np.uint16) * 257, BGR),
    ('rgba16; png compressed ', RGBA_ORDER.astype(np.uint16) * 257, BGR),
    ('mono8; png compressed ', GREY, grey3(GREY)),
    ('png', GREY, grey3(GREY)), ('mono16; png compressed ', WIDE, grey3(scaled(WIDE))),
    ('png', WIDE, grey3(scaled(WIDE))), ('16UC1; png compressed ', WIDE, grey3(stretched(WIDE))),
    ('png', BGRA, BGR), ('png', BGRA.astype(np.uint16) * 257, BGR),
    ('png', BGR.astype(np.uint16) * 257, BGR)])
def test_png_of_every_depth_and_format_string(text, pixels, expected):
    assert np.array_equal(compressed_to_bgr(Compressed(text, encode(pixels, '.png'))), expected)


SMOOTH = cv2.resize(BGR[:2, :2], (64, 48), interpolation=cv2.INTER_LINEAR)
JPEG = encode(SMOOTH, '.jpg')


@pytest.mark.parametrize('text', ['jpeg', 'jpg', '', 'bgr8; jpeg compressed bgr8', 'png'])
def test_jpeg_is_known_by_its_bytes_and_not_by_its_name(text):
    bgr = compressed_to_bgr(Compressed(text, JPEG + b'\0\0'))
    assert np.abs(bgr.astype(int) - SMOOTH).mean() < 4


@pytest.mark.parametrize(('mode', 'suffix'), [
    ('L', 'png'), ('LA', 'png'), ('P', 'png'), ('RGBA', 'png'), ('I;16', 'png'), ('L', 'jpeg'),
    ('CMYK', 'jpeg')])
def test_whatever_a_file_keeps_of_colour_it_becomes_bgr(mode, suffix):
    file = io.BytesIO()
    level = 200 * 257 if mode == 'I;16' else 200
    PIL.Image.new('I' if mode == 'I;16' else 'L', (8, 6), level).convert(mode).save(file, suffix)
    bgr = compressed_to_bgr(Compressed('', file.getvalue()))
    assert (bgr.shape, bgr.dtype) == ((6, 8, 3), np.uint8)
    assert np.abs(bgr.astype(int) - 200).max() <= 2


@pytest.mark.parametrize('inserted', [
    b'\xff', b'\xff\xff', b'\xff\xff\xff', b'\xff\x01', b'\xff\xfe\x01\x30' + bytes(0x12e)],
    ids=['fill byte', 'two', 'three', 'marker alone', 'long comment'])
def test_whatever_stands_before_the_frame_header_of_a_jpeg_is_passed_over(inserted):
    place = JPEG.index(b'\xff\xc0')
    bgr = compressed_to_bgr(Compressed('jpeg', JPEG[:place] + inserted + JPEG[place:]))
    assert np.array_equal(bgr, compressed_to_bgr(Compressed('jpeg', JPEG)))


def claiming(suffix, width, height):
    """Return a picture whose header names another size."""
    if suffix == '.png':
        data = encode(BGR, '.png')
        return data[:16] + struct.pack('>II', width, height) + data[24:]
    place = JPEG.index(b'\xff\xc0') + 5
    return JPEG[:place] + struct.pack('>HH', height, width) + JPEG[place + 4:]


@pytest.mark.parametrize(('suffix', 'width', 'height'), [
    ('.png', 0, 10), ('.png', 10, 0), ('.png', 16385, 10), ('.png', 10, 16385),
    ('.png', 8000, 8001), ('.png', 50_000, 50_000), ('.png', 2**32 - 1, 10),
    ('.png', 10, 2**31), ('.jpg', 40_000, 1), ('.jpg', 1, 40_000), ('.jpg', 0, 10)])
def test_a_size_that_no_image_may_have_is_told(suffix, width, height):
    with pytest.raises(ImageError, match=(
            rf'up to 64000000 pixels and sides of 1 to 16384, got {width}x{height}$')):
        compressed_to_bgr(Compressed('', claiming(suffix, width, height)))


@pytest.mark.parametrize('shape', [(1, 1), (1, 16384), (16384, 1)])
def test_the_smallest_and_the_longest_images_are_taken(shape):
    pixels = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape)
    bgr = compressed_to_bgr(Compressed('png', encode(pixels, '.png')))
    assert np.array_equal(bgr, grey3(pixels))


def test_the_largest_image_is_not_refused_for_its_size():
    with pytest.raises(ImageError, match='cannot be decoded'):
        compressed_to_bgr(Compressed('png', claiming('.png', 8000, 8000)))


def test_a_jpeg_holds_512_pixels_a_byte_and_no_more():
    rows = len(JPEG)
    assert compressed_to_bgr(Compressed('', claiming('.jpg', 512, rows))).shape[:2] == (rows, 512)
    with pytest.raises(ImageError, match=(
            rf'{rows} bytes cannot hold the 512x{rows + 1} pixels that its header names; it is '
            'cut off or made to fill the memory')):
        compressed_to_bgr(Compressed('', claiming('.jpg', 512, rows + 1)))


PNG = encode(BGR, '.png')


@pytest.mark.parametrize(('data', 'words'), [
    (b'', r"0 bytes, format 'h264', is neither jpeg nor png \(begins with nothing\)"),
    (b'hello', r"5 bytes, format 'h264', is neither jpeg nor png \(begins with 68656c6c\)"),
    (encode(BGR, '.bmp'), 'neither jpeg nor png'), (PNG[:-8], 'IEND; it is cut off'),
    (PNG[:12], '12 bytes does not begin with IHDR'), (PNG[:20], 'IEND; it is cut off'),
    (PNG[:8] + PNG[33:], 'does not begin with IHDR'),
    (JPEG[:-9], 'end marker; it is cut off'),
    (b'\xff\xd8\xff\xe0' + b'\0' * 30 + b'\xff\xd9', 'no readable frame header; it is damaged'),
    (b'\xff\xd8' + b'\xff' * 30 + b'\xd9', 'no readable frame header; it is damaged')])
def test_a_damaged_compressed_image_is_refused(data, words):
    with pytest.raises(ImageError, match=words):
        compressed_to_bgr(Compressed('h264', data))


def test_a_damaged_middle_of_a_png_is_refused():
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = bytearray(encode(noise, '.png'))
    data[60:200] = bytes(140)
    with pytest.raises(ImageError, match=(
            rf"\({len(data)} bytes, format 'png'\) cannot be decoded")):
        compressed_to_bgr(Compressed('png', bytes(data)))


def test_compressed_depth_is_refused_with_advice():
    with pytest.raises(ImageError, match=r"depth image; subscribe to the camera's image"):
        compressed_to_bgr(Compressed('16UC1; compressedDepth png', encode(WIDE, '.png')))
