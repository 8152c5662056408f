"""The batches of one epoch of a detector's training."""

from __future__ import annotations

import keras
import numpy as np

from fer_ros.core.face_grid import grid
from fer_ros.core.types import Floats
from fer_ros.training.detector.config import DetectorConfig
from fer_ros.training.detector.scenes import SceneMaker
from fer_ros.training.detector.targets import assign

__all__ = ['SceneBatches']


class SceneBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """One epoch of scenes, a pure function of data, settings and epoch.

    Args:
        scenes: Makes them.
        count: Number of labelled pictures.
        config: Settings of the run.
        epoch: Number of the epoch, from 0.
    """

    def __init__(
        self, scenes: SceneMaker, count: int, config: DetectorConfig, epoch: int,
    ) -> None:
        super().__init__(workers=config.workers, max_queue_size=4)
        self._scenes, self._config, self._epoch = scenes, config, epoch
        self._cells = grid(config.side, config.side)
        rng = np.random.default_rng((config.seed, epoch))
        wanted = config.pictures or count
        rounds = -(-wanted // count)
        self._order = np.concatenate([rng.permutation(count) for _ in range(rounds)])[:wanted]

    def __len__(self) -> int:
        # A last, smaller batch would cost a second compilation: leave it to another epoch.
        return max(1, len(self._order) // self._config.batch_size)

    def __getitem__(self, index: int) -> tuple[Floats, Floats]:
        """Return (B, S, S, 3) float32 BGR pixels and (B, A, 16) targets of a batch."""
        size = self._config.batch_size
        images, targets = [], []
        for place, row in enumerate(self._order[index * size:(index + 1) * size].tolist()):
            # A generator a scene, for the workers take batches in any order.
            rng = np.random.default_rng((self._config.seed, self._epoch, index, place))
            image, labels = self._scenes(row, rng)
            images.append(image)
            targets.append(assign(labels, self._cells))
        return np.stack(images).astype(np.float32), np.stack(targets)
