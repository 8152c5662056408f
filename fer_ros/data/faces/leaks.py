"""Near-duplicates between the splits of a data set, and splits without them.

A picture that is nearly in the training data too is no test. Such a validation picture moves to
the training side: nothing is lost for training, and what remains for validation is what it was.
The other way, validation would count a picture once for each of its copies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
import dataclasses
import os

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import DataError
from fer_ros.core.types import Image
from fer_ros.data.duplicates import Duplicates, find_duplicates
from fer_ros.data.faces.types import Backgrounds, FacePictures

__all__ = ['CORRELATION', 'HASH_DISTANCE', 'Leaks', 'divided', 'find_leaks', 'thumbnails']

HASH_DISTANCE, CORRELATION = 16, 0.85
"""Bits of 64, and correlation of the pixels, at which whole pictures are near-duplicates: far
looser than for crops of faces, which are alike; chosen by looking at pairs (docs/face_data.md)."""

_SIDE = 96
_TRAIN, _VAL = 'train', 'val'

Progress = Callable[[int, str], AbstractContextManager[Callable[[], object]]]


@dataclasses.dataclass(frozen=True, eq=False)
class Leaks:
    """Near-duplicates of a data set.

    Attributes:
        pairs: All of them; indices of pictures.
        across: (M,) bool, which lie in two splits.
        moved: Pictures of validation that belong to training, ascending.
        sources: Of each source with validation pictures, how many there are and how many of
            them move.
    """

    pairs: Duplicates
    across: NDArray[np.bool_]
    moved: NDArray[np.int64]
    sources: dict[str, tuple[int, int]]

    def corrected(self, pictures: FacePictures) -> FacePictures:
        """Return the data set with the pictures moved."""
        moved = set(self.moved.tolist())
        return dataclasses.replace(pictures, pictures=tuple(
            dataclasses.replace(picture, split=_TRAIN) if row in moved else picture
            for row, picture in enumerate(pictures.pictures)))


def thumbnails(
    pictures: FacePictures | Backgrounds, progress: Progress | None = None,
) -> Image:
    """Return all pictures as (N, 96, 96) uint8 grey.

    Raises:
        DataError: One cannot be read.
    """
    def one(row: int) -> cv2.typing.MatLike:
        grey = cv2.cvtColor(pictures.read(row), cv2.COLOR_BGR2GRAY)
        return cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)

    small = np.empty((len(pictures), _SIDE, _SIDE), np.uint8)
    bar = progress(len(pictures), 'picture') if progress else nullcontext(lambda: None)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool, bar as step:
        for row, image in enumerate(pool.map(one, range(len(pictures)))):
            small[row] = image
            step()
    return small


def find_leaks(
    pictures: FacePictures, small: Image, *, distance: int = HASH_DISTANCE,
    correlation: float = CORRELATION, to_train: Collection[str] = (),
) -> Leaks:
    """Find near-duplicates, mirrored ones too, and what has to move.

    Pictures that hang together by pairs are one group; if one of a group is a training picture,
    its validation pictures move.

    Args:
        pictures: The data set.
        small: What `thumbnails` gave for it.
        distance: Largest number of different bits of the perceptual hashes, 0 to 16.
        correlation: Smallest correlation of the grey levels, in [0, 1].
        to_train: Sources whose validation pictures all move.

    Raises:
        DataError: A source of `to_train` is not in the data.
    """
    found = find_duplicates(small, distance, correlation, mirror=True)
    splits = np.array([picture.split for picture in pictures.pictures])
    sources = np.array([picture.source for picture in pictures.pictures])
    for source in to_train:
        if source not in sources:
            raise DataError(f'{pictures.name} has no source {source!r}; it has: '
                            f'{", ".join(sorted(set(sources.tolist())))}')
    groups = _groups(len(pictures), found.pairs)
    trained = np.isin(groups, groups[splits == _TRAIN])
    moves = (splits == _VAL) & (trained | np.isin(sources, list(to_train)))
    before, gone = Counter(sources[splits == _VAL].tolist()), Counter(sources[moves].tolist())
    return Leaks(found, splits[found.pairs[:, 0]] != splits[found.pairs[:, 1]],
                 np.flatnonzero(moves),
                 {source: (count, gone[source]) for source, count in before.most_common()})


def divided(
    pictures: FacePictures, small: Image, share: float, seed: int = 0, *,
    distance: int = HASH_DISTANCE, correlation: float = CORRELATION,
) -> FacePictures:
    """Divide a data set without splits; near-duplicates stay together.

    Args:
        pictures: The data set.
        small: What `thumbnails` gave for it.
        share: Of the pictures for validation, in (0, 1).
        seed: Of the choice.
        distance: As for `find_leaks`.
        correlation: As for `find_leaks`.

    Raises:
        DataError: The data have splits, or the share is out of range.
    """
    if pictures.splits:
        raise DataError(f'{pictures.name} is divided already: {", ".join(pictures.splits)}')
    if not 0 < share < 1:
        raise DataError(f'the share for validation must lie between 0 and 1, got {share}')
    found = find_duplicates(small, distance, correlation, mirror=True)
    groups = _groups(len(pictures), found.pairs)
    names, sizes = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    taken = order[np.cumsum(sizes[order]) <= share * len(pictures)]
    chosen = np.isin(groups, names[taken])
    return dataclasses.replace(pictures, pictures=tuple(
        dataclasses.replace(picture, split=_VAL if val else _TRAIN)
        for picture, val in zip(pictures.pictures, chosen, strict=True)))


def _groups(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each picture the first of those with which it hangs together."""
    heads = np.arange(count)

    def head(row: int) -> int:
        while heads[row] != row:
            heads[row] = heads[heads[row]]
            row = int(heads[row])
        return row

    for i, j in pairs.tolist():
        one, other = sorted((head(i), head(j)))
        heads[other] = one
    return np.array([head(row) for row in range(count)], np.int64)
