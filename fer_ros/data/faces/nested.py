"""Faces that lie inside another face: most are an eye, a glass or the same face once more."""

from __future__ import annotations

import dataclasses

import numpy as np

from fer_ros.core.types import Floats
from fer_ros.data.faces.types import FaceLabels, FacePicture, FacePictures

__all__ = ['NESTED', 'covered_shares', 'with_nested_ignored']

NESTED = 0.7
"""Share of a face's box inside a larger face's from which it is taken for a part of it; below,
there are people one before the other; chosen by looking at them (docs/face_data.md)."""


def covered_shares(labels: FaceLabels) -> Floats:
    """Return (N,) the largest share of each box inside that of a larger face that counts."""
    boxes, counts = labels.boxes, ~labels.ignored
    low = np.maximum(boxes[:, np.newaxis, :2], boxes[np.newaxis, :, :2])
    high = np.minimum(boxes[:, np.newaxis, 2:], boxes[np.newaxis, :, 2:])
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    shares = np.prod(np.maximum(high - low, 0), axis=2) / areas[:, np.newaxis]
    larger = (areas[np.newaxis] > areas[:, np.newaxis]) & counts
    return np.asarray(np.where(larger, shares, 0).max(axis=1, initial=0), np.float32)


def with_nested_ignored(pictures: FacePictures) -> tuple[FacePictures, int]:
    """Return the data set with faces inside other faces ignored, and how many they are."""
    total = 0

    def one(picture: FacePicture) -> FacePicture:
        nonlocal total
        labels = picture.labels
        nested = ~labels.ignored & (covered_shares(labels) >= NESTED)
        total += int(nested.sum())
        return picture if not nested.any() else dataclasses.replace(
            picture, labels=FaceLabels(labels.boxes, labels.landmarks, labels.ignored | nested))

    changed = tuple(one(picture) for picture in pictures.pictures)
    return dataclasses.replace(pictures, pictures=changed), total
