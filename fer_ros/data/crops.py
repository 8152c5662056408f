"""Labelled face crops in memory: the one type that training and evaluation take."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import DataError
from fer_ros.core.types import Floats, Image

__all__ = ['Dataset', 'SPLITS', 'split_dataset']

SPLITS = ('train', 'validation', 'test')
"""The names of the parts of a data set."""


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Face crops with one emotion each.

    Attributes:
        images: (N, H, W) uint8 grey or (N, H, W, 3) uint8 BGR face crops.
        targets: (N,) int64 index into `labels`.
        labels: Names of the emotions.
        files: The files that the crops came from, for the record.
        distributions: (N, K) float32 shares of the taggers' votes, each row summing to 1; None
            where there is one label an image.
        subjects: (N,) names of the people, empty where unknown; None where all are unknown.
    """

    images: Image
    targets: NDArray[np.int64]
    labels: tuple[str, ...]
    files: tuple[Path, ...]
    distributions: Floats | None = None
    subjects: NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        shape = self.images.shape
        if self.images.dtype != np.uint8 \
                or not (len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)):
            raise DataError(f'{_names(self.files)}: images must be (N, H, W) or (N, H, W, 3) '
                            f'uint8, got {shape} {self.images.dtype}')
        if self.targets.shape != shape[:1]:
            raise DataError(f'{_names(self.files)}: {shape[0]} images, but targets of shape '
                            f'{self.targets.shape}')
        if len(self.targets) == 0:
            raise DataError(f'{_names(self.files)}: no usable image')
        low, high = int(self.targets.min()), int(self.targets.max())
        if low < 0 or high >= len(self.labels):
            raise DataError(
                f'{_names(self.files)}: targets must lie in 0..{len(self.labels) - 1}, one for '
                f'each of {", ".join(self.labels)}; they lie in {low}..{high}')
        if self.distributions is not None \
                and self.distributions.shape != (len(self.targets), len(self.labels)):
            raise DataError(f'{_names(self.files)}: distributions must be (N, K), got '
                            f'{self.distributions.shape}')
        if self.subjects is not None and self.subjects.shape != shape[:1]:
            raise DataError(f'{_names(self.files)}: subjects must be (N,), got '
                            f'{self.subjects.shape}')

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
            self, images=self.images[index], targets=self.targets[index],
            distributions=None if self.distributions is None else self.distributions[index],
            subjects=None if self.subjects is None else self.subjects[index])

    def __str__(self) -> str:
        counts = ', '.join(f'{label} {n}' for label, n in self.counts.items())
        height, width = self.images.shape[1:3]
        return f'{len(self)} images of {width}x{height} from {_names(self.files)}: {counts}'


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


def _names(files: Sequence[Path]) -> str:
    return ' and '.join(file.name for file in files)
