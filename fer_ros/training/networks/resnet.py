"""Residual networks (He et al. 2016) with squeeze-and-excitation, for small faces and one core."""

from __future__ import annotations

import keras
from keras import layers

from fer_ros.training.networks.common import (
    channels,
    conv,
    head,
    pixels,
    repeats,
    squeeze_excite,
)

__all__ = ['build']

_STEM = (16, 32)
_STAGES = ((32, 1), (72, 1), (144, 2), (256, 1))
"""Channels and blocks of the stages, each at half the resolution of the one before."""


def build(
    *, side: int, classes: int, color_channels: int = 1, width: float = 1.0, depth: float = 1.0,
    dropout: float = 0.3, squeeze: bool = True,
) -> keras.Model:
    """Return the network.

    Two 3x3 convolutions of which the second halves the resolution, four stages of residual
    blocks of which all but the first halve it again, the mean over the picture, one dense layer.

    Args:
        side: Width and height of the input in pixels.
        classes: Number of emotions.
        color_channels: 1 for grey, 3 for BGR.
        width: Multiple of the channels.
        depth: Multiple of the blocks a stage.
        dropout: Share of features dropped before the last layer, in [0, 1).
        squeeze: Whether each block ends with squeeze-and-excitation.
    """
    image, x = pixels(side, color_channels)
    x = conv(x, channels(width, _STEM[0]))
    x = conv(x, channels(width, _STEM[1]), stride=2)
    for stage, (base, blocks) in enumerate(_STAGES):
        for block in range(repeats(depth, blocks)):
            x = _block(
                x, channels(width, base), stride=2 if stage and not block else 1,
                squeeze=squeeze)
    return keras.Model(image, head(x, classes, dropout), name='resnet')


def _block(
    x: keras.KerasTensor, width: int, *, stride: int, squeeze: bool,
) -> keras.KerasTensor:
    shortcut = x
    if stride != 1 or x.shape[-1] != width:
        shortcut = conv(x, width, 1, stride=stride, activation=None)
    x = conv(x, width, stride=stride)
    x = conv(x, width, activation=None)
    if squeeze:
        x = squeeze_excite(x)
    return layers.ReLU()(layers.Add()([shortcut, x]))
