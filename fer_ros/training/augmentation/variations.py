"""The single variations: what can happen to a picture of a face on its way to the network."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Image

__all__ = ['Geometry', 'Pixels', 'VARIATIONS', 'Variation']

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


def _about_centre(side: int, inner: Matrix) -> Matrix:
    to_centre, back = np.eye(3), np.eye(3)
    to_centre[:2, 2], back[:2, 2] = -(side - 1) / 2, (side - 1) / 2
    return back @ inner @ to_centre


def _similarity(angle: float, scale: float, shift: Any = (0.0, 0.0), shear: float = 0.0) -> Matrix:
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    return np.array([[cosine, shear * cosine - sine, shift[0]],
                     [sine, shear * sine + cosine, shift[1]], [0.0, 0.0, 1.0]])


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

    The defaults are the spread that `fer evaluate crop` measures (docs/detection.md) divided by
    2.56, which leads from the 10th and 90th percentile to a standard deviation. It holds the
    scatter of FER images too, which their recipes therefore need not add again.

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

VARIATIONS: dict[str, type[Variation]] = {
    'flip': Flip, 'affine': Affine, 'detector_jitter': DetectorJitter, 'tone': Tone,
    'rand_augment': RandAugment, 'grey': Grey, 'blur': Blur, 'low_resolution': LowResolution,
    'noise': Noise, 'jpeg': Jpeg, 'occlusion': Occlusion, 'erase': Erase,
}
"""The variations by name, in the order in which they happen."""
