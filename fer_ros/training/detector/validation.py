"""The figures of a detector after an epoch: on whole pictures, and on scenes like the robot's."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from fer_ros.core.face_grid import decode, fit_into, grid, suppress
from fer_ros.core.types import Floats, Image
from fer_ros.data.faces.types import Backgrounds, FaceLabels, FacePictures
from fer_ros.evaluation.detector.curves import average_precision, judge, recall_at_precision
from fer_ros.training.detector.config import DetectorConfig
from fer_ros.training.detector.scenes import SceneMaker

__all__ = ['Validation']

_BATCH = 16
_FIRST_SCORE, _OVERLAP = 0.02, 0.45
_MOST = 200
_PRECISION = 0.95


class Validation:
    """Pictures and scenes of the validation split, always the same ones.

    Args:
        config: Settings of the run.
        pictures: Labelled faces.
        backgrounds: Pictures without a face.
    """

    def __init__(
        self, config: DetectorConfig, pictures: FacePictures, backgrounds: Backgrounds,
    ) -> None:
        rng = np.random.default_rng(config.seed)
        rows = rng.permutation(len(pictures))
        chosen = rows[:config.validation_pictures or len(rows)].tolist()
        side = config.validation_side
        self._pictures = [fitted(pictures, row, side) for row in tqdm(
            chosen, desc='validation pictures', unit='picture', leave=False, disable=None)]
        maker = SceneMaker(
            pictures, backgrounds, side, config.composition, config.augmentation)
        self._scenes = [
            maker(int(rows[place % len(rows)]), np.random.default_rng((config.seed, place)))
            for place in range(config.validation_scenes)]

    def figures(self, model: keras.Model) -> dict[str, float]:
        """Return what the network achieves.

        `picture_ap` and `scene_ap` are average precisions, `average_precision` their mean,
        `scene_recall` is the recall at a precision of 95 %, `point_error` the median distance of
        a landmark from its label in the scenes, in distances of the eyes.
        """
        whole, _ = self._measure(model, self._pictures)
        scenes, error = self._measure(model, self._scenes)
        picture_ap, scene_ap = average_precision(whole), average_precision(scenes)
        return {
            'average_precision': (picture_ap + scene_ap) / 2, 'picture_ap': picture_ap,
            'scene_ap': scene_ap, 'scene_recall': recall_at_precision(scenes, _PRECISION),
            'point_error': error}

    def _measure(
        self, model: keras.Model, data: list[tuple[Image, FaceLabels]],
    ) -> tuple[Any, float]:
        found, errors = [], []
        for begin in range(0, len(data), _BATCH):
            part = data[begin:begin + _BATCH]
            images = np.stack([image for image, _ in part])
            outputs = model.predict_on_batch(images.astype(np.float32))
            cells = grid(*images.shape[1:3])
            for (_, labels), output in zip(part, np.asarray(outputs), strict=True):
                boxes, scores, points = thinned(output, cells)
                found.append((boxes, scores))
                errors += point_errors(boxes, points, labels)
        judged = judge(found, [(labels.boxes, labels.ignored) for _, labels in data])
        return judged, float(np.median(errors)) if errors else float('nan')


def fitted(pictures: FacePictures, row: int, side: int) -> tuple[Image, FaceLabels]:
    """Return a picture reduced into a square, with its labels."""
    image, scale = fit_into(pictures.read(row), side, side)
    labels = pictures.pictures[row].labels
    return image, FaceLabels(
        labels.boxes * np.float32(scale), labels.landmarks * np.float32(scale), labels.ignored)


def thinned(output: Floats, cells: Floats) -> tuple[Floats, Floats, Floats]:
    """Return boxes (n, 4) left, top, right, bottom, scores (n,) and landmarks (n, 5, 2)."""
    boxes, scores, points = decode(output, cells, _FIRST_SCORE)
    kept = suppress(boxes, scores, _OVERLAP)[:_MOST]
    boxes = boxes[kept]
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    return corners, scores[kept], points[kept]


def point_errors(boxes: Floats, points: Floats, labels: FaceLabels) -> list[float]:
    """Return the mean landmark error of each labelled face that is found, in eye distances."""
    errors = []
    for box, wanted in zip(
            labels.boxes[~labels.ignored], labels.landmarks[~labels.ignored], strict=True):
        if len(boxes) == 0 or not np.isfinite(wanted).all():
            continue
        low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
        both = np.clip(high - low, 0, None).prod(axis=1)
        union = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod() - both
        best = int((both / union).argmax())
        apart = float(np.linalg.norm(wanted[1] - wanted[0]))
        if both[best] >= 0.5 * union[best] and apart > 0:
            errors.append(float(
                np.linalg.norm(points[best] - wanted, axis=1).mean()) / apart)
    return errors
