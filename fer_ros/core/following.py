"""The part of the road that remembers: who is who, and what each face has shown before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import dataclasses
from typing import Protocol

from fer_ros.core.labelling import Labeller
from fer_ros.core.tracker import Track
from fer_ros.core.types import Face, FaceEmotion, Floats

__all__ = ['FaceTracker', 'Followed', 'Follower', 'TimeFilter']


class FaceTracker(Protocol):
    """Joins faces to tracks; `fer_ros.core.tracker.Tracker` is one."""

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The tracks that are alive."""
        ...

    def update(self, faces: Sequence[Face], stamp: float) -> list[Track | None]:
        """Return the track of each face, None for one that is not to be reported."""
        ...

    def reset(self) -> None:
        """Forget all tracks."""
        ...


class TimeFilter(Protocol):
    """Smooths distributions; `fer_ros.core.smoothing.Smoother` is one."""

    def update(self, track_id: int, probabilities: Floats, stamp: float) -> Floats:
        """Return the smoothed distribution of a track after a new observation."""
        ...

    def keep(self, track_ids: Iterable[int]) -> None:
        """Forget all tracks but these."""
        ...

    def reset(self) -> None:
        """Forget all tracks."""
        ...


@dataclasses.dataclass(frozen=True)
class Followed:
    """A face that is to be reported.

    Attributes:
        face: The face.
        track: Whose it is; None without tracking.
    """

    face: Face
    track: Track | None


class Follower:
    """Follows the people of one camera: `join` the faces of a frame, then `emotions` of them.

    Args:
        tracker: Joins faces to tracks; None treats each frame on its own.
        smoother: Smooths the distributions of a track.
        labeller: Chooses the label.
    """

    def __init__(
        self, tracker: FaceTracker | None, smoother: TimeFilter, labeller: Labeller,
    ) -> None:
        self.tracker = tracker
        self.smoother = smoother
        self.labeller = labeller

    def join(self, faces: Sequence[Face], stamp: float) -> list[Followed]:
        """Return the faces of a frame that are to be reported, with their tracks.

        Args:
            faces: The faces found.
            stamp: Time of the frame in seconds.
        """
        if self.tracker is None:
            return [Followed(face, None) for face in faces]
        tracks = self.tracker.update(faces, stamp)
        return [Followed(face, track) for face, track in zip(faces, tracks, strict=True)
                if track is not None]

    def emotions(
        self, followed: Sequence[Followed], raw: Floats, stamp: float,
    ) -> list[FaceEmotion]:
        """Return the emotions of faces of `join`, in their order.

        Args:
            followed: The faces.
            raw: (N, K) distributions of this frame.
            stamp: Time of the frame in seconds.
        """
        found = [
            self._emotion(one.face, one.track, probabilities, stamp)
            for one, probabilities in zip(followed, raw, strict=True)]
        if self.tracker is not None:
            alive = [track.track_id for track in self.tracker.tracks]
            self.smoother.keep(alive)
            self.labeller.keep(alive)
        return found

    def reset(self) -> None:
        """Forget everything: the next frame has nothing to do with those before."""
        if self.tracker is not None:
            self.tracker.reset()
        self.smoother.reset()
        self.labeller.reset()

    def _emotion(
        self, face: Face, track: Track | None, raw: Floats, stamp: float,
    ) -> FaceEmotion:
        if track is None:
            smoothed = raw
            label, confidence = self.labeller.choose(raw)
        else:
            smoothed = self.smoother.update(track.track_id, raw, stamp)
            label, confidence = self.labeller.update(track.track_id, smoothed, stamp)
        return FaceEmotion(
            box=face.box, score=face.score, landmarks=face.landmarks,
            track_id=track.track_id if track else 0, track_age=track.age if track else 0.0,
            label=label, confidence=confidence, probabilities=smoothed, raw_probabilities=raw)
