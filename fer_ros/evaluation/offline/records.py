"""What the pipeline said, frame by frame, as files of JSON lines: one for each unit of work.

A file is written under another name and takes its own when the unit is done; all figures are
computed from the files, so that a run which was cut and resumed is the same as one that was not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import contextlib
import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any, TextIO

from fer_ros.core.errors import DataError
from fer_ros.core.types import FaceEmotion, FrameResult
from fer_ros.evaluation.offline.sources.base import Excluded, SourceFrame, Unit

__all__ = ['FaceRecord', 'FrameRecord', 'RecordWriter', 'fingerprint', 'is_done', 'part_of',
           'read_records', 'record_path']

_FORMAT = 1


@dataclasses.dataclass(frozen=True, eq=False)
class FaceRecord:
    """A face of a frame.

    Attributes:
        track: Number of its track, 0 without tracking.
        box: Left, top, width, height in pixels.
        score: Of the detector.
        label: The answer, or `unknown`.
        probabilities: K smoothed probabilities.
        raw: K probabilities of the frame alone.
    """

    track: int
    box: tuple[float, float, float, float]
    score: float
    label: str
    probabilities: tuple[float, ...]
    raw: tuple[float, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class FrameRecord:
    """A frame; the fields are those of `SourceFrame`, and its faces, the largest first."""

    index: int
    time: float
    stamp: float
    logged: float | None
    name: str
    size: tuple[int, int]
    faces: tuple[FaceRecord, ...]
    wanted: tuple[float, float, float, float] | None = None
    sha256: str = ''


def fingerprint(unit: Unit, settings: Mapping[str, Any]) -> str:
    """Return what changes when a unit must be done anew: its files, or what answers depend on."""
    content = {'format': _FORMAT, 'unit': repr(unit), 'files': unit.files, **settings}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def record_path(folder: Path, unit: Unit) -> Path:
    """Return the file of a unit's records."""
    return folder / f'{unit.name}.jsonl'


def part_of(path: Path) -> Path:
    """Return the name of a file of records that is being written."""
    return path.with_name(f'.{path.name}.partial')


def is_done(path: Path, mark: str) -> bool:
    """Return whether the records of a unit are there, of the same fingerprint."""
    try:
        with path.open(encoding='utf-8') as file:
            return bool(json.loads(file.readline())['fingerprint'] == mark)
    except (OSError, ValueError, KeyError, TypeError):
        return False


class RecordWriter:
    """Writes the records of one unit.

    Args:
        path: The file; it is there when the block has succeeded, and only then. What was written
            of a unit that was interrupted stays under the name of `part_of`.
        mark: The unit's fingerprint.
        labels: Names of the K emotions.
    """

    def __init__(self, path: Path, mark: str, labels: tuple[str, ...]) -> None:
        self._path, self._part = path, part_of(path)
        self._stack = contextlib.ExitStack()
        self._file: TextIO = self._stack.enter_context(
            self._part.open('w', encoding='utf-8'))
        self._write({'fingerprint': mark, 'labels': list(labels)})

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stack.close()
        if kind is None:
            os.replace(self._part, self._path)

    def frame(self, frame: SourceFrame, result: FrameResult) -> None:
        """Write what was found in a frame."""
        content: dict[str, Any] = {
            'i': frame.index, 't': round(frame.time, 9), 's': frame.stamp, 'name': frame.name,
            'size': [result.width, result.height], 'faces': [_face(f) for f in result.faces]}
        if frame.logged == frame.logged:
            content['logged'] = frame.logged
        if frame.wanted is not None:
            content['wanted'] = frame.wanted
        if frame.sha256:
            content['sha256'] = frame.sha256
        self._write(content)

    def excluded(self, excluded: Excluded) -> None:
        """Write what was left out."""
        self._write({'excluded': dataclasses.asdict(excluded)})

    def _write(self, content: dict[str, Any]) -> None:
        self._file.write(json.dumps(content, separators=(',', ':')) + '\n')


def read_records(
    path: Path, *, torn: bool = False,
) -> Iterator[FrameRecord | Excluded | tuple[str, ...]]:
    """Yield the labels of a unit's records, then its frames and what was left out.

    Args:
        path: File of records.
        torn: Whether it may end within a line, as that of an interrupted unit.

    Raises:
        DataError: The file is damaged.
    """
    with path.open(encoding='utf-8') as file:
        for number, line in enumerate(file, start=1):
            try:
                content = json.loads(line)
            except ValueError:
                if torn:
                    return
                raise DataError(f'{path}, line {number}: damaged; remove the file and give the '
                                'command again') from None
            if number == 1:
                yield tuple(content['labels'])
            elif 'excluded' in content:
                yield Excluded(**content['excluded'])
            else:
                yield _frame(content)


def _face(face: FaceEmotion) -> list[Any]:
    # Nine digits give back the same float32.
    return [
        face.track_id, [round(value, 3) for value in face.box], round(face.score, 6), face.label,
        [float(f'{value:.9g}') for value in face.probabilities],
        [float(f'{value:.9g}') for value in face.raw_probabilities]]


def _frame(content: dict[str, Any]) -> FrameRecord:
    wanted = content.get('wanted')
    return FrameRecord(
        content['i'], content['t'], content['s'], content.get('logged'), content['name'],
        tuple(content['size']),
        tuple(FaceRecord(track, tuple(box), score, label, tuple(p), tuple(raw))
              for track, box, score, label, p, raw in content['faces']),
        None if wanted is None else tuple(wanted), content.get('sha256', ''))
