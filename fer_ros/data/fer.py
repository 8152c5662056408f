"""FER2013 and FER+ as they are published, and the npz files that hold them.

FER2013: Goodfellow et al. 2013, `fer2013.csv` with the columns `emotion,pixels,Usage`. FER+:
Barsoum et al. 2016, `fer2013new.csv` with the votes of ten taggers, row by row for the same
images. An npz has the arrays `images` (N, 48, 48) uint8 and one or both of `ferplus_votes`
(N, 10) and `fer2013_label` (N,).
"""

from __future__ import annotations

from collections.abc import Iterator
import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import DataError
from fer_ros.core.types import EMOTIONS, Image
from fer_ros.data.crops import Dataset
from fer_ros.data.votes import majority, vote_shares

__all__ = [
    'FER2013_LABELS', 'FerRows', 'csv_rows', 'fer_dataset', 'fer_rows', 'read_fer_csv', 'USAGES',
]

FER2013_LABELS: tuple[str, ...] = (
    'anger', 'disgust', 'fear', 'happiness', 'sadness', 'surprise', 'neutral',
)
"""The emotions of the column `emotion` of fer2013.csv, 0 to 6, by the names of FER+."""

USAGES = {'Training': 'train', 'PublicTest': 'validation', 'PrivateTest': 'test'}
"""The splits by the names that the column `Usage` has for them."""

_SIDE = 48
_VOTES = (*EMOTIONS, 'unknown', 'NF')
_ALIKE = 'both must list the same images in the same order'


@dataclasses.dataclass(frozen=True, eq=False)
class FerRows:
    """Images of FER2013 with whatever labels there are.

    Attributes:
        images: (N, 48, 48) uint8.
        emotions: (N,) int64 index into `FER2013_LABELS`, or None.
        votes: (N, 10) votes for the eight `EMOTIONS`, `unknown`, `not a face`, or None.
        splits: (N,) names of the splits, empty where the file tells none.
        places: (N,) name of each image: file and line or row.
        files: The files that were read.
    """

    images: Image
    emotions: NDArray[np.int64] | None
    votes: NDArray[np.integer] | None
    splits: NDArray[np.str_]
    places: NDArray[np.str_]
    files: tuple[Path, ...]

    def __post_init__(self) -> None:
        for name, rows in (('fer2013_label', self.emotions), ('ferplus_votes', self.votes)):
            if rows is not None and len(rows) != len(self.images):
                raise DataError(f'{self.files[0]}: {len(self.images)} images, but {len(rows)} '
                                f'rows of {name}')
        emotions = self.emotions
        if emotions is not None and emotions.size \
                and not 0 <= emotions.min() <= emotions.max() < len(FER2013_LABELS):
            raise DataError(f'{self.files[0]}: fer2013_label must lie in '
                            f'0..{len(FER2013_LABELS) - 1}, one holds {emotions.max()}')


def fer_dataset(rows: FerRows, label_set: str) -> Dataset:
    """Return the usable images with the labels that `label_set` names.

    Args:
        rows: Images with labels or votes.
        label_set: One of `LABEL_SETS`; without votes, the labels of FER2013 are taken.
    """
    if rows.votes is None or label_set == 'fer2013':
        if rows.emotions is None:
            raise DataError(f'{rows.files[0]}: lacks the array fer2013_label')
        return Dataset(rows.images, rows.emotions, FER2013_LABELS, rows.files)
    kept, targets = majority(rows.votes)
    voted, shares = vote_shares(rows.votes)
    if label_set == 'ferplus_votes':
        kept, targets = voted, shares.argmax(axis=1)
    return Dataset(rows.images[kept], targets[kept], EMOTIONS, rows.files, shares[kept])


def fer_rows(path: Path, arrays: dict[str, NDArray[Any]]) -> FerRows:
    """Return the rows of an npz.

    Args:
        path: Its name, for messages.
        arrays: `images`, and `ferplus_votes` or `fer2013_label` or both.
    """
    count = len(arrays['images'])
    emotions, votes = arrays.get('fer2013_label'), arrays.get('ferplus_votes')
    return FerRows(
        arrays['images'], None if emotions is None else emotions.astype(np.int64),
        votes, np.full(count, '', '<U10'),
        np.array([f'{path.name}#{row}' for row in range(count)]), (path,))


def csv_rows(path: Path, columns: set[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and row of a CSV file that must have `columns`."""
    try:
        with path.open(newline='', encoding='utf-8-sig') as file:
            reader = csv.DictReader(file)
            # One published copy of FER2013 has spaces before the names of its columns.
            reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
            missing = columns - set(reader.fieldnames)
            if missing:
                raise DataError(f'{path}: lacks the column {" and ".join(sorted(missing))}')
            for row in reader:
                yield reader.line_num, {
                    key: value or '' for key, value in row.items() if isinstance(key, str)}
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f'{path}: not a readable CSV file ({error})') from error


def read_fer_csv(path: Path, split: str | None = None) -> FerRows:
    """Read fer2013.csv, with the votes of a fer2013new.csv beside it.

    Args:
        path: The file with the pixels.
        split: The split that is wanted; None for all.

    Raises:
        DataError: A row is malformed; the text names its line.
    """
    images, emotions, numbers, splits, places = [], [], [], [], []
    for number, (line, row) in enumerate(csv_rows(path, {'emotion', 'pixels', 'Usage'})):
        place = f'{path}, line {line}'
        if row['Usage'] not in USAGES:
            raise DataError(
                f'{place}: Usage must be one of {", ".join(USAGES)}, got {row["Usage"]!r}')
        if split is not None and USAGES[row['Usage']] != split:
            continue
        pixels = _integers(row['pixels'], _SIDE ** 2, 255, f'{place}, pixels')
        emotion = _integers(row['emotion'], 1, len(FER2013_LABELS) - 1, f'{place}, emotion')
        images.append(pixels.astype(np.uint8).reshape(_SIDE, _SIDE))
        emotions.append(int(emotion[0]))
        numbers.append(number)
        splits.append(USAGES[row['Usage']])
        places.append(f'{path.name}:{line}')
    if not images:
        usage = {name: usage for usage, name in USAGES.items()}.get(split or '', 'of any kind')
        raise DataError(f'{path}: no row with Usage {usage}')
    tags = path.with_name('fer2013new.csv')
    votes = _read_votes(tags, dict(zip(numbers, splits, strict=True))) if tags.is_file() else None
    if votes is not None and len(votes) <= numbers[-1]:
        raise DataError(f'{tags}: {len(votes)} rows, but {path.name} has more; {_ALIKE}')
    return FerRows(
        np.stack(images), np.array(emotions, np.int64),
        None if votes is None else votes[numbers], np.array(splits), np.array(places),
        (path,) if votes is None else (path, tags))


def _integers(text: str, size: int, limit: int, place: str) -> NDArray[np.int64]:
    try:
        numbers = np.array(text.split(), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise DataError(f'{place}: {error}') from error
    if numbers.shape != (size,) or numbers.min() < 0 or numbers.max() > limit:
        raise DataError(
            f'{place}: expected {size} integers in 0..{limit}, got {len(numbers)}')
    return numbers


def _read_votes(path: Path, splits: dict[int, str]) -> NDArray[np.int64]:
    """Return the votes of all rows; those that `splits` names must be of that split."""
    votes = []
    for number, (line, row) in enumerate(csv_rows(path, set(_VOTES))):
        place = f'{path}, line {line}'
        split = splits.get(number, '')
        # All that could tell, without pixels, that rows are not of the same image.
        if split and USAGES.get(row.get('Usage', ''), split) != split:
            raise DataError(f'{place}: Usage is {row["Usage"]}, but {split} data stand in this '
                            f'row of the pixels; {_ALIKE}')
        votes.append(_integers(
            ' '.join(row[column] or '-' for column in _VOTES), len(_VOTES), 100, place))
    return np.stack(votes) if votes else np.empty((0, len(_VOTES)), np.int64)
