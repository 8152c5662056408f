"""Records and labels as arrays: a row for every labelled face of every frame."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import DataError
from fer_ros.core.types import Box, Floats, UNKNOWN
from fer_ros.evaluation.offline.predictions import PredictionWriter
from fer_ros.evaluation.offline.records import FrameRecord, part_of, read_records, record_path
from fer_ros.evaluation.offline.sources.base import Excluded, Unit
from fer_ros.evaluation.offline.tracks import TrackLog
from fer_ros.evaluation.offline.truth import Labelled, Truth

__all__ = ['Scores', 'SegmentInfo', 'score']


@dataclasses.dataclass(frozen=True)
class SegmentInfo:
    """A labelled stretch of a recording, or a labelled picture.

    Attributes:
        unit: Number of its unit.
        start: Seconds from the beginning of the recording.
        end: Seconds from the beginning of the recording.
        emotion: Its label.
        person: The person, empty if unknown.
        change: Whether it follows at once upon another emotion of the same person.
    """

    unit: int
    start: float
    end: float
    emotion: str
    person: str
    change: bool


class Scores:
    """What a run is judged by.

    Attributes:
        labels: Names of the K emotions.
        units: The units whose records there are.
        segments: All segments; `segment` of the rows counts through them.
        excluded: What was left out, in order.
        tracks: Every face over time, also where there are no labels.
        frames: Number of frames.
        with_face: Number of frames with a face.
        labelled: Number of frames with a label.
        pictures: sha256 of each picture, in order, where the sources are pictures.
    """

    def __init__(self, labels: tuple[str, ...], units: Sequence[Unit]) -> None:
        """Begin without rows."""
        self.labels = labels
        self.units = list(units)
        self.segments: list[SegmentInfo] = []
        self.excluded: list[Excluded] = []
        self.tracks = TrackLog(len(labels))
        self.frames = self.with_face = self.labelled = 0
        self.pictures: list[str] = []
        self._columns: dict[str, array[Any]] = {
            'unit': array('i'), 'frame': array('q'), 'time': array('d'), 'segment': array('i'),
            'target': array('b'), 'guess': array('b'), 'side': array('f')}
        self._probabilities, self._boxes = array('f'), array('f')
        self._nothing = [float('nan')] * len(labels)

    def add(self, unit: int, frame: FrameRecord, labelled: Labelled, first: int) -> None:
        """Add a row; `first` is the number of the unit's first segment."""
        face = labelled.face
        values: dict[str, float] = {
            'unit': unit, 'frame': frame.index, 'time': labelled.time,
            'segment': first + labelled.segment, 'target': self.labels.index(labelled.emotion),
            'guess': -1 if face is None or face.label == UNKNOWN
            else self.labels.index(face.label),
            'side': float('nan') if face is None else min(face.box[2:])}
        for name, value in values.items():
            self._columns[name].append(value)
        self._probabilities.extend(self._nothing if face is None else face.probabilities)
        self._boxes.extend([float('nan')] * 4 if face is None else face.box)

    def __len__(self) -> int:
        return len(self._columns['target'])

    def __getattr__(self, name: str) -> NDArray[Any]:
        # (N,) arrays: unit, frame, time, segment, target, guess (-1: no answer), side (pixels).
        if name.startswith('_') or name not in self._columns:
            raise AttributeError(name)
        return np.array(self._columns[name])

    @property
    def probabilities(self) -> Floats:
        """Return (N, K) distributions; NaN where no face was found."""
        return np.array(self._probabilities, np.float32).reshape(-1, len(self.labels))

    def box(self, row: int) -> Box | None:
        """Return the box of a row's face in pixels, None where it was not found."""
        x, y, width, height = self._boxes[4 * row:4 * row + 4]
        return None if x != x else (x, y, width, height)

    def reasons(self) -> dict[str, int]:
        """Return how often each reason of exclusion occurs."""
        counts: Counter[str] = Counter()
        for item in self.excluded:
            counts[item.reason] += item.count
        return dict(sorted(counts.items()))


def score(
    units: Sequence[Unit], truths: Sequence[Truth], folder: Path, labels: tuple[str, ...],
    writer: PredictionWriter,
) -> Scores:
    """Read the records of units and join them with the labels.

    Args:
        units: The units; those that were not begun are left out, of those that were interrupted
            the frames that were done are taken.
        truths: The labels of each unit.
        folder: Where the records lie.
        labels: Names of the emotions.
        writer: Gets every frame.

    Raises:
        DataError: Records are damaged.
    """
    scores = Scores(labels, units)
    for number, (unit, truth) in enumerate(zip(units, truths, strict=True)):
        path, torn = record_path(folder, unit), False
        if not path.exists():
            path, torn = part_of(path), True
        if not path.exists():
            continue
        first = len(scores.segments)
        changes = set(truth.changes()) if hasattr(truth, 'changes') else set()
        scores.segments += [
            SegmentInfo(number, *values, n in changes) for n, values in enumerate(truth.segments)]
        for item in read_records(path, torn=torn):
            if isinstance(item, tuple):
                if item != labels:
                    raise DataError(f'{path}: results of the labels {", ".join(item)}, expected '
                                    f'{", ".join(labels)}; evaluate them one by one')
            elif isinstance(item, Excluded):
                scores.excluded.append(item)
            else:
                _take(scores, number, unit, item, truth, first, writer)
    return scores


def _take(
    scores: Scores, number: int, unit: Unit, frame: FrameRecord, truth: Truth, first: int,
    writer: PredictionWriter,
) -> None:
    scores.frames += 1
    scores.with_face += bool(frame.faces)
    if frame.sha256:
        scores.pictures.append(frame.sha256)
    found = list(_known(truth.of(frame), scores, frame))
    scores.labelled += bool(found)
    for labelled in found:
        scores.add(number, frame, labelled, first)
    if unit.tracking:
        scores.tracks.add(number, frame)
    people = [scores.segments[first + labelled.segment].person for labelled in found]
    writer.write(unit, frame, found, people, first)


def _known(
    found: Iterator[Labelled], scores: Scores, frame: FrameRecord,
) -> Iterator[Labelled]:
    for labelled in found:
        if labelled.emotion in scores.labels:
            yield labelled
        else:
            scores.excluded.append(Excluded(
                'emotion that the model does not know', frame.name, labelled.emotion))
