"""What an index says of pictures and faces, before anything of it is checked.

The readers of the formats give these; `fer_ros.data.faces.checks` makes labels of them.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
from pathlib import Path
from typing import Any

from fer_ros.core.errors import DataError

__all__ = ['RawFace', 'RawIndex', 'RawPicture']


@dataclasses.dataclass(frozen=True)
class RawFace:
    """A face as an index has it.

    Attributes:
        box: Should be four numbers: left, top, right, bottom in pixels.
        landmarks: Should be five pairs of numbers in pixels in the order of `POINTS`, each of
            them None where the point is not known; None if none is known.
        score: Should be a number in [0, 1].
        ignored: Whether the index says that this is neither face nor background.
    """

    box: Any
    landmarks: Any = None
    score: Any = 1.0
    ignored: bool = False


@dataclasses.dataclass(frozen=True)
class RawPicture:
    """A picture as an index has it.

    Attributes:
        file: Should be its path within the data set.
        faces: Its faces.
        source: Where it comes from, or empty.
        split: `train`, `val` or empty.
        size: Should be width and height in pixels; None where the index does not tell.
        people: Should be a list of five points each, or None.
        fault: Why the index makes no sense here, or empty.
    """

    file: Any
    faces: Sequence[RawFace] = ()
    source: str = ''
    split: str = ''
    size: Any = None
    people: Any = None
    fault: str = ''


@dataclasses.dataclass(frozen=True)
class RawIndex:
    """An index as it was read.

    Attributes:
        path: Its file.
        pictures: Its pictures, in its order.
        notes: What a reader has to know about how it was read.
        places: Where the pictures may be, the likeliest first: folders or zip files.
    """

    path: Path
    pictures: Sequence[RawPicture]
    places: Sequence[Path]
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.pictures:
            raise DataError(f'{self.path} lists no picture')
