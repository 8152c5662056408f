"""The settings that every training run has, and how a recipe becomes settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import dataclasses
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml

from fer_ros.core.errors import ConfigError

__all__ = ['load_recipe', 'make_settings', 'parts', 'read_recipe', 'RunConfig']

_Kind = TypeVar('_Kind')


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """What a run does whatever it trains.

    Attributes:
        name: Name of the model and of its folder.
        version: Version of the model, for its manifest.
        epochs: Passes over the training data.
        batch_size: Pictures a step.
        optimizer: `adamw` (Loshchilov and Hutter 2019) or `sgd` (with Nesterov momentum).
        momentum: Of `sgd`.
        learning_rate: Peak of the cosine schedule.
        warmup_epochs: Epochs in which the rate rises linearly to its peak.
        weight_decay: Decoupled from the gradient.
        clip_norm: Largest norm of the gradient; 0: not clipped.
        ema: Momentum, a step, of the averaged weights that are validated and kept; 0: none.
        swa_epochs: Last epochs whose weights are averaged (Izmailov et al. 2018); 0: none.
        monitor: Figure on the validation data that chooses the epoch.
        patience: Epochs without a better figure after which training ends; 0: never.
        precision: Keras' dtype policy.
        distribution: `none`, or `data_parallel` over all devices by `keras.distribution`.
        jit_compile: Compile the step (XLA on TensorFlow and JAX).
        tensorboard: Write a log for TensorBoard into the run folder.
        deterministic: Let equal runs give equal weights, bit for bit, at some cost of speed.
        seed: Seed of weights, order and augmentation.

    Raises:
        ConfigError: A value is none of the choices or out of its range.
    """

    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        'optimizer': ('adamw', 'sgd'),
        'precision': ('float32', 'mixed_float16', 'mixed_bfloat16'),
        'distribution': ('none', 'data_parallel'),
    }
    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        'epochs': (1, 10_000), 'batch_size': (1, 65_536), 'momentum': (0, 0.999),
        'learning_rate': (1e-8, 10.0), 'warmup_epochs': (0, 10_000), 'weight_decay': (0, 1),
        'clip_norm': (0, 1e6), 'ema': (0, 0.99999), 'swa_epochs': (0, 10_000),
        'patience': (0, 10_000), 'seed': (0, 2**31 - 1),
    }

    name: str
    version: str = '0.1.0'
    epochs: int = 30
    batch_size: int = 128
    optimizer: str = 'adamw'
    momentum: float = 0.9
    learning_rate: float = 2e-3
    warmup_epochs: float = 2.0
    weight_decay: float = 5e-3
    clip_norm: float = 0.0
    ema: float = 0.0
    swa_epochs: int = 0
    monitor: str = 'loss'
    patience: int = 0
    precision: str = 'float32'
    distribution: str = 'none'
    jit_compile: bool = True
    tensorboard: bool = False
    deterministic: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.name or not self.name.replace('_', '').replace('-', '').isalnum():
            raise ConfigError(
                f'name must consist of letters, digits, _ and -, got {self.name!r}')
        for field, known in self.CHOICES.items():
            value = getattr(self, field)
            if value not in known:
                raise ConfigError(f'{field} must be one of {", ".join(known)}, got {value!r}')
        for field, (low, high) in self.RANGES.items():
            value = getattr(self, field)
            if not low <= value <= high:
                raise ConfigError(f'{field} must lie in [{low}, {high}], got {value}')
        for field in ('warmup_epochs', 'swa_epochs'):
            if getattr(self, field) > self.epochs:
                raise ConfigError(f'{field} must lie in [0, {self.epochs}], the epochs, got '
                                  f'{getattr(self, field)}')

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as they stand in a YAML file."""
        return {field.name: _plain(getattr(self, field.name))
                for field in dataclasses.fields(self)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return dict(value) if isinstance(value, Mapping) else getattr(value, 'settings', value)


def read_recipe(path: str | Path, **overrides: Any) -> dict[str, Any]:
    """Read the settings of a YAML file, unchecked.

    Args:
        path: YAML file. Its key `base` names another recipe, beside it, whose settings it takes
            over but for those that it has itself; settings in settings (`augmentation`, ...) are
            taken over one by one.
        **overrides: Settings that replace those of the file; None leaves the file's.

    Raises:
        ConfigError: A file cannot be read or holds no settings, or is its own base.
    """
    content = _with_base(Path(path), ())
    content.update({key: value for key, value in overrides.items() if value is not None})
    return content


def _with_base(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    chain = (*above, path)
    if path.resolve() in (file.resolve() for file in above):
        raise ConfigError(' has the base '.join(map(str, chain)) + ': it cannot be its own')
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        # Told in one line, as everything is.
        text = ' '.join(str(error).split())
        wanted = f', the base of {above[-1]}' if above else ''
        raise ConfigError(f'{path}{wanted}: cannot be read as YAML: {text}') from error
    if not isinstance(content, dict):
        raise ConfigError(f'{path}: expected settings `key: value`')
    base = content.pop('base', None)
    if base is None:
        return content
    if not isinstance(base, str):
        raise ConfigError(f'{path}: base must be the file of another recipe, got {base!r}')
    return _merged(_with_base(path.parent / base, chain), content)


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    return {**base, **{
        key: _merged(base[key], value)
        if isinstance(value, dict) and isinstance(base.get(key), dict) else value
        for key, value in own.items()}}


def load_recipe(
    path: str | Path, make: Callable[[dict[str, Any]], _Kind], **overrides: Any,
) -> _Kind:
    """Return the checked settings of a YAML file.

    Args:
        path: YAML file, as of `read_recipe`.
        make: Makes them of its content.
        **overrides: Settings that replace those of the file; None leaves the file's.

    Raises:
        ConfigError: The file or its base cannot be read, or they hold an unknown key or a wrong
            value; the path stands before the reason.
    """
    content = read_recipe(path, **overrides)
    try:
        return make(content)
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error


def parts(content: Mapping[str, Any], **kinds: Callable[[Any], Any]) -> dict[str, Any]:
    """Return settings in which some, which hold settings themselves, are made of them.

    Args:
        content: Settings.
        **kinds: What makes each of those of its content; an empty one where it is missing.

    Raises:
        ConfigError: One holds no settings, or wrong ones.
    """
    made = dict(content)
    for name, kind in kinds.items():
        settings = made.get(name) or {}
        if not isinstance(settings, dict):
            raise ConfigError(f'{name} expects settings, got {settings!r}')
        made[name] = kind(settings)
    return made


def make_settings(kind: type[_Kind], content: Mapping[str, Any]) -> _Kind:
    """Return the dataclass `kind` of `content`.

    Raises:
        ConfigError: A key is unknown, a value of another type, or refused by `kind`.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = set(content) - set(fields)
    if unknown:
        raise ConfigError(f'unknown setting {", ".join(sorted(map(str, unknown)))}; '
                          f'known: {", ".join(fields)}')
    numbers = {'int': int, 'float': (int, float), 'str': str, 'bool': bool}
    for name, value in content.items():
        wanted = str(fields[name].type)
        if wanted in numbers and (
                not isinstance(value, numbers[wanted])  # type: ignore[arg-type]
                or isinstance(value, bool) != (wanted == 'bool')):
            raise ConfigError(f'{name} must be of type {wanted}, got {value!r}')
    try:
        return kind(**content)
    except TypeError as error:
        raise ConfigError(str(error)) from error
