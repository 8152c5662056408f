"""Inverted residuals of depthwise convolutions, after MobileNetV3 (Howard et al. 2019)."""

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

_STEM = 32
_STAGES = ((32, 2, 1), (48, 4, 3), (80, 4, 3))
"""Channels, expansion and blocks of the stages, each at half the resolution before.

The last has 6x6 pixels of a 48x48 face: channels at 3x3 would take most of the parameters."""
_TOP = 320


def build(
    *, side: int, classes: int, color_channels: int = 1, width: float = 1.0, depth: float = 1.0,
    dropout: float = 0.2, squeeze: bool = True,
) -> keras.Model:
    """Return the network.

    ReLU throughout: the hard swish of MobileNetV3 costs accuracy in int8 and time on the CPU.

    Args:
        side: Width and height of the input in pixels.
        classes: Number of emotions.
        color_channels: 1 for grey, 3 for BGR.
        width: Multiple of the channels.
        depth: Multiple of the blocks a stage.
        dropout: Share of features dropped before the last layer, in [0, 1).
        squeeze: Whether the blocks weigh their channels by squeeze-and-excitation.
    """
    image, x = pixels(side, color_channels)
    x = conv(x, channels(width, _STEM), stride=2)
    for stage, (base, expansion, blocks) in enumerate(_STAGES):
        for block in range(repeats(depth, blocks)):
            x = _block(
                x, channels(width, base), expansion, stride=2 if stage and not block else 1,
                squeeze=squeeze)
    x = conv(x, channels(width, _TOP), 1)
    return keras.Model(image, head(x, classes, dropout), name='mobile')


def _block(
    x: keras.KerasTensor, width: int, expansion: int, *, stride: int, squeeze: bool,
) -> keras.KerasTensor:
    inner = x.shape[-1] * expansion
    y = conv(x, inner, 1)
    y = conv(y, inner, groups=True, stride=stride)
    if squeeze:
        y = squeeze_excite(y)
    y = conv(y, width, 1, activation=None)
    return layers.Add()([x, y]) if stride == 1 and x.shape[-1] == width else y
