"""Labels that were recorded into the bag itself, as a topic."""

from __future__ import annotations

from typing import Any

from fer_ros.core.errors import ConfigError, ImageError
from fer_ros.evaluation.offline.labels.segments import Segment
from fer_ros.evaluation.offline.labels.words import Words
from fer_ros.evaluation.offline.sources.base import Excluded
from fer_ros.evaluation.offline.sources.messages import deserialize, RESULTS, TEXT
from fer_ros.evaluation.offline.sources.storage import BagFiles

__all__ = ['topic_segments']


def topic_segments(bag: BagFiles, topic: str, words: Words) -> list[Segment]:
    """Return the labels of a topic as segments, in Unix time by the recorder's clock.

    Args:
        bag: The bag.
        topic: Topic with `std_msgs/String`, whose word holds until the next message, or
            `fer_msgs/EmotionArray`, whose labels hold so for their tracks. The last one holds to
            the end of the bag.
        words: Reads the emotions.

    Raises:
        ConfigError: There is no such topic, or of another type.
        DataError: A word names no emotion.
    """
    channels = bag.channels()
    if topic not in channels:
        raise ConfigError(f'{bag.path}: no topic {topic}; it has {", ".join(channels)}')
    kind = channels[topic].kind
    if kind not in (TEXT, RESULTS):
        raise ConfigError(f'{bag.path}: {topic} holds {kind}; labels are {TEXT} or {RESULTS}')
    segments: list[Segment] = []
    open_: dict[int, tuple[float, str, str]] = {}  # by track: since when, emotion, place
    time = 0.0
    for number, raw in enumerate(bag.messages(frozenset({topic}))):
        if isinstance(raw, Excluded):
            continue
        try:
            message = deserialize(raw)
        except ImageError:
            continue
        time, place = raw.logged * 1e-9, f'{bag.name} {topic}#{number}'
        now = _labels(message, kind, words, place)
        for track in [*open_]:
            since, emotion, begun = open_[track]
            if now.get(track) != emotion:
                segments.append(Segment(since, max(time, since + 1e-9), emotion, begun, track))
                del open_[track]
        for track, emotion in now.items():
            if emotion:
                open_.setdefault(track, (time, emotion, place))
    for track, (since, emotion, begun) in open_.items():
        segments.append(Segment(since, max(time, since) + _TO_THE_END, emotion, begun, track))
    return segments


_TO_THE_END = 1e6
"""Seconds after the last message for which its label holds: longer than any bag."""


def _labels(message: Any, kind: str, words: Words, place: str) -> dict[int, str]:
    if kind == TEXT:
        return {0: words.read(str(message.data), place)}
    named = {int(e.track_id): str(e.label) for e in message.emotions}
    return {track: words.read('' if label == 'unknown' else label, place)
            for track, label in named.items()}
