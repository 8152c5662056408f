"""What was seen over time: one sample a frame, and a few small pictures."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
import dataclasses

import cv2
import numpy as np

from fer_ros.core.types import Floats, FrameResult, Image

__all__ = ['Sample', 'Thumbnails', 'Timeline']

MAX_SAMPLES = 20_000
"""Samples kept, the newest ones: eleven minutes at 30 frames a second."""

_THUMBNAIL_WIDTH = 400  # pixels
_THUMBNAIL_PERIOD = 0.2  # seconds between kept pictures at the start
_MAX_THUMBNAILS = 64


@dataclasses.dataclass(frozen=True, eq=False)
class Sample:
    """One frame.

    Attributes:
        stamp: Seconds.
        latency: Seconds from the stamp of the image to the arrival of its result.
        faces: Number of faces.
        label: Label of the person in view for longest (the largest face, if tracking is off);
            empty without a face.
        probabilities: (K,) smoothed distribution of the same face, or None.
    """

    stamp: float
    latency: float
    faces: int
    label: str
    probabilities: Floats | None


class Timeline:
    """A bounded record of results.

    Attributes:
        labels: Names of the K emotions; empty before the first result.
        frames: Number of results, also those no longer kept.
        frames_with_face: Number of results with a face, likewise.
        samples: The newest samples, in the order in which they came.
    """

    def __init__(self) -> None:
        """Start an empty record."""
        self.labels: tuple[str, ...] = ()
        self.frames = 0
        self.frames_with_face = 0
        self.samples: deque[Sample] = deque(maxlen=MAX_SAMPLES)

    def add(self, result: FrameResult, latency: float) -> None:
        """Add the result of a frame, which must have a stamp; latency in seconds.

        A change of labels (another model) or a stamp that runs backwards (a bag that loops)
        starts the record of samples anew.
        """
        if result.stamp is None:
            raise ValueError('a result needs a stamp to be put on a timeline')
        backwards = self.samples and result.stamp < self.samples[-1].stamp
        if backwards or result.labels != self.labels:
            self.samples.clear()
        self.labels = result.labels
        # Of equal ages the first, which is the largest.
        face = max(result.faces, key=lambda face: face.track_age, default=None)
        self.frames += 1
        self.frames_with_face += face is not None
        self.samples.append(Sample(
            result.stamp, latency, len(result.faces), face.label if face else '',
            face.probabilities if face else None))

    @property
    def begin(self) -> float:
        """Stamp of the oldest sample in seconds; 0 if there is none."""
        return self.samples[0].stamp if self.samples else 0.0

    @property
    def duration(self) -> float:
        """Seconds from the oldest to the newest sample."""
        return self.samples[-1].stamp - self.begin if self.samples else 0.0

    def latencies(self) -> Floats:
        """Return the latencies of the samples, (N,) seconds."""
        return np.array([sample.latency for sample in self.samples], np.float32)

    def shares(self) -> list[tuple[str, float]]:
        """Return the share of frames with a face on which each label stood, largest first."""
        counts = Counter(sample.label for sample in self.samples if sample.label)
        total = max(1, sum(counts.values()))
        return [(label, count / total) for label, count in counts.most_common()]


class Thumbnails:
    """Small pictures spread evenly over a stream of any length, in bounded memory."""

    def __init__(self) -> None:
        """Start without pictures."""
        self._period = _THUMBNAIL_PERIOD
        self._kept: list[tuple[float, Image]] = []

    def add(self, stamp: float, bgr: Image) -> None:
        """Offer a picture, (H, W, 3) uint8, at `stamp` seconds."""
        if self._kept and stamp < self._kept[-1][0]:
            self._kept.clear()
        if self._kept and stamp - self._kept[-1][0] < self._period:
            return
        height = max(1, round(bgr.shape[0] * _THUMBNAIL_WIDTH / bgr.shape[1]))
        small = cv2.resize(bgr, (_THUMBNAIL_WIDTH, height), interpolation=cv2.INTER_AREA)
        self._kept.append((stamp, small.astype(np.uint8, copy=False)))
        if len(self._kept) > _MAX_THUMBNAILS:
            del self._kept[1::2]
            self._period *= 2

    def pick(self, count: int) -> Sequence[tuple[float, Image]]:
        """Return at most `count` pictures with their stamps, spread evenly over time."""
        if len(self._kept) <= count:
            return list(self._kept)
        begin, end = self._kept[0][0], self._kept[-1][0]
        stamps = np.array([stamp for stamp, _ in self._kept])
        wanted = begin + (np.arange(count) + 0.5) * (end - begin) / count
        chosen = sorted({int(np.abs(stamps - time).argmin()) for time in wanted})
        return [self._kept[index] for index in chosen]
