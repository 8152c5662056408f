"""What one training run does: a YAML file, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from pathlib import Path
from typing import Any, ClassVar

from fer_ros.data.votes import LABEL_SETS
from fer_ros.training.augmentation import Augmentation
from fer_ros.training.labels import LABEL_MODES
from fer_ros.training.networks import BACKBONES, NETWORKS
from fer_ros.training.settings import load_recipe, make_settings, parts, RunConfig

__all__ = ['TrainConfig', 'load_config']


@dataclasses.dataclass(frozen=True)
class TrainConfig(RunConfig):
    """The settings of an emotion network; `config/training/*.yaml` sets and explains them.

    Those that every run has are in `RunConfig`.

    Attributes:
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
        freeze: Share of the layers, from the first, that do not learn; for fine-tuning.
        lowest_rate: Factor of the learning rate at the first layer, rising to 1 at the last;
            for fine-tuning with `adamw`.
        abstain_share: Share of the validation faces, in [0, 1), on which the exported model
            answers `unknown`; sets its threshold.
        abstain_risk: Largest share of wrong answers, in [0, 0.99), at that threshold; takes the
            place of `abstain_share` if it is not 0.
        augmentation: The random variations.
    """

    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **RunConfig.CHOICES, 'network': (*NETWORKS, BACKBONES), 'label_set': LABEL_SETS,
        'labels': LABEL_MODES, 'monitor': ('accuracy', 'macro_recall', 'macro_f1', 'loss'),
    }
    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        **RunConfig.RANGES, 'side': (16, 512), 'label_smoothing': (0, 0.99),
        'agreement_weight': (0, 10), 'balance_sampling': (0, 1), 'balance_weights': (0, 1),
        'logit_adjustment': (0, 5), 'focal': (0, 10), 'freeze': (0, 1),
        'lowest_rate': (1e-4, 1), 'abstain_share': (0, 0.99), 'abstain_risk': (0, 0.99),
    }

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
    monitor: str = 'accuracy'
    freeze: float = 0.0
    lowest_rate: float = 1.0
    abstain_share: float = 0.05
    abstain_risk: float = 0.0
    augmentation: Augmentation = dataclasses.field(default_factory=Augmentation)


def load_config(path: str | Path, **overrides: Any) -> TrainConfig:
    """Read a training configuration.

    Args:
        path: YAML file.
        **overrides: Settings that replace those of the file; None leaves the file's.

    Raises:
        ConfigError: The file cannot be read, or holds an unknown key or a wrong value.
    """
    return load_recipe(
        path, lambda content: make_settings(
            TrainConfig, parts(content, augmentation=Augmentation)), **overrides)
