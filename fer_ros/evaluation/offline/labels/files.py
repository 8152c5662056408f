"""Files of labels: CSV, and the text exports of ELAN and Praat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import csv
import math
from pathlib import Path
import re

from fer_ros.core.errors import ConfigError, DataError
from fer_ros.data.fer import csv_rows
from fer_ros.evaluation.offline.labels.segments import Segment
from fer_ros.evaluation.offline.labels.words import Words

__all__ = ['LABEL_SUFFIXES', 'read_timelines']

LABEL_SUFFIXES = ('.csv', '.txt', '.tsv', '.TextGrid')
"""Suffixes of the files that `read_timelines` looks for in a folder."""


def read_timelines(
    path: Path, recordings: Sequence[str], words: Words,
) -> dict[str, list[Segment]]:
    """Read the labels of recordings.

    Args:
        path: A CSV with the columns `start,end,emotion` and optionally `track`, `person`,
            `annotator` and, where there are several recordings, `file` with the name of each; a
            tab-delimited text export of ELAN or a TextGrid of Praat; or a folder with one such
            file a recording, called like it.
        recordings: Names of the recordings, such as `talk.mp4`.
        words: Reads the emotions.

    Returns:
        The segments of each recording, empty where there is no label.

    Raises:
        DataError: A file is malformed; the text names file and line.
        ConfigError: It does not say which labels are of which recording.
    """
    if not path.exists():
        raise DataError(f'{path}: no such file or folder with labels')
    if path.is_dir():
        return {name: list(_read(_file_of(path, name), words)) for name in recordings}
    if path.suffix == '.csv' and _has_column(path, 'file'):
        return _by_recording(path, recordings, words)
    if len(recordings) > 1:
        raise ConfigError(
            f'{path}: labels of one recording, but there are {len(recordings)}: add a column '
            '`file`, or give a folder with a file of labels each, called like the recordings')
    return {recordings[0]: list(_read(path, words))}


def _file_of(folder: Path, name: str) -> Path:
    for stem in (name, Path(name).stem):
        for suffix in LABEL_SUFFIXES:
            if (folder / f'{stem}{suffix}').is_file():
                return folder / f'{stem}{suffix}'
    raise DataError(
        f'{folder}: no labels of {name}; expected {Path(name).stem} with one of the suffixes '
        f'{", ".join(LABEL_SUFFIXES)}')


def _has_column(path: Path, name: str) -> bool:
    with path.open(encoding='utf-8-sig', errors='replace') as file:
        return name in [word.strip() for word in file.readline().split(',')]


def _by_recording(
    path: Path, recordings: Sequence[str], words: Words,
) -> dict[str, list[Segment]]:
    result: dict[str, list[Segment]] = {name: [] for name in recordings}
    stems = {Path(name).stem: name for name in recordings}
    for line, row in csv_rows(path, {'file', 'start', 'end', 'emotion'}):
        word = Path(row['file'].strip()).name
        name = word if word in result else stems.get(Path(word).stem)
        if name is None:
            raise DataError(
                f'{path}, line {line}: {word!r} is none of the recordings '
                f'{", ".join(recordings)}')
        result[name] += _segment(path, line, row, words)
    return result


def _read(path: Path, words: Words) -> Iterator[Segment]:
    if path.suffix == '.TextGrid':
        yield from _praat(path, words)
    elif path.suffix in ('.txt', '.tsv'):
        yield from _elan(path, words)
    else:
        for line, row in csv_rows(path, {'start', 'end', 'emotion'}):
            yield from _segment(path, line, row, words)


def _segment(path: Path, line: int, row: dict[str, str], words: Words) -> Iterator[Segment]:
    place = f'{path}, line {line}'
    emotion = words.read(row['emotion'], place)
    times = [_number(row[key], f'{place}, {key}') for key in ('start', 'end')]
    track = row.get('track', '').strip()
    if track and not track.isdecimal():
        raise DataError(f'{place}: track must be a whole number, got {track!r}')
    if emotion:
        yield Segment(
            times[0], times[1], emotion, place, int(track or 0),
            row.get('person', '').strip() or row.get('subject', '').strip(),
            row.get('annotator', '').strip())


def _number(text: str, place: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f'{place} must be a number of seconds, got {text.strip()!r}')
    return value


def _elan(path: Path, words: Words) -> Iterator[Segment]:
    """Read a tab-delimited export: columns by their titles, or tier, participant, times, value."""
    with path.open(encoding='utf-8-sig', newline='') as file:
        rows = [row for row in csv.reader(file, delimiter='\t') if any(row)]
    if not rows:
        raise DataError(f'{path}: no labels in it')
    titles = [title.strip().casefold() for title in rows[0]]
    start, end = _column(titles, 'begin time'), _column(titles, 'end time')
    titled = start is not None and end is not None
    if not titled:
        # Without titles: tier, participant, begin, end, duration, value; each time in several
        # formats if the user ticked them, of which seconds hold a point and no colon.
        times = [i for i, text in enumerate(rows[0]) if re.fullmatch(r'\d+\.\d+', text.strip())]
        if len(times) < 2:
            raise DataError(
                f'{path}: expected a tab-delimited export of ELAN with begin and end times in '
                'seconds (`ss.msec`)')
        start, end = times[0], times[1]
    tier = _column(titles, 'tier') if titled else 0
    value = _column(titles, 'annotation', 'value') if titled else len(rows[0]) - 1
    if value is None:
        # ELAN titles the column of values by the tier.
        value = len(rows[0]) - 1
    for line, row in enumerate(rows[1 if titled else 0:], start=2 if titled else 1):
        place = f'{path}, line {line}'
        if len(row) <= max(start or 0, end or 0, value):
            raise DataError(f'{place}: {len(row)} columns, expected {len(rows[0])}')
        emotion = words.read(row[value], place)
        if emotion:
            person = row[tier].strip() if tier is not None else ''
            yield Segment(
                _number(row[start or 0], place), _number(row[end or 0], place), emotion, place,
                person='' if person.casefold() in ('', 'default', 'emotion') else person)


def _column(titles: list[str], *parts: str) -> int | None:
    exact = [i for i, title in enumerate(titles) if any(part in title for part in parts)]
    seconds = [i for i in exact if 'ss.msec' in titles[i] and 'hh' not in titles[i]]
    found = seconds or exact
    return found[0] if found else None


def _praat(path: Path, words: Words) -> Iterator[Segment]:
    """Read the interval tiers of a TextGrid in the long text format; a tier is a person."""
    data = path.read_bytes()
    utf16 = data[:2] in (b'\xff\xfe', b'\xfe\xff')
    text = data.decode('utf-16' if utf16 else 'utf-8-sig', errors='replace')
    if 'ooTextFile' not in text or 'item [' not in text:
        raise DataError(f'{path}: expected a TextGrid in the long text format of Praat')
    interval = re.compile(
        r'xmin\s*=\s*([\d.eE+-]+)\s*xmax\s*=\s*([\d.eE+-]+)\s*text\s*=\s*"((?:[^"]|"")*)"')
    tiers = re.split(r'item \[\d+\]:', text)[1:]
    for tier in tiers:
        name = re.search(r'name\s*=\s*"((?:[^"]|"")*)"', tier)
        person = name[1].strip() if name else ''
        if len(tiers) == 1 or person.casefold() == 'emotion':
            person = ''
        for number, found in enumerate(interval.finditer(tier), start=1):
            place = f'{path}, tier {person or 1}, interval {number}'
            emotion = words.read(found[3].replace('""', '"'), place)
            if emotion:
                yield Segment(_number(found[1], place), _number(found[2], place), emotion, place,
                              person=person)
