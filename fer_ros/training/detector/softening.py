"""Pictures that are not sharp: out of focus, smeared by motion, or of few pixels."""

from __future__ import annotations

import math

import cv2
import numpy as np

from fer_ros.core.types import Image
from fer_ros.training.augmentation.base import Rng

__all__ = ['blur', 'soften']

_DEVIATION = (0.01, 0.06)  # Of the blur, in sides of the face.
_PIXELS = (14.0, 48.0)  # Sides of a face of few pixels.
_ENOUGH = 96.0  # Pixels of a face's side, beyond which a blur only takes longer.


def soften(image: Image, side: float, rng: Rng) -> Image:
    """Return a picture without its fine detail, which has fewer pixels unless it is small.

    Args:
        image: (H, W, 3) uint8.
        side: Side of its face in pixels.
        rng: Source of chance.

    Returns:
        (h, w, 3) uint8, the same picture.
    """
    if rng.random() < 1 / 3:
        return _reduced(image, math.exp(rng.uniform(*np.log(_PIXELS))) / side)
    scale = min(1.0, _ENOUGH / side)
    return blur(_reduced(image, scale), float(rng.uniform(*_DEVIATION)) * side * scale, rng)


def blur(image: Image, deviation: float, rng: Rng) -> Image:
    """Return a picture out of focus, or smeared by motion.

    Args:
        image: (H, W, 3) uint8.
        deviation: Standard deviation of the blur in pixels.
        rng: Source of chance.
    """
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), deviation), np.uint8)
    # An even smear has the deviation of its length over the root of twelve.
    half = max(1, round(deviation * math.sqrt(3)))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    angle = rng.uniform(0, np.pi)
    end = (round(half * math.cos(angle)), round(half * math.sin(angle)))
    cv2.line(kernel, (half - end[0], half - end[1]), (half + end[0], half + end[1]), 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def _reduced(image: Image, scale: float) -> Image:
    if scale >= 1.0:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
