"""A recorded session with labels: a video, a timeline, and who agreed to what."""

from __future__ import annotations

from collections.abc import Sequence
import csv
import datetime
import json
from pathlib import Path
import re
from types import TracebackType

from fer_ros import __version__
from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Image
from fer_ros.core.video_writer import TimedVideoWriter
from fer_ros.evaluation.records import whole_file

__all__ = ['Session']


class Session:
    """Writes `SUBJECT_NN.mp4`, `.csv` (start, end, emotion, person) and `.json` into a folder.

    `fer evaluate video FOLDER/*.mp4 --labels FOLDER` reads them. The files take their names when
    the session is closed in good order, or is ended by Ctrl-C; an error leaves none.

    Args:
        folder: Where to; made if need be.
        subject: Name by which the person is known, a pseudonym.
        consent: The text to which the person agreed.
        source: What is recorded, for the record.

    Attributes:
        path: The video.
        emotion: The label that holds now, empty for none.

    Raises:
        ConfigError: The subject is no name for a file.
    """

    def __init__(self, folder: Path, subject: str, consent: str, source: str) -> None:
        if not re.fullmatch(r'[A-Za-z0-9][A-Za-z0-9_-]*', subject):
            raise ConfigError(
                f'a subject needs a pseudonym of letters, digits, _ and -, got {subject!r}')
        folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while (folder / f'{subject}_{number:02}.json').exists():
            number += 1
        self.path = folder / f'{subject}_{number:02}.mp4'
        self.emotion = ''
        self._subject, self._consent, self._source = subject, consent, source
        self._agreed = datetime.datetime.now(datetime.timezone.utc)
        self._writer = TimedVideoWriter(self.path)
        self._segments: list[tuple[float, float, str]] = []
        self._since = self._begin = self._now = 0.0
        self._frames = 0

    @property
    def seconds(self) -> float:
        """Length of the recording so far."""
        return self._now - self._begin

    @property
    def segments(self) -> Sequence[tuple[float, float, str]]:
        """Start, end and emotion of what is labelled so far."""
        return self._segments

    def frame(self, stamp: float, bgr: Image) -> None:
        """Add a frame, (H, W, 3) uint8, at `stamp` seconds."""
        if not self._frames:
            self._begin = stamp
        self._now = stamp
        self._writer.write(stamp, bgr)
        self._frames += 1

    def label(self, emotion: str) -> None:
        """Let a label hold from the last frame on; empty for none."""
        if emotion == self.emotion:
            return
        self._close_segment()
        self.emotion, self._since = emotion, self.seconds

    def close(self) -> bool:
        """Write what was recorded; return whether there is anything."""
        self._close_segment()
        self.emotion = ''
        if not self._writer.close():
            return False
        with whole_file(self.path.with_suffix('.csv')) as file:
            writer = csv.writer(file, lineterminator='\n')
            writer.writerow(['start', 'end', 'emotion', 'person'])
            writer.writerows([f'{start:.3f}', f'{end:.3f}', emotion, self._subject]
                             for start, end, emotion in self._segments)
        with whole_file(self.path.with_suffix('.json')) as file:
            json.dump({
                'subject': self._subject, 'source': self._source, 'frames': self._frames,
                'seconds': round(self.seconds, 3), 'fer_ros': __version__,
                'consent': {'text': self._consent, 'agreed': self._agreed.isoformat()}},
                file, indent=1)
            file.write('\n')
        return True

    def __enter__(self) -> Session:
        return self

    def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None,
            trace: TracebackType | None) -> None:
        if kind is None or issubclass(kind, KeyboardInterrupt):
            self.close()
        else:
            self._writer.discard()

    def _close_segment(self) -> None:
        if self.emotion and self.seconds > self._since:
            self._segments.append((self._since, self.seconds, self.emotion))
