"""The state of a run on disk: whole after every epoch, whatever cuts the run."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
import shutil
from typing import Any
import zipfile

import keras

from fer_ros.core.errors import ConfigError
from fer_ros.training.average import MovingAverage
from fer_ros.training.files import replacing, write_text
from fer_ros.training.networks.files import load_network_file, save_network_file

__all__ = ['Checkpoints', 'TrainState']

_STATE = 'state.json'
_NETWORK = 'network.keras'
_AVERAGE = 'average.npz'


@dataclasses.dataclass
class TrainState:
    """What a resumed run must know besides weights and optimizer.

    Attributes:
        epoch: Epochs done.
        best_epoch: The epoch, from 0, of the kept weights; the number of epochs for their mean.
        best: Its figure, larger is better.
        ended: Whether patience has ended the run.
    """

    epoch: int = 0
    best_epoch: int = -1
    best: float = -1e30
    ended: bool = False


class Checkpoints:
    """The last checkpoint of a run: a folder an epoch, of which `state.json` names the valid one.

    Args:
        run: Folder of the run.
    """

    def __init__(self, run: Path) -> None:
        self._run = run

    def state(self) -> TrainState | None:
        """Return the state of the last whole epoch, None before there is one."""
        path = self._run / _STATE
        if not path.exists():
            return None
        try:
            return TrainState(**json.loads(path.read_text(encoding='utf-8')))
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f'{path}: not the state of a run ({error}); remove the run folder to begin '
                'anew') from error

    def save(self, model: keras.Model, average: MovingAverage, state: TrainState) -> None:
        """Write network, optimizer and average, then declare them valid, then remove the old."""
        folder = self._folder(state)
        folder.mkdir(exist_ok=True)
        save_network_file(model, folder / _NETWORK)
        average.save(folder / _AVERAGE)
        self.note(state)
        for old in self._run.glob('checkpoint-*'):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)

    def note(self, state: TrainState) -> None:
        """Write the state alone."""
        write_text(self._run / _STATE, json.dumps(dataclasses.asdict(state)))

    def load(self, state: TrainState) -> keras.Model:
        """Return the compiled network of the last whole epoch.

        Raises:
            ConfigError: It is missing or damaged.
        """
        try:
            return load_network_file(self._folder(state) / _NETWORK, compiled=True)
        except ConfigError as error:
            raise ConfigError(f'{error}; remove the run folder to begin anew') from error

    def load_average(self, average: MovingAverage, state: TrainState) -> None:
        """Give the average the numbers that it had after the last whole epoch.

        Raises:
            ConfigError: They are missing or damaged.
        """
        path = self._folder(state) / _AVERAGE
        try:
            average.load(path)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise ConfigError(
                f'{path}: no average of weights ({error}); remove the run folder to begin '
                'anew') from error

    def write_history(self, columns: tuple[str, ...], row: dict[str, float]) -> None:
        """Write the rows so far and this one, which takes the place of that of a cut epoch."""
        path, rows = self._run / 'history.csv', list[dict[str, Any]]()
        if path.exists() and row['epoch'] > 0:
            with path.open(newline='', encoding='utf-8') as file:
                rows = [old for old in csv.DictReader(file) if int(old['epoch']) < row['epoch']]
        with replacing(path) as partial, partial.open('w', newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(file, columns, extrasaction='ignore')
            writer.writeheader()
            writer.writerows([*rows, row])

    def _folder(self, state: TrainState) -> Path:
        return self._run / f'checkpoint-{state.epoch:04}'
