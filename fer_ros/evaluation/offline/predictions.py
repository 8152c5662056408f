"""The predictions of a run: what was answered, a row a face, with the label where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import csv
from typing import TextIO

from fer_ros.evaluation.offline.parquet import ParquetTable
from fer_ros.evaluation.offline.records import FaceRecord, FrameRecord
from fer_ros.evaluation.offline.sources.base import Unit
from fer_ros.evaluation.offline.truth import Labelled

__all__ = ['COLUMNS', 'PredictionWriter']

COLUMNS = (
    'recording', 'stream', 'name', 'frame', 'time', 'stamp', 'truth', 'person', 'segment',
    'track_id', 'x', 'y', 'width', 'height', 'score', 'label', 'confidence')
"""After them comes a column an emotion."""

_TIME, _STAMP, _CONFIDENCE = (COLUMNS.index(name) for name in ('time', 'stamp', 'confidence'))
_NO_LABEL = (None, None, None)

Row = tuple[object, ...]


class PredictionWriter:
    """Writes a row for every face, and one for every frame or label without a face.

    The columns are `COLUMNS`, then the smoothed probability of each emotion. Without a label
    `truth` to `segment` are empty, without a face the columns from `track_id` on.

    Args:
        file: Gets them as CSV.
        labels: Names of the K emotions.
        parquet: Gets them, too.
    """

    def __init__(
        self, file: TextIO, labels: Sequence[str], parquet: ParquetTable | None = None,
    ) -> None:
        self._writer = csv.writer(file, lineterminator='\n')
        self._parquet = parquet
        self._nothing = (None,) * (len(COLUMNS) - COLUMNS.index('track_id') + len(labels))
        self._writer.writerow([*COLUMNS, *labels])

    def write(
        self, unit: Unit, frame: FrameRecord, found: Sequence[Labelled], people: Sequence[str],
        first: int,
    ) -> None:
        """Write a frame.

        Args:
            unit: Its unit.
            frame: What was found in it.
            found: Its labels.
            people: The person of each label, empty if unknown.
            first: Number of the unit's first segment in the run.
        """
        start = (unit.recording, unit.stream, frame.name, frame.index, frame.time, frame.stamp)
        labels = [(labelled.face, (labelled.emotion, person or None, first + labelled.segment))
                  for labelled, person in zip(found, people, strict=True)]
        truths = {id(face): label for face, label in labels if face is not None}
        for face in frame.faces:
            self._write((*start, *truths.get(id(face), _NO_LABEL), *_values(face)))
        missed: list[Row] = [label for face, label in labels if face is None]
        if not frame.faces and not missed:
            missed = [_NO_LABEL]
        for label in missed:
            self._write((*start, *label, *self._nothing))

    def _write(self, row: Row) -> None:
        self._writer.writerow(_texts(row))
        if self._parquet is not None:
            self._parquet.add(row)


def _values(face: FaceRecord) -> Row:
    return (face.track, *face.box, face.score, face.label, max(face.probabilities),
            *face.probabilities)


def _texts(row: Row) -> Iterator[object]:
    """Yield the cells of a row for a CSV."""
    for place, value in enumerate(row):
        if value is None:
            yield ''
        elif place == _TIME:
            yield f'{value:.4f}'
        elif place == _STAMP:
            yield f'{value:.9f}'
        elif place >= _CONFIDENCE:
            yield f'{value:.6g}'
        else:
            yield value
