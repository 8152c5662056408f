"""What was found when a data set of labelled faces was checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
import dataclasses

from fer_ros.core.errors import DataError
from fer_ros.data.faces.checks import Problem

__all__ = ['FaceReport']

_SHOWN = 10  # problems that are listed


@dataclasses.dataclass(frozen=True)
class FaceReport:
    """Counts of a data set, and what is wrong in it.

    Attributes:
        name: The data set.
        pictures: Pictures that were looked at.
        used: Pictures with right labels.
        empty: Pictures among them without any face, which are background as a whole.
        faces: Faces that count.
        ignored: Regions that are neither face nor background.
        without_points: Faces that count of which no landmark is known.
        problems: What is wrong, by picture and face.
        notes: What else has to be known.
        pixels: Whether every picture was decoded.
    """

    name: str
    pictures: int
    used: int
    empty: int
    faces: int
    ignored: int
    without_points: int
    problems: Sequence[Problem] = ()
    notes: Sequence[str] = ()
    pixels: bool = False

    def counts(self) -> dict[str, int]:
        """Return how often each kind of problem was found, the most frequent first."""
        return dict(Counter(problem.kind for problem in self.problems).most_common())

    def text(self, shown: int = _SHOWN) -> str:
        """Return the report for people, with the first `shown` problems of each kind."""
        lines = [f'{self.name}: {self.used} of {self.pictures} pictures, {self.faces} faces '
                 f'({self.without_points} without landmarks), {self.ignored} ignored regions, '
                 f'{self.empty} pictures without a face'
                 + ('' if self.pixels else ' (pixels not read)')]
        lines += [f'note: {note}' for note in self.notes]
        for kind, count in self.counts().items():
            of_kind = [problem for problem in self.problems if problem.kind == kind]
            lines.append(f'{kind}: {count} ({of_kind[0].effect})')
            lines += [f'  {problem}' for problem in of_kind[:shown]]
            if count > shown:
                lines.append(f'  and {count - shown} more')
        return '\n'.join(lines)

    def require(self, skip_bad: bool = False) -> None:
        """Refuse data that cannot be used.

        Args:
            skip_bad: Whether what is wrong may be left out.

        Raises:
            DataError: Something is wrong and must not be left out, or no face is left.
        """
        if self.problems and not skip_bad:
            kinds = ', '.join(f'{kind} {count}' for kind, count in self.counts().items())
            first = '\n'.join(f'  {problem}' for problem in self.problems[:_SHOWN])
            more = len(self.problems) - _SHOWN
            raise DataError(
                f'{self.name} has {len(self.problems)} problems ({kinds}):\n{first}'
                + (f'\n  and {more} more' if more > 0 else '')
                + '\nmend them, or leave out what is wrong (--skip-bad)')
        if not self.faces:
            raise DataError(f'{self.name} has no face that counts')
