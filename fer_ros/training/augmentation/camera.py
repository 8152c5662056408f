"""Variations that cameras, lamps and distances cause."""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import cv2
import numpy as np

from fer_ros.core.types import Image
from fer_ros.training.augmentation.base import Limits, Pixels, Rng

__all__ = ['Blur', 'Cast', 'Dim', 'Grey', 'Jpeg', 'LowResolution', 'Noise', 'Tone']


@dataclasses.dataclass(frozen=True)
class Tone(Pixels):
    """Change brightness, contrast and gamma, as cameras and lamps do.

    Attributes:
        brightness: Largest change in grey levels.
        contrast: Largest relative change.
        gamma: Largest change of the logarithm of the exponent.
    """

    LIMITS: ClassVar[Limits] = {'brightness': (0, 255), 'contrast': (0, 0.99), 'gamma': (0, 2)}

    brightness: float = 30.0
    contrast: float = 0.3
    gamma: float = 0.0

    def apply(self, image: Image, rng: Rng) -> Image:
        """Return the picture seen through a random tone curve."""
        gain = 1.0 + rng.uniform(-self.contrast, self.contrast)
        offset = rng.uniform(-self.brightness, self.brightness)
        exponent = math.exp(rng.uniform(-self.gamma, self.gamma))
        levels = 255.0 * (np.arange(256) / 255.0) ** exponent
        # Contrast turns about the mean, or a dark image would also become brighter.
        middle = float(levels[image].mean())
        table = np.clip((levels - middle) * gain + middle + offset, 0, 255)
        return np.asarray(cv2.LUT(image, table.round().astype(np.uint8)), np.uint8)


@dataclasses.dataclass(frozen=True)
class Cast(Pixels):
    """Colour the light: lamps, sunsets and a wrong white balance; grey pictures stay as they are.

    Attributes:
        strength: Largest relative change of a channel.
    """

    LIMITS: ClassVar[Limits] = {'strength': (0, 0.95)}

    probability: float = 0.2
    strength: float = 0.3

    def apply(self, image: Image, rng: Rng) -> Image:
        """Return the picture in coloured light."""
        if image.ndim == 2:
            return image
        gains = 1.0 + rng.uniform(-self.strength, self.strength, 3)
        return np.clip(image * gains, 0, 255).astype(np.uint8)


@dataclasses.dataclass(frozen=True)
class Dim(Pixels):
    """Take the light away, as in a room at night, before a camera that cannot see brighter.

    Attributes:
        depth: Largest number of halvings.
    """

    LIMITS: ClassVar[Limits] = {'depth': (0, 6)}

    probability: float = 0.1
    depth: float = 2.5

    def apply(self, image: Image, rng: Rng) -> Image:
        """Return the darker picture."""
        return np.asarray(cv2.convertScaleAbs(
            image, alpha=2.0 ** -rng.uniform(0.0, self.depth)), np.uint8)


@dataclasses.dataclass(frozen=True)
class Grey(Pixels):
    """Take the colour away; a grey picture stays as it is."""

    probability: float = 0.2

    def apply(self, image: Image, rng: Rng) -> Image:
        """Return the grey picture with as many channels as before."""
        if image.ndim == 2:
            return image
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


@dataclasses.dataclass(frozen=True)
class Blur(Pixels):
    """Blur as a lens out of focus.

    Attributes:
        sigma: Largest standard deviation in pixels.
    """

    LIMITS: ClassVar[Limits] = {'sigma': (0, 20)}

    probability: float = 0.1
    sigma: float = 1.2

    def apply(self, image: Image, rng: Rng) -> Image:
        """Return the blurred picture."""
        sigma = rng.uniform(0.0, self.sigma)
        return image if sigma < 0.1 else np.asarray(cv2.GaussianBlur(
            image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.uint8)


@dataclasses.dataclass(frozen=True)
class LowResolution(Pixels):
    """Scale down and up again: a face far away.

    Attributes:
        smallest: Smallest side as a share of the picture's.
    """

    LIMITS: ClassVar[Limits] = {'smallest': (0.1, 1)}

    probability: float = 0.15
    smallest: float = 0.4

    def apply(self, image: Image, rng: Rng) -> Image:
        """Return the picture at a random lower resolution, in its old size."""
        side = image.shape[0]
        small = max(4, round(side * rng.uniform(self.smallest, 1.0)))
        low = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        return np.asarray(
            cv2.resize(low, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


@dataclasses.dataclass(frozen=True)
class Noise(Pixels):
    """Noise of a sensor in bad light.

    Attributes:
        std: Largest standard deviation in grey levels.
    """

    LIMITS: ClassVar[Limits] = {'std': (0, 128)}

    probability: float = 0.1
    std: float = 10.0

    def apply(self, image: Image, rng: Rng) -> Image:
        """Return the picture with normal noise."""
        noise = rng.normal(0.0, rng.uniform(0.0, self.std), image.shape)
        return np.clip(image + noise, 0, 255).round().astype(np.uint8)


@dataclasses.dataclass(frozen=True)
class Jpeg(Pixels):
    """Artefacts of JPEG.

    Attributes:
        quality: Lowest quality of the encoder, 1 to 95.
    """

    LIMITS: ClassVar[Limits] = {'quality': (1, 95)}

    probability: float = 0.1
    quality: float = 30

    def apply(self, image: Image, rng: Rng) -> Image:
        """Return the picture after encoding and decoding."""
        quality = int(rng.integers(int(self.quality), 96))
        _, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        flag = cv2.IMREAD_GRAYSCALE if image.ndim == 2 else cv2.IMREAD_COLOR
        return np.asarray(cv2.imdecode(data, flag), np.uint8)
