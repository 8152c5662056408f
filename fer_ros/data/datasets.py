"""Labelled face crops from the formats in which people have them.

These are read, told apart by what lies at the path:

* what `fer data prepare` wrote (`prepared.py`), an npz with labels and splits;
* an npz with the arrays `images` (N, 48, 48) uint8 and `ferplus_votes` (N, 10) uint8;
* the public CSV files of FER2013 (`emotion,pixels,Usage`), with those of FER+
  (`fer2013new.csv`) beside it where the votes are wanted;
* an index CSV (`file,emotion[,subject][,split]`), paths relative to it;
* a folder with one sub-folder of images per emotion.

Everything ends as one `Dataset`. A file that cannot be used is refused by its name and line.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fer_ros.core.errors import DataError
from fer_ros.core.resources import user_path
from fer_ros.data.crops import Dataset, split_dataset, SPLITS
from fer_ros.data.fer import csv_rows, FER2013_LABELS, fer_dataset, read_fer_csv, USAGES
from fer_ros.data.pictures import is_index, list_pictures, pictures_dataset
from fer_ros.data.prepared import prepared_dataset, read_arrays
from fer_ros.data.votes import LABEL_SETS, majority, vote_shares

__all__ = [
    'Dataset', 'FER2013_LABELS', 'SPLITS', 'load_dataset', 'majority', 'own_splits',
    'split_dataset', 'vote_shares',
]


def load_dataset(
    path: str | Path, split: str = 'train', label_set: str = 'ferplus',
) -> Dataset:
    """Read labelled face crops.

    Args:
        path: An `.npz`, a CSV of FER2013, an index CSV, or a folder (with `fer2013.csv`, or with
            a sub-folder of images per emotion, or with a sub-folder per split that holds those).
        split: `train`, `validation` or `test`: which part of data that tell splits apart; others
            are one split by themselves (see `own_splits`).
        label_set: One of `LABEL_SETS`: which images and labels are taken of data with votes.

    Returns:
        The usable images.

    Raises:
        DataError: The path is missing or its content malformed; the text names the place.
    """
    if split not in SPLITS:
        raise DataError(f'split must be one of {", ".join(SPLITS)}, got {split!r}')
    if label_set not in LABEL_SETS:
        raise DataError(f'label_set must be one of {", ".join(LABEL_SETS)}, got {label_set!r}')
    path = _existing(path)
    if path.suffix == '.npz':
        return prepared_dataset(path, read_arrays(path), split, label_set)
    if path.suffix == '.csv' and not is_index(path):
        return fer_dataset(read_fer_csv(path, split), label_set)
    return pictures_dataset(path, split)


def own_splits(path: str | Path) -> tuple[str, ...]:
    """Return the splits that data tell apart by themselves, in the order of `SPLITS`.

    Args:
        path: As of `load_dataset`.

    Returns:
        Names out of `SPLITS`; empty for data that are one split, and are to be divided.

    Raises:
        DataError: As of `load_dataset`.
    """
    path = _existing(path)
    found: set[str] = set()
    if path.suffix == '.npz':
        found = set(read_arrays(path).get('split', np.array([], str)).tolist())
    elif path.suffix == '.csv' and not is_index(path):
        found = {USAGES.get(row['Usage'], '') for _, row in csv_rows(path, {'Usage'})}
    else:
        found = {picture.split for picture in list_pictures(path)}
    return tuple(split for split in SPLITS if split in found)


def _existing(path: str | Path) -> Path:
    """Return the file or folder with the data, or tell what is missing."""
    path = user_path(path)
    if not path.exists():
        raise DataError(f'{path}: no such file or folder')
    if path.is_dir():
        return path / 'fer2013.csv' if (path / 'fer2013.csv').is_file() else path
    if path.suffix not in {'.npz', '.csv'}:
        raise DataError(f'{path}: expected an .npz, a .csv or a folder of images')
    return path
