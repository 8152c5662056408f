"""The training loop of every network: epochs, checkpoints, history, the choice of the epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
import contextlib
import json
from pathlib import Path
from typing import Any, Protocol

import keras
import yaml

from fer_ros.core.errors import ConfigError
from fer_ros.training.average import MovingAverage, WeightMean
from fer_ros.training.checkpoint import Checkpoints, TrainState
from fer_ros.training.files import write_text
from fer_ros.training.networks.files import load_network_file, save_network_file
from fer_ros.training.progress import RunProgress
from fer_ros.training.settings import RunConfig
from fer_ros.training.setup import EpochSeed, set_backend, set_distribution

__all__ = ['Task', 'train_network']

_BEST = 'best.keras'


class Task(Protocol):
    """What a network is trained for: its data, its loss, its figures."""

    @property
    def config(self) -> RunConfig:
        """Settings of the run."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Figures of an epoch, in the order of `history.csv`, after `epoch`.

        Those that Keras gives of training, then those of `validate` with `val_` before their
        names.
        """
        ...

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        ...

    def build(self, *, resumed: bool) -> keras.Model:
        """Return the network of the settings; weights from elsewhere only if not `resumed`."""
        ...

    def compile(self, model: keras.Model) -> None:
        """Give the network optimizer and loss."""
        ...

    def batches(self, epoch: int) -> keras.utils.PyDataset:
        """Return the batches of an epoch, a pure function of data, settings and epoch."""
        ...

    def validate(self, model: keras.Model) -> dict[str, float]:
        """Return the figures of the network on the validation data."""
        ...

    def misfit(self, model: keras.Model) -> str:
        """Return why a checkpoint's network cannot go on with the data; empty if it can."""
        ...


def train_network(
    task: Task, run: Path, report: Callable[[str], None] = print,
    start: Callable[[], keras.Model] | None = None, inputs: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Train a network, or go on with an interrupted run.

    After every epoch the run folder holds a checkpoint (weights, optimizer, averages),
    `best.keras` (the epoch with the best `config.monitor`), `history.csv` and `state.json`; each
    is written under another name first and renamed, so an interruption never leaves a torn
    file, and the run goes on from the last whole epoch.

    Args:
        task: What is trained; a run is resumed only with the settings that it began with.
        run: Folder of the run, made if missing.
        report: Takes one line of text an epoch.
        start: Makes the network to begin with; default: `task.build`.
        inputs: What tells data, teachers and beginnings apart; a run is resumed only with those
            that it began with.

    Returns:
        The network of the best epoch.

    Raises:
        ConfigError: `run` belongs to other settings or inputs, or its checkpoint to another
            network.
    """
    config = task.config
    run.mkdir(parents=True, exist_ok=True)
    set_backend(config)
    set_distribution(config)
    _check_settings(config, run)
    _check_inputs(inputs, run)
    loop = _Loop(task, run, start)
    state = loop.state
    with RunProgress(config.epochs, task.steps, state.epoch) as progress, _telling_of_a_cut(
            state, report):
        while state.epoch < config.epochs and not state.ended:
            fitted = loop.model.fit(
                task.batches(state.epoch), initial_epoch=state.epoch,
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


class _Loop:
    """A network on its way, and what happens after each epoch."""

    def __init__(
        self, task: Task, run: Path, start: Callable[[], keras.Model] | None,
    ) -> None:
        config = task.config
        self._task, self._config, self._run = task, config, run
        self._checkpoints = Checkpoints(run)
        self._columns = ('epoch', *task.columns)
        known = self._checkpoints.state()
        self.state = known or TrainState()
        self.model = self._resume() if known else self._begin(start)
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
        self._checkpoints.write_history(self._columns, row)
        self._checkpoints.save(self.model, self.average, state)
        figures = ', '.join(f'{name} {row[name]:.4f}' for name in self._columns[1:])
        return (f'epoch {state.epoch}/{config.epochs}: {figures} '
                f'(best {abs(state.best):.4f} in epoch {state.best_epoch + 1})')

    def try_mean(self) -> str:
        """Give the model the mean of the last epochs; keep it if it is the best."""
        self._mean.assign(self.model)
        row = self._validate()
        better = self._keep(row, self._config.epochs)
        self._checkpoints.note(self.state)
        name = f'val_{self._config.monitor}'
        return (f'mean of {self._config.swa_epochs} epochs: {name} {row[name]:.4f}, '
                f'{"kept" if better else "not better"}')

    def _begin(self, start: Callable[[], keras.Model] | None) -> keras.Model:
        keras.utils.set_random_seed(self._config.seed)
        with _precision(self._config):
            model = start() if start else self._task.build(resumed=False)
        self._task.compile(model)
        return model

    def _resume(self) -> keras.Model:
        # Keras forgets the precision of a whole network, by which it scales the loss.
        with _precision(self._config):
            model = self._checkpoints.load(self.state)
        if misfit := self._task.misfit(model):
            raise ConfigError(f'{self._run}: {misfit}; give another --run folder')
        wanted = self._task.build(resumed=True)
        if [w.shape for w in model.weights] != [w.shape for w in wanted.weights]:
            raise ConfigError(
                f'{self._run}: its checkpoint holds another network than the {wanted.name} of '
                'the settings; give another --run folder or remove it')
        # A loaded optimizer has forgotten which weights do not decay: only its numbers are kept.
        numbers = [keras.ops.convert_to_numpy(v).copy() for v in model.optimizer.variables]
        self._task.compile(model)
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
        return {f'val_{name}': value for name, value in self._task.validate(self.model).items()}


def _check_settings(config: RunConfig, run: Path) -> None:
    settings = json.loads(json.dumps(config.as_dict()))
    known = run / 'config.yaml'
    if known.exists():
        # A run that began before a key existed has the key's default.
        defaults = type(config)(config.name).as_dict()
        kept = {**defaults, **(yaml.safe_load(known.read_text(encoding='utf-8')) or {})}
        kept |= {key: {**value, **kept[key]} for key, value in defaults.items()
                 if isinstance(value, dict) and isinstance(kept[key], dict)}
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


@contextlib.contextmanager
def _precision(config: RunConfig) -> Iterator[None]:
    keras.config.set_dtype_policy(config.precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy('float32')


def _tensorboard(run: Path) -> keras.callbacks.Callback:
    try:
        import tensorflow  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f'tensorboard: true needs TensorFlow ({error}); history.csv is written '
            'without') from error
    return keras.callbacks.TensorBoard(str(run / 'tensorboard'))
