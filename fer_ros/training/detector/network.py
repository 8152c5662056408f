"""The network `fer_face`: anchor-free, fully convolutional, small.

Depthwise-separable units at strides 4 to 32, a light top-down path, and one head for all strides
that sees each of them through its own normalization. References: Wu, Peng, Yu, "YuNet: a tiny
millisecond-level face detector", 2023; Guo et al., "Sample and Computation Redistribution for
Efficient Face Detection" (SCRFD), 2021; Howard et al., "MobileNets", 2017; Lin et al., "Feature
Pyramid Networks", 2017.
"""

from __future__ import annotations

import math

import keras
from keras import layers

from fer_ros.core.face_grid import OUTPUTS
from fer_ros.training.networks.common import BatchNormalization, channels, conv, repeats

__all__ = ['build', 'MAX_PARAMETERS']

MAX_PARAMETERS = 150_000
"""What the shipped network may have."""

_STEM = 16
_STAGES = ((32, 2, 3), (64, 3, 3), (96, 3, 5), (112, 3, 5))
"""Channels, units and kernels of the stages of strides 4, 8, 16, 32. A face that fills the picture
is seen whole by large kernels only, which cost little where the grid is coarse."""
_NECK = 64
_HEAD_UNITS = 2
_LEVELS = 3

# A cell begins with a score of 1 %: faces are rare (Lin et al. 2017, "Focal Loss").
_FIRST_SCORE = -math.log(99)


@keras.saving.register_keras_serializable(package='fer_ros')
class Upsample(layers.Layer):  # type: ignore[misc]
    """Doubles width and height by repeating pixels.

    Keras' own puts the size into the converted network as a constant, which then runs on
    pictures of that size alone.
    """

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return (N, 2 H, 2 W, C) of (N, H, W, C)."""
        if keras.backend.backend() == 'tensorflow':
            import tensorflow as tf

            return tf.nn.depth_to_space(tf.concat([inputs] * 4, axis=-1), 2)
        return keras.ops.repeat(keras.ops.repeat(inputs, 2, axis=1), 2, axis=2)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the result."""
        rows, columns = (None if side is None else 2 * side for side in shape[1:3])
        return shape[0], rows, columns, shape[3]


def build(*, width: float = 1.0, depth: float = 1.0) -> keras.Model:
    """Return a fresh network.

    Args:
        width: Multiple of the channels.
        depth: Multiple of the units a stage.

    Returns:
        A Keras model from (N, H, W, 3) float32 BGR in [0, 255], H and W multiples of 32, to
        (N, A, 15) float32, see `fer_ros.core.face_grid`.
    """
    image = keras.Input((None, None, 3), name='image')
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(image)
    x = conv(x, channels(width, _STEM), stride=2)
    features = []
    for base, units, size in _STAGES:
        for unit in range(repeats(depth, units)):
            x = _unit(x, channels(width, base), size, stride=1 if unit else 2)
        features.append(x)
    levels = _top_down(features[-_LEVELS:], channels(width, _NECK))
    return keras.Model(
        image, _heads(levels, channels(width, _NECK)), name='fer_face')


def _unit(
    x: keras.KerasTensor, width: int, size: int = 3, stride: int = 1,
) -> keras.KerasTensor:
    """Return a depthwise and a pointwise convolution, added to `x` where that fits."""
    shortcut = x
    x = conv(x, 0, size, stride=stride, groups=True)
    x = conv(x, width, 1, activation=None)
    if stride == 1 and shortcut.shape[-1] == width:
        x = layers.Add()([shortcut, x])
    return layers.ReLU()(x)


def _top_down(features: list[keras.KerasTensor], width: int) -> list[keras.KerasTensor]:
    """Let the coarse levels, which see the whole face, tell the fine ones."""
    levels: list[keras.KerasTensor] = []
    for feature in reversed(features):
        x = conv(feature, width, 1, activation=None)
        if levels:
            x = layers.Add()([x, Upsample()(levels[0])])
        levels.insert(0, _unit(layers.ReLU()(x), width))
    return levels


def _heads(levels: list[keras.KerasTensor], width: int) -> keras.KerasTensor:
    shared = [
        (layers.DepthwiseConv2D(3, padding='same', use_bias=False,
                                depthwise_initializer='he_normal'),
         layers.Conv2D(width, 1, use_bias=False, kernel_initializer='he_normal'))
        for _ in range(_HEAD_UNITS)]
    # The sums of a mixed-precision network are wanted in full.
    last = layers.Conv2D(
        OUTPUTS, 1, dtype='float32', kernel_initializer=keras.initializers.RandomNormal(0, 0.01),
        bias_initializer=_first_bias, name='outputs')
    outputs = []
    for x in levels:
        for depthwise, pointwise in shared:
            for layer in (depthwise, pointwise):
                x = layers.ReLU()(BatchNormalization()(layer(x)))
        outputs.append(layers.Reshape((-1, OUTPUTS))(last(x)))
    return layers.Concatenate(axis=1)(outputs)


@keras.saving.register_keras_serializable(package='fer_ros')  # type: ignore[untyped-decorator]
def _first_bias(shape: tuple[int, ...], dtype: str | None = None) -> keras.KerasTensor:
    return keras.ops.convert_to_tensor(
        [_FIRST_SCORE] + [0.0] * 2 + [math.log(4)] * 2 + [0.0] * (shape[0] - 5), dtype)
