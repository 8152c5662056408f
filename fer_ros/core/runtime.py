"""What runs a network file: LiteRT for `.tflite`, ONNX Runtime for `.onnx`.

Both are fed and asked in the same way, so that the classifier does not know which one it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import ctypes
import dataclasses
import os
from pathlib import PurePath
import sys
from typing import Any, Protocol

import numpy as np

from fer_ros.core.errors import ModelError
from fer_ros.core.types import Floats

__all__ = ['load_runtime', 'Port', 'quiet_runtime', 'return_memory', 'Runtime', 'SUFFIXES']


@dataclasses.dataclass(frozen=True)
class Port:
    """An input or output of a network.

    Attributes:
        shape: Its dimensions after the batch; None for one that is not fixed.
        dtype: Name of its element type, as NumPy's.
    """

    shape: tuple[int | None, ...]
    dtype: str

    def __str__(self) -> str:
        sides = ', '.join('?' if side is None else str(side) for side in self.shape)
        return f'{self.dtype} (N, {sides})'


class Runtime(Protocol):
    """A loaded network.

    Attributes:
        inputs: Its inputs.
        outputs: Its outputs.
    """

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def run(self, batch: Floats) -> Floats:
        """Return the first output, (N, K) float32, of the first input, (N, H, W, C) float32."""
        ...


def load_runtime(data: bytes, file: str, num_threads: int = 1) -> Runtime:
    """Load a network with the runtime of its file's suffix.

    Args:
        data: Content of the file.
        file: Its path or name, which chooses the runtime and stands in errors.
        num_threads: Threads that one run may use.

    Raises:
        ModelError: No runtime has this suffix, it is not installed, or it cannot load the data.
    """
    suffix = PurePath(file).suffix
    if suffix not in _RUNTIMES:
        raise ModelError(
            f'{file}: no runtime for a network file with this suffix; known are '
            f'{", ".join(SUFFIXES)}')
    return _RUNTIMES[suffix](data, file, num_threads)


@contextlib.contextmanager
def quiet_runtime() -> Iterator[None]:
    """Keep native code from writing to stderr: LiteRT greets there whenever a model is loaded.

    It turns off stderr for the whole process, so it is for commands, not for nodes.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, 'wb') as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def return_memory() -> None:
    """Give the system back what networks held that are no longer used.

    glibc keeps freed memory for each thread that asked for it: a process that loads model after
    model on several threads would hold one for each.
    """
    with contextlib.suppress(AttributeError, OSError):  # another library of C
        ctypes.CDLL(None).malloc_trim(0)


class _LiteRt:
    def __init__(self, data: bytes, file: str, num_threads: int) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise ModelError(
                'LiteRT is not installed; get it with: pip install ai-edge-litert') from error
        try:
            self._interpreter = Interpreter(model_content=data, num_threads=num_threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f'{file}: not a network that LiteRT can load ({error})') from error
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        self.inputs = tuple(_litert_port(detail) for detail in inputs)
        self.outputs = tuple(_litert_port(detail) for detail in outputs)
        self._input, self._output = inputs[0]['index'], outputs[0]['index']
        self._shape = tuple(int(side) for side in inputs[0]['shape'])

    def run(self, batch: Floats) -> Floats:
        """Return the output, allocating anew where the shape of the batch has changed."""
        if batch.shape != self._shape:
            self._interpreter.resize_tensor_input(self._input, batch.shape)
            self._interpreter.allocate_tensors()
            self._shape = batch.shape
        self._interpreter.set_tensor(self._input, batch)
        self._interpreter.invoke()
        output: Floats = self._interpreter.get_tensor(self._output)
        return output


def _litert_port(detail: dict[str, Any]) -> Port:
    shape = tuple(
        None if side < 0 else int(side) for side in detail['shape_signature'][1:])
    return Port(shape, np.dtype(detail['dtype']).name)


class _OnnxRuntime:
    def __init__(self, data: bytes, file: str, num_threads: int) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ModelError(
                f'{file}: ONNX Runtime is not installed; get it with: pip install onnxruntime, '
                'or export the model for LiteRT') from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = num_threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # Threads that wait for work must leave the cores to the robot's other processes.
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        # Weights in a second file would not be those that the manifest's sha256 vouches for.
        options.add_session_config_entry(
            'session.model_external_initializers_file_folder_path', os.devnull)
        try:
            self._session = onnxruntime.InferenceSession(
                data, options, providers=['CPUExecutionProvider'])
        # The errors of ONNX Runtime have no base of their own.
        except Exception as error:
            raise ModelError(
                f'{file}: not a network that ONNX Runtime can load ({error})') from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        self.inputs = tuple(_onnx_port(port) for port in inputs)
        self.outputs = tuple(_onnx_port(port) for port in outputs)
        if len(inputs) == 1 and isinstance(inputs[0].shape[0], int):
            raise ModelError(
                f'{file}: the network takes batches of {inputs[0].shape[0]} only; export it with '
                'a batch of free size')
        self._input = inputs[0].name
        self._outputs = [outputs[0].name]

    def run(self, batch: Floats) -> Floats:
        """Return the output."""
        output: Floats = self._session.run(self._outputs, {self._input: batch})[0]
        return output


def _onnx_port(port: Any) -> Port:
    kind = port.type.removeprefix('tensor(').removesuffix(')')
    names = {'float': 'float32', 'double': 'float64'}
    shape = tuple(side if isinstance(side, int) else None for side in port.shape[1:])
    return Port(shape, names.get(kind, kind))


_RUNTIMES: dict[str, Callable[[bytes, str, int], Runtime]] = {
    '.tflite': _LiteRt, '.onnx': _OnnxRuntime}

SUFFIXES: tuple[str, ...] = tuple(_RUNTIMES)
"""Suffixes of network files that can be run."""
