"""What all detectors refuse."""

from __future__ import annotations

import numpy as np

from fer_ros.core.errors import ConfigError, ImageError
from fer_ros.core.types import Image

__all__ = ['check_frame', 'check_options']


def check_options(score_threshold: float, max_faces: int) -> None:
    """Refuse a threshold or a number that is out of range.

    Raises:
        ConfigError: It is.
    """
    if not 0.0 <= score_threshold <= 1.0:
        raise ConfigError(f'score_threshold must lie in [0, 1], got {score_threshold}')
    if max_faces < 0:
        raise ConfigError(f'max_faces must be 0 (all) or more, got {max_faces}')


def check_frame(bgr: Image) -> None:
    """Refuse what is no (H, W, 3) uint8 frame.

    Raises:
        ImageError: It is none.
    """
    if not isinstance(bgr, np.ndarray) or bgr.ndim != 3 or bgr.shape[2] != 3 \
            or bgr.dtype != np.uint8 or 0 in bgr.shape:
        what = f'{bgr.shape} {bgr.dtype}' if isinstance(bgr, np.ndarray) else type(bgr).__name__
        raise ImageError(f'a detector takes frames of (H, W, 3) BGR uint8, got {what}')
