"""A picture for people: boxes, labels, confidences, and a bar chart of each distribution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import hashlib
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np

from fer_ros.core.errors import ImageError
from fer_ros.core.types import FaceEmotion, FrameResult, Image, UNKNOWN

__all__ = ['EMOTION_COLORS', 'draw', 'emotion_color']

EMOTION_COLORS: Mapping[str, tuple[int, int, int]] = MappingProxyType({
    'neutral': (235, 235, 235),
    'happiness': (66, 228, 240),
    'surprise': (0, 159, 230),
    'sadness': (178, 114, 0),
    'anger': (0, 94, 213),
    'disgust': (115, 158, 0),
    'fear': (167, 121, 204),
    'contempt': (233, 180, 86),
    UNKNOWN: (96, 96, 96),
})
"""BGR colour of each emotion, told apart by colour-blind people too.

The palette of Okabe and Ito 2008, "Color Universal Design", with near-white in place of its
black, which would not show on a dark panel.
"""

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_WHITE = (255, 255, 255)
_PANEL_SHADE = 0.35  # share of the picture that shines through a panel
_SMALLEST_FONT = 0.34  # the least that can be read
_Rect = tuple[int, int, int, int]  # left, top, width, height


def emotion_color(label: str) -> tuple[int, int, int]:
    """Return the BGR colour of a label; one without a fixed colour always gets the same."""
    if label in EMOTION_COLORS:
        return EMOTION_COLORS[label]
    hue = hashlib.sha256(label.encode()).digest()[0] % 180
    pixel = cv2.cvtColor(np.array([[[hue, 160, 230]]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0]
    return int(pixel[0]), int(pixel[1]), int(pixel[2])


def draw(bgr: Image, result: FrameResult) -> Image:
    """Draw what was found in a frame.

    Every face gets its box and a tag with number, label and confidence. It gets a chart of its
    distribution where there is room that no other face or chart takes; a single face gets one
    in any case, if the image can hold it. Nothing is drawn beyond the border.

    Args:
        bgr: (H, W, 3) uint8; it is not changed.
        result: What the pipeline found in it.

    Returns:
        A new (H, W, 3) uint8 BGR image.

    Raises:
        ImageError: The image is not that of the result.
    """
    if bgr.shape != (result.height, result.width, 3) or bgr.dtype != np.uint8:
        raise ImageError(
            f'the result belongs to a ({result.height}, {result.width}, 3) uint8 image, got '
            f'{bgr.shape} {bgr.dtype}')
    picture = bgr.copy()
    style = _Style(result.width, result.height)
    boxes = [_visible(face, picture) for face in result.faces]
    taken = [box for box in boxes if box is not None]
    for face, box in zip(result.faces, boxes, strict=True):
        if box is not None:
            left, top, width, height = box
            cv2.rectangle(
                picture, (left, top), (left + width - 1, top + height - 1),
                emotion_color(face.label), style.line)
    for face, box in zip(result.faces, boxes, strict=True):
        if box is not None:
            taken.append(_draw_tag(picture, style, face, box))
    for face, box in zip(result.faces, boxes, strict=True):
        if box is not None:
            place = _chart_place(style, result.labels, box, taken, must=len(boxes) == 1)
            if place is not None:
                _draw_chart(picture, style, result.labels, face, place)
                taken.append(place)
    return picture


class _Style:
    """Sizes in pixels that suit an image."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        unit = min(width, height) / 480
        self.font = max(_SMALLEST_FONT, 0.46 * unit)
        self.line = max(1, round(1.6 * unit))
        self.thick = max(1, round(1.1 * unit))
        (_, text), base = cv2.getTextSize('Ag', _FONT, self.font, self.thick)
        self.base = base
        self.row = text + base
        self.pad = max(2, round(0.35 * text))

    def text_width(self, text: str) -> int:
        return int(cv2.getTextSize(text, _FONT, self.font, self.thick)[0][0])

    def fits(self, rect: _Rect) -> bool:
        left, top, width, height = rect
        return left >= 0 and top >= 0 and left + width <= self.width \
            and top + height <= self.height


def _ascii(text: str) -> str:
    # OpenCV's fonts hold ASCII only.
    return text.encode('ascii', 'replace').decode()


def _visible(face: FaceEmotion, picture: Image) -> _Rect | None:
    """Return the part of a box that lies in the picture, or None."""
    x, y, w, h = face.box
    height, width = picture.shape[:2]
    left, top = max(0, round(x)), max(0, round(y))
    right, bottom = min(width, round(x + w)), min(height, round(y + h))
    if right - left < 2 or bottom - top < 2:
        return None
    return left, top, right - left, bottom - top


def _panel(picture: Image, rect: _Rect) -> None:
    left, top, width, height = rect
    area = picture[top:top + height, left:left + width]
    area[:] = cv2.convertScaleAbs(area, alpha=_PANEL_SHADE)


def _text(picture: Image, style: _Style, text: str, left: int, bottom: int, color: Any) -> None:
    cv2.putText(
        picture, text, (left, bottom), _FONT, style.font, color, style.thick, cv2.LINE_AA)


def _draw_tag(picture: Image, style: _Style, face: FaceEmotion, box: _Rect) -> _Rect:
    """Write number, label and confidence at a box: above it, else below, else inside."""
    number = f'{face.track_id}: ' if face.track_id else ''
    label, percent = _ascii(face.label), f' {100 * face.confidence:.0f}%'
    text = next(
        (text for text in (number + label + percent, label + percent, label, label[:3])
         if style.text_width(text) + 2 * style.pad <= style.width), '')
    left, top, _, height = box
    size = (style.text_width(text) + 2 * style.pad, style.row + style.pad)
    left = max(0, min(left, style.width - size[0]))
    tops = (top - size[1], top + height, max(0, min(top, style.height - size[1])))
    place = next(((left, t, *size) for t in tops if style.fits((left, t, *size))), None)
    if place is None or not text:
        return box
    _panel(picture, place)
    _text(picture, style, text, place[0] + style.pad, place[1] + place[3] - style.base, _WHITE)
    return place


def _chart_size(style: _Style, labels: Sequence[str]) -> tuple[int, int, int]:
    """Return width and height of a chart, and the width of its names."""
    names = max(style.text_width(_ascii(label)) for label in labels)
    width = names + 3 * style.pad + max(24, 3 * style.row)
    return width, len(labels) * style.row + 2 * style.pad, names


def _chart_place(
    style: _Style, labels: Sequence[str], box: _Rect, taken: Sequence[_Rect], must: bool,
) -> _Rect | None:
    width, height, _ = _chart_size(style, labels)
    if width > style.width or height > style.height:
        return None
    places = list(_around(style, box, width, height))
    for place in places:
        if not any(_meet(place, other) for other in taken):
            return place
    if not must:
        return None
    # No free room: cover as little as possible.
    return min(places, key=lambda place: sum(_shared(place, other) for other in taken))


def _around(style: _Style, box: _Rect, width: int, height: int) -> Iterator[_Rect]:
    """Yield places for a chart about a box, moved into the image: beside first, then corners."""
    left, top, w, h = box
    gap = style.pad

    def inside(x: int, y: int) -> _Rect:
        return (max(0, min(x, style.width - width)), max(0, min(y, style.height - height)),
                width, height)

    yield inside(left + w + gap, top)
    yield inside(left - width - gap, top)
    yield inside(left, top + h + style.row + 2 * gap)
    yield inside(left, top - height - style.row - 2 * gap)
    for x in (0, style.width - width):
        for y in (0, style.height - height):
            yield inside(x, y)


def _shared(a: _Rect, b: _Rect) -> int:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(0, width) * max(0, height)


def _meet(a: _Rect, b: _Rect) -> bool:
    return _shared(a, b) > 0


def _draw_chart(
    picture: Image, style: _Style, labels: Sequence[str], face: FaceEmotion, place: _Rect,
) -> None:
    left, top, width, height = place
    _, _, names = _chart_size(style, labels)
    _panel(picture, place)
    start = left + names + 2 * style.pad
    room = left + width - style.pad - start
    for row, (label, probability) in enumerate(zip(labels, face.probabilities, strict=True)):
        bottom = top + style.pad + (row + 1) * style.row
        _text(picture, style, _ascii(label), left + style.pad, bottom - style.base, _WHITE)
        bar = round(room * float(probability))
        if bar > 0:
            cv2.rectangle(
                picture, (start, bottom - style.row + 2),
                (start + bar - 1, bottom - 2), emotion_color(label), cv2.FILLED)
