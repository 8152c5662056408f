"""Networks as `.keras` files, of every family and with this project's own layers."""

from __future__ import annotations

import importlib
from pathlib import Path
import zipfile

import keras

from fer_ros.core.errors import ConfigError
from fer_ros.training.files import replacing

__all__ = ['load_network_file', 'save_network_file']

# Keras finds a layer, a loss or an optimizer of ours only where its module is imported.
_CLASSES = ('balance', 'ensemble', 'transfer', 'detector.loss', 'detector.network',
            'networks.application', 'networks.common')


def save_network_file(model: keras.Model, path: Path) -> None:
    """Write a `.keras` file as a whole."""
    with replacing(path) as partial:
        model.save(partial)


def load_network_file(path: Path, *, compiled: bool = False) -> keras.Model:
    """Read a `.keras` file, with optimizer and loss where `compiled` asks for them.

    Raises:
        ConfigError: It is missing or damaged.
    """
    for module in _CLASSES:
        importlib.import_module(f'fer_ros.training.{module}')
    try:
        model: keras.Model = keras.saving.load_model(path, compile=compiled, safe_mode=True)
    except (
            OSError, ValueError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile) as error:
        raise ConfigError(f'{path}: no network of this version of fer_ros ({error})') from error
    return model
