"""Bags as units of work: one for each camera, or for the results that a robot published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
from pathlib import Path
import re

from fer_ros.core.errors import ConfigError, ImageError
from fer_ros.evaluation.offline.sources.base import (
    Excluded,
    file_stamp,
    FileStamp,
    Selection,
    SourceFrame,
)
from fer_ros.evaluation.offline.sources.messages import (
    COMPRESSED,
    deserialize,
    IMAGE,
    pixels_of,
    result_of,
    RESULTS,
    stamp_of,
)
from fer_ros.evaluation.offline.sources.storage import BagFiles, Channel, RawMessage

__all__ = ['BagUnit', 'bag_units', 'image_topics']

_LATE = 10.0  # seconds by which an image may be logged after others that were taken later


@dataclasses.dataclass(frozen=True)
class BagUnit:
    """One topic of a bag; see `Unit`.

    Attributes:
        path: The bag.
        zero: Seconds (of the stamps) of the first image of the recording.
        stamped: Whether headers have stamps; else the recorder's times are taken.
        recorded: Whether the topic holds results instead of images.
    """

    name: str
    path: Path
    recording: str
    stream: str
    zero: float
    stamped: bool = True
    recorded: bool = False
    tracking: bool = True

    @property
    def files(self) -> tuple[FileStamp, ...]:
        """What it reads."""
        return tuple(file_stamp(file) for file in BagFiles(self.path).files)

    def count(self) -> int | None:
        """Return the number of messages, where the metadata tell it."""
        return BagFiles(self.path).expected(self.stream)

    def frames(self, selection: Selection) -> Iterator[SourceFrame | Excluded]:
        """Yield the images, or the results, of the topic."""
        bag = BagFiles(self.path)
        index, seen, damaged, begin = -1, 0, False, 0
        for message in bag.messages(frozenset({self.stream})):
            if isinstance(message, Excluded):
                damaged = True
                yield message
                continue
            index, seen, begin = index + 1, seen + 1, begin or message.logged
            if (message.logged - begin) * 1e-9 > selection.end + _LATE:
                return
            yield from self._frame(message, index, selection)
        expected = bag.expected(self.stream)
        if expected is not None and seen < expected:
            yield Excluded('missing message', f'{self.recording} {self.stream}',
                           f'{seen} of {expected} messages could be read', expected - seen)
        elif damaged and expected is None:
            yield Excluded('missing message', f'{self.recording} {self.stream}',
                           f'an unknown number after {seen} that could be read', 0)

    def _frame(
        self, raw: RawMessage, index: int, selection: Selection,
    ) -> Iterator[SourceFrame | Excluded]:
        name = f'{self.recording}{self.stream}#{index}'
        logged = raw.logged * 1e-9
        try:
            message = deserialize(raw)
            stamp = stamp_of(message) if self.stamped else logged
            if not selection.holds(index, stamp - self.zero):
                return
            if self.recorded:
                yield SourceFrame(index, stamp - self.zero, stamp, name, logged=logged,
                                  result=result_of(message))
            else:
                yield SourceFrame(index, stamp - self.zero, stamp, name,
                                  pixels_of(message, raw.channel.kind), logged)
        except ImageError as error:
            yield Excluded('damaged message', name, str(error))


def image_topics(channels: dict[str, Channel]) -> list[str]:
    """Return the topics with images."""
    return [topic for topic, channel in channels.items()
            if channel.kind in (IMAGE, COMPRESSED)]


def bag_units(
    paths: Sequence[Path], topics: Sequence[str], *, results: str = '',
) -> list[BagUnit]:
    """Return a unit a bag and topic.

    Args:
        paths: The bags.
        topics: The image topics; empty takes the only one, or the raw one of a camera that has
            both forms.
        results: Topic with recorded results, which then takes the place of the images.

    Raises:
        ConfigError: A topic is missing, of another type, or cannot be chosen without the user.
    """
    bags = [BagFiles(path) for path in paths]
    names = [bag.name for bag in bags]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f'two bags are called {name}; evaluate them one by one')
    units: list[BagUnit] = []
    for bag in bags:
        channels = bag.channels()
        if results:
            _check(bag, channels, results, (RESULTS,), 'recorded results')
            chosen = [results]
        else:
            for topic in topics:
                _check(bag, channels, topic, (IMAGE, COMPRESSED), 'images')
            chosen = list(topics) or [_only(bag, channels)]
        images = chosen if not results else (
            [t for t in topics if t in channels] or image_topics(channels) or chosen)
        zero, stamped = _begin(bag, frozenset(images))
        units += [
            BagUnit(re.sub(r'[^\w.-]+', '_', f'{bag.name}{topic}'), bag.path, bag.name, topic,
                    zero, stamped, bool(results)) for topic in chosen]
    return units


def _check(
    bag: BagFiles, channels: dict[str, Channel], topic: str, kinds: tuple[str, ...], what: str,
) -> None:
    if topic not in channels:
        raise ConfigError(f'{bag.path}: no topic {topic}; {_listing(channels)}')
    if channels[topic].kind not in kinds:
        raise ConfigError(
            f'{bag.path}: {topic} holds {channels[topic].kind}, no {what} ({" or ".join(kinds)}); '
            f'{_listing(channels)}')


def _only(bag: BagFiles, channels: dict[str, Channel]) -> str:
    found = image_topics(channels)
    raw = [topic for topic in found if channels[topic].kind == IMAGE]
    doubles = [f'{topic}/compressed' for topic in raw]
    found = [topic for topic in found if topic not in doubles]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ConfigError(f'{bag.path}: no images in it; {_listing(channels)}')
    raise ConfigError(f'{bag.path}: several topics with images; choose with --topic (which may '
                      f'be given several times) among {", ".join(found)}')


def _listing(channels: dict[str, Channel]) -> str:
    if not channels:
        return 'the bag holds no topic'
    return 'it has ' + ', '.join(
        f'{channel.topic} ({channel.kind})' for channel in channels.values())


def _begin(bag: BagFiles, topics: frozenset[str]) -> tuple[float, bool]:
    """Return the earliest first stamp of the topics in seconds, and whether stamps are set."""
    first: dict[str, tuple[float, float]] = {}
    for raw in bag.messages(topics):
        if isinstance(raw, Excluded) or raw.channel.topic in first:
            continue
        try:
            first[raw.channel.topic] = stamp_of(deserialize(raw)), raw.logged * 1e-9
        except ImageError:
            continue  # told when the unit is done
        if len(first) == len(topics):
            break
    if not first:
        raise ConfigError(
            f'{bag.path}: no readable message on {" and ".join(sorted(topics))}; the bag is empty '
            'or damaged')
    stamped = all(stamp > 0 for stamp, _ in first.values())
    return min(stamp if stamped else logged for stamp, logged in first.values()), stamped
