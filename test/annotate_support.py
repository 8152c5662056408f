"""Results to draw, and grey pictures to draw them on."""

from __future__ import annotations

import dataclasses

import numpy as np

from fer_ros.core.types import EMOTIONS, FaceEmotion, FrameResult

__all__ = ['GREY', 'blank', 'face', 'result', 'with_landmarks']

GREY = 100


def face(box, label='happiness', labels=EMOTIONS, track_id=1, confidence=0.7):
    probabilities = np.full(len(labels), (1 - confidence) / (len(labels) - 1), np.float32)
    probabilities[labels.index(label) if label in labels else 0] = confidence
    return FaceEmotion(
        box, 0.9, None, track_id, 0.0, label, confidence, probabilities, probabilities)


def result(size, *faces, labels=EMOTIONS):
    return FrameResult(labels, faces, *size)


def blank(size):
    return np.full((size[1], size[0], 3), GREY, np.uint8)


def with_landmarks(found, points):
    return dataclasses.replace(found, landmarks=np.array(points, np.float32))
