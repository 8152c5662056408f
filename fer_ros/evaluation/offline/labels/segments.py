"""Segments of time in which a face shows an emotion, as people labelled them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
import dataclasses
from itertools import pairwise

from fer_ros.core.errors import DataError

__all__ = ['Segment', 'Timeline']

_UNIX = 1e8
"""Seconds from which a time is taken as that of a clock (1973), not of a recording."""


@dataclasses.dataclass(frozen=True)
class Segment:
    """A stretch of time with a label.

    Attributes:
        start: Seconds, from the first image of the recording, or of Unix time.
        end: Seconds, the first moment after it.
        emotion: The label.
        place: Where it stands, for messages.
        track: Number of the face's track, 0 if the label does not name one.
        person: Name of the person, empty if the label names nobody.
        annotator: Who labelled, empty if there is one labelling only.
    """

    start: float
    end: float
    emotion: str
    place: str
    track: int = 0
    person: str = ''
    annotator: str = ''

    def __post_init__(self) -> None:
        # Written so that NaN fails, too.
        if not (0 <= self.start < self.end < float('inf')):
            raise DataError(
                f'{self.place}: a segment needs 0 <= start < end, in seconds, got '
                f'{self.start:g} to {self.end:g}')


class Timeline:
    """The segments of one recording.

    Args:
        segments: In any order; of one person (or track) they must not overlap.

    Raises:
        DataError: Segments of the same person overlap, some name a person where others do not,
            or some are in Unix time and others not.
    """

    def __init__(self, segments: Iterable[Segment]) -> None:
        self.segments = tuple(sorted(segments, key=lambda s: (s.start, s.end, s.place)))
        clocks = {segment.start >= _UNIX for segment in self.segments}
        if len(clocks) > 1:
            raise DataError(
                f'{self.segments[0].place}: some segments are in seconds of the recording, others '
                'in Unix time; use one of them')
        self.unix = clocks == {True}
        rows: defaultdict[tuple[int, str], list[Segment]] = defaultdict(list)
        for segment in self.segments:
            rows[segment.track, segment.person].append(segment)
        self._rows = dict(rows)
        for row in self._rows.values():
            _refuse_overlaps(row)
        anybody = self._rows.get((0, ''))
        if anybody and len(self._rows) > 1:
            named = next(s for s in self.segments if s.track or s.person)
            raise DataError(
                f'{anybody[0].place}: no track and no person, but {named.place} has one: name '
                'them in all segments or in none')
        self._starts = {key: [s.start for s in row] for key, row in self._rows.items()}

    @property
    def span(self) -> tuple[float, float]:
        """Start of the first and end of the last segment in seconds."""
        return self.segments[0].start, max(segment.end for segment in self.segments)

    def at(self, time: float) -> list[Segment]:
        """Return the segments that hold a moment, one a person at most."""
        time += _ROUNDING
        found = []
        for key, row in self._rows.items():
            place = bisect_right(self._starts[key], time) - 1
            if place >= 0 and time < row[place].end:
                found.append(row[place])
        return found

    def changes(self) -> list[Segment]:
        """Return the segments that follow upon another emotion of the same person at once."""
        return [
            after for row in self._rows.values() for before, after in pairwise(row)
            if after.emotion != before.emotion and after.start - before.end < _ADJACENT]


_ADJACENT = 0.05
"""Seconds of a gap that labelling tools leave between two segments that touch."""

_ROUNDING = 1e-6
"""Seconds; a float holds Unix time to 2.4e-7 s, and a frame may lie on a border."""


def _refuse_overlaps(row: Sequence[Segment]) -> None:
    for before, after in pairwise(row):
        if after.start < before.end - 1e-9:
            raise DataError(
                f'{after.place}: the segment from {after.start:g} s overlaps with that of '
                f'{before.place}, which ends at {before.end:g} s; tell the people apart with a '
                'column person or track, or mend the times')
