"""What every source yields: frames in order, and what could not be read, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
from pathlib import Path
from typing import Protocol

from fer_ros.core.types import Box, FrameResult, Image

__all__ = ['Excluded', 'FileStamp', 'Selection', 'SourceFrame', 'Unit', 'file_stamp']

FileStamp = tuple[str, int, int]
"""Path, size in bytes and time of the last change in nanoseconds: whether a file is the same."""


@dataclasses.dataclass(frozen=True, eq=False)
class SourceFrame:
    """One frame of a source.

    Attributes:
        index: Number within the unit, from 0; of recordings it counts all frames, also those
            that `Selection` leaves out.
        time: Seconds from the first image of the recording; 0 for pictures.
        stamp: Seconds as the pipeline is told them: those of the image's header.
        name: Tells people which frame it is.
        bgr: (H, W, 3) uint8; None where `result` stands for it.
        logged: Seconds of Unix time when a bag's recorder got it; NaN elsewhere.
        crop: Whether the image is a face crop, in which nobody looks for faces.
        wanted: Box of the labelled face in pixels, where the data set tells it.
        sha256: Of the file or the pixels, for pictures.
        result: What was found in the image at the time, for recorded results.
    """

    index: int
    time: float
    stamp: float
    name: str
    bgr: Image | None = None
    logged: float = float('nan')
    crop: bool = False
    wanted: Box | None = None
    sha256: str = ''
    result: FrameResult | None = None


@dataclasses.dataclass(frozen=True)
class Excluded:
    """Something of a source that is not evaluated.

    Attributes:
        reason: Kind, the same words for all of its kind, such as `unreadable image`.
        where: File, frame or message.
        detail: What was wrong with it.
        count: How many frames it stands for.
    """

    reason: str
    where: str
    detail: str = ''
    count: int = 1


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which frames of a recording are evaluated.

    Attributes:
        every: Every how many frames one is taken, from 1.
        start: Seconds from the first image.
        end: Seconds from the first image, the first moment that is left out.
    """

    every: int = 1
    start: float = 0.0
    end: float = float('inf')

    def holds(self, index: int, time: float) -> bool:
        """Return whether a frame is evaluated."""
        return index % self.every == 0 and self.start <= time < self.end


class Unit(Protocol):
    """A piece of work: frames that belong together, and end as one file of records.

    Attributes:
        name: Unique in a run, fit for the name of a file.
        recording: Name of the recording that it is a part of, by which labels find it.
        stream: Name of the camera within the recording (its topic), empty if there is one.
        files: What it reads; a change of them makes it new work.
        tracking: Whether its frames follow one another in time.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def recording(self) -> str: ...  # noqa: D102

    @property
    def stream(self) -> str: ...  # noqa: D102

    @property
    def files(self) -> tuple[FileStamp, ...]: ...  # noqa: D102

    @property
    def tracking(self) -> bool: ...  # noqa: D102

    def count(self) -> int | None:
        """Return the number of frames, for a progress bar; None if it is not known."""
        ...

    def frames(self, selection: Selection) -> Iterator[SourceFrame | Excluded]:
        """Yield the frames in order; what cannot be read is told, never raised."""
        ...


def file_stamp(path: Path) -> FileStamp:
    """Return what tells whether a file has changed; of a missing file zeros."""
    try:
        status = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), status.st_size, status.st_mtime_ns
