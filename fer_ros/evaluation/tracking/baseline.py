"""Yardsticks: the simplest tracker and time filter that do the work at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import math

from fer_ros.core.tracker import overlap, Track
from fer_ros.core.types import Face, Floats

__all__ = ['MeanFilter', 'OverlapTracker']


class OverlapTracker:
    """Joins each face to the track whose last box it overlaps most, the best pair first.

    Args:
        min_overlap: Intersection over union that a pair needs.
        max_gap: Seconds that a track survives unseen.
    """

    def __init__(self, min_overlap: float = 0.3, max_gap: float = 1.0) -> None:
        self._min_overlap = min_overlap
        self._max_gap = max_gap
        self._last_id = 0
        self.reset()

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The tracks that are alive."""
        return tuple(self._tracks)

    def reset(self) -> None:
        """Forget all tracks."""
        self._tracks: list[Track] = []

    def update(self, faces: Sequence[Face], stamp: float) -> list[Track | None]:
        """Return the track of each face."""
        self._tracks = [t for t in self._tracks if 0 <= stamp - t.last_seen <= self._max_gap]
        pairs = sorted(
            ((overlap(face.box, track.box), f, t)
             for f, face in enumerate(faces) for t, track in enumerate(self._tracks)),
            key=lambda pair: (-pair[0], pair[1], pair[2]))
        joined: dict[int, Track] = {}
        taken: set[int] = set()
        for shared, f, t in pairs:
            if shared >= self._min_overlap and f not in joined and t not in taken:
                joined[f] = self._tracks[t]
                taken.add(t)
        return [self._follow(joined.get(f), face, stamp) for f, face in enumerate(faces)]

    def _follow(self, track: Track | None, face: Face, stamp: float) -> Track:
        if track is None:
            self._last_id += 1
            track = Track(self._last_id, face.box, stamp, stamp)
            self._tracks.append(track)
        track.box, track.last_seen = face.box, stamp
        return track


class MeanFilter:
    """Exponential filter of the probabilities themselves.

    Args:
        time_constant: Seconds after which a step has reached 63 %, > 0.
    """

    def __init__(self, time_constant: float) -> None:
        self._time_constant = time_constant
        self.reset()

    def reset(self) -> None:
        """Forget all tracks."""
        self._states: dict[int, tuple[float, Floats]] = {}

    def update(self, track_id: int, probabilities: Floats, stamp: float) -> Floats:
        """Return the smoothed distribution of a track after a new observation."""
        if track_id in self._states:
            last, state = self._states[track_id]
            share = 1.0 - math.exp(-(stamp - last) / self._time_constant)
            mixed = state + share * (probabilities - state)
            probabilities = (mixed / mixed.sum()).astype(probabilities.dtype)
        self._states[track_id] = stamp, probabilities
        return probabilities

    def keep(self, track_ids: Iterable[int]) -> None:
        """Forget all tracks but these."""
        kept = set(track_ids)
        self._states = {key: state for key, state in self._states.items() if key in kept}
