"""Every face over time: for the pictures of timelines, and for how steady the labels are."""

from __future__ import annotations

from array import array
import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats
from fer_ros.evaluation.offline.records import FaceRecord, FrameRecord

__all__ = ['Track', 'TrackLog']

_GAP = 1.0  # seconds without the face after which a new label is no flip


@dataclasses.dataclass(eq=False)
class Track:
    """One face as long as it was followed.

    Attributes:
        unit: Number of its unit.
        number: Number of the track.
        times: Seconds from the beginning of the recording, (N,).
        answers: The labels that were given, (N,) names.
        flips: How often the label changed from one frame to the next.
        seconds: How long the face was in view.
    """

    unit: int
    number: int
    classes: int
    times: array[float] = dataclasses.field(default_factory=lambda: array('d'))
    answers: list[str] = dataclasses.field(default_factory=list)
    flips: int = 0
    seconds: float = 0.0
    _probabilities: array[float] = dataclasses.field(default_factory=lambda: array('f'))
    _sides: array[float] = dataclasses.field(default_factory=lambda: array('f'))

    def add(self, time: float, face: FaceRecord) -> None:
        """Add a frame."""
        if self.times and 0 <= time - self.times[-1] <= _GAP:
            self.seconds += time - self.times[-1]
            self.flips += face.label != self.answers[-1]
        self.times.append(time)
        self.answers.append(face.label)
        self._probabilities.extend(face.probabilities)
        self._sides.append(min(face.box[2:]))

    @property
    def probabilities(self) -> Floats:
        """(N, K) smoothed distributions."""
        return np.array(self._probabilities, np.float32).reshape(-1, self.classes)

    @property
    def sides(self) -> Floats:
        """(N,) shorter side of the face in pixels."""
        return np.array(self._sides, np.float32)


class TrackLog:
    """All tracks of a run.

    Args:
        classes: Number of emotions.
    """

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._tracks: dict[tuple[int, int], Track] = {}
        self._times: dict[int, array[float]] = {}
        self._seen: dict[int, array[int]] = {}

    def add(self, unit: int, frame: FrameRecord) -> None:
        """Add the faces of a frame."""
        self._times.setdefault(unit, array('d')).append(frame.time)
        self._seen.setdefault(unit, array('b')).append(bool(frame.faces))
        for face in frame.faces:
            key = unit, face.track
            if key not in self._tracks:
                self._tracks[key] = Track(unit, face.track, self._classes)
            self._tracks[key].add(frame.time, face)

    def of(self, unit: int) -> list[Track]:
        """Return the tracks of a unit, the longest first."""
        mine = [track for track in self._tracks.values() if track.unit == unit]
        return sorted(mine, key=lambda track: (-len(track.times), track.number))

    def frames(self, unit: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the times of all frames of a unit, and whether each shows a face."""
        return (np.array(self._times.get(unit, ()), np.float64),
                np.array(self._seen.get(unit, ()), bool))

    def stability(self) -> dict[str, Any]:
        """Return `tracks`, `seconds` in view, `flips`, and `flips_per_minute`."""
        seconds = sum(track.seconds for track in self._tracks.values())
        flips = sum(track.flips for track in self._tracks.values())
        return {
            'tracks': len(self._tracks), 'seconds': round(seconds, 6), 'flips': flips,
            'flips_per_minute': round(60 * flips / seconds, 6) if seconds else None}
