"""The training loop: epochs, checkpoints, history, and the choice of the best epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
import contextlib
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import yaml

from fer_ros.core.errors import ConfigError, DataError
from fer_ros.data.datasets import Dataset
from fer_ros.evaluation.metrics import classification_figures
from fer_ros.training.average import MovingAverage, WeightMean
from fer_ros.training.batches import Batches
from fer_ros.training.checkpoint import Checkpoints, TrainState
from fer_ros.training.config import TrainConfig
from fer_ros.training.files import write_text
from fer_ros.training.networks import build_network
from fer_ros.training.networks.files import load_network_file, save_network_file
from fer_ros.training.progress import RunProgress
from fer_ros.training.setup import (
    compile_network,
    EpochSeed,
    set_backend,
    set_distribution,
)
from fer_ros.training.tensors import as_batch, keras_logits

__all__ = ['train']

_COLUMNS = ('epoch', 'loss', 'accuracy', 'val_loss', 'val_accuracy', 'val_macro_recall',
            'val_macro_f1')
_BEST = 'best.keras'


def train(
    config: TrainConfig, training: Dataset, validation: Dataset, run: Path,
    report: Callable[[str], None] = print, start: Callable[[], keras.Model] | None = None,
    inputs: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Train a network, or go on with an interrupted run.

    After every epoch the run folder holds a checkpoint (weights, optimizer, averages),
    `best.keras` (the epoch with the best `config.monitor`), `history.csv` and `state.json`; each
    is written under another name first and renamed, so an interruption never leaves a torn
    file, and the run goes on from the last whole epoch.

    Args:
        config: Settings; a run is resumed only with the settings that it began with.
        training: Images to learn from.
        validation: Images to choose the epoch on.
        run: Folder of the run, made if missing.
        report: Takes one line of text an epoch.
        start: Makes the network to begin with; default: a fresh one of `config.network`.
        inputs: What tells data, teachers and beginnings apart; a run is resumed only with those
            that it began with.

    Returns:
        The network of the best epoch.

    Raises:
        ConfigError: `run` belongs to other settings or inputs, or its checkpoint to another
            network.
        DataError: The data sets do not fit each other or the network.
    """
    _check(config, training, validation, report)
    run.mkdir(parents=True, exist_ok=True)
    set_backend(config)
    set_distribution(config)
    _check_settings(config, run)
    _check_inputs(inputs, run)
    loop = _Loop(config, training, validation, run, start)
    state, steps = loop.state, len(Batches(training, config, 0))
    with RunProgress(config.epochs, steps, state.epoch) as progress, _telling_of_a_cut(
            state, report):
        while state.epoch < config.epochs and not state.ended:
            fitted = loop.model.fit(
                Batches(training, config, state.epoch), initial_epoch=state.epoch,
                epochs=state.epoch + 1, verbose=0, shuffle=False,
                callbacks=[EpochSeed(config.seed), loop.average, progress.callback(), *loop.logs])
            report(loop.end_epoch({key: values[0] for key, values in fitted.history.items()}))
    if config.swa_epochs and state.best_epoch < config.epochs:
        report(loop.try_mean())
    return load_network_file(run / _BEST)


@contextlib.contextmanager
def _telling_of_a_cut(state: TrainState, report: Callable[[str], None]) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        report(f'cut after {state.epoch} whole epochs; the same command goes on from there')
        raise


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


class _Loop:
    """A network on its way, and what happens after each epoch."""

    def __init__(
        self, config: TrainConfig, training: Dataset, validation: Dataset, run: Path,
        start: Callable[[], keras.Model] | None,
    ) -> None:
        self._config, self._run, self._checkpoints = config, run, Checkpoints(run)
        self._x = as_batch(validation.images, config.side, config.standardize)
        self._y = validation.targets
        known = self._checkpoints.state()
        self.state = known or TrainState()
        self.model = self._resume(training) if known else _begin(config, training, start)
        self.average = MovingAverage(self.model, config.ema)
        if known:
            self._checkpoints.load_average(self.average, known)
        self._mean = WeightMean(run / 'mean.npz')
        self.logs = [_tensorboard(run)] if config.tensorboard else []

    def end_epoch(self, row: dict[str, float]) -> str:
        """Validate, keep what is to be kept, and return the line of the report."""
        config, state = self._config, self.state
        with self.average.applied():
            row.update(self._validate(), epoch=state.epoch)
            self._keep(row, state.epoch)
            if state.epoch >= config.epochs - config.swa_epochs:
                self._mean.add(self.model, state.epoch)
        state.epoch += 1
        last_good = max(state.best_epoch, 0)
        state.ended = bool(config.patience) and state.epoch - 1 - last_good >= config.patience
        self._checkpoints.write_history(_COLUMNS, row)
        self._checkpoints.save(self.model, self.average, state)
        figures = ', '.join(f'{name} {row[name]:.4f}' for name in _COLUMNS[1:])
        return (f'epoch {state.epoch}/{config.epochs}: {figures} '
                f'(best {abs(state.best):.4f} in epoch {state.best_epoch + 1})')

    def try_mean(self) -> str:
        """Give the model the mean of the last epochs; keep it if it is the best."""
        self._mean.assign(self.model)
        row = self._validate()
        better = self._keep(row, self._config.epochs)
        self._checkpoints.note(self.state)
        return (f'mean of {self._config.swa_epochs} epochs: val_accuracy '
                f'{row["val_accuracy"]:.4f}, {"kept" if better else "not better"}')

    def _resume(self, training: Dataset) -> keras.Model:
        # Keras forgets the precision of a whole network, by which it scales the loss.
        with _precision(self._config):
            model = self._checkpoints.load(self.state)
        if model.output_shape[-1] != len(training.labels):
            raise ConfigError(
                f'{self._run}: its network tells {model.output_shape[-1]} emotions apart, the '
                f'data have {len(training.labels)}; give another --run folder')
        # The weights that a backbone began with are not needed again.
        wanted = _build(self._config, training, {
            key: value for key, value in self._config.network_options.items()
            if key != 'weights'})
        if [w.shape for w in model.weights] != [w.shape for w in wanted.weights]:
            raise ConfigError(
                f'{self._run}: its checkpoint holds another network than the {wanted.name} of '
                'the settings; give another --run folder or remove it')
        # A loaded optimizer has forgotten which weights do not decay: only its numbers are kept.
        numbers = [keras.ops.convert_to_numpy(v).copy() for v in model.optimizer.variables]
        compile_network(model, self._config, training)
        model.optimizer.build(model.trainable_variables)
        for variable, number in zip(model.optimizer.variables, numbers, strict=True):
            variable.assign(number)
        return model

    def _keep(self, row: dict[str, float], epoch: int) -> bool:
        figure = row[f'val_{self._config.monitor}']
        figure = -figure if self._config.monitor == 'loss' else figure
        if not figure > self.state.best:
            return False
        self.state.best, self.state.best_epoch = figure, epoch
        save_network_file(self.model, self._run / _BEST)
        return True

    def _validate(self) -> dict[str, float]:
        logits = keras_logits(self.model, self._x, self._config.mirror).astype(np.float64)
        logp = logits - logits.max(axis=1, keepdims=True)
        logp -= np.log(np.exp(logp).sum(axis=1, keepdims=True))
        figures = classification_figures(self._y, logits.argmax(axis=1), logits.shape[1])
        return {'val_loss': float(-logp[np.arange(len(self._y)), self._y].mean()),
                **{f'val_{name}': value for name, value in figures.items()}}


def _check_settings(config: TrainConfig, run: Path) -> None:
    settings = json.loads(json.dumps(config.as_dict()))
    known = run / 'config.yaml'
    if known.exists():
        # A run that began before a key existed has the key's default.
        defaults = TrainConfig(config.name).as_dict()
        kept = {**defaults, **(yaml.safe_load(known.read_text(encoding='utf-8')) or {})}
        other = [key for key in settings if kept[key] != settings[key]]
        if other:
            raise ConfigError(
                f'{run} holds a run with other settings ({", ".join(other)}); give another --run '
                'folder or remove it')
    write_text(known, yaml.safe_dump(settings))


def _check_inputs(inputs: Mapping[str, Any] | None, run: Path) -> None:
    known = run / 'inputs.json'
    if inputs is None:
        return
    now = json.loads(json.dumps(inputs))
    try:
        then = json.loads(known.read_text(encoding='utf-8')) if known.exists() else now
    except ValueError as error:
        raise ConfigError(f'{known}: not the inputs of a run ({error}); remove it') from error
    if then != now:
        names = ', '.join(sorted(
            key for key in {*then, *now} if then.get(key) != now.get(key)))
        raise ConfigError(
            f'{run} holds a run that began with other inputs ({names}); give another --run '
            'folder or remove it')
    write_text(known, json.dumps(now, indent=2))


def _begin(
    config: TrainConfig, training: Dataset, start: Callable[[], keras.Model] | None,
) -> keras.Model:
    keras.utils.set_random_seed(config.seed)
    with _precision(config):
        model = start() if start else _build(config, training, config.network_options)
    compile_network(model, config, training)
    return model


@contextlib.contextmanager
def _precision(config: TrainConfig) -> Iterator[None]:
    keras.config.set_dtype_policy(config.precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy('float32')


def _build(
    config: TrainConfig, training: Dataset, options: Mapping[str, Any],
) -> keras.Model:
    return build_network(
        config.network, side=config.side, classes=len(training.labels),
        color_channels=1 if training.images.ndim == 3 else training.images.shape[3], **options)


def _tensorboard(run: Path) -> keras.callbacks.Callback:
    try:
        import tensorflow  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f'tensorboard: true needs TensorFlow ({error}); history.csv is written '
            'without') from error
    return keras.callbacks.TensorBoard(str(run / 'tensorboard'))
