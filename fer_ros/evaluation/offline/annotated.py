"""Videos of recordings with what was found drawn into them, from the records of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
import statistics

import numpy as np

from fer_ros.core.annotate import draw
from fer_ros.core.types import FaceEmotion, FrameResult
from fer_ros.core.video_writer import MAX_FPS, TimedVideoWriter
from fer_ros.evaluation.offline.records import FrameRecord, read_records, record_path
from fer_ros.evaluation.offline.sources.base import Selection, SourceFrame, Unit

__all__ = ['answered_frames', 'result_of_record', 'write_video']

_FALLBACK_FPS = 15.0


def write_video(
    unit: Unit, folder: Path, selection: Selection, path: Path, step: Callable[[], object],
) -> str:
    """Write a recording as an MP4 of its own pace; return its codec, empty without frames.

    Args:
        unit: The recording, which is read once more.
        folder: Where the records lie.
        selection: Of the run.
        path: The `.mp4`.
        step: Called after each frame.

    Raises:
        FerError: It cannot be written.
    """
    writer = TimedVideoWriter(path, _frame_rate(unit, folder))
    try:
        for frame, result in answered_frames(unit, folder, selection):
            assert frame.bgr is not None
            writer.write(frame.time, draw(frame.bgr, result))
            step()
        writer.close()
        return writer.codec
    finally:
        writer.discard()


def answered_frames(
    unit: Unit, folder: Path, selection: Selection,
) -> Iterator[tuple[SourceFrame, FrameResult]]:
    """Yield the frames of a unit once more, each with what was found in it."""
    labels: tuple[str, ...] = ()
    frames = (frame for frame in unit.frames(selection) if isinstance(frame, SourceFrame))
    for record in read_records(record_path(folder, unit)):
        if isinstance(record, tuple):
            labels = record
        elif isinstance(record, FrameRecord):
            frame = next((f for f in frames if f.index == record.index), None)
            if frame is None:
                return
            yield frame, result_of_record(record, labels)


def result_of_record(record: FrameRecord, labels: tuple[str, ...]) -> FrameResult:
    """Return a record as the result that it was made from, but for landmarks and ages."""
    return FrameResult(labels, tuple(
        FaceEmotion(
            box=face.box, score=face.score, landmarks=None, track_id=face.track, track_age=0.0,
            label=face.label, confidence=min(1.0, max(face.probabilities)),
            probabilities=np.array(face.probabilities, np.float32),
            raw_probabilities=np.array(face.raw, np.float32))
        for face in record.faces), *record.size, stamp=record.stamp)


def _frame_rate(unit: Unit, folder: Path) -> float:
    """Return the rate of a recording by the median distance of its first frames."""
    times: list[float] = []
    for record in read_records(record_path(folder, unit)):
        if isinstance(record, FrameRecord):
            times.append(record.time)
        if len(times) > 200:
            break
    steps = [b - a for a, b in pairwise(times) if b > a]
    rate = 1.0 / statistics.median(steps) if steps else _FALLBACK_FPS
    return min(max(rate, 1.0), MAX_FPS)
