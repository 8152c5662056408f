"""One training job of a detector: network, history, model folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from fer_ros.training.detector.config import DetectorConfig
from fer_ros.training.detector.data import FaceData
from fer_ros.training.detector.export import export_detector
from fer_ros.training.detector.task import DetectorTask
from fer_ros.training.export import check_replaceable
from fer_ros.training.job import draw_history, run_inputs
from fer_ros.training.loop import train_network

__all__ = ['run_detector_job']


def run_detector_job(
    config: DetectorConfig, training: FaceData, validation: FaceData, *, run: Path, out: Path,
    command: str, data_records: Sequence[Mapping[str, Any]],
    origin: Mapping[str, Any] | None = None, start: Callable[[], keras.Model] | None = None,
    report: Callable[[str], None] = print,
) -> Path:
    """Train or go on, draw the history, and export.

    Args:
        config: Settings.
        training: Pictures to learn from.
        validation: Pictures to choose and to measure on.
        run: Folder of checkpoints and history.
        out: The model folder.
        command: The command that is run, for the record.
        data_records: The data, for the record.
        origin: What the network was made of besides data, for the record.
        start: Makes the network to begin with; default: a fresh one.
        report: Takes lines of text.

    Returns:
        `out`.
    """
    check_replaceable(out)
    task = DetectorTask(config, training, validation)
    network = train_network(task, run, report, start, run_inputs(data_records, origin))
    draw_history(run)
    return export_detector(
        network, config, task.validation, out, command=command, data_records=data_records,
        origin=origin)
