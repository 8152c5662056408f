"""The network families that can be trained: one file a family, one registry.

A family is a function from input size and number of classes to a Keras model whose last layer
gives logits. It takes pixels in [0, 255]; the scaling is a layer of the network, so that no
caller can forget it.
"""

from __future__ import annotations

from collections.abc import Callable
import importlib
from typing import TYPE_CHECKING

from fer_ros.core.errors import ConfigError

if TYPE_CHECKING:
    import keras

__all__ = ['BACKBONES', 'build_network', 'NETWORKS']

NETWORKS: tuple[str, ...] = ('resnet', 'mobile', 'vgg', 'wide_resnet')
"""Names of the families; each is a module of this package with a function `build`, of which
`width` and `depth` scale the network."""

BACKBONES = 'application'
"""Name of the family of other people's networks, for transfer learning."""


def build_network(
    name: str, *, side: int, classes: int, color_channels: int = 1, **options: object,
) -> keras.Model:
    """Return a fresh network.

    Args:
        name: A family of `NETWORKS`, or `BACKBONES`.
        side: Width and height of the input in pixels.
        classes: Number of emotions.
        color_channels: 1 for grey, 3 for BGR.
        **options: Options of the family, see its module.

    Returns:
        A Keras model from (N, side, side, color_channels) float32 in [0, 255] to (N, classes)
        logits.

    Raises:
        ConfigError: There is no such family, or it does not take these options.
    """
    if name not in (*NETWORKS, BACKBONES):
        raise ConfigError(
            f'network must be one of {", ".join((*NETWORKS, BACKBONES))}, got {name!r}')
    build: Callable[..., keras.Model] = importlib.import_module(f'{__name__}.{name}').build
    try:
        return build(
            side=side, classes=classes, color_channels=color_channels, **options)
    except (TypeError, ValueError) as error:
        raise ConfigError(f'network {name}: {error}') from error
