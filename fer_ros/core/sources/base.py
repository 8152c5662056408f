"""What all sources have in common: frames, options, looping, and the size of the frames."""

from __future__ import annotations

import abc
from collections.abc import Iterator
import dataclasses
import math

from fer_ros.core.sources.picture import fit
from fer_ros.core.types import Image

__all__ = ['FALLBACK_FPS', 'Frame', 'FrameSource', 'SourceOptions', 'thinned', 'valid_fps']

FALLBACK_FPS = 30.0
"""Frames a second of a camera or video that does not tell."""

STAMP_TOLERANCE = 1e-3
"""Seconds; containers round their stamps."""

_MAX_FPS = 1000.0  # what claims more has no usable rate


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a source.

    Attributes:
        bgr: (H, W, 3) uint8.
        stamp: Seconds since the first frame of the source; rises strictly, over loops too.
        name: Tells people which frame it is, such as `clip.mp4#17` or a file name.
    """

    bgr: Image
    stamp: float
    name: str


@dataclasses.dataclass(frozen=True)
class SourceOptions:
    """The options of open_source; 0 means the source's own."""

    fps: float = 0.0
    loop: bool = False
    size: tuple[int, int] = (0, 0)
    duration: float = 0.0


class FrameSource(abc.ABC):
    """Frames in order of time; a context manager that gives the device or file back.

    Attributes:
        name: What it is, for messages.
        live: True for a camera: frames come in real time and never end.
        fps: Frames a second.
        size: Width and height of every frame in pixels.
    """

    live = False

    def __init__(
            self, name: str, fps: float, size: tuple[int, int], options: SourceOptions) -> None:
        self.name = name
        self.fps = fps
        self.size = _target_size(size, options.size)
        self._loop = options.loop
        self._duration = options.duration

    @property
    def frame_count(self) -> int | None:
        """Number of frames to come, for a progress bar; None if there is no end or none known.

        What a video file promises is an estimate.
        """
        count = self._pass_count()
        limit = math.ceil(self._duration * self.fps) if self._duration else None
        if self._loop or count is None:
            return limit
        return count if limit is None else min(count, limit)

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, from the start again on each call.

        Raises:
            SourceError: If the source fails on the way.
        """
        start = 0.0
        while True:
            end = start
            for frame in self._pass():
                stamp = start + frame.stamp
                if self._duration and stamp >= self._duration - STAMP_TOLERANCE:
                    return
                end = stamp + 1.0 / self.fps
                yield Frame(fit(frame.bgr, self.size), stamp, frame.name)
            if not self._loop or end == start:
                return
            start = end

    def __enter__(self) -> FrameSource:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 - most sources hold nothing
        """Give back what is held; may be called twice."""

    @abc.abstractmethod
    def _pass(self) -> Iterator[Frame]:
        """Yield the frames of one pass, stamped from 0."""

    @abc.abstractmethod
    def _pass_count(self) -> int | None:
        """Return the number of frames of one pass."""


def thinned(frames: Iterator[Frame], fps: float) -> Iterator[Frame]:
    """Leave out frames so that at most `fps` a second remain; 0 keeps all."""
    due = 0.0
    for frame in frames:
        if not fps:
            yield frame
        elif frame.stamp + STAMP_TOLERANCE >= due:
            yield frame
            due = max(due + 1.0 / fps, frame.stamp)


def valid_fps(value: float) -> float:
    """Return a frame rate that a device or file tells, or 0 if it makes no sense."""
    return value if math.isfinite(value) and 0 < value <= _MAX_FPS else 0.0


def _target_size(own: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
    """Fill in what is 0 in the wanted size."""
    width, height = wanted
    if width and height:
        return wanted
    if width:
        return width, max(1, round(own[1] * width / own[0]))
    if height:
        return max(1, round(own[0] * height / own[1])), height
    return own
