"""`fer compare` of two runs: whether one is better, and where they disagree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import ConfigError, DataError
from fer_ros.core.types import Box, Image
from fer_ros.evaluation.compare import mcnemar, paired_comparison
from fer_ros.evaluation.compare_report import Disagreement, SHOWN
from fer_ros.evaluation.offline.failures import face_images
from fer_ros.evaluation.offline.figures import SCHEMA
from fer_ros.evaluation.offline.groups import resampling_groups, standing_answer
from fer_ros.evaluation.offline.sources.base import Unit
from fer_ros.evaluation.offline.sources.pictures import PictureUnit
from fer_ros.evaluation.offline.sources.stored import read_units

__all__ = ['compare_runs', 'disagreements', 'disagreeing_faces', 'is_run', 'PairedRow']

_GREY = np.full((48, 48, 3), 230, np.uint8)  # where the frame is gone
_USED = ('recording', 'stream', 'name', 'frame', 'time', 'stamp', 'truth', 'person', 'segment',
         'label', 'x', 'y', 'width', 'height')
_APART = 1.0  # seconds between two disagreements of a recording that are shown


@dataclasses.dataclass(frozen=True)
class PairedRow:
    """A labelled face in both runs.

    Attributes:
        recording: Of the first run.
        stream: Of the first run.
        frame: Number of the frame in the first run.
        name: Of the frame.
        time: Seconds from the beginning of the recording.
        truth: The label.
        person: The person, empty if unknown.
        segment: Number of the labelled segment.
        answers: Of both runs, empty where no face was found.
        box: Of the face in the first run, in pixels, or else in the second.
    """

    recording: str
    stream: str
    frame: int
    name: str
    time: float
    truth: str
    person: str
    segment: int
    answers: tuple[str, str]
    box: Box | None


def is_run(path: Path) -> bool:
    """Return whether a folder holds the results of a run."""
    try:
        return bool(json.loads((path / 'metrics.json').read_text())['schema'] == SCHEMA)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def compare_runs(first: Path, second: Path) -> tuple[dict[str, Any], list[PairedRow]]:
    """Compare two runs on the same data, face by face.

    Returns:
        The content of `comparison.json`, second less first; and the faces.

    Raises:
        ConfigError: The runs are of other data, or not complete.
        DataError: Their files are damaged.
    """
    metrics = [json.loads((run / 'metrics.json').read_text()) for run in (first, second)]
    for run, content in zip((first, second), metrics, strict=True):
        if content['partial']:
            raise ConfigError(f'{run}: an interrupted run; give its command again first')
    if metrics[0]['data']['sha256'] != metrics[1]['data']['sha256']:
        raise ConfigError(f'{first} and {second} are runs on different data, and not comparable '
                          'face by face')
    rows, alone = _paired(first, second)
    if not rows:
        raise ConfigError(f'{first} and {second} have no labelled face in common')
    labels = tuple(dict.fromkeys(
        label for content in metrics for label in content['confusion']['labels'][:-1]))
    timed = 'segments' in metrics[0]
    groups, over = resampling_groups(
        [row.person for row in rows], [row.segment for row in rows], timed=timed)
    result = paired_comparison(
        np.array([labels.index(row.truth) for row in rows], np.int64), *_right(rows), labels,
        subjects=np.array(groups))
    result['intervals']['over'] = over
    if timed:
        # Neighbouring frames are no independent trials: the test counts segments.
        result['mcnemar'] = _segment_test(rows, labels)
    result['mcnemar']['over'] = 'segments' if timed else 'pictures'
    result['unpaired'] = alone
    result['models'] = [content['model'] for content in metrics]
    result['runs'] = [str(first), str(second)]
    result['data'] = metrics[0]['data']
    result['warnings'] = [f'{letter}: {text}' for letter, content in zip(
        'AB', metrics, strict=True) for text in content['warnings']]
    result['disagreements'] = sum(row.answers[0] != row.answers[1] for row in rows)
    return result, rows


def disagreements(rows: list[PairedRow]) -> list[PairedRow]:
    """Return faces that one run got right and the other wrong, some of each, spread over time."""
    chosen: dict[bool, list[PairedRow]] = {True: [], False: []}
    last: defaultdict[tuple[bool, int], float] = defaultdict(lambda: -_APART)
    for row in rows:
        right = [answer == row.truth for answer in row.answers]
        if right[0] == right[1]:
            continue
        key = right[1], row.segment
        mine = chosen[right[1]]
        if (len(mine) < SHOWN // 2 and row.time - last[key] >= _APART) or (
                row.time == 0.0 and len(mine) < SHOWN // 2):
            last[key] = row.time
            mine.append(row)
    return chosen[True] + chosen[False]


def disagreeing_faces(run: Path, rows: list[PairedRow]) -> list[Disagreement]:
    """Return the pictures of disagreements, with captions.

    Args:
        run: Folder of the first run, whose sources are read once more.
        rows: What is shown.

    Raises:
        DataError: The sources of the run cannot be found.
    """
    units, selection = read_units(run / 'units.json')
    images: dict[int, Image] = {}
    for unit in units:
        mine = [place for place, row in enumerate(rows) if _is_of(row, unit)]
        found = face_images(
            unit, [(rows[place].frame, rows[place].box) for place in mine], selection)
        images.update(zip(mine, found, strict=True))
    return [
        (images.get(place, _GREY),
         f'{row.truth}:\n{row.answers[0] or "no face"}\n{row.answers[1] or "no face"}',
         row.answers[1] == row.truth) for place, row in enumerate(rows)]


def _is_of(row: PairedRow, unit: Unit) -> bool:
    if (row.recording, row.stream) != (unit.recording, unit.stream):
        return False
    # The units of a set of pictures are parts of it.
    return not isinstance(unit, PictureUnit) or (
        row.frame < len(unit.pictures) and unit.pictures[row.frame].name == row.name)


def _box(row: dict[str, str]) -> Box | None:
    if not row['x']:
        return None
    return float(row['x']), float(row['y']), float(row['width']), float(row['height'])


def _paired(first: Path, second: Path) -> tuple[list[PairedRow], int]:
    """Return the labelled faces of both runs, and the number of those of only one."""
    tables = [_labelled(run) for run in (first, second)]
    streams = [{row['stream'] for row in table} for table in tables]
    keyed = [_keyed(table, streams[0] == streams[1]) for table in tables]
    rows = []
    for key, one in keyed[0].items():
        two = keyed[1].get(key)
        if two is not None:
            rows.append(PairedRow(
                one['recording'], one['stream'], int(one['frame']), one['name'],
                float(one['time']), one['truth'], one['person'],
                int(one['segment']), (one['label'], two['label']), _box(one) or _box(two)))
    return rows, len(keyed[0].keys() ^ keyed[1].keys())


def _labelled(run: Path) -> list[dict[str, str]]:
    try:
        with (run / 'predictions.csv').open(newline='', encoding='utf-8') as file:
            return [{name: row[name] for name in _USED} for row in csv.DictReader(file)
                    if row['truth']]
    except (OSError, KeyError, csv.Error) as error:
        raise DataError(f'{run}/predictions.csv: cannot be read ({error})') from None


def _keyed(
    rows: list[dict[str, str]], by_stream: bool,
) -> dict[tuple[str, ...], dict[str, str]]:
    """Return rows by what is the same in both runs: the moment, and who of several it is."""
    seen: Counter[tuple[str, ...]] = Counter()
    keyed: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        timed = row['stamp'] != f'{0:.9f}'
        moment = (row['recording'], row['stream'] if by_stream else '',
                  row['stamp'] if timed else row['name'], row['truth'], row['person'])
        keyed[(*moment, str(seen[moment]))] = row
        seen[moment] += 1
    return keyed


def _right(rows: list[PairedRow]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return (np.array([row.answers[0] == row.truth for row in rows]),
            np.array([row.answers[1] == row.truth for row in rows]))


def _segment_test(rows: list[PairedRow], labels: Sequence[str]) -> dict[str, Any]:
    """Return McNemar's test of the answers that segments get most often."""
    numbers = {label: number for number, label in enumerate(labels)}
    votes: dict[int, tuple[int, Counter[int], Counter[int]]] = {}
    for row in rows:
        _, *counters = votes.setdefault(
            row.segment, (numbers[row.truth], Counter(), Counter()))
        for counter, answer in zip(counters, row.answers, strict=True):
            counter[numbers.get(answer, -1)] += 1
    right = [[standing_answer(counter) == truth for counter in counters]
             for truth, *counters in votes.values()]
    one = sum(a and not b for a, b in right)
    two = sum(b and not a for a, b in right)
    return {'only_first': one, 'only_second': two, 'p': round(mcnemar(one, two), 6)}
