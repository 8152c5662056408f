"""Pictures with labelled faces: what a face detector is trained and measured on.

All are frozen and check themselves when they are made. Pictures stay where they are until they
are read.
"""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_ros.core.errors import DataError
from fer_ros.core.types import Floats, Image
from fer_ros.data.faces.store import PictureStore

__all__ = ['Background', 'Backgrounds', 'FaceLabels', 'FacePicture', 'FacePictures', 'POINTS']

POINTS = ('left eye', 'right eye', 'nose tip', 'left mouth corner', 'right mouth corner')
"""The five landmarks in their order; left and right as seen in an upright picture."""


@dataclasses.dataclass(frozen=True, eq=False)
class FaceLabels:
    """The labelled faces of a picture.

    Attributes:
        boxes: (N, 4) float32 left, top, right, bottom in pixels, right > left, bottom > top; may
            reach over the border of the picture.
        landmarks: (N, 5, 2) float32 pixels in the order of `POINTS`; both coordinates of a point
            that is not known are NaN.
        ignored: (N,) bool, whether this is neither face nor background: left out of loss and
            score.

    Raises:
        ValueError: An array has another shape or type, or values that no face has.
    """

    boxes: Floats
    landmarks: Floats
    ignored: NDArray[np.bool_]

    def __post_init__(self) -> None:
        count = len(self.boxes)
        for name, array, shape, kind in (
                ('boxes', self.boxes, (count, 4), np.float32),
                ('landmarks', self.landmarks, (count, 5, 2), np.float32),
                ('ignored', self.ignored, (count,), np.bool_)):
            if array.shape != shape or array.dtype != kind:
                raise ValueError(f'{name} must be {shape} {np.dtype(kind)}, got {array.shape} '
                                 f'{array.dtype}')
        if not np.isfinite(self.boxes).all() \
                or not (self.boxes[:, 2:] > self.boxes[:, :2]).all():
            raise ValueError('boxes must be finite with right > left and bottom > top, got '
                             f'{self.boxes.tolist()}')
        unknown = np.isnan(self.landmarks)
        if np.isinf(self.landmarks).any() or (unknown[..., 0] != unknown[..., 1]).any():
            raise ValueError('both coordinates of a landmark must be finite, or both NaN, got '
                             f'{self.landmarks.tolist()}')

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def known(self) -> NDArray[np.bool_]:
        """(N, 5) bool: which landmarks are known."""
        return np.isfinite(self.landmarks[..., 0])

    def take(self, chosen: ArrayLike) -> FaceLabels:
        """Return the faces that `chosen`, an index array or (N,) bool, selects."""
        rows = np.asarray(chosen)
        rows = rows if rows.size else rows.astype(np.int64)
        return FaceLabels(self.boxes[rows], self.landmarks[rows], self.ignored[rows])

    @classmethod
    def empty(cls) -> FaceLabels:
        """Return the labels of a picture without faces."""
        return cls(np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32),
                   np.zeros(0, bool))


@dataclasses.dataclass(frozen=True, eq=False)
class FacePicture:
    """What is known of a picture.

    Attributes:
        file: Its path within the data set.
        source: Where it comes from, or empty.
        split: `train` or `val`, or empty where the data have none.
        width: In pixels.
        height: In pixels.
        labels: Its faces.
        people: (M, 5, 2) float32 landmarks placed by people, like `FaceLabels.landmarks` but not
            assigned to its boxes; None where there are none.
        scores: (N,) float32 scores of the labels in [0, 1], 1 where they were made by people.
    """

    file: str
    source: str
    split: str
    width: int
    height: int
    labels: FaceLabels
    people: Floats | None = None
    scores: Floats | None = None

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f'width and height must be positive, got {self.width} x '
                             f'{self.height}')
        if self.people is not None and self.people.shape[1:] != (5, 2):
            raise ValueError(f'people must be (M, 5, 2), got {self.people.shape}')
        if self.scores is not None and self.scores.shape != (len(self.labels),):
            raise ValueError(f'scores must be ({len(self.labels)},), got {self.scores.shape}')


@dataclasses.dataclass(frozen=True)
class Background:
    """What is known of a picture without a face: its path, source and split, as above."""

    file: str
    source: str
    split: str


@dataclasses.dataclass(frozen=True, eq=False)
class FacePictures:
    """A data set of labelled faces.

    Attributes:
        name: What it was read from, for messages.
        pictures: The pictures, in the order of the data.
        store: Where their pixels are.
    """

    name: str
    pictures: tuple[FacePicture, ...]
    store: PictureStore

    def __len__(self) -> int:
        return len(self.pictures)

    def read(self, index: int) -> Image:
        """Return the (H, W, 3) uint8 BGR pixels of a picture; may be called from any thread.

        Raises:
            DataError: It is missing, cannot be decoded, or has not the size its labels are for.
        """
        picture = self.pictures[index]
        image = self.store.read(picture.file)
        if image.shape[:2] != (picture.height, picture.width):
            raise DataError(
                f'{self.name}: {picture.file} is {image.shape[1]} x {image.shape[0]} '
                f'pixels, its labels are for {picture.width} x {picture.height}')
        return image

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that there are, in alphabetic order; empty if the data have none."""
        return tuple(sorted({picture.split for picture in self.pictures} - {''}))

    def select(
        self, indices: Iterable[int] | None = None, *, split: str | None = None,
    ) -> FacePictures:
        """Return some of the pictures: those of `indices`, in their order, that are of `split`."""
        chosen = self.pictures if indices is None else tuple(
            self.pictures[index] for index in indices)
        return dataclasses.replace(self, pictures=tuple(
            picture for picture in chosen if split is None or picture.split == split))


@dataclasses.dataclass(frozen=True, eq=False)
class Backgrounds:
    """Pictures without faces.

    Attributes:
        pictures: The pictures, in the order of the data.
        store: Where their pixels are; None if there are no pictures.
    """

    pictures: tuple[Background, ...]
    store: PictureStore | None

    def __len__(self) -> int:
        return len(self.pictures)

    def read(self, index: int) -> Image:
        """Return the (H, W, 3) uint8 BGR pixels of a picture; may be called from any thread.

        Raises:
            DataError: It is missing or cannot be decoded.
        """
        picture = self.pictures[index]
        assert self.store is not None
        return self.store.read(picture.file)

    def select(self, *, split: str) -> Backgrounds:
        """Return the pictures of `split`."""
        return dataclasses.replace(self, pictures=tuple(
            picture for picture in self.pictures if picture.split == split))
