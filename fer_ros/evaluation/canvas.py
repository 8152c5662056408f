"""Face crops in the middle of a larger canvas, so that a detector can see them."""

from __future__ import annotations

import math

import cv2
import numpy as np

from fer_ros.core.types import Image

__all__ = ['BORDERS', 'CANVAS', 'frame_side', 'padded']

BORDERS: tuple[str, ...] = ('replicate', 'blur', 'mean')
"""What surrounds an image in its canvas."""

CANVAS = 480
"""Side of a canvas in pixels."""

# Detectors know faces in steps of size: only the mean over many sizes has no steps.
_FRAMES = (96.0, 240.0)


def padded(image: Image, border: str, frame: int) -> Image:
    """Return a (480, 480, 3) canvas with a grey face crop in the middle.

    Args:
        image: (H, H) grey face crop.
        border: One of `BORDERS`.
        frame: Even number of pixels to which the crop is enlarged.
    """
    large = cv2.resize(image, (frame, frame), interpolation=cv2.INTER_CUBIC)
    pad = (CANVAS - frame) // 2
    if border == 'mean':
        canvas = np.full((CANVAS, CANVAS), round(float(image.mean())), np.uint8)
    else:
        canvas = np.asarray(cv2.copyMakeBorder(
            large, pad, pad, pad, pad, cv2.BORDER_REPLICATE), np.uint8)
    if border == 'blur':
        canvas = np.asarray(cv2.GaussianBlur(canvas, (0, 0), 20), np.uint8)
    canvas[pad:pad + frame, pad:pad + frame] = large
    return np.asarray(cv2.cvtColor(canvas, cv2.COLOR_GRAY2BGR), np.uint8)


def frame_side(index: int) -> int:
    """Return the side in pixels to which the image of that number is enlarged."""
    # Multiples of the golden ratio spread evenly, however many there are.
    part = math.fmod(index * 0.6180339887, 1.0)
    return 2 * round(_FRAMES[0] * math.pow(_FRAMES[1] / _FRAMES[0], part) / 2)
