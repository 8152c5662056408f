"""The trained network in a model folder, for whoever goes on with it: fine-tunes or explains.

The robot never reads this file: it runs the converted network beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
import hashlib
import io
from pathlib import Path
from typing import Any
import zipfile

import keras
import numpy as np

from fer_ros.core.errors import ModelError
from fer_ros.core.manifest import read_network
from fer_ros.core.model import load_model
from fer_ros.training.files import replacing
from fer_ros.training.networks import build_network

__all__ = ['load_network', 'load_weights', 'save_network', 'WEIGHTS']

WEIGHTS = 'weights.npz'
"""File of the weights in a model folder: arrays in the order of `model.weights`, float16."""


def save_network(model: keras.Model, family: str, options: Mapping[str, Any], folder: Path) -> (
        dict[str, Any]):
    """Write the weights of a network and return the manifest's entry `network`.

    Args:
        model: A network made by `build_network(family, **options)`.
        family: Name of its family.
        options: Options of its family.
        folder: Model folder.
    """
    arrays = {f'{index:04}': _compact(weight) for index, weight in enumerate(model.get_weights())}
    path = folder / WEIGHTS
    with replacing(path) as partial:
        np.savez_compressed(partial, **arrays)
    # Weights that a backbone began with are not needed again: those of the folder hold all.
    kept = {key: value for key, value in options.items() if key != 'weights'}
    return {'family': family, 'options': kept, 'file': WEIGHTS,
            'sha256': hashlib.sha256(path.read_bytes()).hexdigest()}


def load_network(name: str | Path | None) -> keras.Model:
    """Return the Keras network of a model folder, with its weights.

    Args:
        name: Name or folder of the model.

    Raises:
        ModelError: The model holds no weights, or others than its manifest says.
    """
    loaded = load_model(name)
    manifest, folder = loaded.manifest, loaded.folder
    entry = manifest.network
    if entry is None:
        raise ModelError(
            f'model {manifest.name} holds no Keras weights (it is an ensemble, or was made by '
            f'`fer export`); give the model that it was made of')
    model = build_network(
        str(entry['family']), side=manifest.height, classes=len(manifest.labels),
        color_channels=1 if manifest.color == 'grey' else 3, **entry['options'])
    load_weights(model, folder, entry)
    return model


def load_weights(model: keras.Model, folder: Path, entry: Mapping[str, Any]) -> None:
    """Give a network the weights of a model folder.

    Args:
        model: A network of the family and options of `entry`.
        folder: Model folder.
        entry: The field `network` of its manifest.

    Raises:
        ModelError: They are missing, others than the manifest says, or of another network.
    """
    path = folder / str(entry['file'])
    data = read_network(path, str(entry['sha256']))
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            model.set_weights([archive[key].astype(np.float32) for key in sorted(archive.files)])
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ModelError(f'{path}: weights of another network ({error})') from error


def _compact(weight: Any) -> Any:
    small = weight.astype(np.float16)
    return small if np.isfinite(small).all() else weight
