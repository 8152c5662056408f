"""Random variations of face crops, drawn anew in every epoch.

Everything works on grey uint8 crops with OpenCV, a few microseconds an image, so that the two
cores of a small machine are left to the network. A batch is a pure function of its random
generator: the same seed, epoch and batch give the same pictures, also after a resumed run.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Image

__all__ = ['Augmentation']


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """Limits of the random variations; 0 switches a variation off.

    Attributes:
        flip: Probability of a horizontal flip, in [0, 1].
        rotation: Largest rotation in degrees, in [0, 90].
        scale: Largest relative change of size, in [0, 1).
        shift: Largest shift as a share of the side, in [0, 0.5].
        brightness: Largest change of brightness in grey levels, in [0, 255].
        contrast: Largest relative change of contrast, in [0, 1).
        erase: Probability that a rectangle is overwritten with noise, in [0, 1].
        erase_area: Largest share of the crop that is overwritten, in (0, 1).
    """

    flip: float = 0.5
    rotation: float = 15.0
    scale: float = 0.15
    shift: float = 0.1
    brightness: float = 30.0
    contrast: float = 0.3
    erase: float = 0.3
    erase_area: float = 0.2

    def __post_init__(self) -> None:
        limits = {
            'flip': 1.0, 'rotation': 90.0, 'scale': 0.99, 'shift': 0.5, 'brightness': 255.0,
            'contrast': 0.99, 'erase': 1.0, 'erase_area': 0.99,
        }
        for name, limit in limits.items():
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not 0.0 <= value <= limit:
                raise ConfigError(f'augmentation.{name} must lie in [0, {limit}], got {value!r}')

    def __call__(self, images: Image, rng: np.random.Generator) -> Image:
        """Return varied copies of (N, H, W) uint8 images."""
        return np.stack([self._vary(image, rng) for image in images])

    def _vary(self, image: Image, rng: np.random.Generator) -> Image:
        varied = self._move(image, rng)
        gain = 1.0 + rng.uniform(-self.contrast, self.contrast)
        offset = rng.uniform(-self.brightness, self.brightness)
        # Contrast turns about the mean, or a dark image would also become brighter.
        middle = float(varied.mean())
        table = np.clip((np.arange(256) - middle) * gain + middle + offset, 0, 255)
        varied = cv2.LUT(varied, table.astype(np.uint8)).astype(np.uint8)
        if rng.random() < self.erase:
            self._erase(varied, rng)
        return varied

    def _move(self, image: Image, rng: np.random.Generator) -> Image:
        height, width = image.shape
        angle = rng.uniform(-self.rotation, self.rotation)
        scale = 1.0 + rng.uniform(-self.scale, self.scale)
        centre = ((width - 1) / 2, (height - 1) / 2)
        matrix = cv2.getRotationMatrix2D(centre, angle, scale)
        if rng.random() < self.flip:
            matrix = matrix @ np.array([[-1, 0, width - 1], [0, 1, 0], [0, 0, 1]], np.float64)
        matrix[:, 2] += rng.uniform(-self.shift, self.shift, 2) * (width, height)
        moved = cv2.warpAffine(
            image, matrix, (width, height), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE)
        return moved.astype(np.uint8)

    def _erase(self, image: Image, rng: np.random.Generator) -> None:
        height, width = image.shape
        area = rng.uniform(0.02, max(self.erase_area, 0.02)) * height * width
        aspect = np.exp(rng.uniform(np.log(1 / 3), np.log(3)))
        h = int(np.clip(round(np.sqrt(area * aspect)), 1, height))
        w = int(np.clip(round(np.sqrt(area / aspect)), 1, width))
        top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        image[top:top + h, left:left + w] = rng.integers(0, 256, (h, w), dtype=np.uint8)
