"""Dividing pictures into training, validation and test data, person by person if known."""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import ConfigError, DataError
from fer_ros.data.crops import SPLITS

__all__ = ['check_shares', 'divide']


def check_shares(shares: Sequence[float]) -> tuple[float, ...]:
    """Return the shares of train, validation and test, which must sum to 1.

    Raises:
        ConfigError: There are not three, or they are out of range.
    """
    if len(shares) != len(SPLITS) or not all(0 <= share <= 1 for share in shares) \
            or not math.isclose(sum(shares), 1.0, abs_tol=1e-6) or not shares[0]:
        raise ConfigError(
            f'the split needs shares of {", ".join(SPLITS)} that sum to 1, some for training, '
            f'such as 0.8,0.1,0.1; got {",".join(f"{share:g}" for share in shares)}')
    return tuple(float(share) for share in shares)


def divide(
    targets: NDArray[np.int64], subjects: NDArray[np.str_], shares: Sequence[float], seed: int,
) -> NDArray[np.str_]:
    """Draw a split for each picture.

    All pictures of a person go to one split: people are drawn in random order, the one with the
    most pictures first, and each goes where the emotions it brings are lacking most (after
    Sechidis et al., "On the Stratification of Multi-label Data", 2011). Pictures of unknown
    people are divided by emotion.

    Args:
        targets: (N,) index of the emotion.
        subjects: (N,) people, empty where unknown.
        shares: Of train, validation and test, summing to 1.
        seed: Seed of the draw.

    Returns:
        (N,) names out of `SPLITS`.

    Raises:
        DataError: There are too few pictures or people for the splits that are wanted.
    """
    shares = check_shares(shares)
    rng = np.random.default_rng(seed)
    rows = np.full(len(targets), -1, np.int64)
    _divide_people(rows, targets, subjects, shares, rng)
    single = np.flatnonzero(rows < 0)
    for target in np.unique(targets[single]):
        members = rng.permutation(single[targets[single] == target])
        # Cumulated rounding gives every picture to exactly one split.
        ends = np.round(np.cumsum(shares) * len(members)).astype(int)
        rows[members] = np.searchsorted(ends, np.arange(len(members)), side='right')
    for index, share in enumerate(shares):
        if share and not (rows == index).any():
            raise DataError(
                f'{len(targets)} pictures of {len(set(subjects.tolist()) - {""}) or "unknown"} '
                f'people leave none for {SPLITS[index]} at a share of {share:g}')
    return np.array(SPLITS)[rows]


def _divide_people(
    rows: NDArray[np.int64], targets: NDArray[np.int64], subjects: NDArray[np.str_],
    shares: Sequence[float], rng: np.random.Generator,
) -> None:
    """Write the split of each row of a known person into `rows`."""
    known = np.flatnonzero(subjects != '')
    if not len(known):
        return
    names, person = np.unique(subjects[known], return_inverse=True)
    counts = np.zeros((len(names), int(targets.max()) + 1))
    np.add.at(counts, (person.ravel(), targets[known]), 1)
    totals = counts.sum(axis=0)
    lacking = np.outer(shares, totals)
    order = rng.permutation(len(names))
    order = order[np.argsort(-counts[order].sum(axis=1), kind='stable')]
    chosen = np.empty(len(names), np.int64)
    for name in order:
        need = (lacking * counts[name] / np.maximum(totals, 1)).sum(axis=1)
        need[np.asarray(shares) == 0] = -np.inf
        chosen[name] = int(need.argmax())
        lacking[chosen[name]] -= counts[name]
    rows[known] = chosen[person.ravel()]
