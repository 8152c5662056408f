"""Transfer learning: a trained network goes on with other data, or with other emotions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from fer_ros.core.errors import ConfigError
from fer_ros.training.networks import build_network

__all__ = ['LayerwiseAdamW', 'freeze', 'layer_rates', 'replace_head']

def replace_head(
    source: keras.Model, family: str, options: dict[str, object], classes: int,
) -> keras.Model:
    """Return a network of the same family with the source's weights and a fresh last layer.

    Args:
        source: A trained network of the family.
        family: Name of its family.
        options: Options of its family.
        classes: Number of emotions of the new one; if it is the source's, its last layer is
            kept as well.
    """
    side, channels = source.input_shape[1], source.input_shape[3]
    model = build_network(family, side=side, classes=classes, color_channels=channels, **options)
    weights, fresh = source.get_weights(), model.get_weights()
    kept = [old if old.shape == new.shape else new
            for old, new in zip(weights, fresh, strict=True)]
    model.set_weights(kept)
    return model


def freeze(model: keras.Model, share: float) -> int:
    """Freeze the first layers of a network, their normalization statistics among them.

    Args:
        model: The network.
        share: Share of the layers with weights, in [0, 1]; 1 leaves only the last layer to
            learn, which is never frozen.

    Returns:
        How many layers are frozen.
    """
    if not 0 <= share <= 1:
        raise ConfigError(f'freeze must lie in [0, 1], got {share}')
    weighty = [layer for layer in model.layers if layer.weights][:-1]
    count = round(share * len(weighty))
    for layer in weighty[:count]:
        layer.trainable = False
    return count


def layer_rates(model: keras.Model, lowest: float) -> dict[str, float]:
    """Return a factor of the learning rate for each trainable variable, by its path.

    Discriminative fine-tuning (Howard and Ruder 2018): the first layers have learned what all
    faces share and move least. The factors rise geometrically from the first layer to the last.

    Args:
        model: The network.
        lowest: Factor of the first layer, in (0, 1].
    """
    weighty = [layer for layer in model.layers if layer.trainable_variables]
    last = max(1, len(weighty) - 1)
    return {variable.path: lowest ** (1 - index / last)
            for index, layer in enumerate(weighty) for variable in layer.trainable_variables}


@keras.saving.register_keras_serializable(package='fer_ros')
class LayerwiseAdamW(keras.optimizers.AdamW):  # type: ignore[misc]
    """AdamW whose learning rate differs from variable to variable.

    Args:
        *args: Of `keras.optimizers.AdamW`.
        factors: Factors of the learning rate, as `layer_rates` gives them, in the order of
            the trainable variables.
        **kwargs: Of `keras.optimizers.AdamW`.
    """

    def __init__(
        self, *args: Any, factors: Sequence[float] | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._factors = list(factors or ())

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable at its own rate."""
        factor = self._factors[self._get_variable_index(variable)] if self._factors else 1.0
        super().update_step(gradient, variable, learning_rate * factor)

    def get_config(self) -> dict[str, Any]:
        """Return what the optimizer is made of."""
        return {**super().get_config(), 'factors': self._factors}
