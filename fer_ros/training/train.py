"""The training loop: epochs, checkpoints, history, and the choice of the best epoch."""

from __future__ import annotations

from collections.abc import Callable
import csv
import dataclasses
import json
import os
from pathlib import Path
import sys
from typing import Any

import keras
import numpy as np
import yaml

from fer_ros.core.errors import ConfigError, DataError
from fer_ros.core.types import Floats, Image
from fer_ros.evaluation.datasets import Dataset
from fer_ros.evaluation.metrics import macro_recall
from fer_ros.training.config import TrainConfig
from fer_ros.training.networks import build_network

__all__ = ['as_batch', 'train']

_COLUMNS = ('epoch', 'loss', 'accuracy', 'val_loss', 'val_accuracy', 'val_macro_recall')


def as_batch(images: Image, side: int) -> Floats:
    """Return (N, H, W) uint8 grey crops as the (N, side, side, 1) float32 of the networks."""
    if images.shape[1:] != (side, side):
        raise DataError(f'crops of {images.shape[1:]}, but the network takes {side}x{side}')
    return images[..., np.newaxis].astype(np.float32)


class _Batches(keras.utils.PyDataset):
    """One epoch of augmented batches, a pure function of seed and epoch."""

    def __init__(self, data: Dataset, config: TrainConfig, epoch: int) -> None:
        super().__init__(workers=1)
        self._data, self._config, self._epoch = data, config, epoch
        self._order = np.random.default_rng((config.seed, epoch)).permutation(len(data))
        self._targets = np.eye(len(data.labels), dtype=np.float32)[data.targets]

    def __len__(self) -> int:
        # A last, smaller batch would cost a second compilation: leave it to another epoch.
        return max(1, len(self._data) // self._config.batch_size)

    def __getitem__(self, index: int) -> tuple[Floats, Floats]:
        size = self._config.batch_size
        rows = self._order[index * size:(index + 1) * size]
        rng = np.random.default_rng((self._config.seed, self._epoch, index))
        images = self._config.augmentation(self._data.images[rows], rng)
        return as_batch(images, self._config.side), self._targets[rows]


@dataclasses.dataclass
class _State:
    """What a resumed run must know besides weights and optimizer."""

    epoch: int = 0
    best_epoch: int = -1
    best_accuracy: float = -1.0


def train(
    config: TrainConfig, training: Dataset, validation: Dataset, run: Path,
    report: Callable[[str], None] = print,
) -> keras.Model:
    """Train a network, or go on with an interrupted run.

    After every epoch the run folder holds `last.keras` (weights and optimizer), `best.keras`
    (the epoch with the highest validation accuracy), `history.csv` and `state.json`; each is
    written under another name first and renamed, so an interruption never leaves a torn file.

    Args:
        config: Settings; a run is resumed only with the settings that it began with.
        training: Images to learn from.
        validation: Images to choose the epoch on.
        run: Folder of the run, made if missing.
        report: Takes one line of text an epoch.

    Returns:
        The network of the best epoch.

    Raises:
        ConfigError: `run` belongs to other settings.
        DataError: The data sets do not fit each other or the network.
    """
    if training.labels != validation.labels:
        raise DataError(f'training labels {training.labels} differ from validation labels '
                        f'{validation.labels}')
    if len(training) < config.batch_size:
        raise DataError(f'{len(training)} training images are fewer than one batch of '
                        f'{config.batch_size}; lower batch_size')
    run.mkdir(parents=True, exist_ok=True)
    model, state = _start(config, training, run)
    x, y = as_batch(validation.images, config.side), validation.targets
    for epoch in range(state.epoch, config.epochs):
        fitted = model.fit(
            _Batches(training, config, epoch), initial_epoch=epoch, epochs=epoch + 1,
            verbose=1 if sys.stderr.isatty() else 0)
        row = {name: values[0] for name, values in fitted.history.items()}
        row.update(_validate(model, x, y), epoch=epoch)
        if row['val_accuracy'] > state.best_accuracy:
            state.best_epoch, state.best_accuracy = epoch, row['val_accuracy']
            _save(model, run / 'best.keras')
        state.epoch = epoch + 1
        _save(model, run / 'last.keras')
        _append(run / 'history.csv', row)
        _write(run / 'state.json', json.dumps(dataclasses.asdict(state)))
        report(f'epoch {epoch + 1}/{config.epochs}: ' + ', '.join(
            f'{name} {row[name]:.4f}' for name in _COLUMNS[1:])
            + f' (best {state.best_accuracy:.4f} in epoch {state.best_epoch + 1})')
    best: keras.Model = keras.models.load_model(run / 'best.keras', compile=False)
    return best


def _start(config: TrainConfig, training: Dataset, run: Path) -> tuple[keras.Model, _State]:
    settings = yaml.safe_dump(json.loads(json.dumps(dataclasses.asdict(config))))
    known = run / 'config.yaml'
    if known.exists() and known.read_text(encoding='utf-8') != settings:
        raise ConfigError(
            f'{run} holds a run with other settings; give another --run folder or remove it')
    _write(known, settings)
    if (run / 'state.json').exists():
        state = _State(**json.loads((run / 'state.json').read_text(encoding='utf-8')))
        return keras.models.load_model(run / 'last.keras'), state
    (run / 'history.csv').unlink(missing_ok=True)
    keras.utils.set_random_seed(config.seed)
    model = build_network(
        config.network, side=config.side, classes=len(training.labels),
        **config.network_options)
    steps = max(1, len(training) // config.batch_size)
    warmup = round(config.warmup_epochs * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        config.learning_rate / 100, max(1, steps * config.epochs - warmup),
        warmup_target=config.learning_rate, warmup_steps=warmup)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=['gamma', 'beta', 'bias'])
    model.compile(
        optimizer, metrics=['accuracy'], jit_compile=config.jit_compile,
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=config.label_smoothing))
    return model, _State()


def _validate(model: keras.Model, x: Floats, y: Any) -> dict[str, float]:
    logits = model.predict(x, batch_size=256, verbose=0)
    logp = logits - logits.max(axis=1, keepdims=True)
    logp -= np.log(np.exp(logp).sum(axis=1, keepdims=True))
    guess = logits.argmax(axis=1)
    return {
        'val_loss': float(-logp[np.arange(len(y)), y].mean()),
        'val_accuracy': float((guess == y).mean()),
        'val_macro_recall': macro_recall(y, guess, logits.shape[1]),
    }


def _save(model: keras.Model, path: Path) -> None:
    partial = path.with_name(f'{path.stem}.partial{path.suffix}')
    model.save(partial)
    os.replace(partial, path)


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f'{path.name}.partial')
    partial.write_text(text, encoding='utf-8')
    os.replace(partial, path)


def _append(path: Path, row: dict[str, float]) -> None:
    new = not path.exists()
    with path.open('a', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, _COLUMNS, extrasaction='ignore')
        if new:
            writer.writeheader()
        writer.writerow(row)
