"""What a network is asked to learn of each picture: one label, or how the taggers voted."""

from __future__ import annotations

import numpy as np

from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Floats
from fer_ros.data.datasets import Dataset

__all__ = ['LABEL_MODES', 'class_priors', 'soft_targets']

LABEL_MODES = ('majority', 'votes', 'draw')
"""`majority`: the emotion of most votes. `votes`: cross-entropy on the distribution of votes.
`draw`: one vote is drawn anew in every epoch, probabilistic label drawing.
The names in Barsoum et al. 2016, section 3: MV, CEL, PLD."""


def soft_targets(
    data: Dataset, mode: str, smoothing: float, rng: np.random.Generator,
) -> Floats:
    """Return the (N, K) float32 distributions that an epoch learns.

    Args:
        data: Face crops; `votes` and `draw` need its distributions.
        mode: One of `LABEL_MODES`.
        smoothing: Share of each target spread over all emotions, in [0, 1).
        rng: Draws the labels of `draw`.

    Raises:
        ConfigError: The mode is unknown, or the data hold no votes.
    """
    if mode not in LABEL_MODES:
        raise ConfigError(f'labels must be one of {", ".join(LABEL_MODES)}, got {mode!r}')
    classes = len(data.labels)
    if mode == 'majority':
        targets = np.eye(classes)[data.targets]
    elif data.distributions is None:
        raise ConfigError(f'labels: {mode} needs data with votes; these have one label an image')
    elif mode == 'votes':
        targets = data.distributions.astype(np.float64)
    else:
        limits = np.cumsum(data.distributions, axis=1)
        drawn = (rng.random((len(data), 1)) * limits[:, -1:] >= limits).sum(axis=1)
        targets = np.eye(classes)[np.minimum(drawn, classes - 1)]
    return np.asarray((1 - smoothing) * targets + smoothing / classes, np.float32)


def class_priors(data: Dataset) -> Floats:
    """Return the (K,) share of each emotion among the targets, with one image more of each."""
    counts = np.bincount(data.targets, minlength=len(data.labels)) + 1.0
    shares: Floats = (counts / counts.sum()).astype(np.float32)
    return shares
