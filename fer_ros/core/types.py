"""What travels through the package: faces, their emotions, and the result of one frame.

All are frozen dataclasses that check themselves when they are made, so that a wrong shape or
range is reported where it arises and not three modules later.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import math
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    'Box', 'CropFrame', 'EMOTIONS', 'Face', 'FaceEmotion', 'Floats', 'FrameResult', 'HeadPose',
    'Image', 'UNKNOWN',
]

EMOTIONS: tuple[str, ...] = (
    'neutral', 'happiness', 'surprise', 'sadness', 'anger', 'disgust', 'fear', 'contempt',
)
"""The eight emotions of FER+ (Barsoum et al. 2016), in the order of its label file."""

UNKNOWN = 'unknown'
"""The label of a face on which the model abstains."""

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, width, height in pixels; may reach over the border of the image."""

Image: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) BGR, or (H, W) grey."""

Floats: TypeAlias = NDArray[np.float32]

_SUM_TOLERANCE = 1e-3


def _check_box(box: Box) -> None:
    if len(box) != 4 or not all(math.isfinite(v) for v in box) or box[2] <= 0 or box[3] <= 0:
        raise ValueError(
            f'box must be four finite numbers (x, y, width > 0, height > 0), got {box}')


def _check_score(name: str, score: float) -> None:
    if not 0.0 <= score <= 1.0:
        raise ValueError(f'{name} must lie in [0, 1], got {score}')


def _check_landmarks(landmarks: Floats | None) -> None:
    if landmarks is not None and landmarks.shape != (5, 2):
        raise ValueError(f'landmarks must have shape (5, 2), got {landmarks.shape}')


def _check_distribution(name: str, probabilities: Floats) -> None:
    if probabilities.ndim != 1 or not np.isfinite(probabilities).all():
        raise ValueError(f'{name} must be a finite vector, got {probabilities!r}')
    if probabilities.min() < 0 or abs(float(probabilities.sum()) - 1.0) > _SUM_TOLERANCE:
        raise ValueError(
            f'{name} must be non-negative and sum to 1, got {probabilities.tolist()}')


@dataclasses.dataclass(frozen=True, eq=False)
class Face:
    """A detected face.

    Attributes:
        box: Left, top, width, height in pixels.
        score: Confidence of the detector in [0, 1].
        landmarks: (5, 2) float32 pixels: left eye, right eye, nose tip, left and right mouth
            corner as seen in the image; None if the detector finds none.
    """

    box: Box
    score: float
    landmarks: Floats | None = None

    def __post_init__(self) -> None:
        _check_box(self.box)
        _check_score('score', self.score)
        _check_landmarks(self.landmarks)

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        return self.box[2] * self.box[3]


@dataclasses.dataclass(frozen=True)
class CropFrame:
    """The square of an image that becomes a network's input.

    Attributes:
        x: Of its centre, in pixels; pixel i reaches from i to i + 1.
        y: Of its centre, in pixels.
        side: In pixels, > 0.
        roll: Degrees by which it is turned, clockwise in the image.
    """

    x: float
    y: float
    side: float
    roll: float = 0.0

    def __post_init__(self) -> None:
        values = (self.x, self.y, self.side, self.roll)
        if not all(math.isfinite(value) for value in values) or self.side <= 0:
            raise ValueError(f'a crop frame needs finite values and a side > 0, got {values}')

    def corners(self) -> Floats:
        """Return the (4, 2) corners in pixels: of the face's upper left, then clockwise."""
        angle = math.radians(self.roll)
        turn = np.array(
            [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        square = self.side / 2 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        places: Floats = (square @ turn.T + (self.x, self.y)).astype(np.float32)
        return places


@dataclasses.dataclass(frozen=True)
class HeadPose:
    """Where a head is turned to, seen along the ray from the camera to it.

    All zero is a face that looks into the camera. The angles are rotations about the axes of
    the camera's optical frame (REP-103: x to the right of the image, y down, z away from the
    camera) by the right-hand rule, first pitch, then yaw, then roll.

    Attributes:
        roll: Degrees about z: positive if turned clockwise in the image.
        yaw: Degrees about y: positive if the face looks to the left of the image.
        pitch: Degrees about x: positive if the face looks down.
    """

    roll: float
    yaw: float
    pitch: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(v) for v in (self.roll, self.yaw, self.pitch)):
            raise ValueError(f'a head pose needs three finite angles, got {self}')


@dataclasses.dataclass(frozen=True, eq=False)
class FaceEmotion:
    """A face with its emotion.

    Attributes:
        box: Left, top, width, height in pixels.
        score: Confidence of the detector in [0, 1].
        landmarks: (5, 2) float32 pixels, or None.
        track_id: Number of the person's track, from 1; 0 if tracking is off.
        track_age: Seconds since the track was first seen; 0 if tracking is off.
        label: Name of the emotion, or `unknown` if the model abstains. That of a track is held by
            hysteresis, and may for a moment not be the most probable emotion.
        confidence: Probability of the label, in [0, 1]; if it is `unknown`, that of the most
            probable emotion.
        probabilities: (K,) float32, smoothed over the track, summing to 1.
        raw_probabilities: (K,) float32 of this frame alone, summing to 1.
        pose: Where the head is turned to; None without landmarks.
        crop: What of the image was classified; None if that is not known.
    """

    box: Box
    score: float
    landmarks: Floats | None
    track_id: int
    track_age: float
    label: str
    confidence: float
    probabilities: Floats
    raw_probabilities: Floats
    pose: HeadPose | None = None
    crop: CropFrame | None = None

    def __post_init__(self) -> None:
        _check_box(self.box)
        _check_score('score', self.score)
        _check_landmarks(self.landmarks)
        _check_score('confidence', self.confidence)
        _check_distribution('probabilities', self.probabilities)
        _check_distribution('raw_probabilities', self.raw_probabilities)
        if self.probabilities.shape != self.raw_probabilities.shape:
            raise ValueError(
                f'probabilities {self.probabilities.shape} and raw_probabilities '
                f'{self.raw_probabilities.shape} must have the same length')


@dataclasses.dataclass(frozen=True, eq=False)
class FrameResult:
    """Everything that the pipeline knows about one frame.

    Attributes:
        labels: Names of the K emotions, in the order of every distribution.
        faces: The faces, largest first.
        unclassified: Faces that were found and left out, for their size or their number, or
            because it is not sure yet that they are faces.
        width: Width of the frame in pixels.
        height: Height of the frame in pixels.
        stamp: Time of the frame in seconds, or None if none was given.
        timings: Seconds spent in each stage: `detect`, `track`, `crop`, `classify`, `smooth`,
            and in all of them: `total`.
    """

    labels: tuple[str, ...]
    faces: tuple[FaceEmotion, ...]
    width: int
    height: int
    stamp: float | None = None
    timings: Mapping[str, float] = dataclasses.field(default_factory=dict)
    unclassified: tuple[Face, ...] = ()

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise ValueError(f'frame size must be positive, got {self.width}x{self.height}')
        for face in self.faces:
            if face.probabilities.shape != (len(self.labels),):
                raise ValueError(
                    f'{len(self.labels)} labels, but a face with probabilities of shape '
                    f'{face.probabilities.shape}')
        object.__setattr__(self, 'timings', MappingProxyType(dict(self.timings)))
