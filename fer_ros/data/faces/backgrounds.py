"""What there is in pictures without faces."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from fer_ros.data.duplicates import find_duplicates
from fer_ros.data.faces.leaks import CORRELATION, HASH_DISTANCE, thumbnails
from fer_ros.data.faces.types import Backgrounds

__all__ = ['background_summary']

_COLOUR = 2.0  # mean difference of the channels in grey levels, from which a picture has colour


def background_summary(
    backgrounds: Backgrounds, *, distance: int = HASH_DISTANCE, correlation: float = CORRELATION,
) -> dict[str, Any]:
    """Return counts by split and source, how many are grey, and near-duplicates across splits.

    Args:
        backgrounds: Pictures without faces.
        distance: Of near-duplicates, as for `find_leaks`.
        correlation: Of near-duplicates, as for `find_leaks`.

    Raises:
        DataError: A picture cannot be read.
    """
    grey = 0
    for row in range(len(backgrounds)):
        image = backgrounds.read(row).astype(np.int16)
        grey += bool(np.abs(np.diff(image, axis=2)).mean() < _COLOUR)
    found = find_duplicates(thumbnails(backgrounds), distance, correlation, mirror=True)
    sides = [[backgrounds.pictures[row] for row in pair] for pair in found.pairs.tolist()]
    return {
        'pictures': len(backgrounds),
        'splits': dict(Counter(p.split for p in backgrounds.pictures).most_common()),
        'sources': dict(Counter(p.source for p in backgrounds.pictures).most_common()),
        'grey': grey,
        'across_splits': [[one.file, other.file] for one, other in sides
                          if one.split != other.split]}
