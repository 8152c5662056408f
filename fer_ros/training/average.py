"""Averages of weights over steps or epochs, which generalise better than the last weights."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats
from fer_ros.training.files import replacing

__all__ = ['MovingAverage', 'WeightMean']


class MovingAverage(keras.callbacks.Callback):  # type: ignore[misc]
    """The exponential moving average over the steps of all weights, statistics included.

    Keras' own puts the average in the place of the weights at the end of each `fit`, and leaves
    the statistics of the normalization out.

    Args:
        model: The network that is trained.
        momentum: Share of the old average that remains, a step; 0 for none: then the average
            is the present weights.
    """

    def __init__(self, model: keras.Model, momentum: float) -> None:
        super().__init__()
        self._network, self._momentum, self._steps = model, momentum, 0
        self._weights = _copy(model)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Let the present weights in."""
        if not self._momentum:
            return
        if hasattr(self._network, 'jax_state_sync'):
            # JAX keeps the weights outside the variables while it fits.
            self._network.jax_state_sync()
        self._steps += 1
        # Short at first, so that the random beginning is soon forgotten.
        momentum = min(self._momentum, self._steps / (self._steps + 10))
        for average, variable in zip(self._weights, self._network.weights, strict=True):
            average += (1 - momentum) * (keras.ops.convert_to_numpy(variable.value) - average)

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Let the model have the average within the block."""
        if not self._momentum:
            yield
            return
        kept = _copy(self._network)
        self._network.set_weights(self._weights)
        try:
            yield
        finally:
            self._network.set_weights(kept)

    def save(self, path: Path) -> None:
        """Write the average, if there is one."""
        if self._momentum:
            with replacing(path) as partial:
                np.savez(partial, *self._weights, steps=self._steps)

    def load(self, path: Path) -> None:
        """Go on with an average that was written."""
        if self._momentum:
            with np.load(path, allow_pickle=False) as archive:
                self._steps = int(archive['steps'])
                self._weights = [archive[f'arr_{i}'] for i in range(len(archive.files) - 1)]


class WeightMean:
    """The mean of a model's weights over several epochs (Izmailov et al. 2018).

    Args:
        path: File that keeps the sums, so that a resumed run goes on with them.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, model: keras.Model, epoch: int) -> None:
        """Count the present weights in, those of the normalization among them.

        An epoch that is counted already, by a run that was cut after it, is not counted again.
        """
        sums, epochs = self._read()
        if epoch in epochs:
            return
        weights = [weight.astype(np.float64) for weight in model.get_weights()]
        sums = [a + b for a, b in zip(sums, weights, strict=True)] if sums else weights
        with replacing(self._path) as partial:
            np.savez(partial, *sums, epochs=np.array([*epochs, epoch]))

    def assign(self, model: keras.Model) -> None:
        """Give the model the mean."""
        sums, epochs = self._read()
        model.set_weights([(total / len(epochs)).astype(np.float32) for total in sums])

    def _read(self) -> tuple[list[NDArray[np.float64]], list[int]]:
        if not self._path.exists():
            return [], []
        with np.load(self._path, allow_pickle=False) as archive:
            epochs = [int(epoch) for epoch in archive['epochs']]
            return [archive[f'arr_{i}'] for i in range(len(archive.files) - 1)], epochs


def _copy(model: keras.Model) -> list[Floats]:
    return [np.array(weight) for weight in model.get_weights()]
