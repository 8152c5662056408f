"""The road of a frame: detect, track, crop, classify, smooth, label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
import math
from pathlib import Path
import time

import numpy as np

from fer_ros.core.alignment import ALIGN, crop_frame
from fer_ros.core.classifier import Classifier
from fer_ros.core.crop import cut
from fer_ros.core.detector import create_detector, FaceDetector
from fer_ros.core.errors import ConfigError, ImageError
from fer_ros.core.finder import FaceFinder
from fer_ros.core.following import Followed, Follower
from fer_ros.core.head_pose import head_pose
from fer_ros.core.labelling import LABEL_MARGIN, LABEL_MIN_DWELL, Labeller, UNKNOWN_HYSTERESIS
from fer_ros.core.model import load_model, Model
from fer_ros.core.smoothing import Smoother, SMOOTHING
from fer_ros.core.tracker import MAX_GAP, START_SCORE, Tracker
from fer_ros.core.types import (
    CropFrame,
    Face,
    FaceEmotion,
    Floats,
    FrameResult,
    HeadPose,
    Image,
    UNKNOWN,
)

__all__ = ['MAX_YAW', 'Pipeline']

MAX_YAW = 90.0
"""Degrees by which a head may be turned aside, by default: no limit."""


class Pipeline:
    """Turns frames into emotions; the same object serves robot, video file and test.

    It keeps the tracks of one camera and is not thread-safe: use one pipeline a camera.

    Args:
        model: A verified model.
        detector: Finds the faces; its boxes must follow a convention that the model's manifest
            knows.
        tracking: Whether frames follow each other in time; False treats each on its own.
        num_threads: Threads of the classifier.
        unknown_threshold: Confidence in [0, 1] below which the label is `unknown`; None takes
            the manifest's.
        max_faces: Largest number of faces classified in a frame, the largest first; 0 for all.
        smoothing: Time constant of the smoothing in seconds, 0 for none; it needs tracking, as
            all that follows but `priors`.
        label_margin: Probability in [0, 1] by which another emotion must lead to become the
            label of a track.
        label_min_dwell: Seconds in [0, 60] that an emotion stays the label at least.
        unknown_hysteresis: How far in [0, 1] the confidence may fall below the threshold before
            a track's label turns to `unknown`.
        track_max_gap: Seconds in [0, 60] that a person keeps the number without being seen.
        track_start_score: Score in [0, 1] from which a face is followed at once; one of less is
            reported when it is seen again in the next frame.
        priors: How frequent the emotions are taken to be, `natural` or `balanced`; see
            `Classifier`.
        align: `auto`: crops turn with the head where the detector gives landmarks and the
            model's manifest knows them; `never`: all crops are upright.
        max_yaw: Degrees in [0, 90] by which a head may be turned aside before the label is
            `unknown`; 90 for no limit. It needs landmarks.
        detect_every: Frames from one detection to the next; see `FaceFinder`. More than 1 needs
            tracking.
        face_height: Smallest and largest height in pixels of the faces that are classified; 0
            for no limit.
        classifier: One that runs the same model already, to share it between the cameras that
            one thread serves; it then counts instead of `num_threads` and `priors`.

    Attributes:
        tracker: Its `max_gap` and `start_score` may be changed between two frames,
        labeller: as its `margin`, `min_dwell` and `hysteresis`.
        clock: Tells the seconds by which the stages are timed; `time.process_time` takes those of
            the processor.

    Raises:
        ModelError: The network does not fit its manifest.
        ConfigError: A value is out of range, or the model cannot frame the detector's boxes.
    """

    def __init__(
        self, model: Model, detector: FaceDetector, *, tracking: bool = True,
        num_threads: int = 1, unknown_threshold: float | None = None, max_faces: int = 0,
        smoothing: float = SMOOTHING, label_margin: float = LABEL_MARGIN,
        label_min_dwell: float = LABEL_MIN_DWELL, unknown_hysteresis: float = UNKNOWN_HYSTERESIS,
        track_max_gap: float = MAX_GAP, track_start_score: float = START_SCORE,
        priors: str = 'natural', align: str = 'auto', max_yaw: float = MAX_YAW,
        detect_every: int = 1, face_height: tuple[float, float] = (0.0, 0.0),
        classifier: Classifier | None = None,
    ) -> None:
        crop = model.manifest.crop
        if detector.box_convention not in crop:
            raise ConfigError(
                f'model {model.manifest.name!r} knows how to frame the boxes of '
                f'{", ".join(crop)}, not those of {detector.box_convention!r}')
        self.model = model
        self.detector = detector
        self._convention = crop[detector.box_convention]
        if align not in ALIGN:
            raise ConfigError(f'align must be one of {", ".join(ALIGN)}, got {align!r}')
        self._alignment = None if align == 'never' \
            else model.manifest.alignment.get(detector.box_convention)
        self.clock: Callable[[], float] = time.perf_counter
        self._finder = FaceFinder(detector)
        self.classifier = classifier or Classifier(model, num_threads, priors)
        self.tracker = Tracker(track_max_gap, track_start_score)
        self._smoother = Smoother(smoothing)
        self.labeller = Labeller(
            model.manifest.labels,
            model.manifest.thresholds['unknown'] if unknown_threshold is None
            else unknown_threshold,
            hysteresis=unknown_hysteresis, margin=label_margin, min_dwell=label_min_dwell)
        self._follower = Follower(
            self.tracker if tracking else None, self._smoother, self.labeller)
        self.max_faces = max_faces
        self.face_height = face_height
        self.max_yaw = max_yaw
        self.detect_every = detect_every

    @classmethod
    def from_model(
        cls, model: str | Path | None = None, *, detector: str | FaceDetector | None = None,
        detector_model: str | Path = '', tracking: bool = True, num_threads: int = 1,
        unknown_threshold: float | None = None, max_faces: int = 0, smoothing: float = SMOOTHING,
        label_margin: float = LABEL_MARGIN, label_min_dwell: float = LABEL_MIN_DWELL,
        unknown_hysteresis: float = UNKNOWN_HYSTERESIS, track_max_gap: float = MAX_GAP,
        track_start_score: float = START_SCORE, priors: str = 'natural', align: str = 'auto',
        max_yaw: float = MAX_YAW, detect_every: int = 1,
    ) -> Pipeline:
        """Load a model and make the pipeline around it.

        Args:
            model: Name of an installed model or path of a model folder; None for the default.
            detector: Name of a detector, or an object of your own; None for the default.
            detector_model: Network file of the detector, for those that need one.
            tracking: As for the class, like all further arguments.
            num_threads: Threads of the classifier.
            unknown_threshold: Confidence below which the label is `unknown`.
            max_faces: Largest number of faces classified in a frame; 0 for all.
            smoothing: Time constant of the smoothing in seconds.
            label_margin: Lead of another emotion that changes the label.
            label_min_dwell: Seconds that an emotion stays the label at least.
            unknown_hysteresis: How far below the threshold a label is kept.
            track_max_gap: Seconds that a person keeps the number unseen.
            track_start_score: Score from which a face is followed at once.
            priors: `natural` or `balanced`.
            align: `auto` or `never`.
            max_yaw: Degrees by which a head may be turned aside.
            detect_every: Frames from one detection to the next.

        Raises:
            FerError: Something is missing, damaged or out of range; the text says what.
        """
        if detector is None or isinstance(detector, str):
            detector = create_detector(detector or '', model_path=str(detector_model))
        return cls(
            load_model(model), detector, tracking=tracking, num_threads=num_threads,
            unknown_threshold=unknown_threshold, max_faces=max_faces, smoothing=smoothing,
            label_margin=label_margin, label_min_dwell=label_min_dwell,
            unknown_hysteresis=unknown_hysteresis, track_max_gap=track_max_gap,
            track_start_score=track_start_score, priors=priors, align=align, max_yaw=max_yaw,
            detect_every=detect_every)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the K emotions, in the order of every distribution."""
        return self.model.manifest.labels

    @property
    def unknown_threshold(self) -> float:
        """Confidence that an emotion must reach to become the label, in [0, 1]."""
        return self.labeller.unknown_threshold

    @unknown_threshold.setter
    def unknown_threshold(self, value: float) -> None:
        self.labeller.unknown_threshold = value

    @property
    def max_faces(self) -> int:
        """Largest number of faces classified in a frame; 0 for all."""
        return self._max_faces

    @max_faces.setter
    def max_faces(self, value: int) -> None:
        if value < 0:
            raise ConfigError(f'max_faces must be 0 (all) or more, got {value}')
        self._max_faces = value

    @property
    def face_height(self) -> tuple[float, float]:
        """Smallest and largest height of a classified face in pixels; 0 for no limit."""
        return self._face_height

    @face_height.setter
    def face_height(self, value: tuple[float, float]) -> None:
        smallest, largest = value
        if smallest < 0 or largest < 0 or 0 < largest < smallest:
            raise ConfigError(
                f'face_height must be two numbers of pixels >= 0, the smaller first, got {value}')
        self._face_height = smallest, largest

    @property
    def smoothing(self) -> float:
        """Time constant of the smoothing in seconds; 0 for none."""
        return self._smoother.time_constant

    @smoothing.setter
    def smoothing(self, value: float) -> None:
        self._smoother.time_constant = value

    @property
    def max_yaw(self) -> float:
        """Degrees by which a head may be turned aside before the label is `unknown`."""
        return self._max_yaw

    @max_yaw.setter
    def max_yaw(self, value: float) -> None:
        if not 0.0 <= value <= MAX_YAW:
            raise ConfigError(f'max_yaw must lie in [0, {MAX_YAW:g}] degrees, got {value}')
        self._max_yaw = value

    @property
    def detect_every(self) -> int:
        """Frames from one detection to the next."""
        return self._finder.detect_every

    @detect_every.setter
    def detect_every(self, value: int) -> None:
        if value > 1 and self._follower.tracker is None:
            raise ConfigError(
                f'detect_every {value} needs tracking: without it each image stands for itself')
        self._finder.detect_every = value

    def process(self, bgr: Image, stamp: float | None = None) -> FrameResult:
        """Find the faces of a frame and their emotions.

        Args:
            bgr: (H, W, 3) uint8.
            stamp: Time of the frame in seconds; None takes the process's monotonic clock.

        Returns:
            The faces, largest first, with their distributions.

        Raises:
            ImageError: `bgr` has another shape or type.
        """
        _check_frame(bgr)
        begin = self.clock()
        now = time.monotonic() if stamp is None else stamp
        found = self._finder.find(bgr)
        detected = self.clock()
        # All are tracked, so that who is classified may change without anybody being lost.
        chosen, others = self._choose(found, self._follower.join(found, now))
        tracked = self.clock()
        views = [self._view(followed.face) for followed in chosen]
        crops = self._cut(bgr, [crop for _, crop in views])
        cropped = self.clock()
        raw = self.classifier.predict(crops)
        classified = self.clock()
        emotions = [
            self._seen(emotion, *view) for emotion, view in zip(
                self._follower.emotions(chosen, raw, now), views, strict=True)]
        end = self.clock()
        return FrameResult(
            labels=self.labels, faces=tuple(emotions), width=bgr.shape[1], height=bgr.shape[0],
            stamp=stamp, unclassified=tuple(others), timings={
                'detect': detected - begin, 'track': tracked - detected,
                'crop': cropped - tracked, 'classify': classified - cropped,
                'smooth': end - classified, 'total': end - begin})

    def classify(self, crops: Image) -> Floats:
        """Return (N, K) calibrated probabilities of face images, without detection.

        Args:
            crops: (N, H, W) grey or (N, H, W, 3) BGR, uint8, in the framing of the model.
        """
        return self.classifier.predict(crops)

    @property
    def track_count(self) -> int:
        """Number of faces that are followed, seen in the last frame or lost a moment ago."""
        return len(self.tracker.tracks)

    def reset(self) -> None:
        """Forget the tracks: the next frame has nothing to do with those before.

        Their numbers are not given again.
        """
        self._follower.reset()
        self._finder.reset()

    def follow_on(self, former: Pipeline) -> None:
        """Go on with the tracks of the pipeline that this one replaces, where both follow faces.

        Distributions are smoothed anew: they may be those of another model.
        """
        former.tracker.max_gap = self.tracker.max_gap
        former.tracker.start_score = self.tracker.start_score
        self.tracker = former.tracker
        if self._follower.tracker is not None:
            self._follower.tracker = former.tracker

    def _choose(
        self, found: Sequence[Face], followed: Sequence[Followed],
    ) -> tuple[list[Followed], list[Face]]:
        """Return what to classify, the largest face first, and all other faces."""
        smallest, largest = self._face_height
        fitting = [one for one in followed
                   if smallest <= one.face.box[3] <= (largest or math.inf)]
        chosen = sorted(fitting, key=lambda one: -one.face.area)[:self._max_faces or None]
        kept = {id(one.face) for one in chosen}
        return chosen, [face for face in found if id(face) not in kept]

    def _view(self, face: Face) -> tuple[HeadPose | None, CropFrame]:
        """Return where a head is turned to, and what of the image shows its face."""
        pose = None if face.landmarks is None else head_pose(face.landmarks)
        return pose, crop_frame(face, pose, self._convention, self._alignment)

    def _cut(self, bgr: Image, frames: list[CropFrame]) -> Image:
        """Return the crops of a frame, (N, height, width) or (N, height, width, 3) BGR."""
        manifest = self.model.manifest
        if not frames:
            return np.empty((0, manifest.height, manifest.width), np.uint8)
        return np.stack([
            cut(bgr, frame, size=manifest.size, grey=manifest.color == 'grey')
            for frame in frames])

    def _seen(
        self, emotion: FaceEmotion, pose: HeadPose | None, crop: CropFrame,
    ) -> FaceEmotion:
        """Return an emotion with the pose of its head, `unknown` if that looks too far aside."""
        emotion = dataclasses.replace(emotion, pose=pose, crop=crop)
        if pose is None or abs(pose.yaw) <= self._max_yaw:
            return emotion
        return dataclasses.replace(
            emotion, label=UNKNOWN, confidence=min(1.0, float(emotion.probabilities.max())))


def _check_frame(bgr: Image) -> None:
    if not isinstance(bgr, np.ndarray) or bgr.ndim != 3 or bgr.shape[2] != 3 \
            or bgr.dtype != np.uint8 or 0 in bgr.shape:
        what = f'{bgr.shape} {bgr.dtype}' if isinstance(bgr, np.ndarray) else type(bgr).__name__
        raise ImageError(f'a frame must be (H, W, 3) BGR uint8, got {what}')
