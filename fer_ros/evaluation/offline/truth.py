"""Which face of a frame bears which label: where records and labels meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import dataclasses
from typing import Protocol

from fer_ros.core.errors import ConfigError, DataError
from fer_ros.core.tracker import overlap
from fer_ros.evaluation.offline.labels.segments import Segment, Timeline
from fer_ros.evaluation.offline.records import FaceRecord, FrameRecord
from fer_ros.evaluation.offline.sources.pictures import PictureUnit

__all__ = ['Labelled', 'PictureTruth', 'RecordingTruth', 'Truth', 'parse_people']

_LEAST_OVERLAP = 0.3  # of a found face with the box that the data set tells


@dataclasses.dataclass(frozen=True, eq=False)
class Labelled:
    """A label and the face that it is about.

    Attributes:
        emotion: The label.
        face: The face; None if it was not found.
        segment: The stretch of time, or the picture, that bears the label: a number in the unit.
        time: Seconds, by the clock of the labels.
    """

    emotion: str
    face: FaceRecord | None
    segment: int
    time: float


class Truth(Protocol):
    """The labels of a unit."""

    @property
    def segments(self) -> Sequence[tuple[float, float, str, str]]:
        """Start, end, emotion and person of each segment."""
        ...

    def of(self, frame: FrameRecord) -> Iterator[Labelled]:
        """Yield the labels that hold in a frame."""
        ...


class PictureTruth:
    """Every picture has one label, about the face that the data set marks or the largest."""

    def __init__(self, unit: PictureUnit) -> None:
        """Take the labels of a unit."""
        self._pictures = unit.pictures
        self.segments = [(0.0, 0.0, p.emotion, p.subject) for p in unit.pictures]

    def of(self, frame: FrameRecord) -> Iterator[Labelled]:
        """Yield the label of a picture."""
        face = frame.faces[0] if frame.faces else None
        if frame.wanted is not None and frame.faces:
            shared, face = max(
                ((overlap(f.box, frame.wanted), f) for f in frame.faces), key=lambda p: p[0])
            face = face if shared >= _LEAST_OVERLAP else None
        yield Labelled(self._pictures[frame.index].emotion, face, frame.index, 0.0)


class RecordingTruth:
    """A timeline: a segment is about its track, its person's tracks, or the largest face.

    Args:
        timeline: The labels.
        zero: Seconds of Unix time at which the recording begins, for labels in Unix time.
        people: The tracks of each person; without it, one person at a time may be labelled.
        logged: Whether times are those at which the recorder got the image.
    """

    def __init__(
        self, timeline: Timeline, zero: float, people: Mapping[str, frozenset[int]], *,
        logged: bool = False,
    ) -> None:
        self._timeline, self._people, self._logged = timeline, people, logged
        self._zero = zero if timeline.unix else 0.0
        self._number = {id(segment): n for n, segment in enumerate(timeline.segments)}
        self.segments = [
            (s.start - self._zero, s.end - self._zero, s.emotion, _person(s))
            for s in timeline.segments]
        known = {s.person for s in timeline.segments}
        for name in people:
            if name not in known:
                raise ConfigError(
                    f'--person {name}: the labels name nobody so, but '
                    f'{", ".join(sorted(known - {""})) or "no persons"}')

    def of(self, frame: FrameRecord) -> Iterator[Labelled]:
        """Yield the labels of the people in a frame."""
        time = frame.logged if self._logged else (
            frame.stamp if self._timeline.unix else frame.time)
        if time is None:
            return
        found = self._timeline.at(time)
        for segment in found:
            if segment.track:
                face = _of_tracks(frame, frozenset({segment.track}))
            elif segment.person in self._people:
                face = _of_tracks(frame, self._people[segment.person])
            elif len(found) > 1:
                raise DataError(
                    f'{segment.place}: several people are labelled at {time:g} s, and nothing '
                    f'tells whose face is whose: give --person '
                    f'{segment.person or "NAME"}=TRACK,... '
                    'for each (the timelines of the report number the tracks), or a column track')
            else:
                face = frame.faces[0] if frame.faces else None
            yield Labelled(
                segment.emotion, face, self._number[id(segment)], time - self._zero)

    def changes(self) -> list[int]:
        """Return the segments that follow at once upon another emotion of the same person."""
        return [self._number[id(segment)] for segment in self._timeline.changes()]


def parse_people(pairs: Sequence[str]) -> dict[str, frozenset[int]]:
    """Return the NAME=TRACK,... of `--person` as a dictionary.

    Raises:
        ConfigError: One is malformed, or two people have the same track.
    """
    people: dict[str, frozenset[int]] = {}
    owners: dict[int, str] = {}
    for pair in pairs:
        name, _, numbers = pair.partition('=')
        words = [word.strip() for word in numbers.split(',')]
        if not name.strip() or not all(word.isdecimal() for word in words):
            raise ConfigError(f'--person takes NAME=TRACK,..., got {pair!r}')
        people[name.strip()] = frozenset(map(int, words))
        for track in people[name.strip()]:
            if owners.setdefault(track, name) != name:
                raise ConfigError(f'--person: track {track} is of {owners[track]} and of {name}')
    return people


def _person(segment: Segment) -> str:
    return segment.person or (f'track {segment.track}' if segment.track else '')


def _of_tracks(frame: FrameRecord, tracks: frozenset[int]) -> FaceRecord | None:
    return next((face for face in frame.faces if face.track in tracks), None)
