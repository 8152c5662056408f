"""Face crops to calibrated distributions over emotions, one batch a frame, by LiteRT."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from fer_ros.core.errors import ConfigError, ImageError, ModelError
from fer_ros.core.model import Model
from fer_ros.core.types import Floats, Image

__all__ = ['Classifier', 'softmax']

_MAX_THREADS = 64


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Return (N, K) probabilities of (N, K) logits divided by `temperature`.

    Temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    probabilities: Floats = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities


class Classifier:
    """Runs a model's network.

    Args:
        model: A verified model.
        num_threads: Threads of the runtime, 1 to 64.

    Raises:
        ModelError: The network cannot be parsed, does not fit its manifest, or gives values
            that are not finite; or the runtime is not installed.
        ConfigError: `num_threads` is out of range.
    """

    def __init__(self, model: Model, num_threads: int = 1) -> None:
        if not 1 <= num_threads <= _MAX_THREADS:
            raise ConfigError(f'num_threads must lie in [1, {_MAX_THREADS}], got {num_threads}')
        self._manifest = model.manifest
        self._channels = 1 if model.manifest.color == 'grey' else 3
        self._where = str(model.folder / model.manifest.file)
        self._interpreter = self._load(model.data, num_threads)
        self._input = self._interpreter.get_input_details()[0]['index']
        self._output = self._interpreter.get_output_details()[0]['index']
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
        batch = self._prepare(crops)
        if len(batch) == 0:
            return np.empty((0, len(self._manifest.labels)), np.float32)
        logits = self._run(batch * np.float32(self._manifest.scale) + self._manifest.offset)
        if not np.isfinite(logits).all():
            raise ModelError(f'{self._where}: the network gave NaN or infinite outputs')
        return softmax(logits, self._manifest.temperature)

    def _load(self, data: bytes, num_threads: int) -> Any:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise ModelError(
                'LiteRT is not installed; get it with: pip install ai-edge-litert') from error
        try:
            interpreter = Interpreter(model_content=data, num_threads=num_threads)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f'{self._where}: not a network that LiteRT can load ({error})') \
                from error
        return interpreter

    def _check(self) -> None:
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        width, height = self._manifest.size
        expected = (height, width, self._channels)
        if len(inputs) != 1 or tuple(inputs[0]['shape'][1:]) != expected \
                or inputs[0]['dtype'] != np.float32:
            raise ModelError(
                f'{self._where}: the manifest says one float32 input of shape (N, '
                f'{height}, {width}, {self._channels}), the network takes '
                f'{[(tuple(i["shape"].tolist()), i["dtype"].__name__) for i in inputs]}')
        labels = len(self._manifest.labels)
        if len(outputs) != 1 or outputs[0]['shape'][-1] != labels:
            raise ModelError(
                f'{self._where}: the manifest names {labels} labels, the network gives outputs '
                f'of shape {[tuple(o["shape"].tolist()) for o in outputs]}')

    def _prepare(self, crops: Image) -> Floats:
        shape = crops.shape
        if crops.dtype != np.uint8 or crops.ndim not in (3, 4) \
                or (crops.ndim == 4 and shape[3] not in (1, 3)) or 0 in shape[1:]:
            raise ImageError(
                f'crops must be (N, H, W) grey or (N, H, W, 3) BGR uint8, got {shape} '
                f'{crops.dtype}')
        if crops.ndim == 4 and shape[3] == 1:
            crops = crops[..., 0]
        width, height = self._manifest.size
        batch = np.empty((len(crops), height, width, self._channels), np.float32)
        for row, crop in zip(batch, crops, strict=True):
            image = _convert(crop, self._channels)
            if image.shape[:2] != (height, width):
                smaller = image.shape[0] > height or image.shape[1] > width
                image = cv2.resize(
                    image, (width, height),
                    interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
            row[:] = image.reshape(height, width, self._channels)
        return batch

    def _run(self, batch: Floats) -> Floats:
        current = self._interpreter.get_input_details()[0]['shape']
        if current[0] != len(batch):
            self._interpreter.resize_tensor_input(self._input, batch.shape)
            self._interpreter.allocate_tensors()
        self._interpreter.set_tensor(self._input, batch)
        self._interpreter.invoke()
        logits: Floats = self._interpreter.get_tensor(self._output)
        return logits


def _convert(crop: Image, channels: int) -> Any:
    if channels == 1 and crop.ndim == 3:
        return cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    if channels == 3 and crop.ndim == 2:
        return cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR)
    return crop
