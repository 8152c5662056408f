"""One training job: network, history, model folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import csv
import dataclasses
from pathlib import Path
from typing import Any

import keras

from fer_ros.data.datasets import Dataset
from fer_ros.evaluation.plots import history_picture
from fer_ros.training.config import TrainConfig
from fer_ros.training.export import check_replaceable, export_model
from fer_ros.training.train import train
from fer_ros.training.transfer import freeze, replace_head
from fer_ros.training.weights import load_network

__all__ = ['Job', 'continue_from', 'draw_history', 'run_job']


@dataclasses.dataclass(frozen=True)
class Job:
    """Where a network goes, and what is recorded of its making.

    Attributes:
        run: Folder of checkpoints and history.
        out: The model folder.
        command: The command that is run, for the record.
        data_records: The data, for the record.
        origin: What the network was made of besides data, for the record.
        start: Makes the network to begin with; default: a fresh one.
        report: Takes lines of text.
    """

    run: Path
    out: Path
    command: str
    data_records: Sequence[Mapping[str, Any]]
    origin: Mapping[str, Any] | None = None
    start: Callable[[], keras.Model] | None = None
    report: Callable[[str], None] = print

    @property
    def inputs(self) -> dict[str, Any]:
        """What binds a run: where files lie may change until it goes on, not what they hold."""
        return {'data': [{key: record[key] for key in ('role', 'n', 'sha256')}
                         for record in self.data_records], **(self.origin or {})}

    @property
    def record(self) -> dict[str, Any]:
        """What the exports write down, by their names for it."""
        return {
            'command': self.command, 'data_records': self.data_records, 'origin': self.origin}


def run_job(
    job: Job, config: TrainConfig, training: Dataset, validation: Dataset,
) -> Path:
    """Train or go on, draw the history, and export.

    Args:
        job: Where to, and what is recorded.
        config: Settings.
        training: Images to learn from.
        validation: Images to choose, to calibrate and to measure on.

    Returns:
        `job.out`.
    """
    check_replaceable(job.out)
    network = train(config, training, validation, job.run, job.report, job.start, job.inputs)
    draw_history(job.run)
    return export_model(network, config, validation, job.out, **job.record)


def draw_history(run: Path) -> None:
    """Draw `history.png` of a run's `history.csv`."""
    with (run / 'history.csv').open(newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    history_picture(
        {name: [float(row[name]) for row in rows] for name in rows[0]}, run / 'history.png')


def continue_from(model: str | Path, config: TrainConfig, classes: int) -> keras.Model:
    """Return the network of a model folder, ready to be fine-tuned.

    Args:
        model: Name or folder of a model with Keras weights, of the family of the settings.
        config: Settings, among them the share of layers to freeze.
        classes: Number of emotions; where it differs, the last layer begins anew.

    Raises:
        ModelError: The model holds no weights.
        ConfigError: A setting is impossible.
    """
    network = replace_head(
        load_network(model), config.network, dict(config.network_options), classes)
    freeze(network, config.freeze)
    return network
