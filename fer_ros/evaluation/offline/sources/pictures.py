"""Labelled pictures as units of work, each picture on its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import hashlib
from pathlib import Path

import cv2
import numpy as np

from fer_ros.core.errors import FerError
from fer_ros.core.sources import read_image
from fer_ros.core.types import Box, Image
from fer_ros.evaluation.offline.sources.base import (
    Excluded,
    file_stamp,
    FileStamp,
    Selection,
    SourceFrame,
)

__all__ = ['LabelledPicture', 'PictureUnit', 'picture_units']

_CHUNK = 64  # pictures a unit: seconds of work, which a kill can cost


@dataclasses.dataclass(frozen=True)
class LabelledPicture:
    """A picture and what the data set says about it.

    Attributes:
        path: Its file; the CSV of FER2013, whose rows hold the pixels.
        name: Its name in reports: the path within the data set.
        emotion: Its label, by the names of this package.
        subject: The person, empty if unknown.
        split: `train`, `validation` or `test`, empty where the data tell no splits apart.
        crop: Whether it is a face crop already.
        box: Of the labelled face in pixels, if the data set tells it.
        offset: Where its row begins in the file of FER2013, in bytes; -1 for a picture file.
    """

    path: Path
    name: str
    emotion: str
    subject: str = ''
    split: str = ''
    crop: bool = False
    box: Box | None = None
    offset: int = -1


@dataclasses.dataclass(frozen=True)
class PictureUnit:
    """Some pictures of a set; see `Unit`."""

    name: str
    pictures: tuple[LabelledPicture, ...]
    recording: str = ''
    stream: str = ''
    tracking: bool = False

    @property
    def files(self) -> tuple[FileStamp, ...]:
        """What it reads."""
        return tuple(file_stamp(path) for path in dict.fromkeys(p.path for p in self.pictures))

    def count(self) -> int:
        """Return the number of pictures."""
        return len(self.pictures)

    def frames(self, selection: Selection) -> Iterator[SourceFrame | Excluded]:
        """Yield the pictures that can be read."""
        for index, picture in enumerate(self.pictures):
            try:
                bgr, digest = _read(picture)
            except FerError as error:
                yield Excluded('unreadable image', picture.name, str(error))
                continue
            yield SourceFrame(
                index, 0.0, 0.0, picture.name, bgr, crop=picture.crop, wanted=picture.box,
                sha256=digest)


def picture_units(pictures: Sequence[LabelledPicture]) -> list[PictureUnit]:
    """Cut a set of pictures into units of work."""
    return [
        PictureUnit(f'pictures_{place // _CHUNK:05}', tuple(pictures[place:place + _CHUNK]))
        for place in range(0, len(pictures), _CHUNK)]


def _read(picture: LabelledPicture) -> tuple[Image, str]:
    if picture.offset < 0:
        bgr = read_image(picture.path)
        # The file is in the system's cache now: reading it again costs next to nothing.
        return bgr, hashlib.sha256(picture.path.read_bytes()).hexdigest()
    with picture.path.open('rb') as file:
        file.seek(picture.offset)
        line = file.readline()
    try:
        pixels = np.array(line.split(b',')[1].replace(b'"', b'').split(), np.uint8)
        side = round(pixels.size ** 0.5)
        grey = pixels.reshape(side, side)
        if side < 8:
            raise ValueError(f'{pixels.size} pixels')
    except (ValueError, IndexError, OverflowError) as error:
        raise FerError(f'{picture.name}: no square picture in this row ({error})') from None
    bgr = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    return bgr, hashlib.sha256(line).hexdigest()
