"""Image messages to BGR: with cv_bridge where it works, with the package's own code elsewhere.

cv_bridge of many installations shears images whose rows are padded, since NumPy 2, and fails on
big-endian data. So it is tried on such images when the node starts, and used only if it passes.
Either way every message is checked first, and both give the same pixels.
"""

from __future__ import annotations

import array
from collections.abc import Callable
import dataclasses
import sys
from typing import Any

import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from fer_ros.core.compressed import compressed_to_bgr
from fer_ros.core.errors import ConfigError, ImageError
from fer_ros.core.image import check_image, to_bgr
from fer_ros.core.types import Image as Pixels
from fer_ros.nodes.serialized import SerializedImage

__all__ = ['USE_CV_BRIDGE', 'ImageConverter', 'create_converter', 'self_check']

USE_CV_BRIDGE = ('auto', 'never', 'always')
"""`auto`: if it is installed and passes the self-check; `always`: or fail."""

# cv_bridge refuses these, or knows them under no name.
_OWN_ENCODINGS = frozenset(
    {'8UC1', '8UC3', '8UC4', '16UC1', 'uyvy', 'yuyv', 'nv12', 'nv21'})


@dataclasses.dataclass(frozen=True)
class ImageConverter:
    """Converts messages.

    Attributes:
        name: `cv_bridge` or `fer_ros`.
        reason: Why it was chosen, for people.
    """

    name: str
    reason: str
    _convert: Callable[[Image], Pixels]

    def to_bgr(self, message: Image | SerializedImage) -> Pixels:
        """Return (H, W, 3) uint8 BGR of a sensor_msgs/Image.

        Raises:
            ImageError: The message is malformed.
        """
        return self._convert(message)

    def compressed_to_bgr(self, message: CompressedImage) -> Pixels:
        """Return (H, W, 3) uint8 BGR of a sensor_msgs/CompressedImage.

        Raises:
            ImageError: The message is malformed.
        """
        return compressed_to_bgr(message)


def create_converter(use_cv_bridge: str = 'auto') -> ImageConverter:
    """Choose how messages are converted.

    Args:
        use_cv_bridge: One of `USE_CV_BRIDGE`.

    Raises:
        ConfigError: It is none of those, or cv_bridge is demanded and cannot be used.
    """
    if use_cv_bridge not in USE_CV_BRIDGE:
        raise ConfigError(
            f'use_cv_bridge must be one of {", ".join(USE_CV_BRIDGE)}, got {use_cv_bridge!r}')
    if use_cv_bridge == 'never':
        return ImageConverter('fer_ros', 'use_cv_bridge is never', to_bgr)
    try:
        from cv_bridge import CvBridge

        bridge = CvBridge()
        fault = self_check(bridge)
    except Exception as error:  # a cv_bridge built for another NumPy fails in many ways
        fault = f'cv_bridge cannot be loaded ({type(error).__name__}: {error})'
    if not fault:
        return ImageConverter(
            'cv_bridge', 'cv_bridge passed its self-check', _with_cv_bridge(bridge))
    if use_cv_bridge == 'always':
        raise ConfigError(f'use_cv_bridge is always, but {fault}')
    return ImageConverter('fer_ros', fault, to_bgr)


def self_check(bridge: Any) -> str:
    """Return what a CvBridge does wrong on small images, or '' if nothing.

    The images are those that it is known to fail on: padded rows and big-endian samples.
    """
    for encoding, padding, big in (
            ('bgr8', 0, False), ('bgr8', 1, False), ('bgr8', 3, False), ('mono8', 5, False),
            ('mono16', 0, True), ('mono16', 2, False)):
        message = _sample(encoding, padding, big)
        try:
            same = np.array_equal(bridge.imgmsg_to_cv2(message, 'bgr8'), to_bgr(message))
        except Exception as error:
            return f'cv_bridge fails on {_describe(message)} ({type(error).__name__}: {error})'
        if not same:
            return f'cv_bridge gives wrong pixels for {_describe(message)}'
    return ''


def _with_cv_bridge(bridge: Any) -> Callable[[Image], Pixels]:
    def convert(message: Image) -> Pixels:
        check_image(message)
        if message.encoding in _OWN_ENCODINGS:
            return to_bgr(message)
        try:
            pixels: Pixels = bridge.imgmsg_to_cv2(message, 'bgr8')
        except Exception as error:
            raise ImageError(
                f'cv_bridge cannot convert a {message.encoding} image: {error}') from error
        return pixels
    return convert


def _sample(encoding: str, padding: int, big: bool) -> Image:
    message = Image()
    message.width, message.height, message.encoding = 6, 4, encoding
    used = {'bgr8': 18, 'mono8': 6, 'mono16': 12}[encoding]
    message.step = used + padding
    message.is_bigendian = int(big)
    values = np.arange(message.step * 4, dtype=np.uint32) * 37 % 256
    message.data = array.array('B', values.astype(np.uint8).tobytes())
    return message


def _describe(message: Image) -> str:
    order = 'big' if message.is_bigendian else 'little'
    return (f'a {message.encoding} image of width {message.width} with step {message.step}, '
            f'{order}-endian on a {sys.byteorder}-endian machine')
