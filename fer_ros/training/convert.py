"""A Keras network becomes the file that a runtime loads.

TensorFlow converts. Where Keras runs on another backend, a second Python that has Keras on
TensorFlow does it: `python -m fer_ros.training.convert IN.keras OUT.tflite`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
import importlib.util
import logging
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import textwrap

import keras
import numpy as np

from fer_ros.core.errors import ConfigError, FerError, ModelError
from fer_ros.core.types import Floats
from fer_ros.training.files import replacing
from fer_ros.training.networks.files import load_network_file

__all__ = ['check_converter', 'convert', 'FORMATS', 'to_litert', 'TOLERANCES']

FORMATS: tuple[str, ...] = ('float32', 'float16', 'int8', 'onnx')
"""LiteRT with float32 weights, with float16 weights, with integer arithmetic; ONNX, float32."""

TOLERANCES: Mapping[str, float] = {'float32': 1e-4, 'float16': 5e-3, 'onnx': 1e-4}
"""Largest difference from Keras in any probability; `int8` is judged by its accuracy."""

_OPSET = 17  # What every ONNX Runtime since 1.12 reads.
_ANY_SIDE = 64


def to_litert(model: keras.Model) -> bytes:
    """Return the network as a LiteRT flatbuffer with float32 weights and a free batch size."""
    return convert(model, 'float32')


def convert(
    model: keras.Model, form: str, crops: Sequence[Floats] | Floats | None = None,
) -> bytes:
    """Return the network as a file for a runtime, with a batch of free size.

    Input and output are float32 in every format. The integers of `int8` have a scale a tensor
    for activations and a scale a channel for weights.

    Args:
        model: A network with one input and one output.
        form: One of `FORMATS`.
        crops: For `int8`: N float32 inputs (H, W, C) of one size that show which values occur.

    Raises:
        ConfigError: The format is unknown, needs crops, or a package is missing.
        ModelError: The network cannot be converted.
    """
    if form not in FORMATS:
        raise ConfigError(f'format must be one of {", ".join(FORMATS)}, got {form!r}')
    if form == 'int8' and (crops is None or len(crops) == 0):
        raise ConfigError('int8 needs face crops to learn the range of values from')
    check_converter(form)
    if _backend() != 'tensorflow':
        return _convert_elsewhere(model, form, crops)
    try:
        return _to_onnx(model) if form == 'onnx' else _to_litert(model, form, crops)
    # The errors of the converters have no base of their own.
    except Exception as error:
        # Theirs can hold the whole graph, which hides what they begin with.
        reason = textwrap.shorten(str(error), 400, placeholder=' ...')
        raise ModelError(
            f'the network could not be converted to {form} ({reason})') from error


def check_converter(form: str = 'float32') -> None:
    """Refuse what could not be converted here, before time is spent on it.

    Raises:
        ConfigError: A package is missing; the text says how to get it.
    """
    needed = {'tensorflow': 'TensorFlow', **({'tf2onnx': 'tf2onnx'} if form == 'onnx' else {})}
    for module, name in needed.items():
        if importlib.util.find_spec(module) is None:
            package = 'tensorflow-cpu' if module == 'tensorflow' else module
            raise ConfigError(
                f'{name} converts networks, with any backend of Keras, and is not installed; get '
                f'it with: pip install {package}')


def _backend() -> str:
    return str(keras.backend.backend())


def _to_litert(model: keras.Model, form: str, crops: Sequence[Floats] | Floats | None) -> bytes:
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, format='tf_saved_model', verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if form != 'float32':
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if form == 'float16':
            converter.target_spec.supported_types = [tf.float16]
        if form == 'int8' and crops is not None:
            # Without this list an operation that has no integers would silently stay float.
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = lambda: _singly(crops)
        data: bytes = converter.convert()
    return data


def _singly(crops: Sequence[Floats] | Floats) -> Iterator[list[Floats]]:
    for crop in crops:
        yield [crop[np.newaxis].astype(np.float32)]


def _to_onnx(model: keras.Model) -> bytes:
    # Keras exports only what has been called; a network for all sizes takes any.
    shape = [side or _ANY_SIDE for side in model.input_shape[1:]]
    model(np.zeros((1, *shape), np.float32), training=False)
    # It tells of every optimization that it does not do as if it were an error.
    logger = logging.getLogger('tf2onnx')
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'model.onnx'
            model.export(path, format='onnx', verbose=False, opset_version=_OPSET)
            return path.read_bytes()
    finally:
        logger.setLevel(level)


def _convert_elsewhere(
    model: keras.Model, form: str, crops: Sequence[Floats] | Floats | None,
) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, out = folder / 'model.keras', folder / 'converted'
        # A copy is without the optimizer and the loss, which the other side need not know.
        bare = keras.models.clone_model(model)
        bare.set_weights(model.get_weights())
        bare.save(source)
        words = ['--format', form]
        if crops is not None:
            np.save(folder / 'crops.npy', crops)
            words += ['--crops', str(folder / 'crops.npy')]
        done = subprocess.run(
            [sys.executable, '-m', 'fer_ros.training.convert', str(source), str(out), *words],
            env={**os.environ, 'KERAS_BACKEND': 'tensorflow', 'TF_CPP_MIN_LOG_LEVEL': '3',
                 'PYTHONPATH': os.pathsep.join(filter(None, sys.path))},
            capture_output=True, text=True)
        if done.returncode != 0 or not out.is_file():
            lines = done.stderr.strip().splitlines() or [f'exit code {done.returncode}']
            raise ModelError(lines[-1].removeprefix('error: '))
        return out.read_bytes()


def main() -> int:
    """Convert a `.keras` file; returns the exit code."""
    parser = argparse.ArgumentParser(prog='python -m fer_ros.training.convert')
    parser.add_argument('source', type=Path, metavar='IN.keras')
    parser.add_argument('out', type=Path, metavar='OUT')
    parser.add_argument('--format', default='float32', choices=FORMATS)
    parser.add_argument('--crops', type=Path, metavar='NPY', help='for int8: inputs')
    args = parser.parse_args()
    crops = None if args.crops is None else np.load(args.crops, allow_pickle=False)
    try:
        model = load_network_file(args.source)
        data = convert(model, args.format, crops)
        with replacing(args.out) as partial:
            partial.write_bytes(data)
    except (FerError, OSError, ValueError, RuntimeError) as error:
        print(f'error: {" ".join(str(error).split())}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
