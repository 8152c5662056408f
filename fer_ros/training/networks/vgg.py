"""Plain convolutions, the baseline: VGG13 as Barsoum et al. 2016 trained it on FER+, scaled."""

from __future__ import annotations

import keras
from keras import layers

from fer_ros.training.networks.common import channels, conv, head, pixels, repeats

__all__ = ['build']

_STAGES = ((64, 2), (128, 2), (256, 3), (256, 3))


def build(
    *, side: int, classes: int, color_channels: int = 1, width: float = 0.5, depth: float = 1.0,
    dropout: float = 0.4,
) -> keras.Model:
    """Return the network.

    Four stages of 3x3 convolutions, each followed by max pooling and dropout. Unlike the
    original it normalizes each batch and averages over the picture where that had two dense
    layers, which held most of its 8.7 million parameters.

    Args:
        side: Width and height of the input in pixels.
        classes: Number of emotions.
        color_channels: 1 for grey, 3 for BGR.
        width: Multiple of the channels of the original.
        depth: Multiple of the convolutions a stage.
        dropout: Share of features dropped before the last layer, in [0, 1); half of it after
            each stage.
    """
    image, x = pixels(side, color_channels)
    for base, count in _STAGES:
        for _ in range(repeats(depth, count)):
            x = conv(x, channels(width, base))
        x = layers.MaxPooling2D()(x)
        if dropout:
            x = layers.Dropout(dropout / 2)(x)
    return keras.Model(image, head(x, classes, dropout), name='vgg')
