"""`~/detections` and `~/label_info`: results as vision_msgs, which may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from std_msgs.msg import Header

from fer_ros.core.types import FaceEmotion, FrameResult, UNKNOWN

try:  # not part of a ROS base installation
    from vision_msgs.msg import (
        Detection2D,
        Detection2DArray,
        LabelInfo,
        ObjectHypothesisWithPose,
        VisionClass,
    )
except ImportError:
    Detection2DArray = LabelInfo = None

__all__ = [
    'CLASS_IDS', 'Detection2DArray', 'LabelInfo', 'NO_CLASS', 'detections_message',
    'label_info_message',
]

CLASS_IDS = ('name', 'number')
"""What a hypothesis names its class by."""

NO_CLASS = 65535
"""Number of `unknown`: what vision_msgs/VisionClass reserves for no class."""


def detections_message(
    result: FrameResult, header: Header, *, class_ids: str = 'name', min_probability: float = 0.0,
) -> Any:
    """Return a result as vision_msgs/Detection2DArray, which must be installed.

    Each detection carries the distribution, most probable first; where the model abstains, it
    carries `unknown` alone. Its id is the track's number, or empty without tracking.

    Args:
        result: What the pipeline found.
        header: Header of the image; used as it is.
        class_ids: One of `CLASS_IDS`: names of emotions, or their numbers in LabelInfo.
        min_probability: In [0, 1]; emotions below it are left out, but never the label.
    """
    return Detection2DArray(header=header, detections=[
        _detection(face, result, header, class_ids, min_probability) for face in result.faces])


def label_info_message(labels: Sequence[str], threshold: float, header: Header) -> Any:
    """Return which number stands for which emotion, as vision_msgs/LabelInfo.

    Args:
        labels: Names of the emotions; each gets its place as its number, `unknown` `NO_CLASS`.
        threshold: Probability below which an emotion is left out of the detections.
        header: With the time of sending.
    """
    classes = [*enumerate(labels), (NO_CLASS, UNKNOWN)]
    return LabelInfo(header=header, threshold=threshold, class_map=[
        VisionClass(class_id=number, class_name=name) for number, name in classes])


def _detection(
    face: FaceEmotion, result: FrameResult, header: Header, class_ids: str,
    min_probability: float,
) -> Any:
    detection = Detection2D(header=header, id=str(face.track_id) if face.track_id else '')
    for label, score in _hypotheses(face, result, min_probability):
        hypothesis = ObjectHypothesisWithPose()
        number = NO_CLASS if label == UNKNOWN else result.labels.index(label)
        hypothesis.hypothesis.class_id = str(number) if class_ids == 'number' else label
        hypothesis.hypothesis.score = score
        detection.results.append(hypothesis)
    x, y, width, height = face.box
    detection.bbox.center.position.x = x + width / 2
    detection.bbox.center.position.y = y + height / 2
    detection.bbox.size_x = width
    detection.bbox.size_y = height
    return detection


def _hypotheses(
    face: FaceEmotion, result: FrameResult, min_probability: float,
) -> list[tuple[str, float]]:
    if face.label == UNKNOWN:
        return [(UNKNOWN, face.confidence)]
    order = np.argsort(-face.probabilities, kind='stable')
    scores = [(result.labels[i], float(face.probabilities[i])) for i in order]
    return [(label, score) for label, score in scores
            if score >= min_probability or label == face.label]
