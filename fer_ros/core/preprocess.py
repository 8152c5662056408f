"""Face crops to what a network is given: the one road of robot, training and evaluation."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from fer_ros.core.errors import ImageError
from fer_ros.core.model import Manifest
from fer_ros.core.types import Floats, Image

__all__ = ['network_input', 'standardize']

_MEAN, _STD = 127.5, 55.0  # About those of FER images, so that pixels stay in their usual range.
_LEAST_STD = 4.0  # Below, a picture holds little but the noise of the sensor.


def network_input(crops: Image, manifest: Manifest) -> Floats:
    """Return face crops as a model's network takes them.

    Args:
        crops: (N, H, W) or (N, H, W, 1) grey or (N, H, W, 3) BGR, uint8; resized and converted
            where they differ from the network's input.
        manifest: The model's manifest.

    Returns:
        (N, height, width, 1 or 3) float32.

    Raises:
        ImageError: `crops` has another shape or type.
    """
    shape = crops.shape
    if crops.dtype != np.uint8 or crops.ndim not in (3, 4) \
            or (crops.ndim == 4 and shape[3] not in (1, 3)) or 0 in shape[1:]:
        raise ImageError(
            f'crops must be (N, H, W) grey or (N, H, W, 3) BGR uint8, got {shape} {crops.dtype}')
    if crops.ndim == 4 and shape[3] == 1:
        crops = crops[..., 0]
    width, height = manifest.size
    channels = 1 if manifest.color == 'grey' else 3
    batch = np.empty((len(crops), height, width, channels), np.float32)
    for row, crop in zip(batch, crops, strict=True):
        image = _convert(crop, channels)
        if image.shape[:2] != (height, width):
            smaller = image.shape[0] > height or image.shape[1] > width
            image = cv2.resize(
                image, (width, height),
                interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
        row[:] = image.reshape(height, width, channels)
    if manifest.standardize:
        batch = standardize(batch)
    return batch * np.float32(manifest.scale) + np.float32(manifest.offset)


def standardize(batch: Floats) -> Floats:
    """Return pictures of equal mean and contrast, whatever the light was.

    Args:
        batch: (N, H, W, C) float32 pixels in [0, 255].

    Returns:
        (N, H, W, C) float32 in [0, 255], of mean 127.5 and standard deviation 55 but for what
        is cut at the ends.
    """
    axes = (1, 2, 3)
    mean = batch.mean(axis=axes, keepdims=True)
    std = np.maximum(batch.std(axis=axes, keepdims=True), np.float32(_LEAST_STD))
    even = (batch - mean) * (np.float32(_STD) / std) + np.float32(_MEAN)
    limited: Floats = np.clip(even, 0, 255)
    return limited


def _convert(crop: Image, channels: int) -> Any:
    if channels == 1 and crop.ndim == 3:
        return cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    if channels == 3 and crop.ndim == 2:
        return cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR)
    return crop
