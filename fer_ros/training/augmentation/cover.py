"""Variations that hide a part of the face."""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import numpy as np

from fer_ros.core.types import Image
from fer_ros.training.augmentation.base import Limits, Pixels, Rng

__all__ = ['Erase', 'Occlusion']


@dataclasses.dataclass(frozen=True)
class Erase(Pixels):
    """Overwrite a rectangle with noise (random erasing, Zhong et al. 2020).

    Attributes:
        area: Largest share of the picture.
    """

    LIMITS: ClassVar[Limits] = {'area': (0, 0.9)}

    probability: float = 0.3
    area: float = 0.15

    def apply(self, image: Image, rng: Rng) -> Image:
        """Return the picture with one rectangle of noise."""
        height, width = image.shape[:2]
        area = rng.uniform(0.02, max(self.area, 0.02)) * height * width
        aspect = math.exp(rng.uniform(math.log(1 / 3), math.log(3)))
        h = int(np.clip(round(math.sqrt(area * aspect)), 1, height))
        w = int(np.clip(round(math.sqrt(area / aspect)), 1, width))
        top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        varied = image.copy()
        varied[top:top + h, left:left + w] = rng.integers(
            0, 256, (h, w, *image.shape[2:]), dtype=np.uint8)
        return varied


@dataclasses.dataclass(frozen=True)
class Occlusion(Pixels):
    """Cover a part of the face with one grey or colour: a mask, a hand, a bar over the eyes.

    The places are shares of the FER2013 framing, in which the eyes lie at about 0.4 and the
    mouth at about 0.75 of the height.
    """

    probability: float = 0.05

    def apply(self, image: Image, rng: Rng) -> Image:
        """Return the picture with a mask over the mouth, a bar over the eyes or a hand."""
        side = image.shape[0]
        kind = rng.integers(3)
        if kind == 0:
            box = (0.1, rng.uniform(0.5, 0.62), 0.9, 1.0)
        elif kind == 1:
            box = (0.0, rng.uniform(0.2, 0.3), 1.0, rng.uniform(0.45, 0.55))
        else:
            x, y = rng.uniform(-0.2, 0.8), rng.uniform(0.3, 0.8)
            box = (x, y, x + rng.uniform(0.25, 0.45), y + rng.uniform(0.25, 0.5))
        x0, y0, x1, y1 = (int(np.clip(round(v * side), 0, side)) for v in box)
        varied = image.copy()
        varied[y0:y1, x0:x1] = rng.integers(0, 256, image.shape[2:])
        return varied
