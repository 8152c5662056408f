"""Pictures that occur twice: found, told, and taken out of the training side.

A picture that is in the training data and in the validation data as well makes a measured
figure too good. Candidates are found by their perceptual hashes and are duplicates if their
pixels correlate too, for faces are alike and hashes alone take other people for duplicates.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Image
from fer_ros.data.crops import SPLITS
from fer_ros.data.hashes import hashes_of, near_pairs

__all__ = ['Duplicates', 'find_duplicates', 'rows_to_remove']

_SIDE = 48
_CHUNK = 4096  # candidate pairs whose pixels are compared at once


@dataclasses.dataclass(frozen=True, eq=False)
class Duplicates:
    """Pairs of pictures that show the same.

    Attributes:
        pairs: (M, 2) int64 rows i < j.
        correlations: (M,) float32 correlation of their grey levels.
        exact: (M,) bool: whether all pixels are equal.
        mirrored: (M,) bool: whether the second is the mirror image of the first.
    """

    pairs: NDArray[np.int64]
    correlations: NDArray[np.float32]
    exact: NDArray[np.bool_]
    mirrored: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.pairs)

    def take(self, chosen: NDArray[np.bool_]) -> Duplicates:
        """Return the pairs that `chosen` (M,) marks."""
        return Duplicates(self.pairs[chosen], self.correlations[chosen], self.exact[chosen],
                          self.mirrored[chosen])


def find_duplicates(
    images: Image, limit: int = 8, correlation: float = 0.95, mirror: bool = False,
) -> Duplicates:
    """Find exact and near duplicates.

    Args:
        images: (N, H, W) or (N, H, W, 3) uint8.
        limit: Largest Hamming distance of the hashes, 0 to 16.
        correlation: Smallest correlation of the grey levels, in [0, 1].
        mirror: Whether to look for mirror images too.
    """
    count = len(images)
    grey = _grey(images)
    codes = hashes_of(grey)
    if mirror:
        codes = np.concatenate([codes, hashes_of(grey[:, :, ::-1])])
    pairs = near_pairs(codes, limit)
    # A mirrored pair shows up twice, and two mirrored pictures are a plain pair.
    pairs = pairs[(pairs[:, 0] < count) & (pairs[:, 0] != pairs[:, 1] - count)]
    mirrored = pairs[:, 1] >= count
    pairs = np.where(mirrored[:, np.newaxis], pairs - [0, count], pairs)
    kept = pairs[:, 0] < pairs[:, 1]
    pairs, mirrored = pairs[kept], mirrored[kept]
    values = np.empty(len(pairs), np.float32)
    exact = np.zeros(len(pairs), bool)
    for start in range(0, len(pairs), _CHUNK):
        rows, flips = pairs[start:start + _CHUNK], mirrored[start:start + _CHUNK]
        other = grey[rows[:, 1]]
        other[flips] = other[flips][:, :, ::-1]
        values[start:start + _CHUNK] = np.einsum(
            'nij,nij->n', _vectors(grey[rows[:, 0]]), _vectors(other))
    alike = values >= correlation
    for index in np.flatnonzero(alike):
        i, j = pairs[index]
        second = images[j][:, ::-1] if mirrored[index] else images[j]
        exact[index] = np.array_equal(images[i], second)
    found = Duplicates(pairs, values, exact, mirrored).take(alike)
    return found.take(_first_of_each(found.pairs))


def rows_to_remove(duplicates: Duplicates, splits: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return the rows to take out so that no picture lies in two splits.

    Of a pair across splits the training side goes; between validation and test the validation
    side, so that a test set stays what it was.

    Args:
        duplicates: Pairs of rows.
        splits: (N,) names of the splits.
    """
    ranks = np.array([SPLITS.index(name) for name in splits.tolist()], np.int64)
    i, j = duplicates.pairs[:, 0], duplicates.pairs[:, 1]
    return np.unique(np.concatenate([i[ranks[i] < ranks[j]], j[ranks[j] < ranks[i]]]))


def _first_of_each(pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the first of equal pairs: a symmetric face is its own mirror image, too."""
    first = np.zeros(len(pairs), bool)
    if len(pairs):
        first[np.unique(pairs, axis=0, return_index=True)[1]] = True
    return first


def _grey(images: Image) -> Image:
    """Return (N, 48, 48) uint8."""
    grey = np.empty((len(images), _SIDE, _SIDE), np.uint8)
    for row, image in enumerate(images):
        flat = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        grey[row] = flat if flat.shape == (_SIDE, _SIDE) else cv2.resize(
            flat, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return grey


def _vectors(grey: Image) -> NDArray[np.float32]:
    """Return (N, 48, 48) float32 of mean 0 and norm 1; flat pictures are 0."""
    vectors = grey.astype(np.float32)
    vectors -= vectors.mean(axis=(1, 2), keepdims=True)
    norms = np.sqrt(np.einsum('nij,nij->n', vectors, vectors))
    vectors /= np.maximum(norms, 1e-6)[:, np.newaxis, np.newaxis]
    return vectors
