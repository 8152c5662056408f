"""Pictures as the arrays that networks take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_ros.core.classifier import run_network
from fer_ros.core.errors import DataError
from fer_ros.core.preprocess import standardize
from fer_ros.core.types import Floats, Image

if TYPE_CHECKING:
    import keras

__all__ = ['as_batch', 'keras_logits']

_BATCH = 256


def as_batch(images: Image, side: int, even: bool = False) -> Floats:
    """Return (N, H, W) grey or (N, H, W, 3) BGR uint8 crops as (N, side, side, C) float32.

    Args:
        images: The crops.
        side: Side of the network's input.
        even: Whether to bring them to equal mean and contrast.

    Raises:
        DataError: The crops have another size.
    """
    if images.shape[1:3] != (side, side):
        raise DataError(
            f'crops of {images.shape[2]}x{images.shape[1]}, but the network takes {side}x{side}; '
            f'make others with `fer data prepare --side {side}`')
    batch = images if images.ndim == 4 else images[..., np.newaxis]
    pixels = batch.astype(np.float32)
    return standardize(pixels) if even else pixels


def keras_logits(model: keras.Model, pixels: Floats, mirror: bool = False) -> Floats:
    """Return the (N, K) float32 logits of (N, side, side, C) float32 pixels, as on the robot.

    Args:
        model: The network.
        pixels: What `as_batch` or `network_input` gives.
        mirror: As in `fer_ros.core.classifier.run_network`.
    """
    return run_network(
        lambda batch: model.predict(batch, batch_size=_BATCH, verbose=0), pixels, mirror)
