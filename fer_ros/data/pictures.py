"""Lists of labelled pictures: a folder an emotion, or an index CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import dataclasses
from pathlib import Path
import re

import cv2
import numpy as np

from fer_ros.core.errors import ConfigError, DataError, SourceError
from fer_ros.core.sources import IMAGE_SUFFIXES, natural_key, read_image
from fer_ros.core.types import EMOTIONS, Image
from fer_ros.data.crops import Dataset, SPLITS
from fer_ros.data.fer import csv_rows

__all__ = [
    'Picture', 'is_index', 'label_order', 'list_pictures', 'pictures_dataset', 'scaled',
]

_FER_SIDE = 48


@dataclasses.dataclass(frozen=True)
class Picture:
    """One labelled picture that has not been read yet.

    Attributes:
        path: Its file.
        name: Its name in reports: the path within the source.
        label: Its emotion.
        place: Where the label stands, for messages.
        split: Its split, empty if the source tells none.
        subject: The person, empty if unknown.
    """

    path: Path
    name: str
    label: str
    place: str
    split: str = ''
    subject: str = ''


def is_index(path: Path) -> bool:
    """Return whether a CSV file lists pictures, rather than holding those of FER2013.

    Raises:
        DataError: By its first line it is neither.
    """
    with path.open(encoding='utf-8-sig', errors='replace') as file:
        line = file.readline(1000).strip()
    names = {name.strip().strip('"') for name in line.split(',')}
    if 'pixels' not in names and not {'file', 'emotion'} <= names:
        raise DataError(
            f'{path}: expected the columns file,emotion[,subject][,split] of an index, or '
            f'emotion,pixels,Usage of fer2013.csv; the first line is {line[:80]!r}')
    return 'pixels' not in names


def list_pictures(
    path: Path, labels: Sequence[str] | None = None, rename: Mapping[str, str] | None = None,
    subject_pattern: str = '',
) -> list[Picture]:
    """List the labelled pictures of a folder or of an index CSV.

    Args:
        path: A folder with a sub-folder an emotion, or with `train`, `validation` and `test`
            that hold those; or a CSV with the columns `file,emotion` and optionally `subject`
            and `split`, paths relative to the CSV.
        labels: The emotions that may occur; None for any.
        rename: What a label of the source is called here.
        subject_pattern: Regular expression whose first group, searched in a picture's name, is
            the person; for folders, and rows without a subject.

    Raises:
        DataError: A label is unknown, a file missing, an emotion's folder empty.
        ConfigError: `subject_pattern` is no regular expression with a group.
    """
    pictures = list(_of_index(path) if path.is_file() else _of_folder(path))
    if not pictures:
        raise DataError(f'{path}: lists no picture')
    if rename:
        pictures = [dataclasses.replace(picture, label=rename.get(picture.label, picture.label))
                    for picture in pictures]
    if labels is not None:
        for picture in pictures:
            if picture.label not in labels:
                raise DataError(
                    f'{picture.place}: unknown emotion {picture.label!r}; known: '
                    f'{", ".join(labels)}; translate it (--rename {picture.label}=EMOTION), or '
                    'declare your own with --labels')
    return _with_subjects(pictures, subject_pattern) if subject_pattern else pictures


def label_order(found: set[str]) -> tuple[str, ...]:
    """Return labels in the order of `EMOTIONS`, others after them by name."""
    known = tuple(label for label in EMOTIONS if label in found)
    return known + tuple(sorted(found - set(EMOTIONS)))


def pictures_dataset(path: Path, split: str) -> Dataset:
    """Read pictures of faces as they are, without looking for faces in them.

    Args:
        path: As of `list_pictures`.
        split: Which pictures, where the source tells splits apart.

    Returns:
        Grey crops of 48x48 pixels.

    Raises:
        DataError: A picture cannot be decoded, or there is none.
    """
    pictures = list_pictures(path)
    if any(picture.split for picture in pictures):
        pictures = [picture for picture in pictures if picture.split == split]
        if not pictures:
            raise DataError(f'{path}: holds no picture of the split {split}')
    labels = label_order({picture.label for picture in pictures})
    images = []
    for picture in pictures:
        try:
            image = read_image(picture.path)
        except SourceError as error:
            raise DataError(f'{error}; it cannot be decoded: remove it from the data') from error
        images.append(scaled(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8),
                             _FER_SIDE))
    subjects = np.array([picture.subject for picture in pictures])
    return Dataset(
        np.stack(images), np.array([labels.index(p.label) for p in pictures], np.int64), labels,
        (path,), subjects=subjects if (subjects != '').any() else None)


def scaled(image: Image, side: int) -> Image:
    """Stretch a (H, W) or (H, W, 3) uint8 picture to a square of `side` pixels."""
    if image.shape[:2] == (side, side):
        return image
    smaller = min(image.shape[:2]) > side
    return np.asarray(cv2.resize(
        image, (side, side), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR),
        np.uint8)


def _of_index(path: Path) -> Iterator[Picture]:
    for line, row in csv_rows(path, {'file', 'emotion'}):
        place = f'{path}, line {line}'
        name, label = row['file'].strip(), row['emotion'].strip()
        if not name or not label:
            raise DataError(f'{place}: file and emotion must not be empty')
        split = row.get('split', '').strip()
        if split and split not in SPLITS:
            raise DataError(f'{place}: split must be one of {", ".join(SPLITS)}, got {split!r}')
        file = path.parent / name
        if not file.is_file():
            raise DataError(f'{place}: there is no file {name} beside the index')
        yield Picture(file, name, label, place, split, row.get('subject', '').strip())


def _of_folder(path: Path) -> Iterator[Picture]:
    splits = [split for split in SPLITS if (path / split).is_dir()]
    for split in splits or ['']:
        root = path / split if split else path
        folders = sorted(
            entry for entry in root.iterdir() if entry.is_dir() and entry.name[0] != '.')
        if not folders:
            raise DataError(f'{root}: expected one sub-folder of images per emotion')
        for folder in folders:
            files = [file for file in folder.rglob('*')
                     if file.is_file() and not file.name.startswith('.')]
            if not files:
                raise DataError(f'{folder}: holds no picture; fill or remove it')
            for file in sorted(files, key=lambda file: natural_key(str(file))):
                if file.suffix.lower() not in IMAGE_SUFFIXES:
                    raise DataError(
                        f'{file}: not an image by its suffix; remove it from the data')
                yield Picture(
                    file, str(file.relative_to(path)), folder.name, str(file), split)


def _with_subjects(pictures: list[Picture], pattern: str) -> list[Picture]:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f'subject pattern {pattern!r}: {error}') from error
    if not expression.groups:
        raise ConfigError(
            f'subject pattern {pattern!r} needs a group (...) that holds the person')
    named = []
    for picture in pictures:
        found = None if picture.subject else expression.search(picture.name)
        named.append(dataclasses.replace(picture, subject=found.group(1) or '')
                     if found else picture)
    return named
