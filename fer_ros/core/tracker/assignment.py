"""Who goes with whom: the cheapest one-to-one assignment."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ['assign']


def assign(costs: NDArray[np.float64], limit: float) -> list[tuple[int, int]]:
    """Return the pairs of rows and columns whose total cost is smallest.

    Leaving a row without a column costs as much as the worst pair that is allowed, `limit`: so a
    good pair is not given up to make two bad ones.

    The assignment problem is the transportation problem with one unit a row and column, which
    OpenCV solves exactly: its earth mover's distance (Rubner, Tomasi and Guibas 2000). What
    SciPy's solver would cost a robot is told in docs/tracking.md.

    Args:
        costs: (N, M) finite, not negative.
        limit: Pairs that cost as much or more are not made, > 0.

    Returns:
        (row, column) of each pair, by rows.
    """
    if 0 in costs.shape:
        return []
    capped = np.minimum(costs, limit).astype(np.float32)
    rows, columns = (np.ones((count, 1), np.float32) for count in capped.shape)
    _, _, flow = cv2.EMD(rows, columns, cv2.DIST_USER, cost=np.ascontiguousarray(capped))
    pairs = np.argwhere((np.asarray(flow) > 0.5) & (costs < limit))
    return [(int(row), int(column)) for row, column in pairs]
