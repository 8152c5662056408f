"""The faces that a run got wrong, fetched from their sources once more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fer_ros.core.types import Box, Image
from fer_ros.evaluation.examples import sheet
from fer_ros.evaluation.offline.score import Scores
from fer_ros.evaluation.offline.sources.base import Selection, SourceFrame, Unit

__all__ = ['failure_rows', 'failure_sheet', 'face_images']

_COUNT = 30
_APART = 1.0  # seconds between two failures of one segment that are shown
_MARGIN = 0.25  # of the box, about it
_GREY = np.full((48, 48, 3), 230, np.uint8)


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
    scores: Scores, rows: Sequence[int], selection: Selection, path: Path,
) -> None:
    """Draw a sheet of failures.

    Args:
        scores: Of the run.
        rows: What is shown.
        selection: Of the run.
        path: Where to.
    """
    units, frames = scores.unit, scores.frame
    images: dict[int, Image] = {}
    for number in sorted({int(units[row]) for row in rows}):
        mine = [row for row in rows if units[row] == number]
        images.update(zip(mine, face_images(
            scores.units[number], [(int(frames[row]), scores.box(row)) for row in mine],
            selection), strict=True))
    captions = []
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
    sheet(path, [images[row] for row in rows], captions, [False] * len(rows))


def face_images(
    unit: Unit, faces: Sequence[tuple[int, Box | None]], selection: Selection,
) -> list[Image]:
    """Return faces with some margin; the whole frame without a box, grey without a frame.

    Args:
        unit: The unit, which is read once more.
        faces: Number of the frame and box of each face.
        selection: Of the run.
    """
    wanted: defaultdict[int, list[int]] = defaultdict(list)
    for place, (index, _) in enumerate(faces):
        wanted[index].append(place)
    images: list[Image] = [_GREY] * len(faces)
    left = set(wanted)
    for frame in unit.frames(selection) if faces else ():
        if isinstance(frame, SourceFrame) and frame.index in left and frame.bgr is not None:
            left.remove(frame.index)
            for place in wanted[frame.index]:
                images[place] = _cut(frame.bgr, faces[place][1])
            if not left:
                break
    return images


def _cut(bgr: Image, box: Box | None) -> Image:
    if box is None:
        return bgr
    x, y, width, height = box
    side = (1 + 2 * _MARGIN) * max(width, height)
    left, top = x + width / 2 - side / 2, y + height / 2 - side / 2
    rows = slice(max(0, round(top)), max(1, round(top + side)))
    columns = slice(max(0, round(left)), max(1, round(left + side)))
    part = bgr[rows, columns]
    return part.copy() if part.size else bgr
