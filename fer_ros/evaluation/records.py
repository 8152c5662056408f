"""Results as rows: one face a row, for tables, CSV, JSON and JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib
import csv
import dataclasses
import json
import os
from pathlib import Path
from typing import Any, TextIO

from fer_ros.core.types import FrameResult

__all__ = ['CsvWriter', 'JsonLinesWriter', 'face_records', 'table', 'whole_file']


def face_records(result: FrameResult) -> list[dict[str, Any]]:
    """Return one dictionary a face, ready for JSON.

    Keys: `track_id`, `box` (x, y, width, height in pixels), `score`, `label`, `confidence`,
    `probabilities` and `raw_probabilities` (by label), and, where there are any, `landmarks` and
    `pose` (`roll`, `yaw`, `pitch` in degrees, see `HeadPose`).
    """
    records = []
    for face in result.faces:
        record: dict[str, Any] = {
            'track_id': face.track_id,
            'box': [round(value, 2) for value in face.box],
            'score': round(face.score, 4),
            'label': face.label,
            'confidence': round(face.confidence, 4),
        }
        for name in ('probabilities', 'raw_probabilities'):
            record[name] = {
                label: round(float(value), 5)
                for label, value in zip(result.labels, getattr(face, name), strict=True)}
        if face.landmarks is not None:
            record['landmarks'] = face.landmarks.round(2).tolist()
        if face.pose is not None:
            record['pose'] = {
                name: round(value, 1) for name, value in dataclasses.asdict(face.pose).items()}
        records.append(record)
    return records


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """Open a text file that takes its name only when it is complete.

    An exception leaves nothing behind, and an older file untouched.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f'.{target.name}.partial')
    try:
        with partial.open('w', newline='', encoding='utf-8') as file:
            yield file
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


class CsvWriter:
    """One row a face: frame, time, track, box, score, label, confidence, probabilities."""

    def __init__(self, file: TextIO, labels: Sequence[str]) -> None:
        self._writer = csv.writer(file, lineterminator='\n')
        self._writer.writerow([
            'frame', 'time', 'track_id', 'x', 'y', 'width', 'height', 'score', 'label',
            'confidence', *labels])

    def write(self, frame: int, seconds: float, result: FrameResult) -> None:
        """Write the faces of a frame; a frame without faces has no row."""
        for record in face_records(result):
            self._writer.writerow([
                frame, f'{seconds:.4f}', record['track_id'], *record['box'], record['score'],
                record['label'], record['confidence'], *record['probabilities'].values()])


class JsonLinesWriter:
    """One line a frame, also of frames without faces."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, frame: int, seconds: float, result: FrameResult) -> None:
        """Write a frame."""
        self._file.write(json.dumps({
            'frame': frame, 'time': round(seconds, 4), 'width': result.width,
            'height': result.height, 'faces': face_records(result)}) + '\n')


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as columns of text; the first row is the heading."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        '  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows]
    lines.insert(1, '  '.join('-' * width for width in widths))
    return '\n'.join(lines)
