"""A model folder in another format: converted, compared with Keras, measured, described."""

from __future__ import annotations

import dataclasses
from functools import partial
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.classifier import run_network
from fer_ros.core.errors import ConfigError, DataError, ModelError
from fer_ros.core.model import load_model, MANIFEST, Model
from fer_ros.core.preprocess import network_input
from fer_ros.core.runtime import load_runtime
from fer_ros.core.types import Floats
from fer_ros.data.datasets import Dataset
from fer_ros.evaluation.provenance import file_records
from fer_ros.training.calibrate import (
    Calibration,
    fit_calibration,
    fit_priors,
    threshold_for_risk,
    threshold_for_share,
)
from fer_ros.training.convert import check_converter, convert, TOLERANCES
from fer_ros.training.cost import interleaved_ms
from fer_ros.training.export import check_replaceable, write_model_folder
from fer_ros.training.tensors import keras_logits
from fer_ros.training.weights import load_network

__all__ = ['CALIBRATION_CROPS', 'Conversion', 'MAX_LOSS', 'reformat_model']

MAX_LOSS = 0.5
"""Percentage points of accuracy that `int8` may lose."""

CALIBRATION_CROPS = 400
"""Face crops from which `int8` learns the range of values, at most."""

_FEWEST_CROPS = 50
_BATCH = 64


@dataclasses.dataclass(frozen=True, eq=False)
class Conversion:
    """A network in another format, with what it was found to give.

    Attributes:
        data: The network file.
        calibration: How its logits become probabilities.
        probabilities: (N, K) float32 on the validation data.
        record: The manifest's field `export`.
        threshold: Confidence below which the model answers `unknown`.
        priors: (K,) shares that the probabilities presuppose; None: those of the model.
    """

    data: bytes
    calibration: Calibration
    probabilities: Floats
    record: dict[str, Any]
    threshold: float
    priors: NDArray[np.float64] | None


def reformat_model(
    source: str | Path | None, form: str, folder: Path, validation: Dataset, *,
    calibration_data: Dataset | None = None, name: str = '', command: str = '',
    max_loss: float = MAX_LOSS,
) -> Path:
    """Write a model folder that holds a model in another format.

    Args:
        source: Name or folder of a model with Keras weights.
        form: One of `fer_ros.training.convert.FORMATS`.
        folder: The new model folder; an existing one is replaced.
        validation: Real crops on which it is compared, calibrated (`int8`) and measured.
        calibration_data: For `int8`: crops that show which values occur.
        name: Name of the new model; default: the old one with the format.
        command: The command that is run, for the record.
        max_loss: Percentage points of accuracy that `int8` may lose.

    Returns:
        `folder`.

    Raises:
        ConfigError: The format is unknown, lacks data, or a package is missing.
        DataError: `folder` is something else than a model folder, or the data do not fit.
        ModelError: The model holds no weights, or the converted network differs by more than
            is allowed; nothing is written.
    """
    check_converter(form)
    check_replaceable(folder)
    model = load_model(source)
    if folder.resolve() == model.folder.resolve():
        raise ConfigError(f'{folder} is the model itself; give another --out')
    crops = _calibration_crops(calibration_data, model) if form == 'int8' else None
    conversion = _convert(model, form, crops, validation, max_loss)
    manifest = _manifest(model, form, name, conversion)
    conversion.record['command'] = command
    if form == 'int8' and crops is not None and calibration_data is not None:
        conversion.record['calibration'] = {
            'n': len(crops), **file_records(calibration_data.files)}

    def fill(partial: Path) -> None:
        (partial / manifest['file']).write_bytes(conversion.data)

    return write_model_folder(
        folder, manifest, fill, validation, expected=conversion.probabilities,
        tolerance=TOLERANCES['float32'])


def _calibration_crops(data: Dataset | None, model: Model) -> Floats:
    if data is None:
        raise ConfigError('int8 needs --data: face crops to learn the range of values from')
    if len(data) < _FEWEST_CROPS:
        raise DataError(
            f'{len(data)} face crops are too few to learn the range of values from; int8 needs '
            f'{_FEWEST_CROPS} or more')
    chosen = np.random.default_rng(0).permutation(len(data))[:CALIBRATION_CROPS]
    return network_input(data.images[chosen], model.manifest)


def _targets(model: Model, data: Dataset) -> NDArray[np.int64]:
    """Return (N,) indices into the labels of the model."""
    labels = model.manifest.labels
    unknown = [label for label in data.labels if label not in labels]
    if unknown:
        raise DataError(
            f'model {model.manifest.name} does not know the label {", ".join(unknown)}; it knows '
            f'{", ".join(labels)}')
    return np.array([labels.index(label) for label in data.labels], np.int64)[data.targets]


def _convert(
    model: Model, form: str, crops: Floats | None, validation: Dataset, max_loss: float,
) -> Conversion:
    targets, mirror = _targets(model, validation), model.manifest.mirror
    network = load_network(model.folder)
    inputs = network_input(validation.images, model.manifest)
    data = convert(network, form, crops)
    calibration = _calibration(model)
    logits = _logits(data, _file(form), inputs, mirror)
    trained = calibration.apply(keras_logits(network, inputs, mirror))
    given = calibration.apply(logits)
    gaps = np.abs(given - trained)
    parity = {
        'crops': len(inputs), 'largest_difference': _round(gaps.max()),
        'mean_difference': _round(gaps.mean()),
        'same_answers': _round((given.argmax(1) == trained.argmax(1)).mean()),
        **({'allowed_difference': TOLERANCES[form]} if form in TOLERANCES else {})}
    if form in TOLERANCES and gaps.max() > TOLERANCES[form]:
        raise ModelError(
            f'{form}: the converted network differs from Keras by {gaps.max():.2g} in probability '
            f'(allowed: {TOLERANCES[form]:g}); nothing was exported')
    priors = None
    before = calibration.apply(_logits(model.data, model.manifest.file, inputs, mirror))
    if form == 'int8':
        calibration = fit_calibration(logits, targets)
        given = calibration.apply(logits)
        priors = fit_priors(given, targets)
    accuracies = [float((p.argmax(1) == targets).mean()) for p in (given, before)]
    loss = 100 * (accuracies[1] - accuracies[0])
    if form == 'int8' and loss > max_loss:
        raise ModelError(
            f'int8 loses {loss:.2f} points of accuracy on the {len(inputs)} validation crops '
            f'(allowed: {max_loss:g}); nothing was exported; give --data crops like those that '
            'the robot sees, use float16, or allow more with --max-loss')
    record = {
        'format': form, 'parity': parity, 'accuracy': _round(accuracies[0]),
        'source_accuracy': _round(accuracies[1]), 'accuracy_loss_points': round(loss, 3),
        **({'allowed_loss_points': max_loss} if form == 'int8' else {}),
        'bytes': len(data), 'source_bytes': len(model.data),
        **_times(data, form, model, inputs[:1])}
    return Conversion(
        data, calibration, given, record, _threshold(model, form, given, targets), priors)


def _threshold(
    model: Model, form: str, probabilities: Floats, targets: NDArray[np.int64],
) -> float:
    """Return the threshold for `unknown`: of `int8` by the rule of the training, else the old."""
    settings = model.manifest.training.get('settings', {})
    confidences = probabilities.max(axis=1)
    if form == 'int8' and settings.get('abstain_risk'):
        correct = probabilities.argmax(axis=1) == targets
        return threshold_for_risk(confidences, correct, settings['abstain_risk'])
    if form == 'int8' and 'abstain_share' in settings:
        return threshold_for_share(confidences, settings['abstain_share'])
    return model.manifest.thresholds['unknown']


def _times(data: bytes, form: str, model: Model, crop: Floats) -> dict[str, Any]:
    """Return milliseconds a face of one thread, of the new network and of the old one."""
    runtimes = [load_runtime(data, _file(form)), load_runtime(model.data, model.manifest.file)]
    new, old = interleaved_ms(
        [partial(run_network, one.run, crop, model.manifest.mirror) for one in runtimes])
    return {'ms': round(new, 3), 'source_ms': round(old, 3), 'ms_ratio': round(new / old, 3),
            'threads': 1}


def _logits(data: bytes, file: str, inputs: Floats, mirror: bool) -> Floats:
    runtime = load_runtime(data, file)
    return np.concatenate([
        run_network(runtime.run, inputs[start:start + _BATCH], mirror)
        for start in range(0, len(inputs), _BATCH)])


def _calibration(model: Model) -> Calibration:
    scaling = model.manifest.scaling
    return Calibration(
        model.manifest.temperature, None if scaling is None else np.array(scaling, np.float64))


def _manifest(model: Model, form: str, name: str, conversion: Conversion) -> dict[str, Any]:
    old = model.manifest
    content: dict[str, Any] = json.loads((model.folder / MANIFEST).read_text(encoding='utf-8'))
    # The Keras weights stay with the model that they belong to.
    for field in ('network', 'scaling', 'metrics', 'export'):
        content.pop(field, None)
    content |= {
        'name': name or f'{old.name}_{form}',
        'description': f'{old.description}, as {form}',
        'file': _file(form),
        'sha256': hashlib.sha256(conversion.data).hexdigest(),
        'format': form,
        'derived_from': {'name': old.name, 'version': old.version, 'sha256': old.sha256},
        'temperature': conversion.calibration.temperature,
        'thresholds': {**content['thresholds'], 'unknown': conversion.threshold},
        'export': conversion.record,
    }
    if conversion.calibration.scaling is not None:
        factors, summands = conversion.calibration.scaling.tolist()
        content['scaling'] = {'factors': factors, 'summands': summands}
    if conversion.priors is not None:
        content['priors'] = conversion.priors.round(6).tolist()
    return content


def _file(form: str) -> str:
    return 'model.onnx' if form == 'onnx' else 'model.tflite'


def _round(value: Any) -> float:
    return float(f'{float(value):.6g}')
