"""A file of predictions as what a timeline shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import ConfigError, DataError
from fer_ros.evaluation.offline.parquet import read_rows
from fer_ros.evaluation.offline.records import FaceRecord
from fer_ros.evaluation.offline.tracks import Track

__all__ = ['Predictions', 'read_predictions']

_TRACKS = 4
_LAST = 'confidence'  # the emotions are the columns after it

Strip = tuple[NDArray[Any], Sequence[str]]


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """What a timeline shows; see `draw_timeline`."""

    labels: tuple[str, ...]
    tracks: list[Track]
    times: NDArray[np.float64]
    seen: NDArray[np.bool_]
    pairs: list[tuple[str, Strip, Strip]]


def read_predictions(path: Path, recording: str | None = None) -> Predictions:
    """Read `predictions.csv` or `.parquet` of a run, or the CSV of `fer video`.

    Args:
        path: The file.
        recording: Which recording, where it holds several.

    Raises:
        ConfigError: A recording must be chosen, or does not exist.
        DataError: It is no such file.
    """
    rows = _rows(path)
    columns = list(rows[0]) if rows else []
    if not {_LAST, 'time', 'track_id'} <= set(columns):
        raise DataError(
            f'{path}: no predictions in it (no rows, or no column time, track_id or {_LAST})')
    rows = _chosen(path, rows, recording)
    labels = tuple(columns[columns.index(_LAST) + 1:])
    tracks: dict[int, Track] = {}
    pairs: defaultdict[str, list[tuple[float, str, str]]] = defaultdict(list)
    try:
        for row in rows:
            time = float(row['time'])
            if row['label']:
                number = int(row['track_id'])
                track = tracks.setdefault(number, Track(0, number, len(labels)))
                probabilities = tuple(float(row[label]) for label in labels)
                box = (float(row['x']), float(row['y']),
                       float(row['width']), float(row['height']))
                track.add(time, FaceRecord(
                    number, box, 0.0, row['label'], probabilities, probabilities))
            if row.get('truth'):
                pairs[row.get('person', '')].append((time, row['truth'], row['label']))
        times = np.unique([float(row['time']) for row in rows])
        seen = np.isin(times, [float(row['time']) for row in rows if row['label']])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f'{path}: a row is malformed ({error})') from None
    if not len(times) or times[0] == times[-1]:
        raise DataError(f'{path}: predictions of a recording are needed, with several times')
    longest = sorted(tracks.values(), key=lambda track: (-len(track.times), track.number))
    return Predictions(labels, longest[:_TRACKS], times, seen, [
        (person or 'face', (np.array([t for t, _, _ in items]), [a for _, a, _ in items]),
         (np.array([t for t, _, _ in items]), [b for _, _, b in items]))
        for person, items in sorted(pairs.items())])


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        if path.suffix == '.parquet':
            return list(read_rows(path))
        with path.open(newline='', encoding='utf-8') as file:
            return list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f'{path}: cannot be read ({error})') from None


def _chosen(
    path: Path, rows: list[dict[str, str]], recording: str | None,
) -> list[dict[str, str]]:
    names = list(dict.fromkeys(
        f'{row["recording"]} {row["stream"]}'.strip() for row in rows if 'recording' in row))
    if recording is None and len(names) > 1:
        raise ConfigError(f'{path} holds {", ".join(names)}: choose with --recording')
    if recording is None or not names:
        return rows
    chosen = [row for row in rows
              if recording in (row['recording'], f'{row["recording"]} {row["stream"]}'.strip())]
    if not chosen:
        raise ConfigError(f'{path}: no recording {recording!r}; it holds {", ".join(names)}')
    return chosen
