"""What emotion_node counts and times for each camera.

All times are given from outside, in seconds of `clock.elapsed_seconds`: simulated time holds.
Images come on one thread and are processed on another, so every method takes the lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
import dataclasses
import re
import threading

import numpy as np

__all__ = ['DROPS', 'MAX_KINDS', 'Report', 'Statistics']

DROPS: Mapping[str, str] = {
    'lost': 'lost on the way, by the gaps in the numbers of the publisher',
    'overload': 'replaced by a newer one before their turn came',
    'rate': 'above max_rate',
    'stale': 'older than max_age',
    'order': 'older than the image before',
}
"""Why an image is dropped before it is looked at."""

MAX_KINDS = 64
"""Number of kinds of malformed images told apart; more would let a sender fill the memory."""

_OTHER = 'other reasons'
_WARN_PERIOD = 5.0  # seconds between two warnings of the same kind
_MAX_TEXT = 500  # characters: a malformed image may hold a text of any length
_MAX_VALUES = 1000  # latest times a stage that percentiles are made of


@dataclasses.dataclass(frozen=True)
class Report:
    """Counts since activation, rates and times since the last report.

    Attributes:
        counts: Images by what became of them.
        dropped: Dropped images by cause.
        rejections: Malformed images by kind of fault.
        new: Images `dropped`, `rejected` and `failed` since the last report.
        consecutive_failures: How many of the latest images failed one after the other.
        last_rejection: Why the latest malformed image was refused.
        last_failure: What went wrong on the latest failed image.
        input_rate: Images that came in a second.
        frame_rate: Images whose result was published in a second.
        times: Milliseconds by stage: median, 95th percentile and largest.
        faces: Mean number of faces in an image; None without an image.
        newest_age: Seconds since the newest image; None if none has come.
        silence: The same, or since it began to listen if none has come.
    """

    counts: Mapping[str, int]
    dropped: Mapping[str, int]
    rejections: Mapping[str, int]
    new: Mapping[str, int]
    consecutive_failures: int
    last_rejection: str
    last_failure: str
    input_rate: float
    frame_rate: float
    times: Mapping[str, tuple[float, float, float]]
    faces: float | None
    newest_age: float | None
    silence: float


class Statistics:
    """Counts images from activation on.

    Args:
        now: Time of the activation.
    """

    def __init__(self, now: float) -> None:
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(('received', 'processed', 'rejected', 'failed'), 0)
        self._dropped = dict.fromkeys(DROPS, 0)
        self._rejections: dict[str, int] = {}
        self._consecutive_failures = 0
        self._last_rejection = self._last_failure = ''
        self._last_sequence: int | None = None
        self._warned: dict[str, tuple[float, int]] = {}
        self._begin(now)

    def __getitem__(self, name: str) -> int:
        """Return a count: `received`, `dropped`, or one of its causes, and so on."""
        with self._lock:
            return self._sums()[name]

    def _begin(self, now: float) -> None:
        self._started = now
        self._last_image: float | None = None
        self._begin_window(now)

    def _begin_window(self, now: float) -> None:
        self._window_begin = now
        self._window_sums = self._sums()
        self._faces = 0
        self._times: dict[str, deque[float]] = {}

    def _sums(self) -> dict[str, int]:
        return {**self._counts, **self._dropped, 'dropped': sum(self._dropped.values())}

    def restart(self, now: float) -> None:
        """Measure anew from `now`, after a jump of the clock or a pause; the counts stay."""
        with self._lock:
            self._last_sequence = None
            self._begin(now)

    def receive(self, now: float, sequence: int | None) -> None:
        """Count an image that has come.

        Args:
            now: Time.
            sequence: Its number by its one publisher; None if unknown.
        """
        with self._lock:
            self._counts['received'] += 1
            self._last_image = now
            last, self._last_sequence = self._last_sequence, sequence
            if sequence is not None and last is not None and sequence > last + 1:
                self._dropped['lost'] += sequence - last - 1

    def drop(self, cause: str) -> None:
        """Count an image that is dropped for one of `DROPS`."""
        with self._lock:
            self._dropped[cause] += 1

    def process(self, milliseconds: Mapping[str, float], faces: int = 0) -> None:
        """Count an image whose result was published, with the times spent on it."""
        with self._lock:
            self._counts['processed'] += 1
            self._consecutive_failures = 0
            self._faces += faces
            for name, value in milliseconds.items():
                self._times.setdefault(name, deque(maxlen=_MAX_VALUES)).append(value)

    def reject(self, reason: str, now: float) -> str:
        """Count a malformed image.

        Returns:
            The warning that is due: at once for a fault of a new kind, then for each kind every
            five seconds with the number of images since; '' if none is due.
        """
        with self._lock:
            self._counts['rejected'] += 1
            reason = self._last_rejection = _shorten(reason)
            kind = _kind(reason)
            if kind not in self._rejections and len(self._rejections) >= MAX_KINDS:
                kind = _OTHER
            count = self._rejections[kind] = self._rejections.get(kind, 0) + 1
            return self._warning(kind, reason, count, now)

    def fail(self, reason: str, now: float) -> str:
        """Count an image on which something went wrong; return the text that is due, or ''."""
        with self._lock:
            self._counts['failed'] += 1
            self._consecutive_failures += 1
            reason = self._last_failure = _shorten(reason)
            return self._warning('failed', reason, self._counts['failed'], now)

    def _warning(self, kind: str, reason: str, count: int, now: float) -> str:
        last, warned = self._warned.get(kind, (now - 2 * _WARN_PERIOD, count - 1))
        if 0.0 <= now - last < _WARN_PERIOD:  # a clock that jumped back does not silence it
            return ''
        self._warned[kind] = now, count
        more = count - warned
        return reason if more == 1 else f'{reason} ({more} like this since the last warning)'

    def report(self, now: float) -> Report:
        """Return what is known at `now`, and begin a new span for rates and times."""
        with self._lock:
            sums = self._sums()
            new = {name: count - self._window_sums[name] for name, count in sums.items()}
            elapsed = now - self._window_begin
            report = Report(
                counts={**self._counts, 'dropped': sums['dropped']}, dropped=dict(self._dropped),
                rejections=dict(self._rejections), new=new,
                consecutive_failures=self._consecutive_failures,
                last_rejection=self._last_rejection, last_failure=self._last_failure,
                input_rate=new['received'] / elapsed if elapsed > 0 else 0.0,
                frame_rate=new['processed'] / elapsed if elapsed > 0 else 0.0,
                times=dict(self._percentiles()),
                faces=self._faces / new['processed'] if new['processed'] else None,
                newest_age=None if self._last_image is None else now - self._last_image,
                silence=now - (self._started if self._last_image is None else self._last_image))
            self._begin_window(now)
            return report

    def _percentiles(self) -> Iterator[tuple[str, tuple[float, float, float]]]:
        for name, values in self._times.items():
            median, high, largest = np.percentile(values, (50, 95, 100))
            yield name, (float(median), float(high), float(largest))


def _kind(reason: str) -> str:
    """Return the reason without what differs between faults of the same kind."""
    reason = re.sub(r"'[^']*'", "'...'", reason.split(';')[0])
    return re.sub(r'\b\d+(x\d+)?\b', '#', reason)


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f'{text[:_MAX_TEXT]} [...]'
