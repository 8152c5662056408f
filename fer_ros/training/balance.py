"""What is done about rare emotions: drawn more often, weighed more, or asked for more."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fer_ros.data.datasets import Dataset

__all__ = ['EmotionLoss', 'class_weights', 'sampling_weights']


def class_weights(data: Dataset, power: float) -> NDArray[np.float64]:
    """Return (K,) weights by inverse frequency to a power; the mean over the images is 1.

    Args:
        data: The training data.
        power: 0 leaves all equal, 1 gives each emotion the same sum, 0.5 lies between.
    """
    counts = np.bincount(data.targets, minlength=len(data.labels))
    weights = np.where(counts > 0, np.maximum(counts, 1), 1).astype(np.float64) ** -power
    mean: float = weights[data.targets].mean()
    return weights / mean


def sampling_weights(data: Dataset, power: float) -> NDArray[np.float64]:
    """Return (N,) probabilities of drawing each image; `power` as in `class_weights`."""
    weights = class_weights(data, power)[data.targets]
    total: float = weights.sum()
    return weights / total


@keras.saving.register_keras_serializable(package='fer_ros')
class EmotionLoss(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy with soft targets, optionally focal and with adjusted logits.

    Args:
        priors: (K,) shares of the emotions in the training data, for the adjustment.
        adjustment: Multiple of the logarithm of the priors that is added to the logits in
            training (Menon et al. 2021): the bare logits then favour no emotion. 0 for none.
        focal: Exponent that plays down what is recognised already (Lin et al. 2017). 0 for none.
        name: Name of the loss.
        **kwargs: Of `keras.losses.Loss`.
    """

    def __init__(
        self, priors: Any = None, adjustment: float = 0.0, focal: float = 0.0,
        name: str = 'emotion_loss', **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._priors = None if priors is None else [float(share) for share in priors]
        self._adjustment, self._focal = adjustment, focal

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the (N,) losses of (N, K) targets and (N, K) logits."""
        ops = keras.ops
        logits = ops.cast(y_pred, 'float32')
        targets = ops.cast(y_true, 'float32')
        if self._adjustment and self._priors is not None:
            logits += self._adjustment * ops.convert_to_tensor(
                np.log(np.asarray(self._priors, np.float32)))
        logp = ops.log_softmax(logits, axis=-1)
        if self._focal:
            logp *= (1 - ops.exp(logp)) ** self._focal
        return -ops.sum(targets * logp, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return what the loss is made of."""
        return {**super().get_config(), 'priors': self._priors,
                'adjustment': self._adjustment, 'focal': self._focal}
