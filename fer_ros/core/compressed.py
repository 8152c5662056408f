"""Compressed image messages (jpeg, png) to BGR pixels, without ROS.

The header of the picture is read before it is decoded: a few hundred bytes can ask for gigabytes
of pixels, and OpenCV fills what a torn JPEG lacks with grey instead of refusing it.
"""

from __future__ import annotations

import struct
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.encodings import ENCODINGS
from fer_ros.core.errors import ImageError
from fer_ros.core.image import bytes_of, MAX_SIDE
from fer_ros.core.types import Image

__all__ = ['CompressedImageMessage', 'compressed_to_bgr']

_MAX_PIXELS = 64_000_000
# A block of 8x8 pixels takes a bit at least, for its mean, if the entropy code is Huffman's; a
# flat picture of libjpeg's takes 3 bits.
_MAX_JPEG_PIXELS_PER_BYTE = 512
_PNG = b'\x89PNG\r\n\x1a\n'
_JPEG = b'\xff\xd8\xff'
# Start-of-frame markers of JPEG; C4, C8 and CC are tables and extensions (ITU-T T.81, B.1).
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})  # without a segment


class CompressedImageMessage(Protocol):
    """The fields of sensor_msgs/CompressedImage that are read."""

    format: str
    data: Any


def compressed_to_bgr(message: CompressedImageMessage) -> Image:
    """Return the pixels of a compressed image message.

    The kind of compression is read from the data, not from the format string, which drivers
    fill as they like. The string of image_transport, `ENCODING; CODEC compressed TARGET`, tells
    how the channels lie: unless TARGET is `bgr8` they are in the order of ENCODING.

    Args:
        message: Anything with the fields of sensor_msgs/CompressedImage.

    Returns:
        (H, W, 3) uint8 BGR. 16 bit grey pictures are scaled as their encoding says, see
        `fer_ros.core.image.to_bgr`.

    Raises:
        ImageError: The data are no whole jpeg or png, or larger than an image can be.
    """
    if 'compressedDepth' in message.format:
        raise ImageError(
            f"format {message.format!r} is a depth image; subscribe to the camera's image")
    data = bytes_of(message.data)
    content = data.tobytes()
    width, height = _size_of(content, message.format)
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE) \
            or width * height > _MAX_PIXELS:
        raise ImageError(
            f'a compressed image may have up to {_MAX_PIXELS} pixels and sides of 1 to '
            f'{MAX_SIDE}, got {width}x{height}')
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ImageError(f'compressed image cannot be decoded: {error}') from error
    if pixels is None or pixels.shape[:2] != (height, width):
        raise ImageError(
            f'compressed image ({len(content)} bytes, format {message.format!r}) cannot be '
            'decoded')
    return _to_bgr(pixels, message.format)


def _to_bgr(pixels: NDArray[Any], text: str) -> Image:
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    source, _, rest = text.partition(';')
    source = source.strip()
    wide = pixels.dtype == np.uint16
    if channels == 1:
        depth = wide and source == '16UC1'
        name = '16UC1' if depth else 'mono16' if wide else 'mono8'
    else:
        order = 'rgb' if source.startswith('rgb') and rest and 'compressed bgr' not in rest \
            else 'bgr'
        name = f'{order}{"a" if channels == 4 else ""}{"16" if wide else "8"}'
    return ENCODINGS[name].to_bgr(pixels)


def _size_of(content: bytes, text: str) -> tuple[int, int]:
    """Return width and height that a picture's header names, refusing torn pictures."""
    if content.startswith(_PNG):
        return _png_size(content)
    if content.startswith(_JPEG):
        # Drivers pad JPEG data with zeros.
        if not content.rstrip(b'\0').endswith(b'\xff\xd9'):
            raise ImageError(
                f'jpeg image of {len(content)} bytes does not end with its end marker; it is '
                'cut off')
        return _jpeg_size(content)
    raise ImageError(
        f'compressed image of {len(content)} bytes, format {text!r}, is neither jpeg nor png '
        f'(begins with {content[:4].hex() or "nothing"})')


def _png_size(content: bytes) -> tuple[int, int]:
    if content[12:16] != b'IHDR':
        raise ImageError(
            f'png image of {len(content)} bytes does not begin with IHDR; it is damaged or cut '
            'off')
    # Chunk by chunk: OpenCV makes room for as many bytes as a chunk claims to have.
    place, kind = len(_PNG), b''
    while kind != b'IEND':
        length = int.from_bytes(content[place:place + 4], 'big')
        kind = content[place + 4:place + 8]
        place += 12 + length  # with its own length, kind and checksum
        if place > len(content):
            raise ImageError(
                f'png image of {len(content)} bytes does not end with IEND; it is cut off')
    width, height = struct.unpack('>II', content[16:24])
    return width, height


def _jpeg_size(content: bytes) -> tuple[int, int]:
    place = 2
    while place + 9 < len(content):
        if content[place] != 0xFF:
            break
        marker = content[place + 1]
        if marker == 0xFF:  # fill byte
            place += 1
            continue
        if marker in _LONE_MARKERS:
            place += 2
            continue
        if marker in _FRAME_MARKERS:
            height, width = struct.unpack('>HH', content[place + 5:place + 9])
            if width * height > _MAX_JPEG_PIXELS_PER_BYTE * len(content):
                raise ImageError(
                    f'jpeg image of {len(content)} bytes cannot hold the {width}x{height} pixels '
                    'that its header names; it is cut off or made to fill the memory')
            return width, height
        place += 2 + int.from_bytes(content[place + 2:place + 4], 'big')
    raise ImageError('jpeg image has no readable frame header; it is damaged')
