"""What one training run does: a YAML file, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from pathlib import Path
from typing import Any

import yaml

from fer_ros.core.errors import ConfigError
from fer_ros.training.augmentation import Augmentation
from fer_ros.training.networks import NETWORKS

__all__ = ['TrainConfig', 'load_config']


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """The settings of a run; `config/train/*.yaml` sets and explains them.

    Attributes:
        name: Name of the model and of its folder.
        version: Version of the model, for its manifest.
        network: Family in `fer_ros.training.networks`.
        network_options: Options of the family.
        side: Width and height of the input in pixels.
        epochs: Passes over the training data.
        batch_size: Images a step.
        learning_rate: Peak of the cosine schedule.
        warmup_epochs: Epochs in which the rate rises linearly to its peak.
        weight_decay: Decoupled weight decay of AdamW (Loshchilov and Hutter 2019).
        label_smoothing: Share of the target spread over all emotions, in [0, 1).
        jit_compile: Compile the step with XLA; faster, after a minute of compiling.
        abstain_share: Share of the validation faces, in [0, 1), on which the exported model
            answers `unknown`; sets its threshold.
        seed: Seed of weights, order and augmentation.
        augmentation: Limits of the random variations.
    """

    name: str
    version: str = '0.1.0'
    network: str = 'small_resnet'
    network_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    side: int = 48
    epochs: int = 30
    batch_size: int = 128
    learning_rate: float = 2e-3
    warmup_epochs: float = 2.0
    weight_decay: float = 5e-3
    label_smoothing: float = 0.1
    jit_compile: bool = True
    abstain_share: float = 0.05
    seed: int = 0
    augmentation: Augmentation = dataclasses.field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if not self.name or not self.name.replace('_', '').replace('-', '').isalnum():
            raise ConfigError(
                f'name must consist of letters, digits, _ and -, got {self.name!r}')
        if self.network not in NETWORKS:
            raise ConfigError(
                f'network must be one of {", ".join(NETWORKS)}, got {self.network!r}')
        for field, low, high in (
                ('side', 16, 512), ('epochs', 1, 10_000), ('batch_size', 1, 65_536),
                ('learning_rate', 1e-8, 10.0), ('warmup_epochs', 0, self.epochs),
                ('weight_decay', 0, 1), ('label_smoothing', 0, 0.99), ('abstain_share', 0, 0.99),
                ('seed', 0, 2**31 - 1)):
            value = getattr(self, field)
            if not low <= value <= high:
                raise ConfigError(f'{field} must lie in [{low}, {high}], got {value}')


def load_config(path: str | Path, **overrides: Any) -> TrainConfig:
    """Read a training configuration.

    Args:
        path: YAML file.
        **overrides: Settings that replace those of the file; None leaves the file's.

    Raises:
        ConfigError: The file cannot be read, or holds an unknown key or a wrong value.
    """
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f'{path}: cannot be read as YAML: {error}') from error
    if not isinstance(content, dict):
        raise ConfigError(f'{path}: expected settings `key: value`')
    content.update({key: value for key, value in overrides.items() if value is not None})
    try:
        augmentation = content.pop('augmentation', None) or {}
        return _make(
            TrainConfig, {**content, 'augmentation': _make(Augmentation, augmentation)})
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error


def _make(kind: Any, content: Any) -> Any:
    """Return the dataclass `kind` of `content`, refusing unknown keys and wrong types."""
    if not isinstance(content, dict):
        raise ConfigError(f'{kind.__name__} expects settings `key: value`, got {content!r}')
    fields = {field.name: field for field in dataclasses.fields(kind)}
    unknown = set(content) - set(fields)
    if unknown:
        raise ConfigError(f'unknown setting {", ".join(sorted(map(str, unknown)))}; '
                          f'known: {", ".join(fields)}')
    numbers = {'int': int, 'float': (int, float), 'str': str, 'bool': bool}
    for name, value in content.items():
        wanted = str(fields[name].type)
        if wanted in numbers and (
                not isinstance(value, numbers[wanted])
                or isinstance(value, bool) != (wanted == 'bool')):
            raise ConfigError(f'{name} must be of type {wanted}, got {value!r}')
    try:
        return kind(**content)
    except TypeError as error:
        raise ConfigError(str(error)) from error
