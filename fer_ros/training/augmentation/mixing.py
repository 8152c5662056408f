"""Mixtures of two pictures and of their labels."""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import numpy as np

from fer_ros.core.types import Floats, Image
from fer_ros.training.augmentation.base import Variation

__all__ = ['CutMix', 'MIXTURES', 'MixUp', 'Mixture']


@dataclasses.dataclass(frozen=True)
class Mixture(Variation):
    """A variation of a whole batch; `probability` is the share of the batches.

    Attributes:
        alpha: Parameter of the beta distribution of the shares; small: mostly one picture.
    """

    LIMITS: ClassVar[dict[str, tuple[float, float]]] = {'alpha': (0.01, 10)}

    alpha: float = 0.2

    def apply(
        self, images: Image, targets: Floats, rng: np.random.Generator,
    ) -> tuple[Image, Floats]:
        """Return mixed (N, H, W[, 3]) uint8 pictures and their (N, K) targets."""
        raise NotImplementedError

    def _draw(self, count: int, rng: np.random.Generator) -> tuple[float, np.ndarray]:
        share = float(rng.beta(self.alpha, self.alpha))
        return max(share, 1 - share), rng.permutation(count)


@dataclasses.dataclass(frozen=True)
class MixUp(Mixture):
    """Blend each picture with another of the batch (Zhang et al. 2018)."""

    def apply(
        self, images: Image, targets: Floats, rng: np.random.Generator,
    ) -> tuple[Image, Floats]:
        """Return the blends."""
        share, other = self._draw(len(images), rng)
        blend = share * images + (1 - share) * images[other].astype(np.float32)
        return (blend.round().astype(np.uint8),
                (share * targets + (1 - share) * targets[other]).astype(np.float32))


@dataclasses.dataclass(frozen=True)
class CutMix(Mixture):
    """Replace a rectangle of each picture by that of another (Yun et al. 2019)."""

    alpha: float = 1.0

    def apply(
        self, images: Image, targets: Floats, rng: np.random.Generator,
    ) -> tuple[Image, Floats]:
        """Return the collages."""
        share, other = self._draw(len(images), rng)
        height, width = images.shape[1:3]
        ratio = math.sqrt(1 - share)
        h, w = round(height * ratio), round(width * ratio)
        top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        mixed = images.copy()
        mixed[:, top:top + h, left:left + w] = images[other, top:top + h, left:left + w]
        share = 1 - h * w / (height * width)
        return mixed, (share * targets + (1 - share) * targets[other]).astype(np.float32)


MIXTURES: dict[str, type[Mixture]] = {'mixup': MixUp, 'cutmix': CutMix}
"""The mixtures by name; of those that are drawn for a batch, one happens."""
