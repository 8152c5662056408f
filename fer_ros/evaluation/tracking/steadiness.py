"""Figures of labels over time: are they steady, are they right, how late do they follow?"""

from __future__ import annotations

import dataclasses

import numpy as np

from fer_ros.core.types import FaceEmotion, UNKNOWN
from fer_ros.evaluation.tracking.scene import Seen

__all__ = ['LabelFigures', 'LabelScore']


@dataclasses.dataclass(frozen=True)
class LabelFigures:
    """The figures of one or several scenes.

    Attributes:
        minutes: Time that people were visible and found, summed over them.
        flips: Changes of a person's label.
        true_changes: Changes of a person's expression.
        right: Faces with the right label.
        unknown: Faces on which the model abstained.
        faces: All faces.
        delays: Seconds from each change of expression to the first right label; infinite where
            none came before the next change.
    """

    minutes: float
    flips: int
    true_changes: int
    right: int
    unknown: int
    faces: int
    delays: tuple[float, ...]

    @property
    def flips_per_minute(self) -> float:
        """Changes of the label a minute of a person."""
        return self.flips / max(1e-9, self.minutes)

    @property
    def true_changes_per_minute(self) -> float:
        """Changes of the expression a minute of a person."""
        return self.true_changes / max(1e-9, self.minutes)

    @property
    def delay(self) -> float:
        """Median delay of the changes that were told, in seconds."""
        told = [delay for delay in self.delays if np.isfinite(delay)]
        return float(np.median(told)) if told else float('nan')

    @property
    def told(self) -> float:
        """Share of the changes that were told before the next, in [0, 1]."""
        return float(np.isfinite(self.delays).mean()) if self.delays else float('nan')

    def __add__(self, other: LabelFigures) -> LabelFigures:
        return LabelFigures(*(
            getattr(self, field.name) + getattr(other, field.name)
            for field in dataclasses.fields(self)))


@dataclasses.dataclass
class _Person:
    since: float
    shown: str = ''
    waiting: float | None = None  # time of a change of expression that is not told yet


class LabelScore:
    """Counts, a person in a frame at a time.

    Args:
        labels: Names of the true labels.
        rate: Frames a second.
    """

    def __init__(self, labels: tuple[str, ...], rate: float) -> None:
        self._labels = labels
        self._rate = rate
        self._people: dict[int, _Person] = {}
        self._delays: list[float] = []
        self._faces = self._flips = self._changes = self._right = self._unknown = 0

    def add(self, seen: Seen, face: FaceEmotion | None, stamp: float) -> None:
        """Count a person who is visible; `face` is None where none was found."""
        person = self._people.setdefault(seen.number, _Person(seen.since))
        truth = self._labels[seen.label]
        if seen.since != person.since:
            if person.waiting is not None:
                self._delays.append(float('inf'))
            self._changes += 1
            person.since = seen.since
            # Only a change that could be seen can be late.
            person.waiting = seen.since if stamp - seen.since < 2 / self._rate else None
        if face is None:
            return
        self._faces += 1
        self._right += face.label == truth
        self._unknown += face.label == UNKNOWN
        self._flips += bool(person.shown) and person.shown != face.label
        person.shown = face.label
        if person.waiting is not None and face.label == truth:
            self._delays.append(stamp - person.waiting)
            person.waiting = None

    def figures(self) -> LabelFigures:
        """Return the figures of what was counted."""
        return LabelFigures(
            minutes=self._faces / self._rate / 60, flips=self._flips,
            true_changes=self._changes, right=self._right, unknown=self._unknown,
            faces=self._faces, delays=tuple(self._delays))
