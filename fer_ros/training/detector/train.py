"""Training a face detector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

from fer_ros.core.errors import DataError
from fer_ros.data.faces.types import Backgrounds, FacePictures
from fer_ros.training.detector.batches import SceneBatches
from fer_ros.training.detector.config import DetectorConfig
from fer_ros.training.detector.loss import DetectionLoss
from fer_ros.training.detector.network import build
from fer_ros.training.detector.scenes import SceneMaker
from fer_ros.training.detector.validation import Validation
from fer_ros.training.loop import train_network
from fer_ros.training.setup import jit, make_optimizer

__all__ = ['FaceData', 'train_detector']


class FaceData:
    """What a detector is trained or validated on.

    Args:
        pictures: Labelled faces.
        backgrounds: Pictures without a face; may be empty.
    """

    def __init__(self, pictures: FacePictures, backgrounds: Backgrounds) -> None:
        self.pictures, self.backgrounds = pictures, backgrounds

    @property
    def faces(self) -> int:
        """Number of faces that count."""
        return sum(int((~picture.labels.ignored).sum()) for picture in self.pictures.pictures)


def train_detector(
    config: DetectorConfig, training: FaceData, validation: FaceData, run: Path,
    report: Callable[[str], None] = print, start: Callable[[], keras.Model] | None = None,
    inputs: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Train a detector, or go on with an interrupted run; see `train_network`.

    Args:
        config: Settings.
        training: Pictures to learn from.
        validation: Pictures to choose the epoch on.
        run: Folder of the run, made if missing.
        report: Takes one line of text an epoch.
        start: Makes the network to begin with; default: a fresh one.
        inputs: What tells data and beginnings apart.

    Returns:
        The network of the best epoch.

    Raises:
        ConfigError: `run` belongs to other settings or inputs, or its checkpoint to another
            network.
        DataError: There is nothing to learn or to measure.
    """
    for role, data in (('training', training), ('validation', validation)):
        if data.faces == 0:
            raise DataError(f'no {role} picture holds a face; `fer data faces` tells why')
    return train_network(
        DetectorTask(config, training, validation), run, report, start, inputs)


class DetectorTask:
    """Learning to find faces; a `fer_ros.training.loop.Task`."""

    columns = ('loss', 'val_average_precision', 'val_picture_ap', 'val_scene_ap',
               'val_scene_recall', 'val_point_error')

    def __init__(
        self, config: DetectorConfig, training: FaceData, validation: FaceData,
    ) -> None:
        self.config = config
        self._count = len(training.pictures)
        self._scenes = SceneMaker(
            training.pictures, training.backgrounds, config.side, config.composition,
            config.augmentation, cache=config.cache)
        self._validation = Validation(config, validation.pictures, validation.backgrounds)
        self.steps = len(self.batches(0))

    def build(self, *, resumed: bool) -> keras.Model:
        """Return the network of the settings."""
        return build(width=self.config.width, depth=self.config.depth)

    def compile(self, model: keras.Model) -> None:
        """Give the network optimizer and loss."""
        model.compile(
            make_optimizer(self.config, self.steps), loss=DetectionLoss(self.config.side),
            jit_compile=jit(self.config))

    def batches(self, epoch: int) -> SceneBatches:
        """Return the batches of an epoch."""
        return SceneBatches(self._scenes, self._count, self.config, epoch)

    def misfit(self, model: keras.Model) -> str:
        """Return an empty text: every data set has the same faces to learn."""
        return ''

    def validate(self, model: keras.Model) -> dict[str, float]:
        """Return the figures on the validation data."""
        return self._validation.figures(model)
