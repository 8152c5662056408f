"""What a face detector is trained for."""

from __future__ import annotations

import keras

from fer_ros.core.errors import DataError
from fer_ros.training.detector.batches import SceneBatches
from fer_ros.training.detector.config import DetectorConfig
from fer_ros.training.detector.data import FaceData
from fer_ros.training.detector.loss import DetectionLoss
from fer_ros.training.detector.network import build
from fer_ros.training.detector.scenes import SceneMaker
from fer_ros.training.detector.validation import Validation
from fer_ros.training.setup import jit, make_optimizer

__all__ = ['DetectorTask']


class DetectorTask:
    """Learning to find faces; a `fer_ros.training.loop.Task`.

    Args:
        config: Settings.
        training: Pictures to learn from.
        validation: Pictures to choose the epoch on.

    Attributes:
        validation: What the network is measured on.

    Raises:
        DataError: There is nothing to learn or to measure.
    """

    columns = ('loss', 'val_average_precision', 'val_picture_ap', 'val_scene_ap',
               'val_scene_recall', 'val_point_error')

    def __init__(
        self, config: DetectorConfig, training: FaceData, validation: FaceData,
    ) -> None:
        for role, data in (('training', training), ('validation', validation)):
            if data.faces == 0:
                raise DataError(
                    f'no {role} picture holds a face; `fer data faces` tells what is there')
        self.config = config
        self._count = len(training.pictures)
        self._scenes = SceneMaker(
            training.pictures, training.backgrounds, config.side, config.composition,
            config.augmentation, cache=config.cache)
        self.validation = Validation(config, validation.pictures, validation.backgrounds)
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
        return self.validation.figures(model)
