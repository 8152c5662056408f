"""Model folders: a network and the manifest that says what it is and how to feed it.

A folder holds `manifest.json`, the network file that it names, and `README.md`, the model card.
The manifest is checked field by field, and the sha256 that it gives is compared with the very
bytes that are parsed afterwards, so that a network exchanged or damaged on disk never runs.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import hashlib
import json
import math
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fer_ros.core.crop import CropConvention
from fer_ros.core.errors import FerError, ModelError
from fer_ros.core.resources import resource_folders
from fer_ros.core.types import UNKNOWN

__all__ = [
    'DEFAULT_MODEL', 'MANIFEST', 'Manifest', 'Model', 'SCHEMA', 'available_models', 'load_model',
]

DEFAULT_MODEL = 'resnet_48'
"""Name of the model that is used when none is named."""

MANIFEST = 'manifest.json'
SCHEMA = 1
"""Version of the manifest's schema that this code reads."""

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
    return [
        folder for root in resource_folders('models')
        for folder in sorted(root.iterdir()) if (folder / MANIFEST).is_file()]


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
    folder = _find(model or DEFAULT_MODEL)
    manifest = _read_manifest(folder / MANIFEST)
    path = folder / manifest.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f'{path}: cannot be read ({error.strerror}); the manifest names it') \
            from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != manifest.sha256:
        raise ModelError(
            f'{path}: sha256 is {digest}, the manifest says {manifest.sha256}; the file was '
            f'changed or damaged: restore it or export the model again')
    return Model(manifest, folder, data)


def _find(model: str | Path) -> Path:
    path = Path(model).expanduser()
    if (path / MANIFEST).is_file():
        return path
    for folder in available_models():
        if folder.name == str(model):
            return folder
    known = sorted({folder.name for folder in available_models()})
    if path.is_dir():
        raise ModelError(f'{path}: holds no {MANIFEST}, so it is no model folder')
    raise ModelError(
        f'no model {str(model)!r}: neither a folder with a {MANIFEST} nor an installed model '
        f'(installed: {", ".join(known) or "none"})')


def _read_manifest(path: Path) -> Manifest:
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise ModelError(f'{path}: cannot be read ({error.strerror})') from error
    except ValueError as error:
        raise ModelError(f'{path}: not valid JSON ({error})') from error
    if not isinstance(content, dict):
        raise ModelError(f'{path}: expected a JSON object, got {type(content).__name__}')
    if content.get('schema') != SCHEMA:
        raise ModelError(
            f'{path}: schema is {content.get("schema")!r}, this version of fer_ros reads '
            f'schema {SCHEMA}')
    try:
        return _check_manifest(content)
    except FerError as error:
        raise ModelError(f'{path}: {error}') from error


def _field(content: Mapping[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    """Return the value at the dotted `name`, refusing one that is missing or of another type."""
    value: Any = content
    for part in name.split('.'):
        if not isinstance(value, dict) or part not in value:
            raise ModelError(f'lacks the field {name!r}')
        value = value[part]
    if not isinstance(value, kind) or isinstance(value, bool):
        names = kind.__name__ if isinstance(kind, type) else 'number'
        raise ModelError(f'{name} must be of type {names}, got {value!r}')
    return value


def _number(content: Mapping[str, Any], name: str, low: float, high: float) -> float:
    value = float(_field(content, name, (int, float)))
    if not (math.isfinite(value) and low <= value <= high):
        raise ModelError(f'{name} must lie in [{low}, {high}], got {value}')
    return value


def _labels(content: Mapping[str, Any]) -> tuple[str, ...]:
    labels = _field(content, 'labels', list)
    if len(labels) < 2 or not all(isinstance(label, str) and label for label in labels):
        raise ModelError(f'labels must be at least two names, got {labels!r}')
    if len(set(labels)) != len(labels) or UNKNOWN in labels:
        raise ModelError(f'labels must differ and not be {UNKNOWN!r}, got {labels!r}')
    return tuple(labels)


def _crop(content: Mapping[str, Any]) -> Mapping[str, CropConvention]:
    conventions = {}
    for name in _field(content, 'crop', dict):
        conventions[name] = CropConvention(
            margin=_number(content, f'crop.{name}.margin', 0.1, 10.0),
            offset_x=_number(content, f'crop.{name}.offset_x', -5.0, 5.0),
            offset_y=_number(content, f'crop.{name}.offset_y', -5.0, 5.0))
    if not conventions:
        raise ModelError('crop must hold a framing for at least one box convention')
    return MappingProxyType(conventions)


def _numbers(content: Mapping[str, Any], name: str, low: float, high: float) -> tuple[float, ...]:
    values = _field(content, name, list)
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
    for name in ('family', 'file', 'sha256'):
        _field(content, f'network.{name}', str)
    _field(content, 'network.options', dict)
    if Path(content['network']['file']).name != content['network']['file']:
        raise ModelError(
            f'network.file must be a name within the folder, got {content["network"]["file"]!r}')
    return MappingProxyType(content['network'])


def _check_manifest(content: Mapping[str, Any]) -> Manifest:
    color = _field(content, 'input.color', str)
    if color not in _COLORS:
        raise ModelError(f'input.color must be one of {", ".join(_COLORS)}, got {color!r}')
    file = _field(content, 'file', str)
    if not file or Path(file).name != file:
        raise ModelError(f'file must be a name within the folder, got {file!r}')
    digest = _field(content, 'sha256', str)
    if len(digest) != 64 or set(digest) - set('0123456789abcdef'):
        raise ModelError(f'sha256 must be 64 lower-case hex digits, got {digest!r}')
    for name in ('input.width', 'input.height', 'parameters'):
        _field(content, name, int)
    return Manifest(
        name=_field(content, 'name', str), version=_field(content, 'version', str),
        license=_field(content, 'license', str),
        description=_field(content, 'description', str),
        file=file, sha256=digest, parameters=int(_number(content, 'parameters', 1, 1e10)),
        labels=_labels(content),
        width=int(_number(content, 'input.width', 8, _MAX_SIDE)),
        height=int(_number(content, 'input.height', 8, _MAX_SIDE)),
        color=color, scale=_number(content, 'input.scale', 1e-9, 1e3),
        offset=_number(content, 'input.offset', -1e6, 1e6),
        standardize=_switch(content, 'standardize'), mirror=_switch(content, 'mirror'),
        crop=_crop(content),
        temperature=_number(content, 'temperature', 1e-3, 1e3),
        scaling=_scaling(content), priors=_priors(content), network=_network(content),
        thresholds=MappingProxyType(
            {'unknown': _number(content, 'thresholds.unknown', 0.0, 1.0)}),
        training=MappingProxyType(_field(content, 'training', dict)),
        metrics=MappingProxyType(_field(content, 'metrics', dict)))
