"""Pictures as the arrays that networks take."""

from __future__ import annotations

import numpy as np

from fer_ros.core.errors import DataError
from fer_ros.core.types import Floats, Image

__all__ = ['as_batch']


def as_batch(images: Image, side: int) -> Floats:
    """Return (N, H, W) grey or (N, H, W, 3) BGR uint8 crops as (N, side, side, C) float32.

    Raises:
        DataError: The crops have another size.
    """
    if images.shape[1:3] != (side, side):
        raise DataError(
            f'crops of {images.shape[2]}x{images.shape[1]}, but the network takes {side}x{side}')
    batch = images if images.ndim == 4 else images[..., np.newaxis]
    return batch.astype(np.float32)
