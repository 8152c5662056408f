"""Face crops to calibrated distributions over emotions, one batch a frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import ConfigError, ModelError
from fer_ros.core.model import Model
from fer_ros.core.preprocess import network_input
from fer_ros.core.runtime import load_runtime, Port
from fer_ros.core.types import Floats, Image

__all__ = ['Classifier', 'PRIORS', 'run_network', 'softmax']

PRIORS = ('natural', 'balanced')
"""How frequent the emotions are taken to be."""

_MAX_THREADS = 64
# Faces a run of the network: LiteRT keeps the memory of its largest batch, and more at once are
# not quicker.
_BATCH = 32


def softmax(logits: NDArray[np.floating[Any]], temperature: float = 1.0) -> Floats:
    """Return (N, K) probabilities of (N, K) logits divided by `temperature`.

    Temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    probabilities: Floats = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities


def run_network(run: Callable[[Floats], Floats], batch: Floats, mirror: bool) -> Floats:
    """Return the logits of a batch: the one way in which robot and training ask a network.

    Args:
        run: The network, from (N, H, W, C) to (N, K).
        batch: (N, H, W, C) float32 inputs.
        mirror: Whether to take the mean over each face and its mirror image, which shows the
            same expression: surer, at twice the time.
    """
    if not mirror:
        return run(batch)
    both = run(np.concatenate([batch, batch[:, :, ::-1]]))
    mean: Floats = np.float32(0.5) * (both[:len(batch)] + both[len(batch):])
    return mean


class Classifier:
    """Runs a model's network.

    Args:
        model: A verified model.
        num_threads: Threads of the runtime, 1 to 64.
        priors: `natural`: emotions are as frequent as in the training data, which decides best
            among such faces; `balanced`: all emotions are equally frequent, which finds more of
            the rare ones.

    Raises:
        ModelError: The network cannot be parsed, does not fit its manifest, or gives values
            that are not finite; or the runtime is not installed.
        ConfigError: `num_threads` is out of range, `priors` has another value, or is `balanced`
            where the model does not tell the frequencies of its training data.
    """

    def __init__(self, model: Model, num_threads: int = 1, priors: str = 'natural') -> None:
        if not 1 <= num_threads <= _MAX_THREADS:
            raise ConfigError(f'num_threads must lie in [1, {_MAX_THREADS}], got {num_threads}')
        self._manifest = model.manifest
        self._priors = _divisors(model, priors)
        self._channels = 1 if model.manifest.color == 'grey' else 3
        self._where = str(model.folder / model.manifest.file)
        self._runtime = load_runtime(model.data, self._where, num_threads)
        self._check()
        # The first run allocates; a robot should not pay for that with its first frame.
        width, height = self._manifest.size
        self.predict(np.zeros((1, height, width, self._channels), np.uint8))

    def predict(self, crops: Image) -> Floats:
        """Classify face crops.

        Args:
            crops: (N, H, W) or (N, H, W, 1) grey or (N, H, W, 3) BGR, uint8; resized and
                converted to the network's input where they differ from it.

        Returns:
            (N, K) float32 calibrated probabilities, each row summing to 1.

        Raises:
            ImageError: `crops` has another shape or type.
            ModelError: The network gave values that are not finite.
        """
        logits = self.logits(crops)
        if len(logits) == 0:
            return logits
        if self._manifest.scaling is not None:
            factors, summands = self._manifest.scaling
            logits = (logits * np.array(factors) + np.array(summands)).astype(np.float64)
        probabilities = softmax(logits, self._manifest.temperature)
        if self._priors is not None:
            probabilities = probabilities / self._priors
            probabilities /= probabilities.sum(axis=1, keepdims=True)
        return probabilities

    def logits(self, crops: Image) -> Floats:
        """Return what the network itself gives, (N, K) float32; takes what `predict` takes."""
        batch = network_input(crops, self._manifest)
        if len(batch) == 0:
            return np.empty((0, len(self._manifest.labels)), np.float32)
        logits = np.concatenate([
            run_network(self._runtime.run, batch[place:place + _BATCH], self._manifest.mirror)
            for place in range(0, len(batch), _BATCH)])
        if not np.isfinite(logits).all():
            raise ModelError(f'{self._where}: the network gave NaN or infinite outputs')
        return logits

    def _check(self) -> None:
        inputs, outputs = self._runtime.inputs, self._runtime.outputs
        width, height = self._manifest.size
        wanted = Port((height, width, self._channels), 'float32')
        if len(inputs) != 1 or not _fits(inputs[0], wanted):
            raise ModelError(
                f'{self._where}: the manifest says one input {wanted}, the network takes '
                f'{" and ".join(map(str, inputs))}')
        labels = len(self._manifest.labels)
        if len(outputs) != 1 or not _fits(outputs[0], Port((labels,), 'float32')):
            raise ModelError(
                f'{self._where}: the manifest names {labels} labels, the network gives '
                f'{" and ".join(map(str, outputs))}')


def _fits(port: Port, wanted: Port) -> bool:
    return port.dtype == wanted.dtype and len(port.shape) == len(wanted.shape) and all(
        side in (None, given) for side, given in zip(port.shape, wanted.shape, strict=True))


def _divisors(model: Model, priors: str) -> Floats | None:
    if priors not in PRIORS:
        raise ConfigError(f'priors must be one of {", ".join(PRIORS)}, got {priors!r}')
    if priors == 'natural':
        return None
    if model.manifest.priors is None:
        raise ConfigError(
            f'priors: model {model.manifest.name} does not tell how frequent the emotions were '
            'in its training data, so it cannot be balanced; use natural')
    return np.array(model.manifest.priors, np.float32)
