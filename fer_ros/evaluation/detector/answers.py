"""What the detectors of a comparison find in the pictures of a subset, and how long it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import dataclasses
import time

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.detector import FaceDetector
from fer_ros.core.types import Floats
from fer_ros.data.faces import FaceLabels
from fer_ros.evaluation.detector.curves import Judged, pool
from fer_ros.evaluation.detector.framing import convention_of, faces_to_arrays, frames, LABELS
from fer_ros.evaluation.detector.matching import match, Matches
from fer_ros.evaluation.detector.scenes import Scene

__all__ = ['Answers', 'ask', 'Found', 'Labelled', 'verdicts']


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """What a detector found in a picture.

    Attributes:
        boxes: (M, 4) float32 left, top, right, bottom in pixels.
        scores: (M,) float32.
        landmarks: (M, 5, 2) float32 pixels; NaN from a detector without landmarks.
        frames: (M, 4) float32, the boxes brought to the framing in which they are compared.
        seconds: Processor time.
    """

    boxes: Floats
    scores: Floats
    landmarks: Floats
    frames: Floats
    seconds: float

    def from_score(self, score: float) -> Found:
        """Return what has at least this score."""
        kept = self.scores >= score
        return Found(self.boxes[kept], self.scores[kept], self.landmarks[kept],
                     self.frames[kept], self.seconds)


@dataclasses.dataclass(frozen=True, eq=False)
class Labelled:
    """What is known of a picture of a subset, without its pixels: see `Scene`."""

    labels: FaceLabels
    people: Floats | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """The labels of P pictures, and what each detector found in them.

    Attributes:
        pictures: The P labels.
        found: {name of the detector: P findings}.
    """

    pictures: list[Labelled]
    found: dict[str, list[Found]]

    def restricted(self, chosen: Callable[[FaceLabels], NDArray[np.bool_]]) -> Answers:
        """Return the same with all other faces ignored.

        Args:
            chosen: Returns (N,) bool, which of the faces are kept.
        """
        pictures = [
            dataclasses.replace(one, labels=dataclasses.replace(
                one.labels, ignored=one.labels.ignored | ~chosen(one.labels)))
            for one in self.pictures]
        return Answers(pictures, self.found)

    def faces(self) -> int:
        """Return the number of faces to find."""
        return sum(int((~one.labels.ignored).sum()) for one in self.pictures)


def ask(
    detectors: Mapping[str, FaceDetector], count: int, make: Callable[[int], Scene],
    step: Callable[[], object] = lambda: None,
) -> Answers:
    """Show pictures to detectors, each picture to all of them in turn.

    Args:
        detectors: {name: detector}.
        count: Number of pictures.
        make: Returns a picture by its number.
        step: Called after each picture.
    """
    answers = Answers([], {name: [] for name in detectors})
    for place in range(count):
        scene = make(place)
        answers.pictures.append(Labelled(scene.labels, scene.people))
        for name, detector in detectors.items():
            answers.found[name].append(_found(detector, scene))
        step()
    return answers


def verdicts(answers: Answers, name: str) -> tuple[list[Matches], Judged]:
    """Return what is right of what a detector found, picture by picture and for all together."""
    matches = [
        match(found.frames, found.scores, frames(one.labels.boxes, LABELS), one.labels.ignored)
        for found, one in zip(answers.found[name], answers.pictures, strict=True)]
    parts = [(found.scores, matched)
             for found, matched in zip(answers.found[name], matches, strict=True)]
    return matches, pool(parts, [int((~one.labels.ignored).sum()) for one in answers.pictures])


def _found(detector: FaceDetector, scene: Scene) -> Found:
    # Processor time, not the clock: other programs on the machine count less.
    begin = time.process_time()
    faces = detector.detect(scene.image)
    seconds = time.process_time() - begin
    boxes, scores, landmarks = faces_to_arrays(faces)
    return Found(boxes, scores, landmarks,
                 frames(boxes, convention_of(detector.box_convention)), seconds)
