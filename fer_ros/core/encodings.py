"""How each encoding of sensor_msgs/Image lays out its pixels, and how they become BGR.

The names are those of `sensor_msgs/image_encodings.hpp`; the meaning of each is that of
cv_bridge, so that both give the same picture bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import dataclasses
from functools import partial
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


def _color(pixels: _Pixels, code: int) -> Image:
    return np.asarray(cv2.cvtColor(pixels, code), np.uint8)


def _same(pixels: _Pixels) -> Image:
    return pixels


def _eight_bit(pixels: _Pixels) -> _Pixels:
    """Return 16 bit samples as 8 bit: 65535 becomes 255, rounded, as cv_bridge does it."""
    return cv2.convertScaleAbs(pixels, alpha=255.0 / 65535.0)


def _color16(pixels: _Pixels, code: int) -> Image:
    return _color(_eight_bit(pixels), code)


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
    grey = (np.maximum(pixels.astype(np.int64) - low, 0) * 255 // span).astype(np.uint8)
    return _color(grey, cv2.COLOR_GRAY2BGR)


def _bayer16(pixels: _Pixels, code: int) -> Image:
    return np.asarray(_eight_bit(cv2.cvtColor(pixels, code)), np.uint8)


# OpenCV names a Bayer pattern by the second row's second and third pixel, ROS by the first two.
_BAYER = {
    'rggb': cv2.COLOR_BayerBG2BGR, 'bggr': cv2.COLOR_BayerRG2BGR,
    'gbrg': cv2.COLOR_BayerGR2BGR, 'grbg': cv2.COLOR_BayerGB2BGR,
}

_U8, _U16 = np.uint8, np.uint16
_GREY = Encoding(_U8, 1, partial(_color, code=cv2.COLOR_GRAY2BGR))
_BGR = Encoding(_U8, 3, _same)
_BGRA = Encoding(_U8, 4, partial(_color, code=cv2.COLOR_BGRA2BGR))
_UYVY = Encoding(_U8, 2, partial(_color, code=cv2.COLOR_YUV2BGR_UYVY), even=True)
_YUYV = Encoding(_U8, 2, partial(_color, code=cv2.COLOR_YUV2BGR_YUY2), even=True)

ENCODINGS: Mapping[str, Encoding] = MappingProxyType({
    'bgr8': _BGR,
    '8UC3': _BGR,
    'rgb8': Encoding(_U8, 3, partial(_color, code=cv2.COLOR_RGB2BGR)),
    'bgra8': _BGRA,
    '8UC4': _BGRA,
    'rgba8': Encoding(_U8, 4, partial(_color, code=cv2.COLOR_RGBA2BGR)),
    'mono8': _GREY,
    '8UC1': _GREY,
    'mono16': Encoding(_U16, 1, partial(_color16, code=cv2.COLOR_GRAY2BGR)),
    '16UC1': Encoding(_U16, 1, _stretched),
    'bgr16': Encoding(_U16, 3, _eight_bit),
    'rgb16': Encoding(_U16, 3, partial(_color16, code=cv2.COLOR_RGB2BGR)),
    'bgra16': Encoding(_U16, 4, partial(_color16, code=cv2.COLOR_BGRA2BGR)),
    'rgba16': Encoding(_U16, 4, partial(_color16, code=cv2.COLOR_RGBA2BGR)),
    **{f'bayer_{name}8': Encoding(_U8, 1, partial(_color, code=code), even=True)
       for name, code in _BAYER.items()},
    **{f'bayer_{name}16': Encoding(_U16, 1, partial(_bayer16, code=code), even=True)
       for name, code in _BAYER.items()},
    'yuv422': _UYVY,
    'uyvy': _UYVY,
    'yuv422_yuy2': _YUYV,
    'yuyv': _YUYV,
    'nv12': Encoding(_U8, 1, partial(_color, code=cv2.COLOR_YUV2BGR_NV12), planes=3, even=True),
    'nv21': Encoding(_U8, 1, partial(_color, code=cv2.COLOR_YUV2BGR_NV21), planes=3, even=True),
})
"""Every encoding that can be read, by its name in sensor_msgs/Image."""
