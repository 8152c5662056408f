"""Stable numbers for people: faces of one frame joined to those of the frames before."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

from fer_ros.core.types import Box, Face

__all__ = ['Track', 'Tracker', 'overlap']


def overlap(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes, in [0, 1]."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


@dataclasses.dataclass
class Track:
    """One person, as long as seen.

    Attributes:
        track_id: From 1, never used twice before `Tracker.reset`.
        box: Where the person was last seen, in pixels.
        first_seen: Time of the first frame, in seconds.
        last_seen: Time of the last frame, in seconds.
    """

    track_id: int
    box: Box
    first_seen: float
    last_seen: float

    @property
    def age(self) -> float:
        """Seconds between the first and the last frame."""
        return self.last_seen - self.first_seen


class Tracker:
    """Joins boxes by their overlap, best pair first.

    Args:
        min_overlap: Intersection over union that a pair needs, in (0, 1].
        max_gap: Seconds that a track survives without being seen.
    """

    def __init__(self, min_overlap: float = 0.3, max_gap: float = 1.0) -> None:
        self._min_overlap = min_overlap
        self._max_gap = max_gap
        self._tracks: list[Track] = []
        self._next_id = 1

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The tracks that are still alive."""
        return tuple(self._tracks)

    def reset(self) -> None:
        """Forget all tracks, and number from 1 again."""
        self._tracks = []
        self._next_id = 1

    def update(self, faces: Sequence[Face], stamp: float) -> list[Track]:
        """Join the faces of a frame to the tracks.

        Args:
            faces: The faces found.
            stamp: Time of the frame in seconds. A clock that jumps back (a bag that starts
                again) ends all tracks.

        Returns:
            The track of each face, in the order of `faces`.
        """
        self._tracks = [
            track for track in self._tracks
            if 0.0 <= stamp - track.last_seen <= self._max_gap]
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
        return [self._continue(joined.get(f), face, stamp) for f, face in enumerate(faces)]

    def _continue(self, track: Track | None, face: Face, stamp: float) -> Track:
        if track is None:
            track = Track(self._next_id, face.box, stamp, stamp)
            self._next_id += 1
            self._tracks.append(track)
        track.box, track.last_seen = face.box, stamp
        return track
