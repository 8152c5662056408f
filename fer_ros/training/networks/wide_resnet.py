"""Wide pre-activation residual networks (Zagoruyko and Komodakis 2016): teachers."""

from __future__ import annotations

import keras
from keras import layers

from fer_ros.training.networks.common import (
    BatchNormalization,
    channels,
    head,
    pixels,
    repeats,
    squeeze_excite,
)

__all__ = ['build']

_STEM = 32
_STAGES = ((64, 2), (128, 2), (256, 2), (384, 1))


def build(
    *, side: int, classes: int, color_channels: int = 1, width: float = 1.0, depth: float = 1.0,
    dropout: float = 0.4, block_dropout: float = 0.1,
) -> keras.Model:
    """Return the network.

    As `resnet`, but with normalization and activation before each convolution (He et al. 2016,
    "Identity Mappings in Deep Residual Networks"), which trains deeper networks and cannot be
    folded into the convolutions of a runtime.

    Args:
        side: Width and height of the input in pixels.
        classes: Number of emotions.
        color_channels: 1 for grey, 3 for BGR.
        width: Multiple of the channels.
        depth: Multiple of the blocks a stage.
        dropout: Share of features dropped before the last layer, in [0, 1).
        block_dropout: Share of features dropped between the convolutions of a block.
    """
    image, x = pixels(side, color_channels)
    x = _conv(x, channels(width, _STEM), stride=2)
    for stage, (base, blocks) in enumerate(_STAGES):
        for block in range(repeats(depth, blocks)):
            x = _block(x, channels(width, base), 2 if stage and not block else 1, block_dropout)
    x = _activate(x)
    return keras.Model(image, head(x, classes, dropout), name='wide_resnet')


def _activate(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.ReLU()(BatchNormalization()(x))


def _conv(x: keras.KerasTensor, width: int, size: int = 3, stride: int = 1) -> keras.KerasTensor:
    return layers.Conv2D(
        width, size, strides=stride, padding='same', use_bias=False,
        kernel_initializer='he_normal')(x)


def _block(
    x: keras.KerasTensor, width: int, stride: int, dropout: float,
) -> keras.KerasTensor:
    active = _activate(x)
    shortcut = x
    if stride != 1 or x.shape[-1] != width:
        shortcut = _conv(active, width, 1, stride)
    y = _activate(_conv(active, width, stride=stride))
    if dropout:
        y = layers.Dropout(dropout)(y)
    return layers.Add()([shortcut, squeeze_excite(_conv(y, width))])
