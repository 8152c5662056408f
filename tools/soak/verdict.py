"""Whether a node leaks, by samples of what its process takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watch import Sample

__all__ = ['judge', 'MEMORY_MB', 'rounds']

MEMORY_MB = 20.0
"""Growth from the second to the last round of faults that counts as a leak; allocators wander."""
_SPARE = {'handles': 3, 'threads': 2}


def rounds(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Return the samples of the last life by rounds, from the second one on.

    In the first round models, buffers and code are loaded that were never needed before.
    """
    life = [sample for sample in samples if sample.life == samples[-1].life]
    numbers = sorted({sample.round for sample in life if sample.round > 1})
    return [[sample for sample in life if sample.round == number] for number in numbers]


def judge(samples: Sequence[Sample]) -> list[str]:
    """Return what leaks, in words; nothing can be told of fewer than three rounds.

    The smallest values of rounds are compared: what a fault takes for a moment is no leak.
    """
    found = rounds(samples) if samples else []
    if len(found) < 2:
        return [] if samples else ['no samples of the process were taken']
    # The last round may have ended before it took much.
    first, last = found[0], found[-1] + (found[-2] if len(found) > 2 else [])
    problems = []
    growth = min(s.memory for s in last) - min(s.memory for s in first)
    if growth > MEMORY_MB:
        problems.append(
            f'memory grew by {growth:.1f} MB from the second to the last round of faults')
    for name, spare in _SPARE.items():
        least = [min(getattr(s, name) for s in part) for part in (first, last)]
        if least[1] - least[0] > spare:
            problems.append(f'{name} grew from {least[0]} to {least[1]}')
    return problems
