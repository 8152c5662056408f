"""A made-up scene: people before a wall, hidden by each other and by posts, at times blurred."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import math

import cv2
import numpy as np

from fer_ros.core.types import Box, Image
from fer_ros.evaluation.tracking.people import Faces, make_person, Person

__all__ = ['Frame', 'Seen', 'Scene']

_WALL, _NOISE = 120, 4.0
_PAN, _PAN_PERIOD = 40.0, 7.0  # pixels to each side, seconds: a robot that looks around
_POST_WIDTH = (40, 90)  # pixels
_EXPOSURE = 0.02  # seconds; a face that moves by so many pixels in it is smeared by them
_DEFOCUS = 0.15  # share of the time in which a face is out of focus
_DEFOCUS_SIGMA = 0.025  # blur of such a face, in sides
_MAP_SCALE = 4  # visibility is measured on a map of so many times fewer pixels a side


@dataclasses.dataclass(frozen=True)
class Seen:
    """A person in a frame.

    Attributes:
        number: The person.
        box: Square that the picture of the face fills, in pixels.
        label: Index of the label of the expression.
        since: Time from which the expression is shown, in seconds.
        visible: Share of the square that nothing hides, in [0, 1].
        blur: Standard deviation of the blur, in sides.
    """

    number: int
    box: Box
    label: int
    since: float
    visible: float
    blur: float


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """A picture of the scene.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        stamp: Seconds.
        people: Who is in it, the nearest last.
    """

    image: Image
    stamp: float
    people: tuple[Seen, ...]


class Scene:
    """Makes up a scene; the same arguments give the same one, at any frame rate.

    Args:
        faces: Labelled face crops.
        people: Number of people.
        posts: Number of posts that stand before them.
        duration: Seconds.
        seed: Of everything drawn at random.
        size: Width and height in pixels.
    """

    def __init__(
        self, faces: Faces, *, people: int = 4, posts: int = 1, duration: float = 20.0,
        seed: int | Sequence[int] = 0, size: tuple[int, int] = (640, 480),
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self._seed = int(self._rng.integers(1 << 31))
        self._size = size
        self._duration = duration
        self._people = [
            make_person(number, faces, duration, size, self._rng)
            for number in range(1, people + 1)]
        self._posts = [
            (int(self._rng.integers(size[0])), int(self._rng.integers(*_POST_WIDTH)))
            for _ in range(posts)]
        self._pan_phase = self._rng.uniform(0, 2 * math.pi)
        self._noise = self._rng.normal(128.0, _NOISE, (size[1], size[0])).astype(np.uint8)
        self._focus = self._rng.uniform(size=(people, int(duration) + 2)) < _DEFOCUS

    @property
    def people(self) -> tuple[Person, ...]:
        """The people."""
        return tuple(self._people)

    def frames(self, rate: float) -> Iterator[Frame]:
        """Yield the frames, `rate` a second."""
        for index in range(int(self._duration * rate)):
            yield self._frame(index / rate)

    def _frame(self, time: float) -> Frame:
        order = sorted(self._people, key=lambda person: person.place(time)[2])
        boxes = [self._box(person, time) for person in order]
        shares = self._visible(boxes, time)
        image = np.full((self._size[1], self._size[0]), _WALL, np.uint8)
        seen = []
        for person, box, visible in zip(order, boxes, shares, strict=True):
            blur, smear = self._blur(person, time)
            _paste(image, person.picture(time), box, blur * box[2], smear)
            shown = person.expression(time)
            seen.append(Seen(person.number, box, shown.label, shown.begin, visible,
                             math.hypot(blur, smear / math.sqrt(12) / box[2])))
        for left, width in self._post_places(time):
            image[:, max(0, left):max(0, left + width)] = _WALL // 2
        # One picture of noise, shifted at random: drawing it anew would take most of the time.
        shift = np.random.default_rng([self._seed, round(time * 1e6)]).integers(0, image.shape)
        noise = np.roll(self._noise, shift, axis=(0, 1))
        image = np.asarray(cv2.addWeighted(image, 1.0, noise, 1.0, -128.0), np.uint8)
        bgr = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
        return Frame(bgr, time, tuple(seen))

    def _pan(self, time: float) -> float:
        return _PAN * math.sin(2 * math.pi * time / _PAN_PERIOD + self._pan_phase)

    def _box(self, person: Person, time: float) -> Box:
        x, y, side = person.place(time)
        return x + self._pan(time) - side / 2, y - side / 2, side, side

    def _post_places(self, time: float) -> list[tuple[int, int]]:
        return [(round(left + self._pan(time)), width) for left, width in self._posts]

    def _blur(self, person: Person, time: float) -> tuple[float, float]:
        """Return the blur in sides, and the smear along x in pixels."""
        defocus = _DEFOCUS_SIGMA if self._focus[person.number - 1, int(time)] else 0.0
        before, after = (self._box(person, max(0.0, time + t))[0] for t in (-0.02, 0.02))
        return defocus, abs(after - before) / 0.04 * _EXPOSURE

    def _visible(self, boxes: Sequence[Box], time: float) -> list[float]:
        owners = np.full((self._size[1] // _MAP_SCALE, self._size[0] // _MAP_SCALE), -1, np.int32)
        for index, box in enumerate(boxes):
            left, top, right, bottom = _corners(box, _MAP_SCALE)
            owners[max(0, top):max(0, bottom), max(0, left):max(0, right)] = index
        for left, width in self._post_places(time):
            begin, end = left // _MAP_SCALE, (left + width) // _MAP_SCALE
            owners[:, max(0, begin):max(0, end)] = -1
        shares = []
        for index, box in enumerate(boxes):
            left, top, right, bottom = _corners(box, _MAP_SCALE)
            shares.append(float((owners == index).sum() / max(1, (right - left) * (bottom - top))))
        return shares


def _corners(box: Box, scale: int) -> tuple[int, int, int, int]:
    return (round(box[0] / scale), round(box[1] / scale), round((box[0] + box[2]) / scale),
            round((box[1] + box[3]) / scale))


def _paste(image: Image, picture: Image, box: Box, blur: float, smear: float) -> None:
    """Draw a face into a grey image."""
    left, top, right, bottom = _corners(box, 1)
    if picture.ndim == 3:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    face = cv2.resize(picture, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    if blur > 0.3:
        face = cv2.GaussianBlur(face, (0, 0), blur)
    if smear >= 2:
        face = cv2.blur(face, (round(smear), 1))
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(image.shape[1], right), min(image.shape[0], bottom)
    if x0 < x1 and y0 < y1:
        image[y0:y1, x0:x1] = face[y0 - top:y1 - top, x0 - left:x1 - left]
