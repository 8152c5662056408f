"""The batches of one epoch: which pictures, varied how, with which targets and weights."""

from __future__ import annotations

import keras
import numpy as np

from fer_ros.core.types import Floats
from fer_ros.data.datasets import Dataset
from fer_ros.training.balance import class_weights, sampling_weights
from fer_ros.training.config import TrainConfig
from fer_ros.training.labels import soft_targets
from fer_ros.training.tensors import as_batch

__all__ = ['Batches']


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """One epoch of augmented batches, a pure function of data, settings and epoch.

    Args:
        data: Face crops.
        config: Settings of the run.
        epoch: Number of the epoch, from 0.
    """

    def __init__(self, data: Dataset, config: TrainConfig, epoch: int) -> None:
        super().__init__(workers=1)
        self._data, self._config, self._epoch = data, config, epoch
        rng = np.random.default_rng((config.seed, epoch))
        self._order = _order(data, config, rng)
        self._targets = soft_targets(data, config.labels, config.label_smoothing, rng)
        self._weights = _weights(data, config)

    def __len__(self) -> int:
        # A last, smaller batch would cost a second compilation: leave it to another epoch.
        return max(1, len(self._data) // self._config.batch_size)

    def __getitem__(self, index: int) -> tuple[Floats, Floats, Floats]:
        """Return (B, S, S, C) float32 pixels, (B, K) targets and (B,) weights of a batch."""
        size = self._config.batch_size
        rows = self._order[index * size:(index + 1) * size]
        rng = np.random.default_rng((self._config.seed, self._epoch, index))
        images = self._config.augmentation(self._data.images[rows], rng)
        images, targets = self._config.augmentation.mix(images, self._targets[rows], rng)
        pixels = as_batch(images, self._config.side, self._config.standardize)
        return pixels, targets, self._weights[rows]


def _order(data: Dataset, config: TrainConfig, rng: np.random.Generator) -> np.ndarray:
    if config.balance_sampling == 0:
        return rng.permutation(len(data))
    weights = sampling_weights(data, config.balance_sampling)
    return rng.choice(len(data), len(data), p=weights)


def _weights(data: Dataset, config: TrainConfig) -> Floats:
    weights = np.ones(len(data), np.float64)
    if config.balance_weights:
        weights *= class_weights(data, config.balance_weights)[data.targets]
    if config.agreement_weight and data.distributions is not None:
        # Taggers who agree are believed more; the mean weight stays 1.
        agreement = data.distributions.max(axis=1).astype(np.float64) ** config.agreement_weight
        weights *= agreement / agreement.mean()
    return weights.astype(np.float32)
