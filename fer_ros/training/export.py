"""A trained network becomes a model folder: LiteRT file, manifest, golden outputs, model card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import hashlib
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_ros.core.alignment import FER_ALIGNMENT
from fer_ros.core.classifier import Classifier
from fer_ros.core.crop import FER_FRAMING
from fer_ros.core.errors import DataError, ModelError
from fer_ros.core.model import load_model, MANIFEST, SCHEMA
from fer_ros.core.types import Floats
from fer_ros.data.datasets import Dataset
from fer_ros.evaluation.golden import GOLDEN, golden_crops
from fer_ros.evaluation.model import evaluate_model
from fer_ros.training.calibrate import (
    Calibration,
    fit_calibration,
    fit_priors,
    threshold_for_risk,
    threshold_for_share,
)
from fer_ros.training.card import write_card
from fer_ros.training.config import TrainConfig
from fer_ros.training.convert import to_litert, TOLERANCES
from fer_ros.training.files import replacing_folder
from fer_ros.training.networks import build_network
from fer_ros.training.record import software_record
from fer_ros.training.tensors import as_batch, keras_logits
from fer_ros.training.weights import save_network

__all__ = ['check_replaceable', 'export_model', 'NETWORK', 'network_manifest',
           'write_model_folder']

NETWORK = 'model.tflite'
"""File of the network in a model folder."""


def export_model(
    model: keras.Model, config: TrainConfig, validation: Dataset, folder: Path, *, command: str,
    data_records: Sequence[Mapping[str, Any]],
    origin: Mapping[str, Any] | None = None, rebuildable: bool = True,
) -> Path:
    """Calibrate, convert, check and describe a trained network.

    Args:
        model: Network that gives logits.
        config: The settings that it was trained with.
        validation: What it is calibrated and measured on.
        folder: The model folder; an existing one is replaced.
        command: The command that made the network, for the record.
        data_records: Name, files, sha256 and licence of each data set, for the record.
        origin: What it was made of besides data (`description`, `fine_tuned_from`, `teachers`,
            `members`), for the record.
        rebuildable: Whether `config.network` rebuilds it, so that its weights are kept too.

    Returns:
        `folder`.

    Raises:
        DataError: `folder` is something else than a model folder.
        ModelError: The converted network does not give what the trained one gives.
    """
    check_replaceable(folder)
    model = _full_precision(model, config)
    logits = keras_logits(
        model, as_batch(validation.images, config.side, config.standardize), config.mirror)
    calibration = fit_calibration(logits, validation.targets, config.seed)
    probabilities = calibration.apply(logits)
    data = to_litert(model)
    manifest = {
        **network_manifest(
            model, data, validation, calibration, probabilities, name=config.name,
            version=config.version,
            description=f'{config.network} on {config.side}x{config.side} face crops',
            abstain_share=config.abstain_share, abstain_risk=config.abstain_risk,
            standardize=config.standardize, mirror=config.mirror),
        'training': {
            'command': command, 'software': software_record(), 'seed': config.seed,
            'epochs': config.epochs, **(origin or {}),
            'data': [dict(record) for record in data_records],
            'settings': config.as_dict(),
        },
    }

    def fill(partial: Path) -> None:
        (partial / NETWORK).write_bytes(data)
        if rebuildable:
            manifest['network'] = save_network(
                model, config.network, config.network_options, partial)

    return write_model_folder(
        folder, manifest, fill, validation, expected=probabilities,
        tolerance=TOLERANCES['float32'])


def _full_precision(model: keras.Model, config: TrainConfig) -> keras.Model:
    """Return the network in float32, in which the robot computes, with the same weights.

    The runtimes know no bfloat16, and calibration must see what the robot will see.
    """
    if config.precision == 'float32':
        return model
    # The weights of a backbone are in the network already.
    options = {key: value for key, value in config.network_options.items() if key != 'weights'}
    full = build_network(
        config.network, side=config.side, classes=model.output_shape[-1],
        color_channels=model.input_shape[-1], **options)
    full.set_weights(model.get_weights())
    return full


def check_replaceable(folder: Path) -> None:
    """Refuse a folder that exists and is no model folder.

    Raises:
        DataError: It is none.
    """
    if folder.exists() and not (folder / MANIFEST).is_file():
        raise DataError(f'{folder} exists and is no model folder; give another --out')


def write_model_folder(
    folder: Path, manifest: dict[str, Any], fill: Callable[[Path], None], validation: Dataset,
    *, expected: Floats, tolerance: float,
) -> Path:
    """Write, check and measure a model folder.

    The folder is made under another name and renamed when it is complete, so that no
    half-written model is ever found.

    Args:
        folder: The model folder; an existing one is replaced.
        manifest: Its manifest; `metrics` is filled in here.
        fill: Writes the network into the folder that it is given, and may complete `manifest`.
        validation: What the model is measured on.
        expected: (N, K) probabilities that it must give on `validation`.
        tolerance: Largest difference allowed.

    Raises:
        DataError: `folder` is something else than a model folder.
        ModelError: The model gives other probabilities; nothing is written.
    """
    check_replaceable(folder)
    with replacing_folder(folder) as partial:
        fill(partial)
        manifest['metrics'] = {}
        _write_json(partial / MANIFEST, manifest)
        gap = float(np.abs(_probabilities(partial, validation.images) - expected).max())
        if gap > tolerance:
            raise ModelError(
                f'the converted network differs from the trained one by {gap:.2g} in probability '
                f'(allowed: {tolerance:g}); nothing was exported')
        manifest['metrics'] = evaluate_model(partial, validation)
        _write_json(partial / MANIFEST, manifest)
        crops = golden_crops(manifest['input']['width'])
        _write_json(partial / GOLDEN, {
            'probabilities': _probabilities(partial, crops).round(6).tolist()})
        write_card(partial)
    return folder


def network_manifest(
    model: keras.Model, data: bytes, validation: Dataset, calibration: Calibration,
    probabilities: Floats, *, name: str, version: str, description: str, abstain_share: float,
    abstain_risk: float = 0.0, standardize: bool = False, mirror: bool = False,
) -> dict[str, Any]:
    """Return the manifest of a network, but for its training and its metrics.

    Args:
        model: The network.
        data: The same in LiteRT.
        validation: What it is calibrated on.
        calibration: How its logits become probabilities.
        probabilities: (N, K) of the validation data.
        name: Name of the model.
        version: Version of the model.
        description: One sentence.
        abstain_share: Share of the validation faces below the threshold for `unknown`.
        abstain_risk: Share of wrong answers above it; takes the place of the other if not 0.
        standardize: Whether pictures are brought to equal mean and contrast.
        mirror: Whether the answer is the mean over a face and its mirror image.
    """
    confidences = probabilities.max(axis=1)
    if abstain_risk:
        correct = probabilities.argmax(axis=1) == validation.targets
        threshold = threshold_for_risk(confidences, correct, abstain_risk)
        rule = f'at most {abstain_risk:g} of the answers wrong'
    else:
        threshold = threshold_for_share(confidences, abstain_share)
        rule = f'{abstain_share:g} of the faces not answered'
    side, channels = model.input_shape[1], model.input_shape[3]
    priors = fit_priors(probabilities, validation.targets)
    manifest: dict[str, Any] = {
        'schema': SCHEMA,
        'name': name,
        'version': version,
        'license': 'Apache-2.0',
        'description': description,
        'file': NETWORK,
        'sha256': hashlib.sha256(data).hexdigest(),
        'parameters': int(model.count_params()),
        'labels': list(validation.labels),
        'input': {
            'width': side, 'height': side, 'color': 'grey' if channels == 1 else 'bgr',
            # The network's first layer does the scaling.
            'scale': 1.0, 'offset': 0.0, 'standardize': standardize, 'mirror': mirror,
        },
        'crop': {
            name: {'margin': convention.margin, 'offset_x': convention.offset_x,
                   'offset_y': convention.offset_y}
            for name, convention in FER_FRAMING.items()},
        'alignment': {
            name: {'points': [list(point) for point in alignment.points]}
            for name, alignment in FER_ALIGNMENT.items()},
        'temperature': calibration.temperature,
        'priors': priors.round(6).tolist(),
        'thresholds': {'unknown': threshold, 'rule': rule},
    }
    if calibration.scaling is not None:
        factors, summands = calibration.scaling.tolist()
        manifest['scaling'] = {'factors': factors, 'summands': summands}
    return manifest


def _probabilities(folder: Path, crops: Any) -> Floats:
    classifier = Classifier(load_model(folder))
    parts = np.array_split(crops, max(1, len(crops) // 64))
    return np.concatenate([classifier.predict(part) for part in parts])


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')
