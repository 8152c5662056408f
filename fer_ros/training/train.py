"""Training an emotion network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_ros.core.errors import DataError
from fer_ros.data.datasets import Dataset
from fer_ros.evaluation.metrics import classification_figures
from fer_ros.training.batches import Batches
from fer_ros.training.config import TrainConfig
from fer_ros.training.loop import train_network
from fer_ros.training.networks import build_network
from fer_ros.training.setup import compile_network
from fer_ros.training.tensors import as_batch, keras_logits

__all__ = ['train']


def train(
    config: TrainConfig, training: Dataset, validation: Dataset, run: Path,
    report: Callable[[str], None] = print, start: Callable[[], keras.Model] | None = None,
    inputs: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Train a network, or go on with an interrupted run; see `train_network`.

    Args:
        config: Settings.
        training: Images to learn from.
        validation: Images to choose the epoch on.
        run: Folder of the run, made if missing.
        report: Takes one line of text an epoch.
        start: Makes the network to begin with; default: a fresh one of `config.network`.
        inputs: What tells data, teachers and beginnings apart.

    Returns:
        The network of the best epoch.

    Raises:
        ConfigError: `run` belongs to other settings or inputs, or its checkpoint to another
            network.
        DataError: The data sets do not fit each other or the network.
    """
    _check(config, training, validation, report)
    return train_network(EmotionTask(config, training, validation), run, report, start, inputs)


class EmotionTask:
    """Learning to tell emotions apart; a `fer_ros.training.loop.Task`."""

    columns = ('loss', 'accuracy', 'val_loss', 'val_accuracy', 'val_macro_recall',
               'val_macro_f1')

    def __init__(self, config: TrainConfig, training: Dataset, validation: Dataset) -> None:
        self.config, self._training = config, training
        self.steps = len(Batches(training, config, 0))
        self._x = as_batch(validation.images, config.side, config.standardize)
        self._y = validation.targets

    def build(self, *, resumed: bool) -> keras.Model:
        """Return the network of the settings."""
        config, images = self.config, self._training.images
        # The weights that a backbone began with are not needed again.
        options = {key: value for key, value in config.network_options.items()
                   if not resumed or key != 'weights'}
        return build_network(
            config.network, side=config.side, classes=len(self._training.labels),
            color_channels=1 if images.ndim == 3 else images.shape[3], **options)

    def compile(self, model: keras.Model) -> None:
        """Give the network optimizer and loss."""
        compile_network(model, self.config, self._training)

    def batches(self, epoch: int) -> keras.utils.PyDataset:
        """Return the batches of an epoch."""
        return Batches(self._training, self.config, epoch)

    def misfit(self, model: keras.Model) -> str:
        """Return why a checkpoint's network cannot go on with the data; empty if it can."""
        known, wanted = model.output_shape[-1], len(self._training.labels)
        return '' if known == wanted else (
            f'its network tells {known} emotions apart, the data have {wanted}')

    def validate(self, model: keras.Model) -> dict[str, float]:
        """Return loss and figures on the validation data."""
        logits = keras_logits(model, self._x, self.config.mirror).astype(np.float64)
        logp = logits - logits.max(axis=1, keepdims=True)
        logp -= np.log(np.exp(logp).sum(axis=1, keepdims=True))
        figures = classification_figures(self._y, logits.argmax(axis=1), logits.shape[1])
        loss = -float(logp[np.arange(len(self._y)), self._y].mean())
        return {'loss': loss, **figures}


def _check(
    config: TrainConfig, training: Dataset, validation: Dataset, report: Callable[[str], None],
) -> None:
    if training.labels != validation.labels:
        raise DataError(f'training labels {training.labels} differ from validation labels '
                        f'{validation.labels}')
    if len(training) < config.batch_size:
        raise DataError(f'{len(training)} training images are fewer than one batch of '
                        f'{config.batch_size}; lower batch_size')
    for role, data in (('training', training), ('validation', validation)):
        empty = [label for label, count in data.counts.items() if count == 0]
        if empty:
            report(f'warning: no {role} image of {", ".join(empty)}: the network cannot '
                   f'{"learn" if role == "training" else "be measured on"} what it is not shown')
        as_batch(data.images[:1], config.side)
