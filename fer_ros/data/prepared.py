"""The file that `fer data prepare` writes: crops, labels, splits and where they came from.

Arrays: `images` (N, S, S) or (N, S, S, 3) uint8, `targets` (N,) int64, `labels` (K,) names,
`split` (N,) names, `source` (N,) names of the pictures, `provenance` JSON; where known
`subjects` (N,) names, `distributions` (N, K) float32, `ferplus_votes` (N, 10) uint8 and
`fer2013_label` (N,) uint8.
"""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any
import zipfile

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import DataError
from fer_ros.data.crops import Dataset, SPLITS
from fer_ros.data.fer import fer_dataset, fer_rows, FerRows
from fer_ros.training.files import replacing

__all__ = [
    'prepared_arrays', 'prepared_dataset', 'provenance_of', 'read_arrays', 'write_arrays',
]

_MANDATORY = ('images', 'targets', 'labels')
_FER = ('ferplus_votes', 'fer2013_label')
_READ = {*_MANDATORY, *_FER, 'split', 'distributions', 'subjects', 'source'}


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz that this package knows.

    Raises:
        DataError: It is no npz, or one of its arrays would need unpickling.
    """
    try:
        # Object arrays are pickles, and pickles are code: never load them.
        with np.load(path, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files if name in _READ}
            names = archive.files
    except (OSError, ValueError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise DataError(f'{path}: not a readable .npz ({error})') from error
    if 'images' not in found:
        raise DataError(f'{path}: lacks the array images, holds {", ".join(names) or "nothing"}')
    images = found['images']
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or 0 in images.shape \
            or (images.ndim == 4 and images.shape[3] != 3):
        raise DataError(f'{path}: images must be (N, H, W) or (N, H, W, 3) uint8, got '
                        f'{images.shape} {images.dtype}')
    return found


def write_arrays(path: Path, arrays: dict[str, Any], compressed: bool) -> None:
    """Write an npz as a whole.

    Raises:
        DataError: It cannot be written, such as on a full disk.
    """
    try:
        with replacing(path) as partial:
            (np.savez_compressed if compressed else np.savez)(partial, **arrays)
    except OSError as error:
        hint = '; when there is room, give the same command again: what was finished is kept' \
            if error.errno in (errno.ENOSPC, errno.EDQUOT) else ''
        raise DataError(
            f'{path}: cannot be written: {error.strerror or error}{hint}') from error


def prepared_arrays(path: Path, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Check the arrays of a prepared file against one another and return them.

    Raises:
        DataError: An array is missing, or of another length or range than the others.
    """
    missing = [name for name in _MANDATORY if name not in arrays]
    if missing:
        raise DataError(f'{path}: lacks the array {" and ".join(missing)}, holds '
                        f'{", ".join(sorted(arrays))}')
    count = len(arrays['images'])
    for name, array in arrays.items():
        if name != 'labels' and (array.ndim == 0 or len(array) != count):
            raise DataError(f'{path}: {count} images, but {name} of shape {array.shape}')
    if arrays['labels'].ndim != 1 or arrays['labels'].dtype.kind != 'U' \
            or len(set(arrays['labels'].tolist())) != len(arrays['labels']):
        raise DataError(f'{path}: labels must be different names, got {arrays["labels"]!r}')
    if arrays['targets'].ndim != 1 or arrays['targets'].dtype.kind not in 'iu':
        raise DataError(f'{path}: targets must be (N,) whole numbers, got '
                        f'{arrays["targets"].shape} {arrays["targets"].dtype}')
    if 'split' in arrays:
        unknown = set(np.unique(arrays['split']).tolist()) - set(SPLITS)
        if unknown:
            raise DataError(f'{path}: split must be one of {", ".join(SPLITS)}, one is '
                            f'{sorted(map(str, unknown))[0]!r}')
    return arrays


def prepared_dataset(
    path: Path, arrays: dict[str, NDArray[Any]], split: str, label_set: str,
) -> Dataset:
    """Return one split of a prepared file, or a file of FER2013 and FER+ that is one split.

    Args:
        path: Its name.
        arrays: What `read_arrays` gave.
        split: The split that is wanted.
        label_set: One of `LABEL_SETS`, for files with votes.
    """
    if not {'labels', 'targets'} & set(arrays):
        wanted = 'fer2013_label' if label_set == 'fer2013' else 'ferplus_votes'
        if wanted not in arrays:
            raise DataError(
                f'{path}: lacks the array {wanted}, holds {", ".join(sorted(arrays))}')
        return fer_dataset(fer_rows(path, arrays), label_set)
    arrays = prepared_arrays(path, arrays)
    if 'split' in arrays:
        rows = np.flatnonzero(arrays['split'] == split)
        if not len(rows):
            raise DataError(f'{path}: holds no image of the split {split}, only of '
                            f'{", ".join(np.unique(arrays["split"]).tolist()) or "none"}')
        labels = arrays['labels']
        arrays = {name: array[rows] for name, array in arrays.items() if name != 'labels'}
        arrays['labels'] = labels
    if ('ferplus_votes' in arrays and label_set != 'fer2013') \
            or ('fer2013_label' in arrays and label_set == 'fer2013'):
        return fer_dataset(_as_rows(path, arrays), label_set)
    data = Dataset(
        arrays['images'], arrays['targets'].astype(np.int64),
        tuple(arrays['labels'].tolist()), (path,), arrays.get('distributions'),
        arrays.get('subjects'))
    empty = [label for label, n in data.counts.items() if n == 0]
    if empty and split == 'train' and data.distributions is None:
        raise DataError(f'{path}: no training image of {", ".join(empty)}; prepare the data '
                        'without this label, or with pictures of it')
    return data


def provenance_of(path: Path) -> dict[str, Any]:
    """Return the provenance that a prepared file carries, {} of other files."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            text = str(archive['provenance']) if 'provenance' in archive.files else '{}'
        content = json.loads(text)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f'{path}: its provenance cannot be read ({error})') from error
    return content if isinstance(content, dict) else {}


def _as_rows(path: Path, arrays: dict[str, NDArray[Any]]) -> FerRows:
    return fer_rows(path, {name: arrays[name] for name in ('images', *_FER) if name in arrays})
