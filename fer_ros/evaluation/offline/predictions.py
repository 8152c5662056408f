"""`predictions.csv`: what was answered, a row a face, with the label where there is one."""

from __future__ import annotations

from collections.abc import Sequence
import csv
from typing import TextIO

from fer_ros.evaluation.offline.records import FaceRecord, FrameRecord
from fer_ros.evaluation.offline.sources.base import Unit
from fer_ros.evaluation.offline.truth import Labelled

__all__ = ['PredictionWriter']

# Emotion, person, and number of the segment or nothing.
_Label = tuple[str, str, int | str]
_NO_LABEL: _Label = ('', '', '')


class PredictionWriter:
    """Writes a row for every face, and one for every frame or label without a face.

    Columns: `recording, stream, name, frame, time, stamp, truth, person, segment, track_id, x, y,
    width, height, score, label, confidence`, then the smoothed probability of each emotion.
    Without a label `truth` to `segment` are empty, without a face the columns from `track_id` on.
    """

    def __init__(self, file: TextIO, labels: Sequence[str]) -> None:
        self._writer = csv.writer(file, lineterminator='\n')
        self._nothing = [''] * (8 + len(labels))
        self._writer.writerow([
            'recording', 'stream', 'name', 'frame', 'time', 'stamp', 'truth', 'person', 'segment',
            'track_id', 'x', 'y', 'width', 'height', 'score', 'label', 'confidence', *labels])

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
        start = [unit.recording, unit.stream, frame.name, frame.index, f'{frame.time:.4f}',
                 f'{frame.stamp:.9f}']
        labels: list[tuple[FaceRecord | None, _Label]] = [
            (labelled.face, (labelled.emotion, person, first + labelled.segment))
            for labelled, person in zip(found, people, strict=True)]
        truths = {id(face): label for face, label in labels if face is not None}
        for face in frame.faces:
            self._writer.writerow([*start, *truths.get(id(face), _NO_LABEL), *_values(face)])
        missed = [label for face, label in labels if face is None]
        if not frame.faces and not missed:
            missed = [_NO_LABEL]
        for label in missed:
            self._writer.writerow([*start, *label, *self._nothing])


def _values(face: FaceRecord) -> list[object]:
    return [face.track, *face.box, face.score, face.label, f'{max(face.probabilities):.6g}',
            *(f'{value:.6g}' for value in face.probabilities)]
