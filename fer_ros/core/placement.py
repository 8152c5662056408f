"""Where tags and charts go: beside their face, inside the picture, off each other's ground."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

__all__ = ['Rect', 'Size', 'place_charts', 'place_tag', 'visible']

Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""

_COVERED = 0.25  # share of its own face that a chart may hide where there is no room beside it


class Rect(NamedTuple):
    """A rectangle of whole pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column to the right of it."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row below it."""
        return self.top + self.height

    def within(self, frame: Size) -> bool:
        """Tell whether all of it lies in a picture."""
        return min(self.left, self.top) >= 0 and self.right <= frame[0] \
            and self.bottom <= frame[1]

    def shared(self, other: Rect) -> int:
        """Return the area in square pixels that two rectangles have in common."""
        # Of many faces most pairs lie apart, and there are thousands of pairs.
        if self.left >= other.left + other.width or other.left >= self.left + self.width \
                or self.top >= other.top + other.height or other.top >= self.top + self.height:
            return 0
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height


def visible(box: tuple[float, float, float, float], frame: Size) -> Rect | None:
    """Return the part of a box that lies in the picture; None if it is under 2 pixels."""
    x, y, width, height = box
    left, top = max(0, round(x)), max(0, round(y))
    right, bottom = min(frame[0], round(x + width)), min(frame[1], round(y + height))
    if right - left < 2 or bottom - top < 2:
        return None
    return Rect(left, top, right - left, bottom - top)


def place_tag(
    box: Rect, sizes: Sequence[Size], frame: Size, taken: Sequence[Rect],
) -> tuple[int, Rect] | None:
    """Place the tag of a face: above its box, else below it, else inside.

    Args:
        box: Of the face.
        sizes: Of the tag's wordings, the best first.
        frame: Size of the picture.
        taken: What the tag should leave free.

    Returns:
        Which wording and where: the best that leaves `taken` free, else the last one, where
        it covers least; None if no wording fits into the picture.
    """
    last: tuple[int, Rect] | None = None
    for wording, size in enumerate(sizes):
        left = _clamp(box.left, frame[0] - size[0])
        places = [
            place for top in (box.top - size[1], box.bottom, _clamp(box.top, frame[1] - size[1]))
            if (place := Rect(left, top, *size)).within(frame)]
        for place in places:
            if not _touches(place, taken):
                return wording, place
        if places:
            last = wording, min(places, key=lambda place: _covered(place, taken))
    return last


def place_charts(
    boxes: Sequence[Rect], tags: Sequence[Rect | None], size: Size, frame: Size,
    sides: Sequence[str],
) -> list[Rect | None]:
    """Place a chart for each face, so that it covers no other face, no tag and no other chart.

    A face that leaves no room about it may be covered in part by its own chart.

    Args:
        boxes: Of the faces, the most important first.
        tags: Of the faces; None for those without.
        size: Of a chart.
        frame: Size of the picture.
        sides: Names of the sides of the face to try, in order: right, left, below, above.

    Returns:
        A place a face; None for those that have no room.
    """
    placed: list[Rect | None] = []
    for index, (box, tag) in enumerate(zip(boxes, tags, strict=True)):
        others = [*boxes[:index], *boxes[index + 1:], *_known(tags), *_known(placed)]
        places = [*_beside(box, tag, size, frame, sides), *_corners(box, size)]
        if len(boxes) == 1:
            # One face owns the whole picture; of several, a far chart would be anybody's.
            places += _corners(Rect(0, 0, *frame), size)
        placed.append(next(
            (place for place in places
             if place.within(frame) and not _touches(place, others)
             and place.shared(box) <= _COVERED * box.width * box.height), None))
    return placed


def _beside(
    box: Rect, tag: Rect | None, size: Size, frame: Size, sides: Sequence[str],
) -> Iterator[Rect]:
    """Yield places about a box, then about box and tag; along a side they keep inside."""
    anchors = [box]
    if tag is not None:
        left, top = min(box.left, tag.left), min(box.top, tag.top)
        anchors.append(Rect(
            left, top, max(box.right, tag.right) - left, max(box.bottom, tag.bottom) - top))
    for anchor in anchors:
        across = _clamp(anchor.left, frame[0] - size[0])
        along = _clamp(anchor.top, frame[1] - size[1])
        about = {
            'right': (anchor.right, along), 'left': (anchor.left - size[0], along),
            'below': (across, anchor.bottom), 'above': (across, anchor.top - size[1])}
        for side in sides:
            yield Rect(*about[side], *size)


def _corners(area: Rect, size: Size) -> Iterator[Rect]:
    """Yield the places in the corners of an area, the lower ones first: eyes tell more."""
    for top in (area.bottom - size[1], area.top):
        for left in (area.right - size[0], area.left):
            yield Rect(left, top, *size)


def _clamp(start: int, last: int) -> int:
    return max(0, min(start, last))


def _covered(place: Rect, taken: Iterable[Rect]) -> int:
    return sum(place.shared(other) for other in taken)


def _touches(place: Rect, taken: Iterable[Rect]) -> bool:
    return any(place.shared(other) for other in taken)


def _known(places: Iterable[Rect | None]) -> list[Rect]:
    return [place for place in places if place is not None]
