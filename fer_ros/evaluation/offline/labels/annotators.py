"""Several annotators of one recording: what most of them say, and how far they agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
import dataclasses
from itertools import pairwise
from typing import Any

from fer_ros.evaluation.offline.labels.segments import Segment, Timeline

__all__ = ['Agreement', 'krippendorff_alpha', 'merge_annotators']

_STEP = 0.1  # seconds between the moments that are compared


def krippendorff_alpha(units: Iterable[Sequence[str]]) -> float | None:
    """Return Krippendorff's alpha for nominal data; 1 is agreement, 0 what chance gives.

    Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section B. Units with
    fewer than two values do not count.

    Args:
        units: For each thing that was judged, the values that it got.

    Returns:
        None where nothing was judged twice, or only one value ever occurs.
    """
    totals: Counter[str] = Counter()
    disagreements = 0.0
    for values in units:
        if len(values) < 2:
            continue
        counts = Counter(values)
        totals.update(counts)
        pairs = len(values) ** 2 - sum(n * n for n in counts.values())
        disagreements += pairs / (len(values) - 1)
    total = sum(totals.values())
    expected = total ** 2 - sum(n * n for n in totals.values())
    if not expected:
        return None
    return 1.0 - (total - 1) * disagreements / expected


@dataclasses.dataclass
class Agreement:
    """How far annotators agree, over all recordings of a run.

    Attributes:
        names: The annotators.
        moments: Moments, a tenth of a second apart, that two of them or more labelled.
        disputed: Moments at which no emotion has more votes than every other; they bear no label.
    """

    names: set[str] = dataclasses.field(default_factory=set)
    moments: int = 0
    disputed: int = 0
    _judged: list[tuple[str, ...]] = dataclasses.field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """Return `names`, `alpha`, `moments` and `disputed`, for `metrics.json`."""
        alpha = krippendorff_alpha(self._judged)
        return {'names': sorted(self.names), 'alpha': None if alpha is None else round(alpha, 6),
                'moments': self.moments, 'disputed': self.disputed}

    def add(self, votes: tuple[str, ...], disputed: bool) -> None:
        """Add a moment."""
        self._judged.append(votes)
        self.moments += len(votes) > 1
        self.disputed += disputed


def merge_annotators(segments: Sequence[Segment], agreement: Agreement) -> list[Segment]:
    """Return segments with what most annotators say; where they are even there is no label.

    Args:
        segments: Of one recording; those without an annotator are returned as they are.
        agreement: Gets every moment.

    Raises:
        DataError: Segments of one annotator overlap.
    """
    if not any(segment.annotator for segment in segments):
        return list(segments)
    people: defaultdict[tuple[int, str], list[Segment]] = defaultdict(list)
    for segment in segments:
        people[segment.track, segment.person].append(segment)
    merged: list[Segment] = []
    for mine in people.values():
        names = sorted({segment.annotator for segment in mine})
        agreement.names.update(names)
        # A timeline each, which refuses overlaps.
        lines = [Timeline(s for s in mine if s.annotator == name) for name in names]
        merged += _majority(mine, lines)
        for votes in _moments(mine, lines):
            agreement.add(votes, not _winner(votes))
    return merged


def _majority(segments: list[Segment], lines: list[Timeline]) -> Iterator[Segment]:
    """Yield the stretches between all borders that have a label, joined where it stays."""
    borders = sorted({time for s in segments for time in (s.start, s.end)})
    current: Segment | None = None
    for start, end in pairwise(borders):
        found = [s for line in lines for s in line.at((start + end) / 2)]
        emotion = _winner(tuple(s.emotion for s in found))
        if current is not None and (current.emotion != emotion or current.end != start):
            yield current
            current = None
        if emotion:
            current = dataclasses.replace(current, end=end) if current else dataclasses.replace(
                found[0], start=start, end=end, emotion=emotion, annotator='')
    if current is not None:
        yield current


def _winner(votes: tuple[str, ...]) -> str:
    ranked = Counter(votes).most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return ''
    return ranked[0][0]


def _moments(segments: list[Segment], lines: list[Timeline]) -> Iterator[tuple[str, ...]]:
    begin, end = min(s.start for s in segments), max(s.end for s in segments)
    for number in range(int((end - begin) / _STEP)):
        time = begin + (number + 0.5) * _STEP
        votes = tuple(s.emotion for line in lines for s in line.at(time))
        if votes:
            yield votes
