"""What the manifest of a model says so that the same model can be made again."""

from __future__ import annotations

from collections.abc import Sequence
import importlib
from pathlib import Path

import keras

from fer_ros.core.model import load_model
from fer_ros.evaluation import provenance

__all__ = ['command_line', 'model_record', 'software_record']

_DEFAULT_BACKEND = 'tensorflow'


def command_line(arguments: Sequence[str] | None = None) -> str:
    """Return the command that runs, with the backend where it is not the default.

    Args:
        arguments: What follows `fer`; None takes them from the process.
    """
    words = provenance.command_line(arguments)
    backend = keras.backend.backend()
    return words if backend == _DEFAULT_BACKEND else f'KERAS_BACKEND={backend} {words}'


def software_record() -> dict[str, str]:
    """Return the backend that computes, its version and that of Keras."""
    backend = str(keras.backend.backend())
    return {'backend': backend, 'keras': keras.__version__,
            backend: str(importlib.import_module(backend).__version__)}


def model_record(model: str | Path) -> dict[str, str]:
    """Return what tells a model folder apart, wherever it lies.

    Args:
        model: Name or folder of the model.
    """
    manifest = load_model(model).manifest
    return {'name': manifest.name, 'version': manifest.version, 'sha256': manifest.sha256}
