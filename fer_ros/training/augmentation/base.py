"""What all variations of face crops have in common."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Image

__all__ = ['Geometry', 'Limits', 'Matrix', 'Pixels', 'Rng', 'Variation']

Matrix = NDArray[np.float64]
Rng = np.random.Generator
Limits = dict[str, tuple[float, float]]


@dataclasses.dataclass(frozen=True)
class Variation:
    """What all variations have: how often they happen, and limits for their settings.

    Attributes:
        probability: Share of the pictures that are varied, in [0, 1].
    """

    LIMITS: ClassVar[Limits] = {}

    probability: float = 1.0

    def __post_init__(self) -> None:
        for name, (low, high) in {'probability': (0.0, 1.0), **self.LIMITS}.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) \
                    or not low <= value <= high:
                raise ConfigError(f'{name} must lie in [{low:g}, {high:g}], got {value!r}')


class Geometry(Variation):
    """A variation that moves pixels; all of them together cost one interpolation."""

    def matrix(self, side: int, rng: Rng) -> Matrix:
        """Return the (3, 3) map from places in the old picture to places in the new."""
        raise NotImplementedError


class Pixels(Variation):
    """A variation that changes grey levels or colours."""

    def apply(self, image: Image, rng: Rng) -> Image:
        """Return the varied (H, W) or (H, W, 3) uint8 picture; the given one is not changed."""
        raise NotImplementedError
