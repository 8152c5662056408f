"""`predictions.csv`: what was answered, a row a face, with the label where there is one."""

from __future__ import annotations

from collections.abc import Sequence
import csv
from typing import TextIO

from fer_ros.evaluation.offline.records import FaceRecord, FrameRecord
from fer_ros.evaluation.offline.sources.base import Unit
from fer_ros.evaluation.offline.truth import Labelled

__all__ = ['PredictionWriter']


class PredictionWriter:
    """Writes a row for every face, and one for every frame or label without a face.

    Columns: `recording, stream, name, frame, time, stamp, truth, track_id, x, y, width, height,
    score, label, confidence`, then the smoothed probability of each emotion. Without a face the
    columns from `track_id` on are empty.
    """

    def __init__(self, file: TextIO, labels: Sequence[str]) -> None:
        self._writer = csv.writer(file, lineterminator='\n')
        self._nothing = [''] * (7 + len(labels))
        self._writer.writerow([
            'recording', 'stream', 'name', 'frame', 'time', 'stamp', 'truth', 'track_id', 'x',
            'y', 'width', 'height', 'score', 'label', 'confidence', *labels])

    def write(self, unit: Unit, frame: FrameRecord, found: Sequence[Labelled]) -> None:
        """Write a frame."""
        start = [unit.recording, unit.stream, frame.name, frame.index, f'{frame.time:.4f}',
                 f'{frame.stamp:.9f}']
        truths = {id(labelled.face): labelled.emotion for labelled in found if labelled.face}
        for face in frame.faces:
            self._writer.writerow([*start, truths.get(id(face), ''), *_values(face)])
        missed = [labelled.emotion for labelled in found if labelled.face is None]
        if not frame.faces and not missed:
            missed = ['']
        for emotion in missed:
            self._writer.writerow([*start, emotion, *self._nothing, ''])


def _values(face: FaceRecord) -> list[object]:
    return [face.track, *face.box, face.score, face.label, f'{max(face.probabilities):.6g}',
            *(f'{value:.6g}' for value in face.probabilities)]
