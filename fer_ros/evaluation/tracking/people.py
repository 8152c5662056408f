"""Made-up people: where each one is, and what the face shows, at any time.

People stand, walk by, come near and go; each shows an expression for some seconds, then another.
Everything is a function of time, so that one scene may be looked at with any frame rate.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Image

__all__ = ['Expression', 'Faces', 'Person', 'make_person']

_STAY = (1.5, 4.0)  # seconds in one place, or on one walk
_WALK = 0.6  # share of the walks among them
_SIDES = (56.0, 130.0)  # of the face in pixels
_SWAY = 0.06  # standard deviation of a standing head, in sides
_SWAY_TIME = 0.5  # seconds in which it changes
_EXPRESSION = (2.0, 6.0)  # seconds that an expression lasts
_PICTURE = (0.8, 1.6)  # seconds after which another picture shows the same expression
_FADE = 0.25  # seconds from one picture to the next


@dataclasses.dataclass(frozen=True, eq=False)
class Faces:
    """Labelled face crops to make people of.

    Attributes:
        images: (N, H, W) uint8 grey or (N, H, W, 3) BGR.
        targets: (N,) index of each one's label.
        labels: Names of the labels.
    """

    images: Image
    targets: NDArray[np.int64]
    labels: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Expression:
    """What a face shows from `begin` on.

    Attributes:
        begin: Seconds; the middle of the change.
        label: Index of the label.
    """

    begin: float
    label: int


@dataclasses.dataclass(frozen=True, eq=False)
class Person:
    """One made-up person.

    Attributes:
        number: From 1.
        expressions: What the face shows, in order of time.
    """

    number: int
    expressions: tuple[Expression, ...]
    _times: NDArray[np.float64]
    _places: NDArray[np.float64]  # (T, 3): centre and side in pixels, on a fine grid of time
    _pictures: tuple[tuple[float, int], ...]  # (begin, row of the faces)
    _faces: Faces

    def place(self, time: float) -> tuple[float, float, float]:
        """Return the centre (x, y) and the side of the face in pixels."""
        x, y, side = (
            float(np.interp(time, self._times, self._places[:, axis])) for axis in range(3))
        return x, y, side

    def expression(self, time: float) -> Expression:
        """Return what the face shows."""
        return [e for e in self.expressions if e.begin <= time][-1]

    def picture(self, time: float) -> Image:
        """Return the face as it looks, one picture fading into the next."""
        index = max(i for i, (begin, _) in enumerate(self._pictures) if begin <= time)
        since = (time - self._pictures[index][0]) / _FADE
        if index > 0 and since < 0.5:
            return self._fade(index - 1, 0.5 + since)
        if index + 1 < len(self._pictures):
            until = (self._pictures[index + 1][0] - time) / _FADE
            return self._fade(index, max(0.0, 0.5 - until))
        return self._fade(index, 0.0)

    def _fade(self, index: int, share: float) -> Image:
        """Return a picture with so much of the next in it."""
        rows = [row for _, row in self._pictures[index:index + 2]]
        now, after = (self._faces.images[row].astype(np.float32) for row in (rows[0], rows[-1]))
        mixed: Image = np.clip((1 - share) * now + share * after, 0, 255).astype(np.uint8)
        return mixed


def make_person(
    number: int, faces: Faces, duration: float, frame: tuple[int, int],
    rng: np.random.Generator,
) -> Person:
    """Make up a person.

    Args:
        number: From 1.
        faces: What the face may look like. Labels come as often as there.
        duration: Seconds.
        frame: Width and height of the scene in pixels.
        rng: Source of chance.
    """
    expressions, pictures = _make_expressions(faces, duration, rng)
    times = np.arange(0.0, duration + 0.1, 0.02)
    return Person(
        number, expressions, times, _make_path(times, frame, rng), pictures, faces)


def _make_expressions(
    faces: Faces, duration: float, rng: np.random.Generator,
) -> tuple[tuple[Expression, ...], tuple[tuple[float, int], ...]]:
    shares = np.bincount(faces.targets, minlength=len(faces.labels)).astype(float)
    expressions: list[Expression] = []
    pictures: list[tuple[float, int]] = []
    begin = 0.0
    while begin < duration:
        weights = shares.copy()
        if expressions and np.count_nonzero(shares) > 1:
            weights[expressions[-1].label] = 0.0
        label = int(rng.choice(len(weights), p=weights / weights.sum()))
        end = begin + rng.uniform(*_EXPRESSION)
        expressions.append(Expression(begin, label))
        time = begin
        while time < end - 0.5 or time == begin:
            pictures.append((time, int(rng.choice(np.flatnonzero(faces.targets == label)))))
            time += rng.uniform(*_PICTURE)
        begin = end
    return tuple(expressions), tuple(pictures)


def _make_path(
    times: NDArray[np.float64], frame: tuple[int, int], rng: np.random.Generator,
) -> NDArray[np.float64]:
    stops, places = [0.0], [_anywhere(frame, rng)]
    while stops[-1] < times[-1]:
        stops.append(stops[-1] + rng.uniform(*_STAY))
        places.append(_anywhere(frame, rng) if rng.uniform() < _WALK else places[-1])
    path = np.array(places)
    index = np.clip(np.searchsorted(stops, times, side='right') - 1, 0, len(stops) - 2)
    begins, ends = np.array(stops)[index], np.array(stops)[index + 1]
    share = (times - begins) / (ends - begins)
    # Starts and ends at rest, with the least jerk (Flash and Hogan 1985).
    share = 10 * share ** 3 - 15 * share ** 4 + 6 * share ** 5
    smooth: NDArray[np.float64] = (
        path[index] + share[:, np.newaxis] * (path[index + 1] - path[index]))
    smooth[:, :2] += _sway(times, rng) * smooth[:, 2:]
    return smooth


def _anywhere(frame: tuple[int, int], rng: np.random.Generator) -> list[float]:
    side = float(np.exp(rng.uniform(*np.log(_SIDES))))
    width, height = frame
    # Heads are at about the same height, the more so the farther they are.
    return [rng.uniform(side, width - side), height * rng.uniform(0.35, 0.6), side]


def _sway(times: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    knots = np.arange(0.0, times[-1] + 2 * _SWAY_TIME, _SWAY_TIME)
    values = rng.normal(0.0, _SWAY, (len(knots), 2))
    return np.stack([np.interp(times, knots, values[:, axis]) for axis in range(2)], axis=1)
