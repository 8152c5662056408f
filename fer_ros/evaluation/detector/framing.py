"""Boxes of different conventions brought to one: the square frame of FER images about a face.

A detector's boxes are tall or square, tight or wide, as its training data were. Compared as they
are, a good detector of another convention would miss every face; in the frame they are equals.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fer_ros.core.crop import CropConvention, FER_FRAMING
from fer_ros.core.types import Face, Floats
from fer_ros.data.faces import FaceLabels
from fer_ros.evaluation.detector.matching import match, Matches

__all__ = ['convention_of', 'faces_to_arrays', 'frames', 'LABELS', 'match_faces']

LABELS = FER_FRAMING['yunet']
"""The convention of labelled boxes: brow to chin and ear to ear, as teachers and people draw."""

_AS_IS = CropConvention(margin=1.0)


def convention_of(name: str) -> CropConvention:
    """Return the way from a detector's boxes to the frame; an unknown name's box is the frame."""
    return FER_FRAMING.get(name, _AS_IS)


def frames(boxes: Floats, convention: CropConvention) -> Floats:
    """Return the square frames about the faces of boxes.

    Args:
        boxes: (N, 4) left, top, right, bottom.
        convention: The way from a box to its frame.

    Returns:
        (N, 4) float32 left, top, right, bottom, as `fer_ros.core.crop.frame_of` has them.
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    side = sides.mean(axis=1, keepdims=True)
    middle = boxes[:, :2] + sides / 2 + side * [[convention.offset_x, convention.offset_y]]
    half = convention.margin * side / 2
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)


def faces_to_arrays(faces: Sequence[Face]) -> tuple[Floats, Floats, Floats]:
    """Return (M, 4) boxes left, top, right, bottom, (M,) scores, (M, 5, 2) landmarks or NaN."""
    boxes = np.array([face.box for face in faces], np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    landmarks = np.full((len(faces), 5, 2), np.nan, np.float32)
    for place, face in enumerate(faces):
        if face.landmarks is not None:
            landmarks[place] = face.landmarks
    return boxes, np.array([face.score for face in faces], np.float32), landmarks


def match_faces(faces: Sequence[Face], labels: FaceLabels, convention: str) -> Matches:
    """Join what a detector found in a picture to the labels, by their frames.

    Args:
        faces: What it found.
        labels: What is there.
        convention: The detector's `box_convention`.
    """
    boxes, scores, _ = faces_to_arrays(faces)
    return match(frames(boxes, convention_of(convention)), scores,
                 frames(labels.boxes, LABELS), labels.ignored)
