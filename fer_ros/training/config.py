"""What one training run does: a YAML file, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from pathlib import Path
from typing import Any

import yaml

from fer_ros.core.errors import ConfigError
from fer_ros.data.votes import LABEL_SETS
from fer_ros.training.augmentation import Augmentation
from fer_ros.training.labels import LABEL_MODES
from fer_ros.training.networks import BACKBONES, NETWORKS

__all__ = ['TrainConfig', 'load_config']


_CHOICES: dict[str, tuple[str, ...]] = {
    'network': (*NETWORKS, BACKBONES), 'label_set': LABEL_SETS, 'labels': LABEL_MODES,
    'optimizer': ('adamw', 'sgd'), 'monitor': ('accuracy', 'macro_recall', 'macro_f1', 'loss'),
    'precision': ('float32', 'mixed_float16', 'mixed_bfloat16'),
    'distribution': ('none', 'data_parallel'),
}
_RANGES: dict[str, tuple[float, float]] = {
    'side': (16, 512), 'label_smoothing': (0, 0.99), 'agreement_weight': (0, 10),
    'balance_sampling': (0, 1), 'balance_weights': (0, 1), 'logit_adjustment': (0, 5),
    'focal': (0, 10), 'epochs': (1, 10_000), 'batch_size': (1, 65_536), 'momentum': (0, 0.999),
    'learning_rate': (1e-8, 10.0), 'warmup_epochs': (0, 10_000), 'weight_decay': (0, 1),
    'clip_norm': (0, 1e6), 'ema': (0, 0.99999), 'swa_epochs': (0, 10_000),
    'patience': (0, 10_000), 'freeze': (0, 1), 'lowest_rate': (1e-4, 1),
    'abstain_share': (0, 0.99),
    'abstain_risk': (0, 0.99), 'seed': (0, 2**31 - 1),
}


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """The settings of a run; `config/training/*.yaml` sets and explains them.

    Attributes:
        name: Name of the model and of its folder.
        version: Version of the model, for its manifest.
        network: Family in `fer_ros.training.networks`.
        network_options: Options of the family.
        side: Width and height of the input in pixels.
        standardize: Bring each picture to equal mean and contrast, whatever the light was.
        mirror: Answer with the mean over a face and its mirror image; does not change what the
            network learns.
        label_set: What is taken of training data with votes, see `fer_ros.data.votes`.
        labels: What is learned of an image, see `fer_ros.training.labels`.
        label_smoothing: Share of the target spread over all emotions, in [0, 1).
        agreement_weight: Exponent of the largest share of votes as weight of an image; 0: none.
        balance_sampling: 1 draws all emotions equally often, 0 as they come, 0.5 between.
        balance_weights: The same, by weights of the loss.
        logit_adjustment: Multiple of the log priors added to the logits in training; 0: none.
        focal: Exponent of the focal loss; 0: cross-entropy.
        epochs: Passes over the training data.
        batch_size: Images a step.
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
        freeze: Share of the layers, from the first, that do not learn; for fine-tuning.
        lowest_rate: Factor of the learning rate at the first layer, rising to 1 at the last;
            for fine-tuning with `adamw`.
        abstain_share: Share of the validation faces, in [0, 1), on which the exported model
            answers `unknown`; sets its threshold.
        abstain_risk: Largest share of wrong answers, in [0, 0.99), at that threshold; takes the
            place of `abstain_share` if it is not 0.
        deterministic: Let equal runs give equal weights, bit for bit, at some cost of speed.
        seed: Seed of weights, order and augmentation.
        augmentation: The random variations.
    """

    name: str
    version: str = '0.1.0'
    network: str = 'resnet'
    network_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    side: int = 48
    standardize: bool = False
    mirror: bool = False
    label_set: str = 'ferplus'
    labels: str = 'majority'
    label_smoothing: float = 0.0
    agreement_weight: float = 0.0
    balance_sampling: float = 0.0
    balance_weights: float = 0.0
    logit_adjustment: float = 0.0
    focal: float = 0.0
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
    monitor: str = 'accuracy'
    patience: int = 0
    precision: str = 'float32'
    distribution: str = 'none'
    jit_compile: bool = True
    tensorboard: bool = False
    freeze: float = 0.0
    lowest_rate: float = 1.0
    abstain_share: float = 0.05
    abstain_risk: float = 0.0
    deterministic: bool = True
    seed: int = 0
    augmentation: Augmentation = dataclasses.field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if not self.name or not self.name.replace('_', '').replace('-', '').isalnum():
            raise ConfigError(
                f'name must consist of letters, digits, _ and -, got {self.name!r}')
        for field, known in _CHOICES.items():
            value = getattr(self, field)
            if value not in known:
                raise ConfigError(f'{field} must be one of {", ".join(known)}, got {value!r}')
        for field, (low, high) in _RANGES.items():
            value = getattr(self, field)
            if not low <= value <= high:
                raise ConfigError(f'{field} must lie in [{low}, {high}], got {value}')
        for field in ('warmup_epochs', 'swa_epochs'):
            if getattr(self, field) > self.epochs:
                raise ConfigError(f'{field} must lie in [0, {self.epochs}], the epochs, got '
                                  f'{getattr(self, field)}')

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as they stand in a YAML file."""
        content = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**content, 'network_options': dict(self.network_options),
                'augmentation': self.augmentation.settings}


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
        # Told in one line, as everything is.
        text = ' '.join(str(error).split())
        raise ConfigError(f'{path}: cannot be read as YAML: {text}') from error
    if not isinstance(content, dict):
        raise ConfigError(f'{path}: expected settings `key: value`')
    content.update({key: value for key, value in overrides.items() if value is not None})
    try:
        augmentation = content.pop('augmentation', None) or {}
        if not isinstance(augmentation, dict):
            raise ConfigError(f'augmentation expects settings, got {augmentation!r}')
        return _make(TrainConfig, {**content, 'augmentation': Augmentation(augmentation)})
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
