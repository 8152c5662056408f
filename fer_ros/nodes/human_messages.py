"""Faces to the messages of ROS4HRI (REP-155): hri_msgs, which may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from std_msgs.msg import Header

from fer_ros.core.affect import valence_arousal
from fer_ros.core.types import Box, FaceEmotion, FrameResult
from fer_ros.core.types import Image as Pixels
from fer_ros.core.view import turn_image

try:  # not part of a ROS base installation
    from hri_msgs.msg import Expression, FacialLandmarks, IdsList, NormalizedPointOfInterest2D
    from hri_msgs.msg import NormalizedRegionOfInterest2D as Roi
except ImportError:
    Expression = FacialLandmarks = IdsList = Roi = None

__all__ = [
    'EXPRESSIONS', 'Expression', 'FacialLandmarks', 'IdsList', 'Roi', 'cropped',
    'expression_message', 'landmarks_message', 'roi_message',
]

EXPRESSIONS: Mapping[str, str] = MappingProxyType({
    'neutral': 'neutral', 'happiness': 'happy', 'surprise': 'surprised', 'sadness': 'sad',
    'anger': 'angry', 'disgust': 'disgusted', 'fear': 'scared',
})
"""The names of hri_msgs/Expression. It has none for contempt, nor for `unknown`."""

# Codes of the five landmarks, in the order of `Face.landmarks`. What is left in an upright image
# is the person's right.
_CODES = (
    'RIGHT_PUPIL', 'LEFT_PUPIL', 'NOSE', 'MOUTH_OUTER_RIGHT', 'MOUTH_OUTER_LEFT')


def expression_message(face: FaceEmotion, result: FrameResult, header: Header) -> Any:
    """Return the expression of a face.

    Where hri_msgs has no name for the label (contempt, `unknown`), the name is empty, which
    listeners take for none: another name would be wrong, and silence would leave the former one
    in force. Valence, arousal and confidence are those of the distribution all the same.
    """
    valence, arousal = valence_arousal(result.labels, face.probabilities)
    return Expression(
        header=header, expression=EXPRESSIONS.get(face.label, ''), valence=valence,
        arousal=arousal, confidence=face.confidence)


def roi_message(face: FaceEmotion, result: FrameResult, header: Header) -> Any:
    """Return the region of a face in shares of the image, cut to it."""
    x, y, width, height = face.box
    (left, right) = (_share(edge, result.width) for edge in (x, x + width))
    (top, bottom) = (_share(edge, result.height) for edge in (y, y + height))
    return Roi(header=header, xmin=left, ymin=top, xmax=right, ymax=bottom, c=face.score)


def landmarks_message(face: FaceEmotion, result: FrameResult, header: Header) -> Any:
    """Return the landmarks of a face that has any, in shares of the image.

    Those that are known carry the detector's confidence in the face; those that are not, or lie
    outside of the image, carry the confidence 0.
    """
    assert face.landmarks is not None
    message = FacialLandmarks(header=header, width=result.width, height=result.height)
    for code, (x, y) in zip(_CODES, face.landmarks.tolist(), strict=True):
        if 0 <= x <= result.width and 0 <= y <= result.height:
            message.landmarks[getattr(FacialLandmarks, code)] = NormalizedPointOfInterest2D(
                x=x / result.width, y=y / result.height, c=face.score)
    return message


def cropped(box: Box, bgr: Pixels, size: int, rotation: int = 0) -> Pixels:
    """Return the picture of a face, scaled, centred and padded with zeros.

    Args:
        box: The face in pixels of the image.
        bgr: (H, W, 3) uint8.
        size: Side of the picture in pixels.
        rotation: Degrees clockwise by which the image must be turned to stand upright.

    Returns:
        (size, size, 3) uint8 BGR, upright; black where the box reaches over the image.
    """
    left, top, right, bottom = (
        round(edge) for edge in (box[0], box[1], box[0] + box[2], box[1] + box[3]))
    face = np.zeros((max(1, bottom - top), max(1, right - left), 3), np.uint8)
    seen = bgr[max(0, top):max(0, bottom), max(0, left):max(0, right)]
    x, y = max(0, -left), max(0, -top)
    face[y:y + seen.shape[0], x:x + seen.shape[1]] = seen
    height, width = (
        max(1, round(side * size / max(face.shape[:2]))) for side in face.shape[:2])
    scaled = cv2.resize(
        face, (width, height),
        interpolation=cv2.INTER_AREA if width < face.shape[1] else cv2.INTER_LINEAR)
    picture = np.zeros((size, size, 3), np.uint8)
    x, y = (size - width) // 2, (size - height) // 2
    picture[y:y + height, x:x + width] = scaled
    return turn_image(picture, rotation)


def _share(place: float, length: int) -> float:
    return min(max(place / length, 0.0), 1.0)
