"""The votes of FER+'s ten taggers, and the labels that follow from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import DataError
from fer_ros.core.types import EMOTIONS, Floats

__all__ = ['LABEL_SETS', 'majority', 'vote_shares']

LABEL_SETS = ('ferplus', 'ferplus_votes', 'fer2013')
"""What is taken of data that hold votes: `ferplus`, the images with a strict majority;
`ferplus_votes`, all on which most votes are for emotions; `fer2013`, all, with the seven labels
of FER2013."""


def majority(votes: NDArray[np.integer]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return the strict majority label of FER+ votes.

    The protocol of Barsoum et al. 2016 ("Training Deep Networks for Facial Expression
    Recognition with Crowd-Sourced Label Distribution", section 3): an emotion that only one
    tagger chose counts as noise; an image is kept if more than half of the remaining votes
    agree on one of the eight emotions.

    Args:
        votes: (N, 10) numbers of votes for the eight `EMOTIONS`, `unknown`, `not a face`.

    Returns:
        Whether each image is kept (N,) bool, and its emotion (N,) int64.

    Raises:
        DataError: `votes` has another shape.
    """
    counted = _counted(votes)
    best = counted.argmax(axis=1)
    agreed = 2 * counted.max(axis=1) > counted.sum(axis=1)
    return agreed & (best < len(EMOTIONS)), best


def vote_shares(votes: NDArray[np.integer]) -> tuple[NDArray[np.bool_], Floats]:
    """Return how the votes for emotions are distributed.

    As in `majority`, single votes count as noise; an image is kept if more than half of the
    remaining votes are for emotions, be they ever so many.

    Args:
        votes: (N, 10) numbers of votes for the eight `EMOTIONS`, `unknown`, `not a face`.

    Returns:
        Whether each image is kept (N,) bool, and its distribution (N, 8) float32; the rows of
        images that are not kept are even.

    Raises:
        DataError: `votes` has another shape.
    """
    counted = _counted(votes)
    emotions = counted[:, :len(EMOTIONS)]
    sums = emotions.sum(axis=1)
    kept = 2 * sums > counted.sum(axis=1)
    shares = np.where(kept[:, np.newaxis], emotions, 1.0)
    return kept, (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


def _counted(votes: NDArray[np.integer]) -> NDArray[np.int64]:
    if votes.ndim != 2 or votes.shape[1] != len(EMOTIONS) + 2:
        raise DataError(f'FER+ votes must have shape (N, 10), got {votes.shape}')
    return np.where(votes > 1, votes, 0).astype(np.int64)
