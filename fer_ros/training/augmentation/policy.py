"""A policy that draws among simple operations."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar

import cv2
import numpy as np

from fer_ros.core.types import Image
from fer_ros.training.augmentation.base import Limits, Pixels, Rng

__all__ = ['RandAugment']


@dataclasses.dataclass(frozen=True)
class RandAugment(Pixels):
    """Some of the simple tone operations, drawn anew (RandAugment, Cubuk et al. 2020).

    Geometry is left to `affine`, whose limits fit faces.

    Attributes:
        count: Operations a picture.
        magnitude: Strength, 0 none, 1 full.
    """

    LIMITS: ClassVar[Limits] = {'count': (1, 8), 'magnitude': (0, 1)}

    probability: float = 0.5
    count: int = 2
    magnitude: float = 0.5

    def apply(self, image: Image, rng: Rng) -> Image:
        """Return the picture after `count` random operations."""
        for kind in rng.integers(0, len(_SIMPLE), int(self.count)):
            image = _SIMPLE[kind](image, self.magnitude * rng.uniform(0.2, 1.0), rng)
        return image


def _equalize(image: Image, strength: float, rng: Rng) -> Any:
    even = cv2.equalizeHist(image) if image.ndim == 2 else np.stack(
        [cv2.equalizeHist(image[..., i]) for i in range(image.shape[2])], axis=-1)
    return cv2.addWeighted(image, 1 - strength, even, strength, 0)


def _sharpen(image: Image, strength: float, rng: Rng) -> Any:
    soft = cv2.GaussianBlur(image, (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE)
    return cv2.addWeighted(image, 1 + 2 * strength, soft, -2 * strength, 0)


def _posterize(image: Image, strength: float, rng: Rng) -> Any:
    step = 1 << round(5 * strength)
    return image // step * step + np.uint8(step // 2)


def _light(image: Image, strength: float, rng: Rng) -> Any:
    """Light from one side."""
    side = image.shape[0]
    angle = rng.uniform(0, 2 * math.pi)
    y, x = np.mgrid[-1:1:side * 1j, -1:1:side * 1j]
    slope = 1 + 0.6 * strength * (math.cos(angle) * x + math.sin(angle) * y)
    slope = slope[..., np.newaxis] if image.ndim == 3 else slope
    return np.clip(image * slope, 0, 255).astype(np.uint8)


def _autocontrast(image: Image, strength: float, rng: Rng) -> Any:
    low, high = int(image.min()), int(image.max())
    full = (image.astype(np.float32) - low) * (255 / max(1, high - low))
    return np.clip((1 - strength) * image + strength * full, 0, 255).astype(np.uint8)


_SIMPLE = (_equalize, _sharpen, _posterize, _light, _autocontrast)
