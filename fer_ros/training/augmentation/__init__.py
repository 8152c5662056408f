"""Random variations of face crops, drawn anew in every epoch.

Everything works on uint8 crops with OpenCV, tens of microseconds an image, so that the cores of
a small machine are left to the network. A batch is a pure function of its random generator: the
same seed, epoch and batch give the same pictures, also after a resumed run.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from typing import Any

import cv2
import numpy as np

from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Floats, Image
from fer_ros.training.augmentation.base import Geometry, Pixels, Variation
from fer_ros.training.augmentation.mixing import Mixture, MIXTURES
from fer_ros.training.augmentation.variations import VARIATIONS

__all__ = ['Augmentation']


class Augmentation:
    """The variations of a recipe, by name; what is not named does not happen.

    Args:
        settings: For each variation of `VARIATIONS` and mixture of `MIXTURES` its settings,
            `True` or `None` for its default settings, `False` for none.

    Raises:
        ConfigError: An unknown name, or a setting that is unknown or out of range.
    """

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        self._settings = dict(settings or {})
        unknown = set(self._settings) - set(VARIATIONS) - set(MIXTURES)
        if unknown:
            raise ConfigError(
                f'augmentation: unknown variation {", ".join(sorted(map(str, unknown)))}; known: '
                f'{", ".join([*VARIATIONS, *MIXTURES])}')
        variations = self._make(VARIATIONS)
        self._geometry = [item for item in variations if isinstance(item, Geometry)]
        self._pixels = [item for item in variations if isinstance(item, Pixels)]
        self._mixtures = [item for item in self._make(MIXTURES) if isinstance(item, Mixture)]

    def __call__(self, images: Image, rng: np.random.Generator) -> Image:
        """Return varied copies of (N, H, W) or (N, H, W, 3) uint8 images."""
        return np.stack([self._vary(image, rng) for image in images])

    def mix(
        self, images: Image, targets: Floats, rng: np.random.Generator,
    ) -> tuple[Image, Floats]:
        """Return a batch after at most one mixture.

        Args:
            images: (N, H, W) or (N, H, W, 3) uint8.
            targets: (N, K) distributions.
            rng: Source of chance.
        """
        drawn = [item for item in self._mixtures if rng.random() < item.probability]
        if not drawn:
            return images, targets
        return drawn[int(rng.integers(len(drawn)))].apply(images, targets, rng)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that it was made of."""
        return dict(self._settings)

    def _make(self, known: Mapping[str, type[Variation]]) -> list[Variation]:
        made = []
        for name, kind in known.items():
            settings = self._settings.get(name, False)
            if settings is False:
                continue
            if settings is not None and settings is not True and not isinstance(settings, dict):
                raise ConfigError(f'augmentation.{name} expects settings, got {settings!r}')
            try:
                made.append(kind(**(settings if isinstance(settings, dict) else {})))
            except TypeError as error:
                fields = ', '.join(field.name for field in dataclasses.fields(kind))
                got = ', '.join(map(str, settings)) if isinstance(settings, dict) else settings
                raise ConfigError(f'augmentation.{name} has the settings {fields}; got '
                                  f'{got}') from error
            except ConfigError as error:
                raise ConfigError(f'augmentation.{name}.{error}') from error
        return made

    def _vary(self, image: Image, rng: np.random.Generator) -> Image:
        side = image.shape[0]
        matrix = np.eye(3)
        for move in self._geometry:
            if rng.random() < move.probability:
                matrix = move.matrix(side, rng) @ matrix
        if not np.array_equal(matrix, np.eye(3)):
            image = np.asarray(cv2.warpAffine(
                image, matrix[:2], (image.shape[1], side), flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE), np.uint8)
        for change in self._pixels:
            if rng.random() < change.probability:
                image = change.apply(image, rng)
        return image
