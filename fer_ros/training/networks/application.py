"""Backbones of `keras.applications` and KerasHub, for transfer learning.

Their weights are the user's: a file that Keras wrote, or a preset that KerasHub has. Each has a
licence of its own, which belongs on the card of the model that is made of it.
"""

from __future__ import annotations

import keras
from keras import layers

from fer_ros.core.errors import ConfigError
from fer_ros.training.networks.common import head

__all__ = ['build']


def build(
    *, side: int, classes: int, color_channels: int = 1, backbone: str = 'MobileNetV3Small',
    weights: str | None = None, dropout: float = 0.2,
) -> keras.Model:
    """Return the network.

    Grey pictures enter all three colours of the backbone.

    Args:
        side: Width and height of the input in pixels; most backbones want 32 or more.
        classes: Number of emotions.
        color_channels: 1 for grey, 3 for BGR.
        backbone: A class or function of `keras.applications` (`EfficientNetV2B0`), or
            `hub:PRESET` for a preset or folder of KerasHub.
        weights: `.weights.h5` or `.h5` file without top, made with the same backbone;
            `imagenet` lets Keras fetch its own; None begins from random weights. Without effect
            on `hub:` backbones, which bring theirs.
        dropout: Share of features dropped before the last layer, in [0, 1).

    Raises:
        ConfigError: The backbone is unknown or the weights are not its own.
    """
    image = keras.Input((side, side, color_channels), name='image')
    # Keras' weights were learned on RGB, this project's pictures are BGR.
    x = layers.Concatenate()([image] * 3) if color_channels == 1 else _Reverse()(image)
    inner = _hub(backbone[4:]) if backbone.startswith('hub:') else _keras(backbone, weights, side)
    x = inner(x)
    return keras.Model(image, head(x, classes, dropout), name='application')


@keras.saving.register_keras_serializable(package='fer_ros')
class _Reverse(layers.Layer):  # type: ignore[misc]
    """BGR to RGB."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.flip(inputs, axis=-1)


def _keras(name: str, weights: str | None, side: int) -> keras.Model:
    make = getattr(keras.applications, name, None)
    if not callable(make):
        known = sorted(n for n in dir(keras.applications) if n[0].isupper())
        raise ConfigError(
            f'backbone must be one of keras.applications ({", ".join(known)}) or hub:PRESET, '
            f'got {name!r}')
    try:
        return make(include_top=False, weights=weights, input_shape=(side, side, 3))
    except (ValueError, OSError) as error:
        raise ConfigError(f'backbone {name} with the weights {weights!r}: {error}') from error


def _hub(preset: str) -> keras.Model:
    try:
        import keras_hub
    except ImportError as error:
        raise ConfigError(
            f'backbone hub:{preset} needs KerasHub ({error}); get it with: pip install '
            'keras-hub') from error
    try:
        return keras_hub.models.Backbone.from_preset(preset)
    except (ValueError, OSError) as error:
        raise ConfigError(f'backbone hub:{preset}: {error}') from error
