"""Crops on their way into a prepared file, with all that is known of each."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats, Image

__all__ = ['Dropped', 'Samples', 'joined']


@dataclasses.dataclass(frozen=True)
class Dropped:
    """A picture that is left out.

    Attributes:
        name: Its name, with its source's.
        reason: One of few words that are counted.
        detail: What exactly.
    """

    name: str
    reason: str
    detail: str = ''


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
    """Labelled crops.

    Attributes:
        images: (N, S, S) or (N, S, S, 3) uint8.
        targets: (N,) int64 index into `labels`.
        labels: Names of the emotions.
        splits: (N,) names of splits, empty where still to be drawn.
        names: (N,) names of the pictures.
        subjects: (N,) people, empty where unknown.
        distributions: (N, K) float32 shares of votes, or None.
        face_sides: (N,) float32 sides of the detector's boxes in pixels, NaN where none looked.
        extra: Further (N, ...) arrays of FER2013: `ferplus_votes`, `fer2013_label`.
    """

    images: Image
    targets: NDArray[np.int64]
    labels: tuple[str, ...]
    splits: NDArray[np.str_]
    names: NDArray[np.str_]
    subjects: NDArray[np.str_]
    distributions: Floats | None
    face_sides: Floats
    extra: dict[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: NDArray[Any]) -> Samples:
        """Return the samples of `rows` (numbers, or a mask)."""
        return dataclasses.replace(
            self, images=self.images[rows], targets=self.targets[rows], splits=self.splits[rows],
            names=self.names[rows], subjects=self.subjects[rows],
            distributions=None if self.distributions is None else self.distributions[rows],
            face_sides=self.face_sides[rows],
            extra={name: array[rows] for name, array in self.extra.items()})

    def relabelled(self, labels: tuple[str, ...]) -> tuple[Samples, NDArray[np.bool_]]:
        """Return the samples whose emotion is in `labels`, by that order, and the mask of them.

        Votes for other emotions are taken away and the remaining shares divided by their sum.
        """
        if labels == self.labels:
            return self, np.ones(len(self), bool)
        place = {label: index for index, label in enumerate(labels)}
        map_ = np.array([place.get(label, -1) for label in self.labels], np.int64)
        kept = map_[self.targets] >= 0
        part = self.take(kept)
        shares = None
        if part.distributions is not None:
            shares = np.zeros((len(part), len(labels)), np.float32)
            for old, new in enumerate(map_):
                if new >= 0:
                    shares[:, new] = part.distributions[:, old]
            shares /= shares.sum(axis=1, keepdims=True)
        # Raw votes speak of the whole set of labels.
        extra = part.extra if set(self.labels) == set(labels) else {}
        return dataclasses.replace(
            part, targets=map_[part.targets], labels=labels, distributions=shares,
            extra=extra), kept


def joined(parts: Sequence[Samples]) -> Samples:
    """Return the samples of several sources as one; they must have the same labels.

    Where only some have votes, the others' labels stand as votes of one voice.
    """
    first = parts[0]
    shares = None
    if any(part.distributions is not None for part in parts):
        even = np.eye(len(first.labels), dtype=np.float32)
        shares = np.concatenate([
            even[part.targets] if part.distributions is None else part.distributions
            for part in parts])
    common = set.intersection(*(set(part.extra) for part in parts))
    return Samples(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.targets for part in parts]), first.labels,
        np.concatenate([part.splits for part in parts]),
        np.concatenate([part.names for part in parts]),
        np.concatenate([part.subjects for part in parts]), shares,
        np.concatenate([part.face_sides for part in parts]),
        {name: np.concatenate([part.extra[name] for part in parts]) for name in sorted(common)})
