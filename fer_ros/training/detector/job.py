"""One training job of a detector: network, history, model folder."""

from __future__ import annotations

from pathlib import Path

from fer_ros.training.detector.config import DetectorConfig
from fer_ros.training.detector.data import FaceData
from fer_ros.training.detector.export import export_detector
from fer_ros.training.detector.task import DetectorTask
from fer_ros.training.export import check_replaceable
from fer_ros.training.job import draw_history, Job
from fer_ros.training.loop import train_network

__all__ = ['run_detector_job']


def run_detector_job(
    job: Job, config: DetectorConfig, training: FaceData, validation: FaceData,
) -> Path:
    """Train or go on, draw the history, and export.

    Args:
        job: Where to, and what is recorded.
        config: Settings.
        training: Pictures to learn from.
        validation: Pictures to choose and to measure on.

    Returns:
        `job.out`.
    """
    check_replaceable(job.out)
    task = DetectorTask(config, training, validation)
    network = train_network(task, job.run, job.report, job.start, job.inputs)
    draw_history(job.run)
    return export_detector(network, config, task.validation, job.out, **job.record)
