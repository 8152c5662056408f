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
    BaseManifest,
    common_fields,
    field,
    installed_folders,
    load_folder,
    MANIFEST,
    ModelFolder,
    number,
    SCHEMA,
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Manifest(BaseManifest):
    """What a model folder says about its network, checked.

    Attributes:
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
        thresholds: `unknown`: confidence below which the model abstains, in [0, 1].
    """

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
    thresholds: Mapping[str, float]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the input in pixels."""
        return self.width, self.height


Model = ModelFolder[Manifest]
"""A verified folder of a model of emotions."""


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
    return load_folder(model or DEFAULT_MODEL, _TASK, _check_manifest)


def _labels(content: Mapping[str, Any]) -> tuple[str, ...]:
    labels = field(content, 'labels', list)
    if len(labels) < 2 or not all(isinstance(label, str) and label for label in labels):
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
        except (TypeError, ValueError, ConfigError) as error:
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


def _check_manifest(content: Mapping[str, Any]) -> Manifest:
    color = field(content, 'input.color', str)
    if color not in _COLORS:
        raise ModelError(f'input.color must be one of {", ".join(_COLORS)}, got {color!r}')
    for name in ('input.width', 'input.height'):
        field(content, name, int)
    if 'network' in content:
        field(content, 'network.family', str)
    return Manifest(
        **common_fields(content), labels=_labels(content),
        width=int(number(content, 'input.width', 8, _MAX_SIDE)),
        height=int(number(content, 'input.height', 8, _MAX_SIDE)),
        color=color, scale=number(content, 'input.scale', 1e-9, 1e3),
        offset=number(content, 'input.offset', -1e6, 1e6),
        standardize=_switch(content, 'standardize'), mirror=_switch(content, 'mirror'),
        crop=_crop(content), alignment=_alignment(content),
        temperature=number(content, 'temperature', 1e-3, 1e3),
        scaling=_scaling(content), priors=_priors(content),
        thresholds=MappingProxyType(
            {'unknown': number(content, 'thresholds.unknown', 0.0, 1.0)}))
