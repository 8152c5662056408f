"""Several trained networks become one that gives their weighted mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
from keras import layers
import numpy as np

from fer_ros.core.classifier import softmax
from fer_ros.core.errors import ConfigError
from fer_ros.core.model import load_model
from fer_ros.core.preprocess import network_input
from fer_ros.core.types import Floats
from fer_ros.data.datasets import FER2013_LABELS, load_dataset
from fer_ros.evaluation.provenance import file_records
from fer_ros.training.calibrate import fit_calibration
from fer_ros.training.convert import convert, TOLERANCES
from fer_ros.training.export import (
    check_replaceable,
    NETWORK,
    network_manifest,
    write_model_folder,
)
from fer_ros.training.record import software_record
from fer_ros.training.tensors import keras_logits
from fer_ros.training.weights import load_network

__all__ = ['ENSEMBLE_MEANS', 'build_ensemble', 'export_ensemble', 'fit_weights']

ENSEMBLE_MEANS = ('probabilities', 'logits')
"""What is averaged: `probabilities`, a vote; `logits`, a geometric mean of probabilities."""


def fit_weights(
    logits: Sequence[Floats], targets: np.ndarray, mean: str = 'probabilities',
    steps: int = 300,
) -> Floats:
    """Return the weights, each >= 0, summing to 1, with the smallest negative log-likelihood.

    Exponentiated gradient descent (Kivinen and Warmuth 1997) from equal weights: the likelihood
    of a mixture of probabilities is convex in its weights, so is that of a mean of logits.

    Args:
        logits: (N, K) outputs of each of the M members on validation data.
        targets: (N,) true emotions.
        mean: One of `ENSEMBLE_MEANS`.
        steps: Steps of the descent.

    Returns:
        (M,) float32.
    """
    rows = np.arange(len(targets))
    weights = np.full(len(logits), 1 / len(logits))
    stacked = np.stack([one.astype(np.float64) for one in logits])
    chosen = stacked[:, rows, targets]
    probabilities = np.stack([softmax(one)[rows, targets] for one in stacked])
    for _ in range(steps):
        if mean == 'probabilities':
            slope = -(probabilities / (weights @ probabilities)).mean(axis=1)
        else:
            p = softmax(np.tensordot(weights, stacked, axes=1))
            slope = ((p * stacked).sum(axis=2) - chosen).mean(axis=1)
        weights = weights * np.exp(-0.3 * (slope - slope.min()))
        weights /= weights.sum()
    return weights.astype(np.float32)


def build_ensemble(
    members: Sequence[keras.Model], weights: Sequence[float], mean: str = 'probabilities',
) -> keras.Model:
    """Return one network from pixels to the logits of the weighted mean.

    Args:
        members: Networks with the same input and the same emotions.
        weights: (M,) weights that sum to 1.
        mean: One of `ENSEMBLE_MEANS`.

    Raises:
        ConfigError: The members do not fit together.
    """
    if mean not in ENSEMBLE_MEANS:
        raise ConfigError(f'mean must be one of {", ".join(ENSEMBLE_MEANS)}, got {mean!r}')
    shapes = {(member.input_shape[1:], member.output_shape[1:]) for member in members}
    if len(shapes) != 1:
        raise ConfigError(f'members must have equal inputs and outputs, got {sorted(shapes)}')
    image = keras.Input(members[0].input_shape[1:], name='image')
    parts = []
    for index, (member, weight) in enumerate(zip(members, weights, strict=True)):
        member.name = f'member_{index}'
        x = member(image)
        if mean == 'probabilities':
            x = layers.Softmax()(x)
        parts.append(layers.Rescaling(float(weight))(x))
    total = layers.Add()(parts) if len(parts) > 1 else parts[0]
    if mean == 'probabilities':
        total = Logarithm(name='logits')(total)
    return keras.Model(image, total, name='ensemble')


@keras.saving.register_keras_serializable(package='fer_ros')
class Logarithm(layers.Layer):  # type: ignore[misc]
    """The logarithm of probabilities, which softmax turns into them again."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return log(x), of at least 1e-9."""
        return keras.ops.log(keras.ops.maximum(inputs, 1e-9))


def export_ensemble(
    names: Sequence[str | Path], name: str, data: str | Path, out: Path, *, mean: str,
    equal: bool, form: str, abstain_share: float, license_text: str, command: str,
    report: Callable[[str], None] = print,
) -> Path:
    """Make a model folder of the mean of several.

    Args:
        names: Names or folders of the members.
        name: Name of the ensemble.
        data: Validation data, for weights, calibration and figures.
        out: The model folder.
        mean: One of `ENSEMBLE_MEANS`.
        equal: Equal weights instead of fitted ones.
        form: `float32` or `float16`, which halves the file.
        abstain_share: Share of the validation faces below the threshold for `unknown`.
        license_text: Licence of the data, for the card.
        command: The command that is run, for the record.
        report: Takes lines of text.

    Returns:
        `out`.

    Raises:
        ModelError: A member holds no weights.
        ConfigError: The members do not fit together or the data.
    """
    check_replaceable(out)
    manifests = [load_model(member).manifest for member in names]
    seven = manifests[0].labels == FER2013_LABELS
    validation = load_dataset(data, 'validation', 'fer2013' if seven else 'ferplus')
    for manifest in manifests:
        if manifest.labels != validation.labels:
            raise ConfigError(
                f'member {manifest.name} knows {", ".join(manifest.labels)}, the data have '
                f'{", ".join(validation.labels)}')
    if len({(one.standardize, one.scale, one.offset) for one in manifests}) != 1:
        raise ConfigError('members must be given pictures in the same way (input of the manifest)')
    members = [load_network(member) for member in names]
    x = network_input(validation.images, manifests[0])
    # A mirror image that one member is shown, all are shown: the mean has one input.
    mirror = any(manifest.mirror for manifest in manifests)
    logits = [keras_logits(member, x, mirror) for member in members]
    weights = np.full(len(members), 1 / len(members), np.float32) if equal \
        else fit_weights(logits, validation.targets, mean)
    for member, one, weight in zip(manifests, logits, weights, strict=True):
        accuracy = float((one.argmax(axis=1) == validation.targets).mean())
        report(f'member {member.name}: accuracy {accuracy:.4f}, weight {weight:.3f}')
    model = build_ensemble(members, [float(weight) for weight in weights], mean)
    outputs = keras_logits(model, x, mirror)
    calibration = fit_calibration(outputs, validation.targets)
    network = convert(model, form)
    probabilities = calibration.apply(outputs)
    content = {
        'format': form,
        **network_manifest(
            model, network, validation, calibration, probabilities, name=name,
            standardize=manifests[0].standardize, mirror=mirror, version=manifests[0].version,
            abstain_share=abstain_share,
            description=f'mean of {len(members)} networks on '
                        f'{manifests[0].width}x{manifests[0].height} face crops'),
        'training': {
            'command': command, 'software': software_record(), 'mean': mean,
            'members': [{'name': one.name, 'version': one.version, 'sha256': one.sha256,
                         'weight': round(float(weight), 6)}
                        for one, weight in zip(manifests, weights, strict=True)],
            'data': [{'role': 'validation', 'n': len(validation), 'license': license_text,
                      **file_records(validation.files)}]},
    }
    return write_model_folder(
        out, content, lambda folder: _write(folder / NETWORK, network), validation,
        expected=probabilities, tolerance=TOLERANCES[form])


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
