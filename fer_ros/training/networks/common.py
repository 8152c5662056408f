"""The pieces that all network families are built of."""

from __future__ import annotations

import keras
from keras import layers

__all__ = ['BatchNormalization', 'channels', 'conv', 'head', 'pixels', 'repeats',
           'squeeze_excite']


@keras.saving.register_keras_serializable(package='fer_ros')
class BatchNormalization(layers.BatchNormalization):  # type: ignore[misc]
    """Keras' batch normalization, by the fused kernel of the torch backend where that is used.

    Keras composes it of elementwise operations, which on a CPU takes as long as the
    convolutions themselves. The variables are the same on every backend.
    """

    def call(
        self, inputs: keras.KerasTensor, training: bool | None = None, mask: object = None,
    ) -> keras.KerasTensor:
        """Normalize (N, H, W, C) activations; see Keras."""
        if keras.backend.backend() != 'torch' or not training or not self.trainable \
                or isinstance(inputs, keras.KerasTensor):
            return super().call(inputs, training=training, mask=mask)
        import torch

        dtype = inputs.dtype
        mean, variance = self.moving_mean.value, self.moving_variance.value
        # The kernel takes bfloat16 as it is and computes in float32; float16 it does not take.
        known = inputs.float() if dtype == torch.float16 else inputs
        normal = torch.nn.functional.batch_norm(
            known.permute(0, 3, 1, 2), mean, variance, self.gamma.value,
            self.beta.value, training=True, momentum=1.0 - self.momentum, eps=self.epsilon)
        return normal.permute(0, 2, 3, 1).to(dtype)


def channels(width: float, base: int) -> int:
    """Return `base` channels times `width`, a multiple of 8 and at least 8.

    Runtimes compute in vectors of 8: other numbers cost time and give nothing.
    """
    return max(8, round(base * width / 8) * 8)


def repeats(depth: float, base: int) -> int:
    """Return `base` blocks times `depth`, at least one."""
    return max(1, round(base * depth))


def pixels(side: int, color_channels: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the input, pixels in [0, 255], and the same scaled to [-1, 1]."""
    image = keras.Input((side, side, color_channels), name='image')
    return image, layers.Rescaling(1 / 127.5, offset=-1.0)(image)


def conv(
    x: keras.KerasTensor, width: int, size: int = 3, *, stride: int = 1, groups: bool = False,
    activation: str | None = 'relu',
) -> keras.KerasTensor:
    """Return convolution, batch normalization and activation.

    Args:
        x: (N, H, W, C).
        width: Channels of the result; without effect on a depthwise convolution.
        size: Side of the kernel.
        stride: Step of the convolution.
        groups: Whether each channel is convolved by itself (depthwise).
        activation: Name of the activation, None for none.
    """
    if groups:
        x = layers.DepthwiseConv2D(
            size, strides=stride, padding='same', use_bias=False,
            depthwise_initializer='he_normal')(x)
    else:
        x = layers.Conv2D(
            width, size, strides=stride, padding='same', use_bias=False,
            kernel_initializer='he_normal')(x)
    x = BatchNormalization()(x)
    return layers.Activation(activation)(x) if activation else x


def squeeze_excite(x: keras.KerasTensor, ratio: int = 8) -> keras.KerasTensor:
    """Weigh the channels by what the whole picture holds (Hu et al. 2018).

    The gate is the hard sigmoid of Howard et al. 2019, which integer arithmetic gets right.
    """
    width = x.shape[-1]
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(max(8, width // ratio), 1, activation='relu')(gate)
    gate = layers.Conv2D(width, 1, activation='hard_sigmoid')(gate)
    return layers.Multiply()([x, gate])


def head(x: keras.KerasTensor, classes: int, dropout: float) -> keras.KerasTensor:
    """Return logits of the mean over the picture, through dropout."""
    x = layers.GlobalAveragePooling2D(name='features')(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    # The sums of a mixed-precision network are wanted in full.
    return layers.Dense(classes, name='logits', dtype='float32')(x)
