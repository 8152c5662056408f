"""Models of emotions: a network and the manifest that says what it is and how to feed it."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fer_ros.core.alignment import Alignment
from fer_ros.core.crop import CropConvention
from fer_ros.core.errors import ConfigError, ModelError
from fer_ros.core.manifest import (
    field,
    file_name,
    find_folder,
    installed_folders,
    is_text,
    MANIFEST,
    number,
    read_manifest,
    read_network,
    SCHEMA,
    sha256_of,
    text,
)
from fer_ros.core.types import UNKNOWN

__all__ = [
    'DEFAULT_MODEL', 'MANIFEST', 'Manifest', 'Model', 'SCHEMA', 'available_models', 'load_model',
]

DEFAULT_MODEL = 'resnet_48'
"""Name of the model that is used when none is named."""

_TASK = 'emotions'
_COLORS = ('grey', 'bgr')
_MAX_SIDE = 1024


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What a model folder says about its network, checked.

    Attributes:
        name: Name of the model.
        version: Version of the model.
        license: SPDX identifier of the network's licence.
        description: One or two sentences.
        file: Name of the network file in the folder.
        sha256: Hex digest of the network file.
        parameters: Number of trained parameters.
        labels: Names of the K emotions, in the order of the outputs.
        width: Width of the input in pixels.
        height: Height of the input in pixels.
        color: `grey` (one channel) or `bgr` (three).
        scale: Factor on pixel values before they enter the network.
        offset: Summand after the factor: input = pixel * scale + offset.
        standardize: Whether each picture is brought to equal mean and contrast before that.
        mirror: Whether the logits are the mean of those of a face and of its mirror image.
        crop: Framing of a face box, by the detector's box convention.
        alignment: Place of a face's landmarks in the input, by the same; empty where the model
            was made for upright crops alone.
        temperature: Divisor of the logits that calibrates the probabilities, > 0.
        scaling: Factors and summands (2, K) of the logits before the temperature, by vector
            scaling; None where the temperature alone calibrates.
        priors: Shares of the K emotions that the calibrated probabilities presuppose, each > 0;
            None if not told.
        network: Family, options, file and sha256 of the Keras weights in the folder, for
            fine-tuning and explanation; None where there are none. The robot ignores it.
        thresholds: `unknown`: confidence below which the model abstains, in [0, 1].
        training: Data sets with their licences, seed, and the command that made the network.
        metrics: Figures of `fer evaluate model`, with the data that they were measured on.
    """

    name: str
    version: str
    license: str
    description: str
    file: str
    sha256: str
    parameters: int
    labels: tuple[str, ...]
    width: int
    height: int
    color: str
    scale: float
    offset: float
    standardize: bool
    mirror: bool
    crop: Mapping[str, CropConvention]
    alignment: Mapping[str, Alignment]
    temperature: float
    scaling: tuple[tuple[float, ...], tuple[float, ...]] | None
    priors: tuple[float, ...] | None
    network: Mapping[str, Any] | None
    thresholds: Mapping[str, float]
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the input in pixels."""
        return self.width, self.height


@dataclasses.dataclass(frozen=True)
class Model:
    """A verified model folder.

    Attributes:
        manifest: Its manifest.
        folder: Where it lies.
        data: The network's bytes, the same that were hashed.
    """

    manifest: Manifest
    folder: Path
    data: bytes = dataclasses.field(repr=False)


def available_models() -> list[Path]:
    """Return the folders of the models that can be named, in order of precedence."""
    return installed_folders(_TASK)


def load_model(model: str | Path | None = None) -> Model:
    """Find, check and read a model folder.

    Args:
        model: Path of a folder, or the name of an installed model; None or '' for the default.

    Returns:
        The verified model.

    Raises:
        ModelError: There is no such model, its manifest is wrong, or the network's bytes are
            not those of the manifest.
    """
    folder = find_folder(model or DEFAULT_MODEL, _TASK)
    manifest = read_manifest(folder / MANIFEST, _check_manifest)
    return Model(manifest, folder, read_network(folder / manifest.file, manifest.sha256))


def _labels(content: Mapping[str, Any]) -> tuple[str, ...]:
    labels = field(content, 'labels', list)
    if len(labels) < 2 or not all(map(is_text, labels)):
        raise ModelError(f'labels must be at least two names, got {labels!r}')
    if len(set(labels)) != len(labels) or UNKNOWN in labels:
        raise ModelError(f'labels must differ and not be {UNKNOWN!r}, got {labels!r}')
    return tuple(labels)


def _crop(content: Mapping[str, Any]) -> Mapping[str, CropConvention]:
    conventions = {}
    for name in field(content, 'crop', dict):
        conventions[name] = CropConvention(
            margin=number(content, f'crop.{name}.margin', 0.1, 10.0),
            offset_x=number(content, f'crop.{name}.offset_x', -5.0, 5.0),
            offset_y=number(content, f'crop.{name}.offset_y', -5.0, 5.0))
    if not conventions:
        raise ModelError('crop must hold a framing for at least one box convention')
    return MappingProxyType(conventions)


def _alignment(content: Mapping[str, Any]) -> Mapping[str, Alignment]:
    if 'alignment' not in content:
        return MappingProxyType({})
    alignments = {}
    for name in field(content, 'alignment', dict):
        points = field(content, f'alignment.{name}.points', list)
        try:
            alignments[name] = Alignment(tuple((float(x), float(y)) for x, y in points))
        except (TypeError, ValueError, OverflowError, ConfigError) as error:
            raise ModelError(
                f'alignment.{name}.points must be five [x, y] of a face (eyes, nose tip, mouth '
                f'corners), got {points!r}') from error
    return MappingProxyType(alignments)


def _numbers(content: Mapping[str, Any], name: str, low: float, high: float) -> tuple[float, ...]:
    values = field(content, name, list)
    if len(values) != len(_labels(content)) or not all(
            isinstance(value, (int, float)) and not isinstance(value, bool)
            and low <= value <= high for value in values):
        raise ModelError(f'{name} must hold a number in [{low:g}, {high:g}] for each label')
    return tuple(float(value) for value in values)


def _scaling(content: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    if 'scaling' not in content:
        return None
    return (_numbers(content, 'scaling.factors', -100, 100),
            _numbers(content, 'scaling.summands', -100, 100))


def _priors(content: Mapping[str, Any]) -> tuple[float, ...] | None:
    return _numbers(content, 'priors', 1e-9, 1.0) if 'priors' in content else None


def _switch(content: Mapping[str, Any], name: str) -> bool:
    value = content['input'].get(name, False)
    if not isinstance(value, bool):
        raise ModelError(f'input.{name} must be true or false, got {value!r}')
    return value


def _network(content: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if 'network' not in content:
        return None
    for name in ('family', 'sha256'):
        field(content, f'network.{name}', str)
    field(content, 'network.options', dict)
    file_name(content, 'network.file')
    return MappingProxyType(content['network'])


def _check_manifest(content: Mapping[str, Any]) -> Manifest:
    color = field(content, 'input.color', str)
    if color not in _COLORS:
        raise ModelError(f'input.color must be one of {", ".join(_COLORS)}, got {color!r}')
    for name in ('input.width', 'input.height', 'parameters'):
        field(content, name, int)
    return Manifest(
        name=text(content, 'name'), version=text(content, 'version'),
        license=field(content, 'license', str),
        description=field(content, 'description', str),
        file=file_name(content, 'file'), sha256=sha256_of(content),
        parameters=int(number(content, 'parameters', 1, 1e10)),
        labels=_labels(content),
        width=int(number(content, 'input.width', 8, _MAX_SIDE)),
        height=int(number(content, 'input.height', 8, _MAX_SIDE)),
        color=color, scale=number(content, 'input.scale', 1e-9, 1e3),
        offset=number(content, 'input.offset', -1e6, 1e6),
        standardize=_switch(content, 'standardize'), mirror=_switch(content, 'mirror'),
        crop=_crop(content), alignment=_alignment(content),
        temperature=number(content, 'temperature', 1e-3, 1e3),
        scaling=_scaling(content), priors=_priors(content), network=_network(content),
        thresholds=MappingProxyType(
            {'unknown': number(content, 'thresholds.unknown', 0.0, 1.0)}),
        training=MappingProxyType(field(content, 'training', dict)),
        metrics=MappingProxyType(field(content, 'metrics', dict)))
