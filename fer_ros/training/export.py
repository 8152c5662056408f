"""A trained network becomes a model folder: LiteRT file, manifest, golden outputs, model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import hashlib
import json
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any

import keras
import numpy as np

from fer_ros.core.classifier import Classifier, softmax
from fer_ros.core.crop import FER_FRAMING
from fer_ros.core.errors import DataError, ModelError
from fer_ros.core.model import load_model, MANIFEST, SCHEMA
from fer_ros.core.types import Floats
from fer_ros.evaluation.datasets import Dataset
from fer_ros.evaluation.golden import GOLDEN, golden_crops
from fer_ros.evaluation.model import evaluate_model
from fer_ros.training.calibrate import fit_temperature
from fer_ros.training.card import write_card
from fer_ros.training.config import TrainConfig
from fer_ros.training.train import as_batch

__all__ = ['export_model', 'to_litert']

_NETWORK = 'model.tflite'
_TOLERANCE = 1e-4


def to_litert(model: keras.Model) -> bytes:
    """Return the network as a LiteRT flatbuffer with float32 weights and a free batch size."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, format='tf_saved_model', verbose=False)
        data: bytes = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    return data


def export_model(
    model: keras.Model, config: TrainConfig, training: Dataset, validation: Dataset,
    folder: Path, *, command: str, data_records: Sequence[Mapping[str, Any]],
) -> Path:
    """Calibrate, convert, check and describe a trained network.

    The folder is made under another name and renamed when it is complete, so that no
    half-written model is ever found.

    Args:
        model: Network that gives logits.
        config: The settings that it was trained with.
        training: What it was trained on.
        validation: What it is calibrated and measured on.
        folder: The model folder; an existing one is replaced.
        command: The command that made the network, for the record.
        data_records: Name, files, sha256 and licence of each data set, for the record.

    Returns:
        `folder`.

    Raises:
        ModelError: The converted network does not give what the trained one gives.
    """
    if folder.exists() and not (folder / MANIFEST).is_file():
        raise DataError(f'{folder} exists and is no model folder; give another --out')
    logits = model.predict(as_batch(validation.images, config.side), verbose=0)
    temperature = round(fit_temperature(logits, validation.targets), 4)
    confidences = softmax(logits, temperature).max(axis=1)
    threshold = round(float(np.quantile(confidences, config.abstain_share)), 3)
    data = to_litert(model)
    partial = folder.with_name(f'.{folder.name}.partial')
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        (partial / _NETWORK).write_bytes(data)
        manifest = _manifest(
            model, config, training, data, temperature, threshold, command, data_records)
        _write_json(partial / MANIFEST, manifest)
        _check_parity(partial, logits, temperature, validation)
        manifest['metrics'] = evaluate_model(partial, validation)
        _write_json(partial / MANIFEST, manifest)
        crops = golden_crops(config.side)
        _write_json(partial / GOLDEN, {
            'probabilities': _probabilities(partial, crops).round(6).tolist()})
        write_card(partial)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _manifest(
    model: keras.Model, config: TrainConfig, training: Dataset, data: bytes,
    temperature: float, threshold: float, command: str,
    data_records: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    return {
        'schema': SCHEMA,
        'name': config.name,
        'version': config.version,
        'license': 'Apache-2.0',
        'description': (
            f'{config.network} on {config.side}x{config.side} grey face crops, trained from '
            f'scratch on {len(training)} images'),
        'file': _NETWORK,
        'sha256': hashlib.sha256(data).hexdigest(),
        'parameters': int(model.count_params()),
        'labels': list(training.labels),
        'input': {
            'width': config.side, 'height': config.side, 'color': 'grey',
            # The network's first layer does the scaling.
            'scale': 1.0, 'offset': 0.0,
        },
        'crop': {
            name: {'margin': convention.margin, 'offset_x': convention.offset_x,
                   'offset_y': convention.offset_y}
            for name, convention in FER_FRAMING.items()},
        'temperature': temperature,
        'thresholds': {'unknown': threshold},
        'training': {
            'command': command, 'seed': config.seed, 'epochs': config.epochs,
            'network': config.network, 'data': [dict(record) for record in data_records],
        },
        'metrics': {},
    }


def _check_parity(
    folder: Path, logits: Floats, temperature: float, validation: Dataset,
) -> None:
    expected = softmax(logits, temperature)
    gap = float(np.abs(_probabilities(folder, validation.images) - expected).max())
    if gap > _TOLERANCE:
        raise ModelError(
            f'the converted network differs from the trained one by {gap:.2g} in probability '
            f'(allowed: {_TOLERANCE:g}); nothing was exported')


def _probabilities(folder: Path, crops: Any) -> Floats:
    classifier = Classifier(load_model(folder))
    parts = np.array_split(crops, max(1, len(crops) // 64))
    return np.concatenate([classifier.predict(part) for part in parts])


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')
