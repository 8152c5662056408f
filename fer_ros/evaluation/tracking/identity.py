"""Figures of tracking: do people keep their numbers?

CLEAR MOT: Bernardin and Stiefelhagen 2008, "Evaluating multiple object tracking performance".
IDF1: Ristani et al. 2016, "Performance measures and a data set for multi-target, multi-camera
tracking".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
import dataclasses

import numpy as np

from fer_ros.core.crop import CropConvention, frame_of
from fer_ros.core.tracker import overlap
from fer_ros.core.tracker.assignment import assign
from fer_ros.core.types import FaceEmotion
from fer_ros.evaluation.tracking.scene import Seen

__all__ = ['IdentityFigures', 'IdentityScore', 'MIN_VISIBLE']

MIN_VISIBLE = 0.6
"""Share of a face that must be visible for it to count."""

_OVERLAP = 0.4  # intersection over union from which a detection means a face


@dataclasses.dataclass(frozen=True)
class IdentityFigures:
    """The figures of one or several scenes.

    Attributes:
        minutes: Time of the scenes.
        faces: Visible faces, over all frames.
        misses: Faces without a track.
        false_alarms: Tracked faces where there is none.
        switches: Times that a person got another number than before.
        fragments: Times that a person was lost and found again while visible.
        ids: Numbers that were given.
        id_hits: Faces that carry the one number that stands for their person.
        tracked: Faces that were reported, but those on people who are too hidden to count.
    """

    minutes: float
    faces: int
    misses: int
    false_alarms: int
    switches: int
    fragments: int
    ids: int
    id_hits: int
    tracked: int

    @property
    def mota(self) -> float:
        """Multiple object tracking accuracy, at most 1."""
        wrong = self.misses + self.false_alarms + self.switches
        return 1.0 - wrong / max(1, self.faces)

    @property
    def idf1(self) -> float:
        """Share of faces that carry the number of their person, in [0, 1]."""
        return 2 * self.id_hits / max(1, self.faces + self.tracked)

    def __add__(self, other: IdentityFigures) -> IdentityFigures:
        return IdentityFigures(*(
            getattr(self, field.name) + getattr(other, field.name)
            for field in dataclasses.fields(self)))


class IdentityScore:
    """Counts, a frame at a time.

    Args:
        convention: From the detector's boxes to the squares of the people.
    """

    def __init__(self, convention: CropConvention) -> None:
        self._convention = convention
        self._numbers: dict[int, int] = {}  # of each person, as of now
        self._lost: set[int] = set()
        self._together: Counter[tuple[int, int]] = Counter()
        self._ids: set[int] = set()
        self._counts: Counter[str] = Counter()

    def add(
        self, people: Iterable[Seen], faces: Iterable[FaceEmotion],
    ) -> Mapping[int, FaceEmotion]:
        """Count a frame.

        Args:
            people: Who is there.
            faces: What was reported.

        Returns:
            The face of each person that was found and counts, by the person's number.
        """
        people, faces = list(people), list(faces)
        frames = [frame_of(face.box, self._convention) for face in faces]
        overlaps = np.array([
            [overlap(seen.box, frame) for frame in frames] for seen in people]
        ).reshape(len(people), len(faces))
        # Who was with whom stays so where it can be: CLEAR MOT counts no switch but a true one.
        known = np.array([
            [self._numbers.get(seen.number) == face.track_id for face in faces]
            for seen in people], bool).reshape(overlaps.shape)
        costs = np.where(overlaps >= _OVERLAP, 1.0 - overlaps - known + 1.0, 3.0)
        pairs = dict(assign(costs, 3.0))
        counted = [seen.visible >= MIN_VISIBLE for seen in people]
        ignored = {pairs[p] for p in pairs if not counted[p]}
        found = {}
        for p, seen in enumerate(people):
            if counted[p]:
                self._count_person(seen.number, faces[pairs[p]] if p in pairs else None)
                if p in pairs:
                    found[seen.number] = faces[pairs[p]]
        self._counts['false'] += len(faces) - len(pairs)
        for f, face in enumerate(faces):
            self._ids.add(face.track_id)
            if f not in ignored:
                self._counts['tracked'] += 1
                for p, seen in enumerate(people):
                    if counted[p] and overlaps[p, f] >= _OVERLAP:
                        self._together[seen.number, face.track_id] += 1
        return found

    def _count_person(self, number: int, face: FaceEmotion | None) -> None:
        self._counts['faces'] += 1
        if face is None:
            self._counts['misses'] += 1
            if number in self._numbers:
                self._lost.add(number)
            return
        if number in self._lost:
            self._counts['fragments'] += 1
            self._lost.discard(number)
        if self._numbers.get(number, face.track_id) != face.track_id:
            self._counts['switches'] += 1
        self._numbers[number] = face.track_id

    def figures(self, seconds: float) -> IdentityFigures:
        """Return the figures of what was counted, of a scene of so many seconds."""
        people = sorted({person for person, _ in self._together})
        ids = sorted({number for _, number in self._together})
        hits = np.array(
            [[self._together[person, number] for number in ids] for person in people], float
        ).reshape(len(people), len(ids))
        most = float(hits.max(initial=0.0))
        pairs = assign(most - hits, most + 1.0)
        return IdentityFigures(
            minutes=seconds / 60, faces=self._counts['faces'], misses=self._counts['misses'],
            false_alarms=self._counts['false'], switches=self._counts['switches'],
            fragments=self._counts['fragments'], ids=len(self._ids),
            id_hits=int(sum(hits[row, column] for row, column in pairs)),
            tracked=self._counts['tracked'])
