"""Labelled face crops from the formats in which people have them.

Three formats are read, told apart by what lies at the path:

* `*.npz` with the arrays `images` (N, 48, 48) uint8 and `ferplus_votes` (N, 10) uint8;
* the public CSV files of FER2013 (`emotion,pixels,Usage`), with those of FER+
  (`fer2013new.csv`) beside it where the votes are wanted;
* a folder with one sub-folder of images per emotion.

Everything ends as one `Dataset`. A file that cannot be used is refused by its name and line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import csv
import dataclasses
from pathlib import Path
import zipfile

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import DataError
from fer_ros.core.types import EMOTIONS, Image

__all__ = ['Dataset', 'FER2013_LABELS', 'load_dataset', 'majority', 'split_dataset']

FER2013_LABELS: tuple[str, ...] = (
    'anger', 'disgust', 'fear', 'happiness', 'sadness', 'surprise', 'neutral',
)
"""The emotions of the column `emotion` of fer2013.csv, 0 to 6, by the names of FER+."""

_USAGES = {'train': 'Training', 'validation': 'PublicTest', 'test': 'PrivateTest'}
_SUFFIXES = frozenset({'.png', '.jpg', '.jpeg', '.bmp', '.webp', '.tif', '.tiff'})
_FER_SIDE = 48


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Face crops with one emotion each.

    Attributes:
        images: (N, H, W) uint8 grey face crops in the framing of FER2013.
        targets: (N,) int64 index into `labels`.
        labels: Names of the emotions.
        files: The files that the crops came from, for the record.
    """

    images: Image
    targets: NDArray[np.int64]
    labels: tuple[str, ...]
    files: tuple[Path, ...]

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or self.images.dtype != np.uint8:
            raise DataError(
                f'images must be (N, H, W) uint8, got {self.images.shape} {self.images.dtype}')
        if self.targets.shape != self.images.shape[:1]:
            raise DataError(
                f'{len(self.images)} images, but targets of shape {self.targets.shape}')
        if len(self.targets) == 0:
            raise DataError(f'{_names(self.files)}: no usable image')
        if self.targets.min() < 0 or self.targets.max() >= len(self.labels):
            raise DataError(f'targets must lie in 0..{len(self.labels) - 1}')

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def counts(self) -> dict[str, int]:
        """Number of images of each emotion."""
        numbers = np.bincount(self.targets, minlength=len(self.labels))
        return {label: int(n) for label, n in zip(self.labels, numbers, strict=True)}

    def take(self, index: NDArray[np.int64]) -> Dataset:
        """Return the data set of the rows in `index`."""
        return dataclasses.replace(
            self, images=self.images[index], targets=self.targets[index])

    def __str__(self) -> str:
        counts = ', '.join(f'{label} {n}' for label, n in self.counts.items())
        height, width = self.images.shape[1:]
        return f'{len(self)} images of {width}x{height} from {_names(self.files)}: {counts}'


def majority(votes: NDArray[np.integer]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return the strict majority label of FER+ votes.

    The protocol of Barsoum et al. 2016 ("Training Deep Networks for Facial Expression
    Recognition with Crowd-Sourced Label Distribution", section 3): an emotion that only one
    tagger chose counts as noise; an image is kept if more than half of the remaining votes
    agree on one of the eight emotions.

    Args:
        votes: (N, 10) numbers of votes for the eight `EMOTIONS`, `unknown`, `not a face`.

    Returns:
        Whether each image is kept (N,) bool, and its emotion (N,) int64.

    Raises:
        DataError: `votes` has another shape.
    """
    if votes.ndim != 2 or votes.shape[1] != len(EMOTIONS) + 2:
        raise DataError(f'FER+ votes must have shape (N, 10), got {votes.shape}')
    counted = np.where(votes > 1, votes, 0).astype(np.int64)
    best = counted.argmax(axis=1)
    agreed = 2 * counted.max(axis=1) > counted.sum(axis=1)
    return agreed & (best < len(EMOTIONS)), best


def split_dataset(data: Dataset, share: float, seed: int) -> tuple[Dataset, Dataset]:
    """Split off a random share of each emotion, for data that comes without a split.

    Args:
        data: The whole data set.
        share: Share of the second part, in (0, 1).
        seed: Seed of the draw.

    Returns:
        The remaining data set and the part split off.
    """
    if not 0.0 < share < 1.0:
        raise DataError(f'share of a split must lie in (0, 1), got {share}')
    rng = np.random.default_rng(seed)
    held = np.zeros(len(data), dtype=bool)
    for target in range(len(data.labels)):
        rows = rng.permutation(np.flatnonzero(data.targets == target))
        held[rows[:round(share * len(rows))]] = True
    return data.take(np.flatnonzero(~held)), data.take(np.flatnonzero(held))


def load_dataset(path: str | Path, split: str = 'train') -> Dataset:
    """Read labelled face crops.

    Args:
        path: An `.npz`, a `fer2013.csv`, or a folder (with `fer2013.csv`, or with a sub-folder
            of images per emotion, or with a sub-folder per split that holds those).
        split: `train`, `validation` or `test`: which rows of a CSV, which sub-folder of a
            folder. An `.npz` is one split by itself.

    Returns:
        The usable images; images on which the taggers do not agree are left out.

    Raises:
        DataError: The path is missing or its content malformed; the text names the place.
    """
    path = Path(path).expanduser()
    if split not in _USAGES:
        raise DataError(f'split must be one of {", ".join(_USAGES)}, got {split!r}')
    if not path.exists():
        raise DataError(f'{path}: no such file or folder')
    if path.is_dir():
        if (path / 'fer2013.csv').is_file():
            return _load_csv(path / 'fer2013.csv', split)
        return _load_folder(path, split)
    if path.suffix == '.npz':
        return _load_npz(path)
    if path.suffix == '.csv':
        return _load_csv(path, split)
    raise DataError(f'{path}: expected an .npz, a fer2013.csv or a folder of images')


def _names(files: Sequence[Path]) -> str:
    return ' and '.join(file.name for file in files)


def _load_npz(path: Path) -> Dataset:
    try:
        # Object arrays are pickles, and pickles are code: never load them.
        with np.load(path, allow_pickle=False) as archive:
            missing = {'images', 'ferplus_votes'} - set(archive.files)
            if missing:
                raise DataError(
                    f'{path}: lacks the array {" and ".join(sorted(missing))}, '
                    f'holds {", ".join(archive.files) or "nothing"}')
            images, votes = archive['images'], archive['ferplus_votes']
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f'{path}: not a readable .npz ({error})') from error
    if len(images) != len(votes):
        raise DataError(f'{path}: {len(images)} images, but {len(votes)} rows of votes')
    kept, targets = majority(votes)
    return Dataset(images[kept], targets[kept], EMOTIONS, (path,))


def _rows(path: Path, columns: set[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and row of a CSV file that must have `columns`."""
    with path.open(newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file)
        missing = columns - set(reader.fieldnames or ())
        if missing:
            raise DataError(f'{path}: lacks the column {" and ".join(sorted(missing))}')
        for row in reader:
            yield reader.line_num, row


def _integers(text: str, size: int, limit: int, place: str) -> NDArray[np.int64]:
    try:
        numbers = np.array(text.split(), dtype=np.int64)
    except ValueError as error:
        raise DataError(f'{place}: {error}') from error
    if numbers.shape != (size,) or numbers.min() < 0 or numbers.max() > limit:
        raise DataError(
            f'{place}: expected {size} integers in 0..{limit}, got {len(numbers)}')
    return numbers


def _load_csv(path: Path, split: str) -> Dataset:
    usage = _USAGES[split]
    images, emotions, lines = [], [], []
    for row_number, (line, row) in enumerate(_rows(path, {'emotion', 'pixels', 'Usage'})):
        if row['Usage'] != usage:
            continue
        place = f'{path}, line {line}'
        pixels = _integers(row['pixels'], _FER_SIDE ** 2, 255, f'{place}, pixels')
        emotion = _integers(row['emotion'], 1, len(FER2013_LABELS) - 1, f'{place}, emotion')
        images.append(pixels.astype(np.uint8).reshape(_FER_SIDE, _FER_SIDE))
        emotions.append(int(emotion[0]))
        lines.append(row_number)
    if not images:
        raise DataError(f'{path}: no row with Usage {usage}')
    stacked = np.stack(images)
    tags = path.with_name('fer2013new.csv')
    if not tags.is_file():
        return Dataset(stacked, np.array(emotions, np.int64), FER2013_LABELS, (path,))
    votes = _load_votes(tags)
    if len(votes) <= lines[-1]:
        raise DataError(f'{tags}: {len(votes)} rows, but {path.name} has more; '
                        'both must list the same images in the same order')
    kept, targets = majority(votes[lines])
    return Dataset(stacked[kept], targets[kept], EMOTIONS, (path, tags))


def _load_votes(path: Path) -> NDArray[np.int64]:
    columns = (*EMOTIONS, 'unknown', 'NF')
    votes = [
        _integers(' '.join(row[column] or '-' for column in columns), len(columns), 100,
                  f'{path}, line {line}')
        for line, row in _rows(path, set(columns))]
    return np.stack(votes) if votes else np.empty((0, len(columns)), np.int64)


def _load_folder(path: Path, split: str) -> Dataset:
    root = path / split if (path / split).is_dir() else path
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir())
    if not folders:
        raise DataError(f'{root}: expected one sub-folder of images per emotion')
    found = {folder.name for folder in folders}
    labels = tuple(label for label in EMOTIONS if label in found)
    labels += tuple(sorted(found - set(EMOTIONS)))
    images, targets = [], []
    for folder in folders:
        for file in sorted(folder.iterdir()):
            if file.suffix.lower() not in _SUFFIXES:
                raise DataError(f'{file}: not an image by its suffix; remove it from the data')
            image = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
            if image is None:
                raise DataError(f'{file}: cannot be decoded as an image')
            images.append(cv2.resize(
                image, (_FER_SIDE, _FER_SIDE), interpolation=cv2.INTER_AREA))
            targets.append(labels.index(folder.name))
    if not images:
        raise DataError(f'{root}: its sub-folders hold no image')
    return Dataset(np.stack(images).astype(np.uint8), np.array(targets, np.int64), labels, (root,))

