"""Made-up face-sized pictures whose outputs a model folder records.

They hold no data of anybody and are the same on every machine, so that anyone can check that a
model still gives, on this machine and with this runtime, what it gave where it was exported.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from fer_ros.core.classifier import Classifier
from fer_ros.core.errors import ModelError
from fer_ros.core.model import Model
from fer_ros.core.types import Floats, Image

__all__ = ['GOLDEN', 'golden_crops', 'golden_gap', 'golden_scene', 'read_golden']

GOLDEN = 'golden.json'
"""Name of the file in a model folder with the recorded outputs."""

_COUNT = 8
_TOLERANCE = 1e-4


def golden_crops(side: int) -> Image:
    """Return (8, side, side) uint8 pictures: a schematic face each, in another light.

    Integer arithmetic only, so that they do not depend on the platform's rounding.
    """
    y, x = np.mgrid[0:side, 0:side] * 48 // side
    crops = np.empty((_COUNT, side, side), np.uint8)
    for index in range(_COUNT):
        picture = 90 + 12 * index + ((index % 3) - 1) * (x - 24)
        oval = 4 * (x - 24) ** 2 + 3 * (y - 24) ** 2 < 1700
        picture = np.where(oval, picture + 40, picture - 40)
        for eye in (15, 33):
            dark = (x - eye) ** 2 + 2 * (y - 18) ** 2 < 14 + 2 * index
            picture = np.where(dark, picture - 70, picture)
        # The mouth bends from a smile to a frown.
        bend = 36 + (4 - index) * (81 - (x - 24) ** 2) // 100
        mouth = (abs(y - bend) < 2 + index % 2) & (abs(x - 24) < 9)
        crops[index] = np.clip(np.where(mouth, picture - 60, picture), 0, 255)
    return crops


def golden_scene() -> Image:
    """Return a made-up (64, 96, 3) uint8 picture of two schematic faces.

    Integer arithmetic only, so that it does not depend on the platform's rounding.
    """
    y, x = np.mgrid[0:64, 0:96]
    picture = 60 + x // 2 + y // 3
    for column, row, size in ((32, 32, 24), (74, 26, 12)):
        head = 4 * (x - column) ** 2 + 3 * (y - row) ** 2 < 4 * size * size
        picture = np.where(head, 190 - y // 4, picture)
        for side in (-1, 1):
            eye = (x - column - side * size // 2) ** 2 + (y - row + size // 3) ** 2
            picture = np.where(eye < size * size // 40, 40, picture)
        mouth = (abs(y - row - size // 2) < size // 10 + 1) & (abs(x - column) < size // 2)
        picture = np.where(mouth, 80, picture)
    return np.stack([picture - 10, picture, picture + 10], axis=-1).clip(0, 255).astype(np.uint8)


def read_golden(folder: Path) -> Floats:
    """Return the (8, K) recorded probabilities of a model folder.

    Raises:
        ModelError: The folder records none, or the file is malformed.
    """
    path = folder / GOLDEN
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        recorded = np.array(content['probabilities'], np.float32)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f'{path}: no readable golden outputs ({error})') from error
    return recorded


def golden_gap(model: Model) -> dict[str, float]:
    """Return how far a model is from its recorded outputs, and how far it may be.

    Args:
        model: The model.

    Returns:
        `largest_difference` of a probability and what is `allowed`.

    Raises:
        ModelError: The folder records no outputs, or those of another number of labels.
    """
    recorded = read_golden(model.folder)
    given = Classifier(model).predict(golden_crops(model.manifest.width))
    if recorded.shape != given.shape:
        raise ModelError(
            f'{model.folder / GOLDEN}: holds outputs of shape {recorded.shape}, the model gives '
            f'{given.shape}')
    return {'largest_difference': float(np.abs(given - recorded).max()), 'allowed': _TOLERANCE}
