"""Who goes with whom: the cheapest one-to-one assignment."""

from __future__ import annotations

from collections.abc import Iterator

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
    pairs: list[tuple[int, int]] = []
    # Groups without an allowed pair between them do not concern each other: a crowd falls into
    # many small problems, where one for all would take seconds from some hundred faces on.
    for rows, columns in _groups(costs < limit):
        part = costs[np.ix_(rows, columns)]
        pairs += [(rows[row], columns[column]) for row, column in _solve(part, limit)]
    return sorted(pairs)


def _groups(allowed: NDArray[np.bool_]) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the rows and columns of each group that allowed pairs connect."""
    by_row, by_column = (
        [np.flatnonzero(line).tolist() for line in lines] for lines in (allowed, allowed.T))
    left = {row for row, columns in enumerate(by_row) if columns}
    while left:
        rows, columns, new = set(), set(), [left.pop()]
        while new:
            row = new.pop()
            rows.add(row)
            for column in by_row[row]:
                if column not in columns:
                    columns.add(column)
                    new += [other for other in by_column[column] if other in left]
                    left.difference_update(new)
        yield sorted(rows), sorted(columns)


def _solve(costs: NDArray[np.float64], limit: float) -> list[tuple[int, int]]:
    if costs.shape == (1, 1):
        return [(0, 0)]
    capped = np.minimum(costs, limit).astype(np.float32)
    rows, columns = (np.ones((count, 1), np.float32) for count in capped.shape)
    _, _, flow = cv2.EMD(rows, columns, cv2.DIST_USER, cost=np.ascontiguousarray(capped))
    return [
        (int(row), int(column))
        for row, column in np.argwhere((np.asarray(flow) > 0.5) & (costs < limit))]
