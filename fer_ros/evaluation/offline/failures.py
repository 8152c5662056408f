"""The faces that a run got wrong, fetched from their sources once more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fer_ros.core.types import Image
from fer_ros.evaluation.examples import sheet
from fer_ros.evaluation.offline.records import FrameRecord, part_of, read_records, record_path
from fer_ros.evaluation.offline.score import Scores
from fer_ros.evaluation.offline.sources.base import Selection, SourceFrame, Unit

__all__ = ['failure_rows', 'failure_sheet', 'face_images']

_COUNT = 30
_APART = 1.0  # seconds between two failures of one segment that are shown
_MARGIN = 0.25  # of the box, about it


def failure_rows(scores: Scores, count: int = _COUNT) -> list[int]:
    """Return rows of wrong answers, the surest first, then missed faces.

    Of one segment of a recording only such that lie a second apart: neighbours look alike.
    """
    probabilities = scores.probabilities
    sure = np.nan_to_num(probabilities).max(axis=1)
    wrong = np.flatnonzero(scores.guess != scores.target)
    segment, time, timed = scores.segment, scores.time, scores.units[0].tracking
    chosen: list[int] = []
    taken: defaultdict[int, list[float]] = defaultdict(list)
    for row in wrong[np.argsort(-sure[wrong], kind='stable')].tolist():
        near = taken[int(segment[row])]
        if timed and any(abs(time[row] - other) < _APART for other in near):
            continue
        near.append(float(time[row]))
        chosen.append(row)
        if len(chosen) == count:
            break
    return chosen


def failure_sheet(
    scores: Scores, rows: Sequence[int], folder: Path, selection: Selection, path: Path,
) -> None:
    """Draw a sheet of failures.

    Args:
        scores: Of the run.
        rows: What is shown.
        folder: Where the records lie.
        selection: Of the run.
        path: Where to.
    """
    wanted: defaultdict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        wanted[int(scores.unit[row])][int(scores.frame[row])].append(row)
    images: dict[int, Image] = {}
    for unit, frames in wanted.items():
        for index, image in face_images(
                scores.units[unit], frozenset(frames), folder, selection).items():
            for row in frames[index]:
                images[row] = image
    captions, pictures = [], []
    guess, target, probabilities = scores.guess, scores.target, scores.probabilities
    for row in rows:
        label = scores.labels[target[row]]
        if np.isnan(probabilities[row]).any():
            answer = 'no face'
        elif guess[row] < 0:
            answer = 'unknown'
        else:
            answer = f'{scores.labels[guess[row]]} {100 * probabilities[row].max():.0f} %'
        captions.append(f'{label}:\n{answer}')
        pictures.append(images.get(row, np.full((48, 48, 3), 230, np.uint8)))
    sheet(path, pictures, captions, [False] * len(rows))


def face_images(
    unit: Unit, wanted: frozenset[int], folder: Path, selection: Selection,
) -> dict[int, Image]:
    """Return the largest face of frames with some margin, the whole frame where there is none.

    Args:
        unit: The unit, which is read once more.
        wanted: Numbers of the frames.
        folder: Where the records lie.
        selection: Of the run.
    """
    path = record_path(folder, unit)
    torn = not path.exists()
    boxes = {
        record.index: record.faces[0].box if record.faces else None
        for record in read_records(part_of(path) if torn else path, torn=torn)
        if isinstance(record, FrameRecord) and record.index in wanted}
    images: dict[int, Image] = {}
    if not wanted:
        return images
    for frame in unit.frames(selection):
        if isinstance(frame, SourceFrame) and frame.index in boxes and frame.bgr is not None:
            images[frame.index] = _cut(frame.bgr, boxes[frame.index])
            if len(images) == len(boxes):
                break
    return images


def _cut(bgr: Image, box: tuple[float, float, float, float] | None) -> Image:
    if box is None:
        return bgr
    x, y, width, height = box
    side = (1 + 2 * _MARGIN) * max(width, height)
    left, top = x + width / 2 - side / 2, y + height / 2 - side / 2
    rows = slice(max(0, round(top)), max(1, round(top + side)))
    columns = slice(max(0, round(left)), max(1, round(left + side)))
    part = bgr[rows, columns]
    return part.copy() if part.size else bgr
