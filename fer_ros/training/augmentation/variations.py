"""The variations of single pictures, by the names that recipes use."""

from __future__ import annotations

from fer_ros.training.augmentation.base import Variation
from fer_ros.training.augmentation.camera import (
    Blur,
    Cast,
    Dim,
    Grey,
    Jpeg,
    LowResolution,
    Noise,
    Tone,
)
from fer_ros.training.augmentation.cover import Erase, Occlusion
from fer_ros.training.augmentation.geometry import Affine, DetectorJitter, Flip
from fer_ros.training.augmentation.policy import RandAugment

__all__ = ['VARIATIONS']

VARIATIONS: dict[str, type[Variation]] = {
    'flip': Flip, 'affine': Affine, 'detector_jitter': DetectorJitter, 'tone': Tone,
    'rand_augment': RandAugment, 'cast': Cast, 'dim': Dim, 'grey': Grey, 'blur': Blur,
    'low_resolution': LowResolution, 'noise': Noise, 'jpeg': Jpeg,
    'occlusion': Occlusion, 'erase': Erase,
}
"""The variations by name, in the order in which they happen."""
