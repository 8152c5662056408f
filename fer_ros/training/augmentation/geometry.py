"""Variations of place, size and direction."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar

import numpy as np

from fer_ros.training.augmentation.base import Geometry, Limits, Matrix, Rng

__all__ = ['Affine', 'DetectorJitter', 'Flip']


@dataclasses.dataclass(frozen=True)
class Flip(Geometry):
    """Mirror left and right."""

    probability: float = 0.5

    def matrix(self, side: int, rng: Rng) -> Matrix:
        """Return the mirror."""
        return np.array([[-1.0, 0.0, side - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


@dataclasses.dataclass(frozen=True)
class Affine(Geometry):
    """Rotate, scale, shift and shear, evenly within limits.

    Attributes:
        rotation: Largest rotation in degrees.
        scale: Largest relative change of size.
        shift: Largest shift as a share of the side.
        shear: Largest shear.
    """

    LIMITS: ClassVar[Limits] = {
        'rotation': (0, 180), 'scale': (0, 0.9), 'shift': (0, 0.5), 'shear': (0, 1)}

    rotation: float = 15.0
    scale: float = 0.15
    shift: float = 0.08
    shear: float = 0.0

    def matrix(self, side: int, rng: Rng) -> Matrix:
        """Return a random affine map."""
        angle = math.radians(rng.uniform(-self.rotation, self.rotation))
        scale = 1.0 + rng.uniform(-self.scale, self.scale)
        shift = rng.uniform(-self.shift, self.shift, 2) * side
        shear = rng.uniform(-self.shear, self.shear)
        return _about_centre(side, _similarity(angle, scale, shift, shear))


@dataclasses.dataclass(frozen=True)
class DetectorJitter(Geometry):
    """Move the frame as a face detector does: normally distributed place and size of the box.

    The defaults are the `jitter` of images that `fer evaluate crop` measures (docs/detection.md).
    It holds the scatter of FER images too, which their recipes therefore need not add again: they
    take that of portraits, the detector's alone.

    Attributes:
        shift: Standard deviation of the place, as a share of the side, on either axis.
        scale: Standard deviation of the logarithm of the size.
    """

    LIMITS: ClassVar[Limits] = {'shift': (0, 0.3), 'scale': (0, 0.5)}

    shift: float = 0.045
    scale: float = 0.14

    def matrix(self, side: int, rng: Rng) -> Matrix:
        """Return a random shift and scale; beyond three deviations a box would be no hit."""
        draw = np.clip(rng.standard_normal(3), -3, 3)
        return _about_centre(side, _similarity(
            0.0, math.exp(self.scale * draw[0]), self.shift * side * draw[1:]))


def _about_centre(side: int, inner: Matrix) -> Matrix:
    to_centre, back = np.eye(3), np.eye(3)
    to_centre[:2, 2], back[:2, 2] = -(side - 1) / 2, (side - 1) / 2
    return back @ inner @ to_centre


def _similarity(angle: float, scale: float, shift: Any = (0.0, 0.0), shear: float = 0.0) -> Matrix:
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    return np.array([[cosine, shear * cosine - sine, shift[0]],
                     [sine, shear * sine + cosine, shift[1]], [0.0, 0.0, 1.0]])
