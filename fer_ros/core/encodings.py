"""How each encoding of sensor_msgs/Image lays out its pixels, and how they become BGR.

The names are those of `sensor_msgs/image_encodings.hpp`; the meaning of each is that of
cv_bridge, so that both give the same picture bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import dataclasses
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Image

__all__ = ['ENCODINGS', 'Encoding']

_Pixels = NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Encoding:
    """One encoding.

    Attributes:
        dtype: Type of one sample, in the machine's byte order.
        channels: Samples a pixel in a row.
        to_bgr: From the rows (H, W) or (H, W, channels) to (H, W, 3) uint8.
        planes: Rows of data for every two rows of the image: 2, or 3 with a colour plane below.
        even: Whether width (and with a colour plane also height) must be even.
    """

    dtype: Any
    channels: int
    to_bgr: Callable[[_Pixels], Image]
    planes: int = 2
    even: bool = False


def _color(code: int) -> Callable[[_Pixels], Image]:
    def convert(pixels: _Pixels) -> Image:
        bgr: Image = np.asarray(cv2.cvtColor(pixels, code), np.uint8)
        return bgr
    return convert


def _same(pixels: _Pixels) -> Image:
    return pixels


def _eight_bit(pixels: _Pixels) -> _Pixels:
    """Return 16 bit samples as 8 bit: 65535 becomes 255, rounded, as cv_bridge does it."""
    return cv2.convertScaleAbs(pixels, alpha=255.0 / 65535.0)


def _grey16(pixels: _Pixels) -> Image:
    return _color(cv2.COLOR_GRAY2BGR)(_eight_bit(pixels))


def _stretched(pixels: _Pixels) -> Image:
    """Return 16 bit samples without a unit (depth, thermal) stretched to what they span.

    The smallest value that is not 0 becomes 0 and the largest 255; 0, which means `no
    measurement` in depth images (REP-118), becomes 0.
    """
    valid = pixels[pixels > 0]
    if valid.size == 0:
        return np.zeros((*pixels.shape, 3), np.uint8)
    low, high = int(valid.min()), int(valid.max())
    span = max(1, high - low)
    grey = (np.clip(pixels.astype(np.int64) - low, 0, span) * 255 // span).astype(np.uint8)
    return _color(cv2.COLOR_GRAY2BGR)(grey)


def _bayer16(code: int) -> Callable[[_Pixels], Image]:
    def convert(pixels: _Pixels) -> Image:
        bgr: Image = np.asarray(_eight_bit(cv2.cvtColor(pixels, code)), np.uint8)
        return bgr
    return convert


def _color16(code: int | None) -> Callable[[_Pixels], Image]:
    def convert(pixels: _Pixels) -> Image:
        small = _eight_bit(pixels).reshape(pixels.shape)
        return small if code is None else _color(code)(small)
    return convert


# OpenCV names a Bayer pattern by the second row's second and third pixel, ROS by the first two.
_BAYER = {
    'rggb': cv2.COLOR_BayerBG2BGR, 'bggr': cv2.COLOR_BayerRG2BGR,
    'gbrg': cv2.COLOR_BayerGR2BGR, 'grbg': cv2.COLOR_BayerGB2BGR,
}

_U8, _U16 = np.uint8, np.uint16
_GREY = Encoding(_U8, 1, _color(cv2.COLOR_GRAY2BGR))
_BGR = Encoding(_U8, 3, _same)
_BGRA = Encoding(_U8, 4, _color(cv2.COLOR_BGRA2BGR))
_UYVY = Encoding(_U8, 2, _color(cv2.COLOR_YUV2BGR_UYVY), even=True)
_YUYV = Encoding(_U8, 2, _color(cv2.COLOR_YUV2BGR_YUY2), even=True)

ENCODINGS: Mapping[str, Encoding] = MappingProxyType({
    'bgr8': _BGR,
    '8UC3': _BGR,
    'rgb8': Encoding(_U8, 3, _color(cv2.COLOR_RGB2BGR)),
    'bgra8': _BGRA,
    '8UC4': _BGRA,
    'rgba8': Encoding(_U8, 4, _color(cv2.COLOR_RGBA2BGR)),
    'mono8': _GREY,
    '8UC1': _GREY,
    'mono16': Encoding(_U16, 1, _grey16),
    '16UC1': Encoding(_U16, 1, _stretched),
    'bgr16': Encoding(_U16, 3, _color16(None)),
    'rgb16': Encoding(_U16, 3, _color16(cv2.COLOR_RGB2BGR)),
    'bgra16': Encoding(_U16, 4, _color16(cv2.COLOR_BGRA2BGR)),
    'rgba16': Encoding(_U16, 4, _color16(cv2.COLOR_RGBA2BGR)),
    **{f'bayer_{name}8': Encoding(_U8, 1, _color(code), even=True)
       for name, code in _BAYER.items()},
    **{f'bayer_{name}16': Encoding(_U16, 1, _bayer16(code), even=True)
       for name, code in _BAYER.items()},
    'yuv422': _UYVY,
    'uyvy': _UYVY,
    'yuv422_yuy2': _YUYV,
    'yuyv': _YUYV,
    'nv12': Encoding(_U8, 1, _color(cv2.COLOR_YUV2BGR_NV12), planes=3, even=True),
    'nv21': Encoding(_U8, 1, _color(cv2.COLOR_YUV2BGR_NV21), planes=3, even=True),
})
"""Every encoding that can be read, by its name in sensor_msgs/Image."""
