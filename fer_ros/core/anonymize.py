"""Faces made unrecognizable in a picture that people will see."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Box, FrameResult, Image
from fer_ros.core.view import Region

__all__ = ['ANONYMIZE', 'Anonymizer', 'anonymize']

ANONYMIZE = ('none', 'blur', 'pixelate', 'box')
"""What can be done to a face."""

_MARGIN = 0.25  # of the box, on each side: a detector's box ends at brows and chin
_PIXELS = 6  # across a face, of which more would be enough to find it again
_BOX_COLOR = (64, 64, 64)


class Anonymizer:
    """Covers every face that was found, and for a while the places where one was found.

    What the detector does not find it cannot cover: a face that is missed stays visible, but for
    the time that `memory` bridges. Outside of the region that is looked at nothing is found, so
    all of that is covered.

    Args:
        method: One of `ANONYMIZE`.
        memory: Seconds for which the place of a face is covered after it was last found there.

    Raises:
        ConfigError: There is no such method.
    """

    def __init__(self, method: str = 'none', memory: float = 1.0) -> None:
        self.method = method
        self._memory = memory
        self._places: list[tuple[float, Box]] = []

    @property
    def method(self) -> str:
        """One of `ANONYMIZE`."""
        return self._method

    @method.setter
    def method(self, value: str) -> None:
        if value not in ANONYMIZE:
            raise ConfigError(f'anonymize must be one of {", ".join(ANONYMIZE)}, got {value!r}')
        self._method = value

    def note(self, result: FrameResult, stamp: float) -> None:
        """Remember where faces are; call it for every frame, whether it is shown or not."""
        self._places = [
            (seen, box) for seen, box in self._places if 0.0 <= stamp - seen <= self._memory]
        boxes = [face.box for face in result.faces] + [face.box for face in result.unclassified]
        self._places += [(stamp, box) for box in boxes]

    def cover(self, bgr: Image, region: Region | None = None) -> Image:
        """Return the picture without faces; the same one with the method `none`.

        Args:
            bgr: (H, W, 3) uint8, the frame that was noted last.
            region: What of it was looked at.
        """
        if self._method == 'none':
            return bgr
        picture = anonymize(bgr, [box for _, box in self._places], self._method)
        if region is not None and region != Region():
            left, top, right, bottom = region.within(bgr.shape[1], bgr.shape[0])
            seen = picture[top:bottom, left:right].copy()
            picture[:] = _BOX_COLOR
            picture[top:bottom, left:right] = seen
        return picture

    def reset(self) -> None:
        """Forget where faces were."""
        self._places = []


def anonymize(bgr: Image, boxes: Iterable[Box], method: str) -> Image:
    """Return a copy of (H, W, 3) uint8 in which the boxes, and a margin, are unrecognizable.

    `blur` and `pixelate` keep so few pixels of a face (6 across, margin and all) that no
    sharpening brings it back; `box` keeps none.
    """
    picture = bgr.copy()
    height, width = bgr.shape[:2]
    for x, y, w, h in boxes:
        left, top = max(0, round(x - _MARGIN * w)), max(0, round(y - _MARGIN * h))
        right = min(width, round(x + (1 + _MARGIN) * w))
        bottom = min(height, round(y + (1 + _MARGIN) * h))
        if left >= right or top >= bottom:
            continue
        if method == 'box':
            picture[top:bottom, left:right] = _BOX_COLOR
        else:
            # From the picture as it is by now, so that overlapping faces stay covered.
            picture[top:bottom, left:right] = _coarse(
                picture[top:bottom, left:right], (1 + 2 * _MARGIN) * w,
                blurred=method == 'blur')
    return picture


def _coarse(area: Image, whole: float, *, blurred: bool) -> Image:
    """Return what is seen of a face, the whole of which is `whole` wide, in few pixels."""
    pixel = max(1.0, whole / _PIXELS)
    height, width = area.shape[:2]
    size = (max(1, round(width / pixel)), max(1, round(height / pixel)))
    small = cv2.resize(area, size, interpolation=cv2.INTER_AREA)
    way = cv2.INTER_CUBIC if blurred else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(small, (width, height), interpolation=way), np.uint8)
