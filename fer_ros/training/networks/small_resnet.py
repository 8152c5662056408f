"""A residual network (He et al. 2016) sized for 48 pixel faces and one core of a robot."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

__all__ = ['build']


def build(
    *, side: int, classes: int, stem: int = 32, widths: Sequence[int] = (32, 64, 128, 192),
    dropout: float = 0.4,
) -> keras.Model:
    """Return the network.

    A 5x5 stem that halves the resolution, one residual block per width of which all but the
    first halve it again, global average pooling and one dense layer.

    Args:
        side: Width and height of the input in pixels.
        classes: Number of emotions.
        stem: Channels of the stem.
        widths: Channels of each block.
        dropout: Share of features dropped before the last layer, in [0, 1).

    Returns:
        Model from (N, side, side, 1) float32 in [0, 255] to (N, classes) logits.
    """
    image = keras.Input((side, side, 1), name='image')
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(image)
    x = _conv(x, stem, size=5, stride=2)
    for index, width in enumerate(widths):
        x = _block(x, width, stride=1 if index == 0 else 2)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(image, layers.Dense(classes, name='logits')(x), name='small_resnet')


def _conv(
    x: keras.KerasTensor, width: int, *, size: int = 3, stride: int = 1, relu: bool = True,
) -> keras.KerasTensor:
    x = layers.Conv2D(
        width, size, strides=stride, padding='same', use_bias=False,
        kernel_initializer='he_normal')(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x) if relu else x


def _block(x: keras.KerasTensor, width: int, *, stride: int) -> keras.KerasTensor:
    shortcut = _conv(x, width, size=1, stride=stride, relu=False)
    x = _conv(x, width, stride=stride)
    x = _conv(x, width, relu=False)
    return layers.ReLU()(layers.Add()([x, shortcut]))
