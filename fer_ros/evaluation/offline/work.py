"""Doing one unit of work: the same code in this process, in others, and on a cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import socket
import tempfile

import numpy as np

from fer_ros.core.errors import SourceError
from fer_ros.core.pipeline import Pipeline
from fer_ros.core.types import FaceEmotion, FrameResult, UNKNOWN
from fer_ros.evaluation.offline.records import RecordWriter
from fer_ros.evaluation.offline.settings import Settings
from fer_ros.evaluation.offline.sources.base import (
    Excluded,
    file_stamp,
    FileStamp,
    SourceFrame,
    Unit,
)

__all__ = ['Worker', 'work_remotely']


class Worker:
    """Does units one after the other, with one model.

    Args:
        settings: Of the run.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pipelines: dict[bool, Pipeline] = {}

    def do(
        self, unit: Unit, path: Path, mark: str, step: Callable[[], object] = lambda: None,
    ) -> None:
        """Do a unit.

        Args:
            unit: The unit.
            path: Where its records go.
            mark: Its fingerprint.
            step: Called after each frame.
        """
        pipeline = self._pipeline(unit.tracking)
        pipeline.reset()
        labels, writer = pipeline.labels, None
        try:
            for frame in unit.frames(self._settings.selection):
                if writer is None:
                    # Recorded results have the labels of the model that gave them.
                    if isinstance(frame, SourceFrame) and frame.result is not None:
                        labels = frame.result.labels
                    writer = RecordWriter(path, mark, labels)
                if isinstance(frame, Excluded):
                    writer.excluded(frame)
                else:
                    result = frame.result or answer(pipeline, frame)
                    if result.labels != labels:
                        writer.excluded(Excluded(
                            'another model', frame.name, ', '.join(result.labels)))
                    else:
                        writer.frame(frame, result)
                step()
            writer = writer or RecordWriter(path, mark, labels)
        except BaseException as error:
            if writer is not None:
                writer.__exit__(type(error), error, None)
            raise
        writer.__exit__(None, None, None)

    def _pipeline(self, tracking: bool) -> Pipeline:
        if tracking not in self._pipelines:
            self._pipelines[tracking] = self._settings.pipeline(tracking=tracking)
        return self._pipelines[tracking]


def answer(pipeline: Pipeline, frame: SourceFrame) -> FrameResult:
    """Return what the pipeline says about a frame; a crop is a face by itself."""
    assert frame.bgr is not None
    if not frame.crop:
        return pipeline.process(frame.bgr, frame.stamp)
    height, width = frame.bgr.shape[:2]
    probabilities = pipeline.classify(frame.bgr[np.newaxis])[0]
    best = int(probabilities.argmax())
    confidence = min(1.0, float(probabilities[best]))
    return FrameResult(pipeline.labels, (FaceEmotion(
        box=(0.0, 0.0, float(width), float(height)), score=1.0, landmarks=None, track_id=0,
        track_age=0.0, confidence=confidence,
        label=pipeline.labels[best] if confidence >= pipeline.unknown_threshold else UNKNOWN,
        probabilities=probabilities, raw_probabilities=probabilities),), width, height)


_workers: dict[Settings, Worker] = {}


def work_remotely(
    unit: Unit, settings: Settings, mark: str, files: tuple[FileStamp, ...],
) -> bytes:
    """Do a unit on a machine of a cluster; returns the file of its records.

    Args:
        unit: The unit, with absolute paths.
        settings: Of the run.
        mark: The unit's fingerprint where the run was started.
        files: What it reads, as seen from there.

    Raises:
        SourceError: This machine has not the same files under the same paths. Without this, all
            that it cannot read would only be counted as left out.
        ModelError: It has not the same model.
    """
    for name, size, _ in files:
        if file_stamp(Path(name))[1] != size:
            raise SourceError(
                f'{name} on the machine {socket.gethostname()} is missing or another file; every '
                'machine of the cluster must find the data under the same path')
    if settings not in _workers:
        _workers.clear()
        _workers[settings] = Worker(settings)
    with tempfile.TemporaryDirectory(prefix='fer_unit_') as folder:
        path = Path(folder) / 'records.jsonl'
        _workers[settings].do(unit, path, mark)
        return path.read_bytes()
