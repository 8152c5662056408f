"""Video files as units of work, with the time stamps that they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import glob
from pathlib import Path

from fer_ros.core.errors import ConfigError, SourceError
from fer_ros.core.sources import VideoSource
from fer_ros.core.sources.base import SourceOptions
from fer_ros.evaluation.offline.sources.base import (
    Excluded,
    file_stamp,
    FileStamp,
    Selection,
    SourceFrame,
)

__all__ = ['VideoUnit', 'video_units']

_COMPLETE = 0.9  # what containers promise is an estimate


@dataclasses.dataclass(frozen=True)
class VideoUnit:
    """A video file; see `Unit`."""

    name: str
    path: Path
    recording: str
    stream: str = ''
    tracking: bool = True

    @property
    def files(self) -> tuple[FileStamp, ...]:
        """What it reads."""
        return (file_stamp(self.path),)

    def count(self) -> int | None:
        """Return the number of frames that the file promises."""
        try:
            return VideoSource(self.path, SourceOptions()).frame_count
        except SourceError:
            return None

    def frames(self, selection: Selection) -> Iterator[SourceFrame | Excluded]:
        """Yield the frames; a file that cannot be read is left out as a whole."""
        try:
            source = VideoSource(self.path, SourceOptions())
        except SourceError as error:
            yield Excluded('unreadable video', self.path.name, str(error))
            return
        with source:
            promised, index = source.frame_count, -1
            for index, frame in enumerate(source):
                if frame.stamp >= selection.end:
                    return
                if selection.holds(index, frame.stamp):
                    yield SourceFrame(index, frame.stamp, frame.stamp, frame.name, frame.bgr)
            if promised and index + 1 < _COMPLETE * promised:
                yield Excluded(
                    'missing end of the video', self.path.name,
                    f'ends after {index + 1} of {promised} frames', promised - index - 1)


def video_units(patterns: Sequence[str]) -> list[VideoUnit]:
    """Return a unit a video file.

    Args:
        patterns: Files, or patterns such as `session_*.mp4`.

    Raises:
        ConfigError: A file does not exist, a pattern fits none, or two have the same name.
    """
    paths: list[Path] = []
    for pattern in patterns:
        found = [Path(pattern)] if Path(pattern).exists() else \
            [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]
        if not found:
            raise ConfigError(f'{pattern}: no such video')
        paths += [path for path in found if path.is_file()]
    paths = list({path.resolve(): path for path in paths}.values())
    if not paths:
        raise ConfigError(f'{" ".join(patterns)}: no video file')
    names = [path.name for path in paths]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f'two videos are called {name}; evaluate them one by one')
    return [VideoUnit(path.name, path, path.name) for path in paths]
