"""Faces of a frame joined to the people of the frames before.

Ideas: association of unsure detections after the sure ones, which ends fewer tracks where a face
is half hidden (Zhang et al. 2022, "ByteTrack"); correction of the motion over the whole of a gap
(Cao et al. 2023, "OC-SORT").
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import ConfigError
from fer_ros.core.tracker.assignment import assign
from fer_ros.core.tracker.motion import BoxFilter, SURE
from fer_ros.core.types import Box, Face

__all__ = ['MAX_GAP', 'START_SCORE', 'Track', 'Tracker']

MAX_GAP = 1.0
"""Seconds that a track survives unseen, by default."""

START_SCORE = 0.7
"""Score from which a face starts a track at once, by default."""

# A detection may lie 3.4 standard deviations from where it is expected: 99 % of chi-square with
# three degrees of freedom, two of place and one of size.
_GATE = 11.3
# More than any pair within the gate can cost, after a minute out of sight, too.
_APART = 50.0
# A clock that is set back by no more, as by NTP, has not started anew.
_CLOCK_SLACK = 0.1


@dataclasses.dataclass
class Track:
    """One person, as long as seen.

    Attributes:
        track_id: From 1, never used twice; 0 while it is not sure that there is a face.
        box: Where the person was last seen, in pixels.
        first_seen: Time of the first frame, in seconds.
        last_seen: Time of the last frame, in seconds.
    """

    track_id: int
    box: Box
    first_seen: float
    last_seen: float
    _motion: BoxFilter = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._motion = BoxFilter(self.box)

    @property
    def age(self) -> float:
        """Seconds between the first and the last frame."""
        return self.last_seen - self.first_seen


class Tracker:
    """Joins faces to tracks by where each is expected, all at once.

    Args:
        max_gap: Seconds that a track survives without being seen, in [0, 60].
        start_score: Score in [0, 1] from which a face starts a track at once. One of less is
            taken for a face when it is seen again in the next frame, or continues a track. In the
            first frame, and where frames are further apart than `max_gap`, all faces count: a
            single picture has no next frame.

    Raises:
        ConfigError: A value is out of range.
    """

    def __init__(self, max_gap: float = MAX_GAP, start_score: float = START_SCORE) -> None:
        self.max_gap = max_gap
        self.start_score = start_score
        self._tracks: list[Track] = []
        self._candidates: list[Track] = []
        self._last_id = 0
        self._stamp = -math.inf
        self._is_alone = False

    @property
    def max_gap(self) -> float:
        """Seconds that a track survives without being seen."""
        return self._max_gap

    @max_gap.setter
    def max_gap(self, value: float) -> None:
        if not 0.0 <= value <= 60.0:
            raise ConfigError(f'track_max_gap must lie in [0, 60] s, got {value}')
        self._max_gap = value

    @property
    def start_score(self) -> float:
        """Score from which a face starts a track at once."""
        return self._start_score

    @start_score.setter
    def start_score(self, value: float) -> None:
        if not 0.0 <= value <= 1.0:
            raise ConfigError(f'track_start_score must lie in [0, 1], got {value}')
        self._start_score = value

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The tracks that are alive, also those out of sight."""
        return tuple(self._tracks)

    def reset(self) -> None:
        """Forget all tracks; their numbers are not given again."""
        self._tracks = []
        self._candidates = []
        self._stamp = -math.inf

    def update(self, faces: Sequence[Face], stamp: float) -> list[Track | None]:
        """Join the faces of a frame to the tracks.

        Args:
            faces: The faces found.
            stamp: Time of the frame in seconds. A clock that jumps back (a bag that starts
                again) ends all tracks.

        Returns:
            The track of each face, in the order of `faces`; None for a face of a low score that
            was not seen before.

        Raises:
            ValueError: `stamp` is not finite.
        """
        self._advance(stamp)
        joined: dict[int, Track] = {}
        sure = [f for f, face in enumerate(faces) if face.score >= self._start_score]
        unsure = [f for f, face in enumerate(faces) if face.score < self._start_score]
        for tracks, indices in (
                (self._tracks, sure), (self._tracks, unsure), (self._candidates, sure + unsure)):
            taken = {id(track) for track in joined.values()}
            free = [track for track in tracks if id(track) not in taken]
            left = [f for f in indices if f not in joined]
            costs = _surprises(free, [faces[f].box for f in left], stamp)
            joined |= {left[f]: free[t] for t, f in assign(costs, _APART)}
        self._candidates = []
        return [
            self._follow(joined.get(f), face, stamp) for f, face in enumerate(faces)]

    def _advance(self, stamp: float) -> None:
        """Let time pass."""
        if not math.isfinite(stamp):
            raise ValueError(f'the stamp of a frame must be finite, got {stamp}')
        if stamp < self._stamp - _CLOCK_SLACK:
            self.reset()
        # The first frame comes after a time without end.
        self._is_alone = stamp - self._stamp > self._max_gap
        if self._is_alone:
            self._candidates = []
        self._stamp = stamp
        self._tracks = [
            track for track in self._tracks if stamp - track.last_seen <= self._max_gap]

    def _follow(self, track: Track | None, face: Face, stamp: float) -> Track | None:
        if track is None:
            track = Track(0, face.box, stamp, stamp)
            if face.score < self._start_score and not self._is_alone:
                self._candidates.append(track)
                return None
        else:
            track._motion.update(face.box, max(0.0, stamp - track.last_seen))
            track.box, track.last_seen = face.box, stamp
        if not track.track_id:
            self._last_id += 1
            track.track_id = self._last_id
            self._tracks.append(track)
        return track


def _surprises(
    tracks: Sequence[Track], boxes: Sequence[Box], stamp: float,
) -> NDArray[np.float64]:
    """Return (T, B) how unlikely it is that a box is the next one of a track.

    It is -2 ln p of the box, by the track's prediction, less that of the best box of the surest
    track; `_APART` where the box lies beyond the gate. The probability takes into account how
    sure a prediction is: else a track that is lost, and may be anywhere, would take the faces of
    those that are not.
    """
    expected = [track._motion.predict(max(0.0, stamp - track.last_seen)) for track in tracks]
    old = np.array([p.box for p in expected], float).reshape(-1, 1, 4)
    new = np.array(boxes, float).reshape(1, -1, 4)
    spread = np.array([p.spread for p in expected]).reshape(-1, 1)
    size_spread = np.array([p.size_spread for p in expected]).reshape(-1, 1)
    off = (new[..., :2] + new[..., 2:] / 2) - (old[..., :2] + old[..., 2:] / 2)
    side = old[..., 2:].mean(axis=-1)
    growth = np.log(new[..., 2:].mean(axis=-1) / side)
    distances = (off ** 2).sum(axis=-1) / (side * spread) ** 2 + (growth / size_spread) ** 2
    vague = 4 * np.log(spread / SURE.spread) + 2 * np.log(size_spread / SURE.size_spread)
    costs: NDArray[np.float64] = np.where(distances <= _GATE, distances + vague, _APART)
    return costs
