"""Who is there and what each person steadily shows, from one result to the next; without ROS."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from types import MappingProxyType
from typing import Any

from fer_ros.core.errors import ConfigError
from fer_ros.core.types import UNKNOWN

__all__ = ['Event', 'People', 'Person']



@dataclasses.dataclass(frozen=True)
class Person:
    """A person as of one moment.

    Attributes:
        track_id: Number of the track, from 1.
        label: The emotion that the person steadily shows, or `unknown`.
        since: Stamp of the result with which the label began to be shown, in seconds.
        first_seen: Stamp of the first result with this person, in seconds.
        last_seen: Stamp of the newest result with this person, in seconds.
        emotion: The newest fer_msgs/Emotion of this person.
    """

    track_id: int
    label: str
    since: float
    first_seen: float
    last_seen: float
    emotion: Any


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        kind: `appear`, `change` or `leave`.
        person: The person after it; on `leave`, as last seen.
        before: The person before it, for `change`.
    """

    kind: str
    person: Person
    before: Person | None = None


class People:
    """Debounces labels and keeps who is there.

    Args:
        hold: Seconds that a new label must last before it counts, >= 0.
        enter_confidence: Confidence that a new label needs, in [0, 1]; of less it is `unknown`.
        keep_confidence: Confidence that the present label needs, in [0, enter_confidence].
        gone_after: Seconds without being seen after which a person has left, >= 0.

    Raises:
        ConfigError: A value is out of range.
    """

    def __init__(
        self, *, hold: float, enter_confidence: float, keep_confidence: float, gone_after: float,
    ) -> None:
        for name, value in (('hold', hold), ('gone_after', gone_after)):
            if not 0.0 <= value < float('inf'):
                raise ConfigError(f'{name} must be a time >= 0 s, got {value}')
        if not 0.0 <= keep_confidence <= enter_confidence <= 1.0:
            raise ConfigError(
                'confidences must obey 0 <= keep_confidence <= enter_confidence <= 1, got '
                f'{keep_confidence} and {enter_confidence}')
        self._hold = hold
        self._enter = enter_confidence
        self._keep = keep_confidence
        self._gone_after = gone_after
        self._people: dict[int, Person] = {}
        self._wishes: dict[int, tuple[str, float]] = {}  # a label that may become one, since when
        self._stamp = -float('inf')

    @property
    def now(self) -> Mapping[int, Person]:
        """The people who are there, by their track's number."""
        return MappingProxyType(dict(self._people))

    def update(self, stamp: float, emotions: list[Any]) -> list[Event]:
        """Take a result in and return what happened, in order.

        Args:
            stamp: Time of the image in seconds. One that goes back (a bag that starts again)
                lets all people leave first.
            emotions: The fer_msgs/Emotion of the result; those without a track are passed over.
        """
        events = self.clear() if stamp < self._stamp else []
        self._stamp = stamp
        for emotion in emotions:
            if emotion.track_id:
                events += self._see(emotion, stamp)
        for person in list(self._people.values()):
            if stamp - person.last_seen > self._gone_after:
                events.append(self._leave(person))
        return events

    def clear(self) -> list[Event]:
        """Let everybody leave; return what happened."""
        self._stamp = -float('inf')
        return [self._leave(person) for person in list(self._people.values())]

    def _leave(self, person: Person) -> Event:
        del self._people[person.track_id]
        del self._wishes[person.track_id]
        return Event('leave', person)

    def _see(self, emotion: Any, stamp: float) -> list[Event]:
        number = emotion.track_id
        before = self._people.get(number)
        events = []
        if before is None:
            before = Person(number, UNKNOWN, stamp, stamp, stamp, emotion)
            self._wishes[number] = UNKNOWN, stamp
            events.append(Event('appear', before))
        needed = self._keep if emotion.label == before.label else self._enter
        label = emotion.label if emotion.confidence >= needed else UNKNOWN
        if label != self._wishes[number][0]:
            self._wishes[number] = label, stamp
        since = self._wishes[number][1]
        person = dataclasses.replace(before, last_seen=stamp, emotion=emotion)
        if label != before.label and stamp - since >= self._hold:
            person = dataclasses.replace(person, label=label, since=since)
            events.append(Event('change', person, before))
        self._people[number] = person
        return events
