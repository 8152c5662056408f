"""Ways to follow people, compared on the same detections and the same answers of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
import dataclasses
import time

import numpy as np

from fer_ros.core.classifier import Classifier
from fer_ros.core.crop import crop_face, CropConvention, FER_FRAMING
from fer_ros.core.detector import FaceDetector
from fer_ros.core.errors import ConfigError
from fer_ros.core.following import Follower
from fer_ros.core.labelling import LABEL_MARGIN, LABEL_MIN_DWELL, Labeller, UNKNOWN_HYSTERESIS
from fer_ros.core.model import Model
from fer_ros.core.smoothing import Smoother, SMOOTHING
from fer_ros.core.tracker import MAX_GAP, START_SCORE, Tracker
from fer_ros.core.types import Face, FaceEmotion, Floats
from fer_ros.evaluation.tracking.baseline import MeanFilter, OverlapTracker
from fer_ros.evaluation.tracking.identity import IdentityFigures, IdentityScore, MIN_VISIBLE
from fer_ros.evaluation.tracking.scene import Frame, Scene, Seen
from fer_ros.evaluation.tracking.simulated import SimulatedDetector
from fer_ros.evaluation.tracking.steadiness import LabelFigures, LabelScore

__all__ = [
    'Answers', 'Observation', 'WAYS', 'follow', 'framing', 'observe', 'own_way', 'score',
    'tracker_cost',
]


@dataclasses.dataclass(frozen=True, eq=False)
class Observation:
    """What detector and model say about one frame, before anything is followed.

    Attributes:
        stamp: Seconds.
        people: Who is there.
        faces: What the detector found.
        raw: (N, K) what the model says about each.
    """

    stamp: float
    people: tuple[Seen, ...]
    faces: tuple[Face, ...]
    raw: Floats


Answers = tuple[FaceEmotion, ...]
"""The faces that were reported for one frame."""

WAYS: Mapping[str, Callable[[Model], Follower]] = {
    'overlap, nothing smoothed': lambda model: Follower(
        OverlapTracker(), Smoother(0.0), _plain(model)),
    'overlap, mean of probabilities': lambda model: Follower(
        OverlapTracker(), MeanFilter(0.3), _plain(model)),
    'tracker, nothing smoothed': lambda model: Follower(
        Tracker(), Smoother(0.0), _plain(model)),
    'tracker, mean of probabilities': lambda model: Follower(
        Tracker(), MeanFilter(0.3), _plain(model)),
    'tracker, smoothing': lambda model: Follower(Tracker(), Smoother(), _plain(model)),
    'tracker, smoothing, steady labels (default)': lambda model: Follower(
        Tracker(), Smoother(), Labeller(model.manifest.labels, _threshold(model))),
}
"""The yardsticks, and what the package does, piece by piece."""


def own_way(text: str) -> Callable[[Model], Follower]:
    """Return what makes a follower with other settings than the package's.

    Args:
        text: `NAME=VALUE,...`; names as the arguments of `Pipeline`.

    Raises:
        ConfigError: A name is unknown or a value out of range.
    """
    values = {'smoothing': SMOOTHING, 'label_margin': LABEL_MARGIN,
              'label_min_dwell': LABEL_MIN_DWELL, 'unknown_hysteresis': UNKNOWN_HYSTERESIS,
              'track_max_gap': MAX_GAP, 'track_start_score': START_SCORE}
    for option in text.split(','):
        name, _, value = option.partition('=')
        if name not in values:
            raise ConfigError(
                f'--way {option!r}: write NAME=VALUE with a NAME of {", ".join(values)}')
        try:
            values[name] = float(value)
        except ValueError as error:
            raise ConfigError(f'--way {option!r}: {value!r} is no number') from error

    def make(model: Model) -> Follower:
        return Follower(
            Tracker(values['track_max_gap'], values['track_start_score']),
            Smoother(values['smoothing']),
            Labeller(model.manifest.labels, _threshold(model), margin=values['label_margin'],
                     min_dwell=values['label_min_dwell'],
                     hysteresis=values['unknown_hysteresis']))

    return make


def _threshold(model: Model) -> float:
    return float(model.manifest.thresholds['unknown'])


def _plain(model: Model) -> Labeller:
    return Labeller(
        model.manifest.labels, _threshold(model), hysteresis=0.0, margin=0.0, min_dwell=0.0)


def observe(
    scene: Scene, rate: float, detector: SimulatedDetector | FaceDetector,
    classifier: Classifier, model: Model,
) -> Iterator[Observation]:
    """Yield what detector and model say about the frames of a scene.

    Args:
        scene: The scene.
        rate: Frames a second.
        detector: A made-up detector, or a real one.
        classifier: The model's.
        model: The model.
    """
    manifest = model.manifest
    convention = manifest.crop[detector.box_convention]
    for frame in scene.frames(rate):
        faces = _detect(detector, frame)
        crops = [
            crop_face(frame.image, face.box, convention, size=manifest.size,
                      grey=manifest.color == 'grey') for face in faces]
        raw = classifier.predict(np.stack(crops)) if crops \
            else np.empty((0, len(manifest.labels)), np.float32)
        yield Observation(frame.stamp, frame.people, tuple(faces), raw)


def _detect(detector: SimulatedDetector | FaceDetector, frame: Frame) -> list[Face]:
    if isinstance(detector, SimulatedDetector):
        return detector.detect(frame)
    return detector.detect(frame.image)


def follow(observations: Sequence[Observation], follower: Follower) -> list[Answers]:
    """Return what a way of following reports for each frame."""
    answers = []
    for seen in observations:
        places = {id(face): place for place, face in enumerate(seen.faces)}
        followed = follower.join(seen.faces, seen.stamp)
        raw = seen.raw[[places[id(one.face)] for one in followed]]
        answers.append(tuple(follower.emotions(followed, raw, seen.stamp)))
    return answers


def framing(convention: str) -> CropConvention:
    """Return the way from a detector's boxes to the squares that the pictures of faces fill."""
    if convention not in FER_FRAMING:
        raise ConfigError(
            f'the framing of the boxes of {convention!r} is not known; known are those of '
            f'{", ".join(FER_FRAMING)}')
    return FER_FRAMING[convention]


def score(
    observations: Sequence[Observation], answers: Sequence[Answers], *, labels: tuple[str, ...],
    rate: float, convention: str,
) -> tuple[IdentityFigures, LabelFigures]:
    """Compare what was reported with what was there.

    Args:
        observations: The frames.
        answers: What was reported for each.
        labels: Names of the true labels.
        rate: Frames a second.
        convention: The box convention of the detector.
    """
    identity, steadiness = IdentityScore(framing(convention)), LabelScore(labels, rate)
    for seen, faces in zip(observations, answers, strict=True):
        found = identity.add(seen.people, faces)
        for person in seen.people:
            if person.visible >= MIN_VISIBLE:
                steadiness.add(person, found.get(person.number), seen.stamp)
    return identity.figures(len(observations) / rate), steadiness.figures()


def tracker_cost(faces: int, frames: int = 300) -> tuple[float, float]:
    """Return median and 95th percentile of the tracker's processor time, in ms a frame.

    Args:
        faces: Number of faces that cross each other in every frame.
        frames: Number of frames.
    """
    rng = np.random.default_rng(0)
    places, speeds = rng.uniform(0, 600, (faces, 2)), rng.normal(0, 100, (faces, 2))
    tracker = Tracker()
    times = []
    for index in range(frames):
        moved = places + speeds * index / 30 + rng.normal(0, 3, places.shape)
        found = [Face((x, y, 80.0, 80.0), 0.9) for x, y in moved]
        begin = time.process_time()
        tracker.update(found, index / 30)
        times.append(1e3 * (time.process_time() - begin))
    return float(np.median(times)), float(np.quantile(times, 0.95))
