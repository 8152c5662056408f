"""Knowledge distillation: a student learns what its teachers say of each picture."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import hashlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fer_ros.core.classifier import Classifier
from fer_ros.core.errors import ConfigError
from fer_ros.core.model import load_model, Model
from fer_ros.core.types import Floats
from fer_ros.data.datasets import Dataset
from fer_ros.training.augmentation import Augmentation
from fer_ros.training.files import replacing

__all__ = ['blend', 'teacher_distributions']

_BATCH = 64
_VIEWS = Augmentation({
    'flip': True, 'affine': {'rotation': 8, 'scale': 0.06, 'shift': 0.04}})
"""Small moves that leave the expression as it is; a teacher's mean over them is surer."""


def teacher_distributions(
    teachers: Sequence[str | Path], data: Dataset, *, views: int = 4, seed: int = 0,
    cache: Path | None = None, progress: bool = False,
) -> Floats:
    """Return the mean of what teachers say of each picture and of slightly moved copies of it.

    Args:
        teachers: Names or folders of models with the labels of the data.
        data: Face crops.
        views: Copies a picture, the untouched one among them.
        seed: Seed of the moves.
        cache: File that keeps the result, so that a resumed run need not ask again.
        progress: Whether to show a progress bar.

    Returns:
        (N, K) float32 calibrated probabilities.

    Raises:
        ConfigError: A teacher knows other labels.
    """
    models = [load_model(teacher) for teacher in teachers]
    for model in models:
        if model.manifest.labels != data.labels:
            raise ConfigError(
                f'teacher {model.manifest.name} knows {", ".join(model.manifest.labels)}, the '
                f'data have {", ".join(data.labels)}')
    key = _key(models, data, views, seed)
    if cache is not None and cache.exists():
        with np.load(cache, allow_pickle=False) as archive:
            if str(archive['key']) == key:
                kept: Floats = archive['distributions']
                return kept
    classifiers = [Classifier(model, num_threads=2) for model in models]
    total = np.zeros((len(data), len(data.labels)), np.float64)
    for start in tqdm(range(0, len(data), _BATCH), desc='teachers', unit='batch',
                      disable=not progress):
        rows = slice(start, start + _BATCH)
        for view in range(views):
            images = data.images[rows]
            if view:
                images = _VIEWS(images, np.random.default_rng((seed, view, start)))
            total[rows] += sum(one.predict(images) for one in classifiers)
    result: Floats = (total / total.sum(axis=1, keepdims=True)).astype(np.float32)
    if cache is not None:
        with replacing(cache) as partial:
            np.savez(partial, distributions=result, key=np.array(key))
    return result


def blend(
    data: Dataset, teaching: Floats, *, share: float = 0.7, temperature: float = 1.0,
) -> Dataset:
    """Return the data with targets that are partly the teachers', partly the taggers'.

    Args:
        data: Face crops.
        teaching: (N, K) probabilities of the teachers.
        share: Share of the teachers in the targets, in [0, 1].
        temperature: Softens (> 1) or sharpens (< 1) what the teachers say.
    """
    if not 0 <= share <= 1:
        raise ConfigError(f'the share of the teachers must lie in [0, 1], got {share}')
    if not 0.1 <= temperature <= 20:
        raise ConfigError(f'the temperature must lie in [0.1, 20], got {temperature}')
    soft = np.maximum(teaching, 1e-8) ** (1 / temperature)
    soft /= soft.sum(axis=1, keepdims=True)
    own = data.distributions if data.distributions is not None \
        else np.eye(len(data.labels), dtype=np.float32)[data.targets]
    return dataclasses.replace(
        data, distributions=(share * soft + (1 - share) * own).astype(np.float32))


def _key(models: Sequence[Model], data: Dataset, views: int, seed: int) -> str:
    digest = hashlib.sha256(data.images.tobytes())
    for model in models:
        digest.update(model.manifest.sha256.encode())
        digest.update(str((model.manifest.temperature, model.manifest.scaling)).encode())
    digest.update(str((views, seed)).encode())
    return digest.hexdigest()
