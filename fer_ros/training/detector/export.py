"""A trained detector becomes a model folder: network, manifest, golden outputs, model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_ros.core.detectors.fer_face import FerFaceDetector
from fer_ros.core.errors import ConfigError, ModelError
from fer_ros.core.face_grid import OUTPUTS
from fer_ros.core.face_model import FACE_TASK, load_face_model
from fer_ros.core.manifest import MANIFEST, SCHEMA
from fer_ros.core.runtime import load_runtime
from fer_ros.core.types import Floats, Image
from fer_ros.evaluation.golden import GOLDEN, golden_scene
from fer_ros.training.convert import convert, FORMATS
from fer_ros.training.detector.card import write_face_card
from fer_ros.training.detector.config import detector_config, DetectorConfig
from fer_ros.training.detector.network import build
from fer_ros.training.detector.validation import Validation
from fer_ros.training.export import check_replaceable
from fer_ros.training.files import replacing_folder
from fer_ros.training.record import software_record
from fer_ros.training.weights import load_weights, save_network

__all__ = ['export_detector', 'load_detector', 'reformat_detector', 'settings_of']

_FAMILY = 'fer_face'
_OVERLAP = 0.4
_TOLERANCES: Mapping[str, float] = {'float32': 1e-3, 'float16': 5e-2, 'onnx': 1e-3}
"""Largest difference from Keras in any output; logits and strides, of which a face's score moves
by a quarter at most. `int8` is judged by its average precision."""
_MAX_LOSS = 0.01
_CALIBRATION = 200


def export_detector(
    model: keras.Model, config: DetectorConfig, validation: Validation, folder: Path, *,
    command: str, data_records: Sequence[Mapping[str, Any]],
    origin: Mapping[str, Any] | None = None,
) -> Path:
    """Convert, check, measure and describe a trained detector.

    Args:
        model: The network.
        config: The settings that it was trained with.
        validation: What its threshold is chosen and its figures are measured on.
        folder: The model folder; an existing one is replaced.
        command: The command that made the network, for the record.
        data_records: Name, files, sha256 and licence of each data set, for the record.
        origin: What it was made of besides data, for the record.

    Returns:
        `folder`.

    Raises:
        ConfigError: A package for the conversion is missing.
        DataError: `folder` is something else than a model folder.
        ModelError: The converted network does not give what the trained one gives.
    """
    check_replaceable(folder)
    network = build(width=config.width, depth=config.depth)
    network.set_weights(model.get_weights())
    manifest: dict[str, Any] = {
        'schema': SCHEMA, 'task': FACE_TASK, 'name': config.name, 'version': config.version,
        'license': 'Apache-2.0',
        'description': 'Faces with five landmarks, anchor-free at strides 8, 16 and 32',
        'parameters': int(network.count_params()),
        'input': {'color': 'bgr', 'multiple_of': 32, 'smallest_face': config.smallest_face},
        'training': {
            'command': command, 'software': software_record(), 'seed': config.seed,
            'epochs': config.epochs, **(origin or {}),
            'data': [dict(record) for record in data_records], 'settings': config.as_dict()}}
    return _write(folder, manifest, network, 'float32', validation, keep_weights=config)


def reformat_detector(
    source: str | Path, form: str, folder: Path, validation: Validation, *, name: str = '',
    command: str = '', calibration: Sequence[Image] = (),
) -> Path:
    """Write a detector's model folder in another format.

    Args:
        source: Name or folder of a detector with Keras weights.
        form: One of `fer_ros.training.convert.FORMATS`.
        folder: The new model folder; an existing one is replaced.
        validation: What it is measured on.
        name: Name of the new model; default: the old one with the format.
        command: The command that is run, for the record.
        calibration: For `int8`: (H, W, 3) uint8 pictures of one size that show which values
            occur.

    Returns:
        `folder`.

    Raises:
        ConfigError: The format is unknown, lacks pictures, or a package is missing.
        DataError: `folder` is something else than a model folder.
        ModelError: The model holds no weights, or the converted network differs by more than
            is allowed; nothing is written.
    """
    check_replaceable(folder)
    old = load_face_model(source)
    if folder.resolve() == old.folder.resolve():
        raise ConfigError(f'{folder} is the model itself; give another --out')
    content = json.loads((old.folder / MANIFEST).read_text(encoding='utf-8'))
    before = content.pop('metrics')
    content.pop('network', None)
    content |= {
        'name': name or f'{old.manifest.name}_{form}', 'format': form,
        'description': f'{old.manifest.description}, as {form}',
        'derived_from': {'name': old.manifest.name, 'version': old.manifest.version,
                         'sha256': old.manifest.sha256},
        'export': {'command': command, 'source_bytes': len(old.data)}}
    inputs = [np.asarray(image, np.float32) for image in calibration[:_CALIBRATION]]
    return _write(
        folder, content, load_detector(source), form, validation, inputs=inputs or None,
        before=before)


def load_detector(name: str | Path) -> keras.Model:
    """Return the Keras network of a detector's model folder, with its weights.

    Raises:
        ModelError: The model holds no weights, or others than its manifest says.
    """
    loaded = load_face_model(name)
    entry = loaded.manifest.network
    if entry is None:
        raise ModelError(
            f'model {loaded.manifest.name} holds no Keras weights; give the model that it was '
            'made of')
    network = build(**entry['options'])
    load_weights(network, loaded.folder, entry)
    return network


def settings_of(name: str | Path) -> DetectorConfig:
    """Return the settings that a detector was trained with.

    Raises:
        ModelError: Its manifest does not tell them.
    """
    loaded = load_face_model(name)
    settings = loaded.manifest.training.get('settings')
    if not isinstance(settings, dict):
        raise ModelError(f'{loaded.folder / MANIFEST}: training.settings is missing')
    return detector_config(settings)


def _write(
    folder: Path, manifest: dict[str, Any], network: keras.Model, form: str,
    validation: Validation, *, keep_weights: DetectorConfig | None = None,
    inputs: Sequence[Floats] | None = None, before: Mapping[str, Any] | None = None,
) -> Path:
    if form not in FORMATS:
        raise ConfigError(f'format must be one of {", ".join(FORMATS)}, got {form!r}')
    data = convert(network, form, None if inputs is None else np.stack(inputs))
    file = 'model.onnx' if form == 'onnx' else 'model.tflite'
    run = load_runtime(data, file).run
    parity = validation.parity(network, run)
    if form in _TOLERANCES and parity['largest_difference'] > _TOLERANCES[form]:
        raise ModelError(
            f'the converted network differs from the trained one by '
            f'{parity["largest_difference"]:.2g} in an output (allowed: {_TOLERANCES[form]:g}); '
            'nothing was exported')
    measured = validation.measure(run)
    figures = measured.figures()
    if form == 'int8' and before is not None \
            and before['average_precision'] - figures['average_precision'] > _MAX_LOSS:
        raise ModelError(
            f'int8 loses {before["average_precision"] - figures["average_precision"]:.3f} of '
            f'average precision (allowed: {_MAX_LOSS:g}); nothing was exported')
    score, false_share = measured.threshold()
    slope, intercept = measured.calibration()
    threshold = 1 / (1 + math.exp(-slope * math.log(score / (1 - score)) - intercept))
    manifest |= {
        'file': file, 'sha256': hashlib.sha256(data).hexdigest(),
        'calibration': {'slope': slope, 'intercept': intercept},
        'thresholds': {
            'score': round(min(0.99, max(0.01, threshold)), 4), 'overlap': _OVERLAP,
            'rule': '95 % of the faces seen in the validation scenes are right'},
        'metrics': {
            # JSON has no NaN.
            **{name: None if np.isnan(value) else round(value, 4)
               for name, value in figures.items()},
            'false_share': None if np.isnan(false_share) else round(false_share, 4),
            'bytes': len(data), 'parity': parity, 'curve': measured.curve(),
            'data': validation.record}}
    with replacing_folder(folder) as partial:
        (partial / file).write_bytes(data)
        if keep_weights is not None:
            manifest['network'] = save_network(
                network, _FAMILY,
                {'width': keep_weights.width, 'depth': keep_weights.depth}, partial)
        golden = run(golden_scene()[np.newaxis].astype(np.float32))[0]
        (partial / GOLDEN).write_text(
            json.dumps({'outputs': golden.round(4).tolist()}) + '\n', encoding='utf-8')
        _write_json(partial / MANIFEST, manifest)
        # As the robot will load it: what fails there, fails here.
        FerFaceDetector(partial).detect(golden_scene())
        assert golden.shape[1] == OUTPUTS
        write_face_card(partial)
    return folder


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + '\n', encoding='utf-8')
