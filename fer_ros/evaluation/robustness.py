"""How a classifier's accuracy falls when the pictures get worse: a curve a disturbance.

The disturbances act on the face crops, in the resolution in which they are given. Lengths are in
48ths of the side, which are the pixels of FER images.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.classifier import Classifier
from fer_ros.core.types import Floats, Image
from fer_ros.evaluation.metrics import classification_figures

__all__ = ['Disturbance', 'DISTURBANCES', 'disturb', 'robustness']

Rng = np.random.Generator
_BATCH = 64
_GREY = 128


@dataclasses.dataclass(frozen=True)
class Disturbance:
    """One way in which pictures get worse.

    Attributes:
        unit: What the strengths are.
        strengths: Strengths, ever worse; the untouched pictures come before them.
        untouched: The strength that changes nothing.
        apply: Returns the (H, W) or (H, W, 3) uint8 picture disturbed with a strength.
    """

    unit: str
    strengths: tuple[float, ...]
    untouched: float
    apply: Callable[[Image, float, Rng], Any]


def _blur(image: Image, sigma: float, rng: Rng) -> Any:
    return cv2.GaussianBlur(
        image, (0, 0), sigma * image.shape[0] / 48, borderType=cv2.BORDER_REPLICATE)


def _noise(image: Image, std: float, rng: Rng) -> Any:
    return np.clip(image + rng.normal(0.0, std, image.shape), 0, 255).round().astype(np.uint8)


def _dark(image: Image, gain: float, rng: Rng) -> Any:
    return (image * gain).round().astype(np.uint8)


def _low_resolution(image: Image, side: float, rng: Rng) -> Any:
    height, width = image.shape[:2]
    low = cv2.resize(image, (int(side), int(side)), interpolation=cv2.INTER_AREA)
    return cv2.resize(low, (width, height), interpolation=cv2.INTER_LINEAR)


def _warp(image: Image, matrix: Any) -> Any:
    height, width = image.shape[:2]
    return cv2.warpAffine(
        image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _rotate(image: Image, degrees: float, rng: Rng) -> Any:
    height, width = image.shape[:2]
    angle = degrees * (1 if rng.random() < 0.5 else -1)
    return _warp(image, cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0))


def _occlude(image: Image, share: float, rng: Rng) -> Any:
    height, width = image.shape[:2]
    h, w = round(height * share ** 0.5), round(width * share ** 0.5)
    top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    covered = image.copy()
    covered[top:top + h, left:left + w] = _GREY
    return covered


def _shift(image: Image, share: float, rng: Rng) -> Any:
    height, width = image.shape[:2]
    angle = rng.uniform(0.0, 2 * np.pi)
    return _warp(image, np.array([[1.0, 0.0, share * width * np.cos(angle)],
                                  [0.0, 1.0, share * height * np.sin(angle)]]))


DISTURBANCES: dict[str, Disturbance] = {
    'blur': Disturbance(
        'standard deviation in 48ths of the side', (0.5, 1.0, 1.5, 2.0, 3.0), 0.0, _blur),
    'noise': Disturbance('standard deviation in grey levels', (5, 10, 20, 30, 40), 0, _noise),
    'darkness': Disturbance('factor on the grey levels', (0.6, 0.4, 0.2, 0.1, 0.05), 1.0, _dark),
    'low resolution': Disturbance(
        'pixels across the face', (32, 24, 16, 12, 8), 48, _low_resolution),
    'rotation': Disturbance('degrees to either side', (10, 20, 30, 45, 60), 0, _rotate),
    'occlusion': Disturbance(
        'share of the picture behind a grey square', (0.1, 0.2, 0.3, 0.4, 0.5), 0.0, _occlude),
    'off-centre box': Disturbance(
        'shift in any direction, share of the side', (0.05, 0.1, 0.15, 0.2, 0.3), 0.0, _shift),
}
"""The disturbances by name."""


def disturb(image: Image, name: str, strength: float, rng: Rng) -> Image:
    """Return a picture disturbed.

    Args:
        image: (H, W) or (H, W, 3) uint8; it is not changed.
        name: One of `DISTURBANCES`.
        strength: In its unit.
        rng: Draws noise, places and directions.
    """
    return np.asarray(DISTURBANCES[name].apply(image, strength, rng), np.uint8)


def robustness(
    classifier: Classifier, images: Image, targets: NDArray[np.int64], classes: int, *,
    seed: int = 0, step: Callable[[], object] = lambda: None,
) -> dict[str, Any]:
    """Return the figures of every disturbance at every strength.

    Args:
        classifier: The classifier.
        images: (N, H, W) or (N, H, W, 3) uint8 face crops.
        targets: (N,) true emotions.
        classes: Number of emotions K that the classifier tells apart.
        seed: Of noise, places and directions.
        step: Called after each strength, and after the untouched pictures.

    Returns:
        `n`, `seed` and `curves` {name: {`unit`, `strengths`, `accuracy`, `macro_recall`,
        `confidence`}}; the first of each list is of the untouched pictures. `confidence` is its
        mean: a model that knows what it sees loses it where it loses accuracy.
    """
    clean = _figures(classifier, images, targets, classes)
    step()
    curves: dict[str, Any] = {}
    for place, (name, kind) in enumerate(DISTURBANCES.items()):
        rows = [clean]
        for index, strength in enumerate(kind.strengths):
            rng = np.random.default_rng([seed, place, index])
            worse = np.stack([disturb(image, name, strength, rng) for image in images])
            rows.append(_figures(classifier, worse, targets, classes))
            step()
        curves[name] = {
            'unit': kind.unit, 'strengths': [kind.untouched, *kind.strengths],
            **{key: [row[key] for row in rows] for key in clean}}
    return {'n': len(images), 'seed': seed, 'curves': curves}


def _figures(
    classifier: Classifier, images: Image, targets: NDArray[np.int64], classes: int,
) -> dict[str, float]:
    probabilities: Floats = np.concatenate([
        classifier.predict(images[start:start + _BATCH])
        for start in range(0, len(images), _BATCH)])
    figures = classification_figures(targets, probabilities.argmax(axis=1), classes)
    return {'accuracy': round(figures['accuracy'], 4),
            'macro_recall': round(figures['macro_recall'], 4),
            'confidence': round(float(probabilities.max(axis=1).mean()), 4)}
