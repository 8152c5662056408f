"""What a detector is punished for: wrong scores, boxes and landmarks."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops
import numpy as np

from fer_ros.core.face_grid import grid

__all__ = ['DetectionLoss']

_BOX_WEIGHT, _POINT_WEIGHT = 2.0, 8.0
# Where the loss of a landmark turns from square to linear, in sides of the face: about half of
# what people differ by.
_BEND = 0.02
_TINY = 1e-6


@keras.saving.register_keras_serializable(package='fer_ros')
class DetectionLoss(keras.losses.Loss):  # type: ignore[misc]
    """Quality focal loss, distance IoU loss and smooth L1, over the cells that see a face.

    A cell's score shall be the overlap of its box with the face, so that one number says both
    whether there is a face and how well its box sits (Li et al. 2020, "Generalized Focal Loss");
    boxes by Zheng et al. 2020, "Distance-IoU Loss"; landmarks in sides of the face, so that small
    faces count like large ones.

    Args:
        side: Width and height of the training pictures.
        name: Of the loss.
        **rest: As for every loss of Keras.
    """

    def __init__(self, side: int, name: str = 'detection', **rest: Any) -> None:
        super().__init__(name=name, **rest)
        self._side = side
        cells = grid(side, side)
        self._centres, self._strides = cells[:, :2], cells[:, 2:]

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Return the loss of each picture, (N,), divided by the faces' cells a picture.

        Args:
            y_true: (N, A, 16), see `fer_ros.training.detector.targets`.
            y_pred: (N, A, 15), see `fer_ros.core.face_grid`.
        """
        face = ops.cast(y_true[..., 0] > 0, y_pred.dtype)
        counted = ops.cast(y_true[..., 0] >= 0, y_pred.dtype)
        # The mean over the pictures makes it the sum over the batch by the cells of the batch.
        cells = ops.maximum(ops.mean(ops.sum(face, axis=1)), 1.0)
        low, high = self._corners(y_pred)
        overlap, box_loss = _distance_iou(low, high, y_true[..., 1:3], y_true[..., 3:5])
        score_loss = _quality_focal(y_pred[..., 0], face * ops.stop_gradient(overlap))
        point_loss = self._point_loss(y_true, y_pred)
        total = counted * score_loss \
            + face * (_BOX_WEIGHT * box_loss + _POINT_WEIGHT * y_true[..., 15] * point_loss)
        return ops.sum(total, axis=1) / cells

    def get_config(self) -> dict[str, Any]:
        """Return what makes the same loss again."""
        return {**super().get_config(), 'side': self._side}

    def _corners(self, y_pred: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        strides = ops.convert_to_tensor(self._strides)
        centres = ops.convert_to_tensor(self._centres) + y_pred[..., 1:3] * strides
        sizes = ops.exp(ops.clip(y_pred[..., 3:5], -8.0, 8.0)) * strides
        return centres - sizes / 2, centres + sizes / 2

    def _point_loss(
        self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor,
    ) -> keras.KerasTensor:
        points = ops.convert_to_tensor(np.tile(self._centres, (1, 5))) \
            + y_pred[..., 5:15] * ops.convert_to_tensor(self._strides)
        sides = ops.mean(y_true[..., 3:5] - y_true[..., 1:3], axis=-1, keepdims=True)
        error = ops.abs(points - y_true[..., 5:15]) / ops.maximum(sides, 1.0)
        # Cells without a face have no points: their error is not a number worth keeping.
        error = ops.minimum(error, 1e3)
        bent = ops.where(error < _BEND, 0.5 * error * error / _BEND, error - 0.5 * _BEND)
        return ops.mean(bent, axis=-1)


def _quality_focal(logits: keras.KerasTensor, quality: keras.KerasTensor) -> keras.KerasTensor:
    gap = ops.square(quality - ops.sigmoid(logits))
    return gap * ops.binary_crossentropy(quality, logits, from_logits=True)


def _distance_iou(
    low: keras.KerasTensor, high: keras.KerasTensor, true_low: keras.KerasTensor,
    true_high: keras.KerasTensor,
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return intersection over union, and the loss, of boxes given by two corners."""
    sides = ops.maximum(ops.minimum(high, true_high) - ops.maximum(low, true_low), 0.0)
    both = sides[..., 0] * sides[..., 1]
    size, true_size = high - low, true_high - true_low
    union = size[..., 0] * size[..., 1] + true_size[..., 0] * true_size[..., 1] - both
    overlap = both / ops.maximum(union, _TINY)
    apart = ops.sum(ops.square((low + high - true_low - true_high) / 2), axis=-1)
    hull = ops.sum(ops.square(
        ops.maximum(high, true_high) - ops.minimum(low, true_low)), axis=-1)
    return overlap, 1.0 - overlap + apart / ops.maximum(hull, _TINY)
