"""Image messages to BGR pixels and back, without ROS: whatever has the fields will do.

Every message is checked before a byte of it is touched, because a node lives on what a driver,
a bag or a network sends it. Compressed images are in `compressed.py`.
"""

from __future__ import annotations

import dataclasses
import sys
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.encodings import Encoding, ENCODINGS
from fer_ros.core.errors import ImageError
from fer_ros.core.types import Image

__all__ = ['ImageFields', 'ImageMessage', 'MAX_SIDE', 'check_image', 'from_bgr', 'to_bgr']

MAX_SIDE = 16384
"""Largest width and height in pixels that is taken for real."""


class ImageMessage(Protocol):
    """The fields of sensor_msgs/Image that are read: of a message, or of `ImageFields`."""

    @property
    def width(self) -> int:
        """Width in pixels."""

    @property
    def height(self) -> int:
        """Height in pixels."""

    @property
    def encoding(self) -> str:
        """Name of the encoding."""

    @property
    def is_bigendian(self) -> int:
        """1 if samples of several bytes have the highest byte first."""

    @property
    def step(self) -> int:
        """Bytes from one row to the next."""

    @property
    def data(self) -> Any:
        """Step * rows bytes."""


@dataclasses.dataclass(frozen=True)
class ImageFields:
    """The fields of a sensor_msgs/Image, but for its header.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        encoding: Name of the encoding.
        is_bigendian: 1 if samples of several bytes have the highest byte first.
        step: Bytes from one row to the next.
        data: step * rows bytes.
    """

    width: int
    height: int
    encoding: str
    is_bigendian: int
    step: int
    data: bytes


def to_bgr(message: ImageMessage) -> Image:
    """Return the pixels of an image message.

    16 bit images with a defined range (`mono16`, `rgb16`, Bayer) are scaled so that 65535
    becomes 255. `16UC1` has no range of its own (depth, thermal): its values but 0 are stretched
    between the smallest and the largest, frame by frame.

    Args:
        message: Anything with the fields of sensor_msgs/Image.

    Returns:
        (H, W, 3) uint8 BGR. For `bgr8` it looks into the message's own memory: copy it before
        you write on it.

    Raises:
        ImageError: A field is wrong; the text says what was expected and what came.
    """
    encoding, data = check_image(message)
    rows = message.height * encoding.planes // 2
    size = np.dtype(encoding.dtype).itemsize
    used = message.width * encoding.channels * size
    lines = data.reshape(rows, message.step)[:, :used]
    if size > 1:
        order = '>' if message.is_bigendian else '<'
        lines = np.ascontiguousarray(lines).view(np.dtype(encoding.dtype).newbyteorder(order))
        lines = lines.astype(encoding.dtype, copy=False)
    if encoding.channels > 1:
        lines = lines.reshape(rows, message.width, encoding.channels)
    return encoding.to_bgr(lines)


def from_bgr(bgr: Image) -> ImageFields:
    """Return the fields of a `bgr8` message with the pixels of (H, W, 3) uint8 BGR.

    Raises:
        ImageError: `bgr` has another shape or type.
    """
    if bgr.ndim != 3 or bgr.shape[2] != 3 or bgr.dtype != np.uint8 or 0 in bgr.shape:
        raise ImageError(f'expected (H, W, 3) BGR uint8, got {bgr.shape} {bgr.dtype}')
    height, width = bgr.shape[:2]
    return ImageFields(width, height, 'bgr8', int(sys.byteorder == 'big'), width * 3,
                       bgr.tobytes())


def check_image(message: ImageMessage) -> tuple[Encoding, NDArray[np.uint8]]:
    """Check the fields of an image message.

    Returns:
        Its encoding, and its data as (step * rows,) uint8 without a copy.

    Raises:
        ImageError: A field is wrong.
    """
    width, height, name = message.width, message.height, message.encoding
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise ImageError(
            f'image size must lie in 1x1 to {MAX_SIDE}x{MAX_SIDE}, got {width}x{height}')
    if name not in ENCODINGS:
        raise ImageError(
            f'encoding {name!r} is not supported; supported: {", ".join(ENCODINGS)}')
    encoding = ENCODINGS[name]
    if encoding.even and (width % 2 or (height % 2 and encoding.channels == 1)):
        raise ImageError(f'{name} images have even sides, got {width}x{height}')
    if message.is_bigendian not in (0, 1):
        raise ImageError(f'is_bigendian must be 0 or 1, got {message.is_bigendian}')
    size = np.dtype(encoding.dtype).itemsize
    least = width * encoding.channels * size
    if message.step < least:
        raise ImageError(
            f'step of a {name} image of width {width} must be at least {least} bytes, got '
            f'{message.step}')
    data = bytes_of(message.data)
    expected = message.step * (height * encoding.planes // 2)
    if data.size != expected:
        raise ImageError(
            f'data of a {name} image of {width}x{height} with step {message.step} must be '
            f'{expected} bytes, got {data.size}')
    return encoding, data


def bytes_of(data: Any) -> NDArray[np.uint8]:
    """Return message data (bytes, array, memoryview, uint8 array, list) as (N,) uint8."""
    if isinstance(data, np.ndarray) and data.dtype != np.uint8:
        raise ImageError(f'data must be bytes, got an array of {data.dtype}')
    try:
        if isinstance(data, (list, tuple)):
            data = bytes(data)
        return np.frombuffer(data, np.uint8)
    except (TypeError, ValueError, BufferError) as error:
        raise ImageError(f'data must be bytes, got {type(data).__name__}: {error}') from error
