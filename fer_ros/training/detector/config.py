"""What one training run of a detector does: a YAML file, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from pathlib import Path
from typing import Any, ClassVar

from fer_ros.core.errors import ConfigError
from fer_ros.core.face_grid import STRIDES
from fer_ros.training.augmentation import Augmentation
from fer_ros.training.detector.scenes import Composition
from fer_ros.training.settings import load_recipe, make_settings, parts, RunConfig

__all__ = ['detector_config', 'DetectorConfig', 'load_detector_config']


@dataclasses.dataclass(frozen=True)
class DetectorConfig(RunConfig):
    """The settings of a face detector; `config/detector/*.yaml` sets and explains them.

    Those that every run has are in `RunConfig`.

    Attributes:
        width: Multiple of the network's channels.
        depth: Multiple of the network's units.
        side: Width and height of the training pictures, a multiple of 32.
        pictures: Scenes of an epoch; 0: as many as there are labelled pictures.
        validation_side: Width and height into which validation pictures are fitted.
        validation_pictures: Whole pictures of the validation, at most; 0: all.
        validation_scenes: Composed scenes of the validation, beside its whole pictures.
        smallest_face: Longer side of the smallest face that the detector is asked to find, in
            pixels of its input: what frames are reduced to.
        workers: Threads that make scenes.
        cache: Keep decoded pictures in memory; about 0.5 MB each.
        composition: How scenes are put together, see `Composition`.
        augmentation: What happens to the whole scene.
    """

    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **RunConfig.CHOICES, 'monitor': ('average_precision', 'picture_ap', 'scene_ap',
                                             'scene_recall')}
    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        **RunConfig.RANGES, 'width': (0.1, 8), 'depth': (0.1, 8), 'side': (64, 2048),
        'pictures': (0, 10_000_000), 'validation_side': (64, 2048),
        'validation_pictures': (0, 10_000_000),
        'validation_scenes': (1, 100_000), 'smallest_face': (4, 512),
        'workers': (1, 64)}

    batch_size: int = 32
    monitor: str = 'average_precision'
    width: float = 1.0
    depth: float = 1.0
    side: int = 256
    pictures: int = 0
    validation_side: int = 320
    validation_pictures: int = 0
    validation_scenes: int = 400
    smallest_face: float = 20.0
    workers: int = 1
    cache: bool = False
    composition: Composition = dataclasses.field(default_factory=Composition)
    augmentation: Augmentation = dataclasses.field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ('side', 'validation_side'):
            if getattr(self, field) % STRIDES[-1]:
                raise ConfigError(f'{field} must be a multiple of {STRIDES[-1]}, got '
                                  f'{getattr(self, field)}')


def load_detector_config(path: str | Path, **overrides: Any) -> DetectorConfig:
    """Read a training configuration of a detector.

    Args:
        path: YAML file.
        **overrides: Settings that replace those of the file; None leaves the file's.

    Raises:
        ConfigError: The file cannot be read, or holds an unknown key or a wrong value.
    """
    return load_recipe(path, detector_config, **overrides)


def detector_config(content: Mapping[str, Any]) -> DetectorConfig:
    """Return the settings that stand in a recipe or a manifest.

    Raises:
        ConfigError: A key is unknown, or a value is wrong.
    """
    return make_settings(DetectorConfig, parts(
        content, composition=_composition, augmentation=Augmentation))


def _composition(settings: Mapping[str, Any]) -> Composition:
    try:
        return make_settings(Composition, settings)
    except ConfigError as error:
        raise ConfigError(f'composition: {error}') from error
