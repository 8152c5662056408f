"""What a bootstrap draws as a whole, and what stands for a segment: the same in all figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

__all__ = ['resampling_groups', 'standing_answer']


def resampling_groups(
    people: Sequence[str], segments: Sequence[int], *, timed: bool,
) -> tuple[list[str], str]:
    """Return the name of each row's group, and what the groups are.

    Frames of one person, and of one segment, resemble each other. One person alone is no sample
    of people, though: then segments are drawn, or pictures.

    Args:
        people: (N,) the person of each row, empty if unknown.
        segments: (N,) number of the labelled segment, or of the picture.
        timed: Whether the rows are frames of recordings.

    Returns:
        (N,) names, and `subjects`, `segments` or `images`.
    """
    if len(set(people) - {''}) > 1:
        return [f'person {person}' if person else f'segment {segment}'
                for person, segment in zip(people, segments, strict=True)], 'subjects'
    return [f'segment {segment}' for segment in segments], 'segments' if timed else 'images'


def standing_answer(votes: Counter[int]) -> int:
    """Return the answer that a segment got most often; -1 stands for none.

    Of equally frequent answers it is the first in the order of the labels, none being the last.
    """
    return min(votes, key=lambda guess: (-votes[guess], guess < 0, guess))
