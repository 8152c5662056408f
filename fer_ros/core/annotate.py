"""A picture for people: boxes, labels, confidences, and a bar chart of each distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import hashlib
from types import MappingProxyType
import unicodedata

import cv2
import numpy as np

from fer_ros.core.crop import cut
from fer_ros.core.errors import ImageError
from fer_ros.core.placement import place_charts, place_tag, Rect, Size, visible
from fer_ros.core.types import CropFrame, FaceEmotion, FrameResult, Image, UNKNOWN

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

The palette of Okabe and Ito 2008, "Color Universal Design" (jfly.uni-koeln.de/color), with
near-white in place of its black, which would not show on a dark panel, and grey for `unknown`.
"""

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SMALLEST_FONT = 0.34  # the least that can be read: letters of 8 pixels
_FONT_AT_480 = 0.46  # for a picture whose shorter side has 480 pixels; it grows in proportion
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_PALE = (205, 205, 205)  # names that are not the most probable one
_PANEL_SHADE = 0.2  # share of the picture that shines through a panel
_TRACK = (70, 70, 70)  # ground of a bar: what 100 % would be
_LONGEST_NAME = 16  # characters
_MOST_TOLD = 60  # faces with tag and chart: places are sought among all, and nobody reads more
_THUMBNAIL = 0.2  # side of the picture of a crop, in shorter sides of the picture
_ADDRESS = ('right', 'left', 'below', 'above')
_STRIP_ADDRESS = ('below', 'above', 'right', 'left')


def emotion_color(label: str) -> tuple[int, int, int]:
    """Return the BGR colour of a label; one without a fixed colour always gets the same."""
    if label in EMOTION_COLORS:
        return EMOTION_COLORS[label]
    hue = hashlib.sha256(label.encode()).digest()[0] % 180
    pixel = cv2.cvtColor(np.array([[[hue, 160, 230]]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0]
    return int(pixel[0]), int(pixel[1]), int(pixel[2])


def draw(
    bgr: Image, result: FrameResult, *, charts: bool = True, crops: bool = False,
    landmarks: bool = True,
) -> Image:
    """Draw what was found in a frame.

    Every face gets its box, its landmarks where they are known, and a tag with track number,
    label and confidence (none for `unknown`, where it would be that of another label). Where
    there is room for all of them, every face gets a chart of its distribution with names; else
    a small one without names, bars in the order of the labels; else none. Nothing is cut at the
    border, and no chart covers another face, a tag or another chart. In a crowd all but the 60
    largest faces get only their box, over which charts may lie.

    Args:
        bgr: (H, W, 3) uint8; it is not changed.
        result: What the pipeline found in it.
        charts: Whether distributions are drawn.
        crops: Whether charts with names also show what was classified: the face as it was cut
            out, turned upright where it was aligned.
        landmarks: Whether landmarks are drawn.

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
    frame = result.width, result.height
    style = _Style(frame)
    seen = [(face, box) for face in result.faces if (box := visible(face.box, frame)) is not None]
    # The largest face comes last, on top.
    for face, box in reversed(seen):
        _draw_box(picture, style, emotion_color(face.label), box)
        if landmarks:
            _draw_landmarks(picture, style, emotion_color(face.label), face)
    boxes = [box for _, box in seen]
    tags: list[Rect | None] = []
    for index, (face, box) in enumerate(seen[:_MOST_TOLD]):
        taken = [*boxes[:index], *boxes[index + 1:], *(tag for tag in tags if tag is not None)]
        tags.append(_draw_tag(picture, style, face, box, taken))
    if not charts:
        return picture
    told = seen[:_MOST_TOLD]
    chart = _Chart(style, result.labels, bgr if crops else None)
    places = place_charts(boxes[:_MOST_TOLD], tags, chart.size, frame, _ADDRESS)
    if None not in places and len(told) == len(seen):
        for (face, _), place in zip(told, places, strict=True):
            chart.draw(picture, face, place)
        return picture
    strip = _Strip(style, result.labels)
    places = place_charts(boxes[:_MOST_TOLD], tags, strip.size, frame, _STRIP_ADDRESS)
    for (face, _), place in zip(told, places, strict=True):
        strip.draw(picture, face, place)
    return picture


class _Style:
    """Sizes in pixels that suit a picture of some size."""

    def __init__(self, frame: Size) -> None:
        self.frame = frame
        unit = min(frame) / 480
        self.font = max(_SMALLEST_FONT, _FONT_AT_480 * unit)
        self.line = max(1, round(2 * unit))
        self.thick = max(1, round(1.6 * self.font))
        (_, self.text), self.base = cv2.getTextSize('Ag', _FONT, self.font, self.thick)
        self.row = self.text + self.base
        self.pad = round(0.4 * self.text)

    def text_width(self, text: str) -> int:
        return int(cv2.getTextSize(text, _FONT, self.font, self.thick)[0][0])


class _Chart:
    """A bar with its name for each label, on a dark panel; above them the crop, if wanted."""

    def __init__(self, style: _Style, labels: Sequence[str], source: Image | None = None) -> None:
        self._style, self._labels, self._source = style, labels, source
        self._texts = [_ascii(label)[:_LONGEST_NAME] for label in labels]
        self._names = max(style.text_width(text) for text in self._texts)
        self._bar = round(3.5 * style.row)
        width = style.pad + self._names + style.pad + self._bar + style.pad
        self._side = 0 if source is None else min(
            round(_THUMBNAIL * min(style.frame)), width - 2 * style.pad)
        self._above = self._side + style.pad if self._side else 0
        self.size = (width, self._above + len(labels) * style.row + 2 * style.pad)

    def draw(self, picture: Image, face: FaceEmotion, place: Rect | None) -> None:
        """Draw the distribution of a face at a place, if it has one."""
        if place is None:
            return
        style = self._style
        _draw_panel(picture, place)
        if self._source is not None and face.crop is not None:
            self._draw_crop(picture, self._source, face.crop, place)
        best = int(face.probabilities.argmax())
        left = place.left + style.pad
        start = left + self._names + style.pad
        height = round(0.75 * style.text)  # that of small letters
        for row, label in enumerate(self._labels):
            baseline = place.top + self._above + style.pad + row * style.row + style.text
            _draw_text(
                picture, style, self._texts[row], left, baseline,
                _WHITE if row == best else _PALE)
            top = baseline - height + style.thick // 2 + 1
            length = round(self._bar * float(face.probabilities[row]))
            _fill(picture, Rect(start, top, self._bar, height), _TRACK)
            _fill(picture, Rect(start, top, length, height), emotion_color(label))

    def _draw_crop(self, picture: Image, source: Image, crop: CropFrame, place: Rect) -> None:
        """Draw what was classified at the top of a panel."""
        side = self._side
        left, top = place.left + (place.width - side) // 2, place.top + self._style.pad
        picture[top:top + side, left:left + side] = cut(source, crop, (side, side), grey=False)


class _Strip:
    """A chart without names, for crowds: upright bars in the order of the labels."""

    def __init__(self, style: _Style, labels: Sequence[str]) -> None:
        self._labels = labels
        self._pad = style.pad // 2
        self._column = round(0.55 * style.row)
        self._height = 2 * style.row
        self.size = (
            len(labels) * (self._column + 1) - 1 + 2 * self._pad, self._height + 2 * self._pad)

    def draw(self, picture: Image, face: FaceEmotion, place: Rect | None) -> None:
        """Draw the distribution of a face at a place, if it has one."""
        if place is None:
            return
        _draw_panel(picture, place)
        bottom = place.bottom - self._pad
        for index, label in enumerate(self._labels):
            left = place.left + self._pad + index * (self._column + 1)
            length = round(self._height * float(face.probabilities[index]))
            _fill(
                picture, Rect(left, bottom - self._height, self._column, self._height), _TRACK)
            _fill(
                picture, Rect(left, bottom - length, self._column, length), emotion_color(label))


def _draw_box(picture: Image, style: _Style, color: tuple[int, int, int], box: Rect) -> None:
    """Draw a frame inside a box, with a dark rim so that it shows on every ground."""
    rim = max(1, style.line // 2)
    for inset, width, ink in (
            (0, style.line + 2 * rim, _BLACK), (rim, style.line, color)):
        right, bottom = box.right - inset, box.bottom - inset
        left, top = box.left + inset, box.top + inset
        if right - left <= 2 * width or bottom - top <= 2 * width:
            width, left, top, right, bottom = 1, *box[:2], box.right, box.bottom
        _fill(picture, Rect(left, top, right - left, width), ink)
        _fill(picture, Rect(left, bottom - width, right - left, width), ink)
        _fill(picture, Rect(left, top, width, bottom - top), ink)
        _fill(picture, Rect(right - width, top, width, bottom - top), ink)


def _draw_landmarks(
    picture: Image, style: _Style, color: tuple[int, int, int], face: FaceEmotion,
) -> None:
    """Draw a dot with a dark rim at each landmark that lies in the picture."""
    if face.landmarks is None:
        return
    radius = max(1, min(style.line + 1, round(0.02 * min(face.box[2:]))))
    for x, y in face.landmarks.tolist():
        # OpenCV draws at pixel centres, half a pixel from where pixels begin.
        if 0 <= x < style.frame[0] and 0 <= y < style.frame[1]:
            place = int(x), int(y)
            cv2.circle(picture, place, radius + 1, _BLACK, -1, cv2.LINE_AA)
            cv2.circle(picture, place, radius, color, -1, cv2.LINE_AA)


def _draw_tag(
    picture: Image, style: _Style, face: FaceEmotion, box: Rect, taken: Sequence[Rect],
) -> Rect | None:
    """Write track number, label and confidence at a box, shortened where there is no room."""
    number = f'#{face.track_id} ' if face.track_id else ''
    label = _ascii(face.label)
    percent = '' if face.label == UNKNOWN else f' {100 * face.confidence:.0f}%'
    texts = (number + label + percent, label + percent, label, label[:3])
    found = place_tag(
        box, [(style.text_width(text) + 2 * style.pad, style.row + style.pad) for text in texts],
        style.frame, taken)
    if found is None:
        return None
    wording, place = found
    color = emotion_color(face.label)
    _fill(picture, place, color)
    _draw_text(
        picture, style, texts[wording], place.left + style.pad,
        place.bottom - style.base - style.pad // 2, _ink(color))
    return place


def _ink(color: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return black or white, whichever has more contrast to a BGR colour (WCAG 2.1)."""
    levels = np.array(color[::-1]) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ (0.2126, 0.7152, 0.0722))
    return _BLACK if (luminance + 0.05) ** 2 > 1.05 * 0.05 else _WHITE


def _ascii(text: str) -> str:
    """Return a text in the letters that OpenCV's fonts have: accents go, others become `?`."""
    plain = ''.join(
        letter for letter in unicodedata.normalize('NFKD', text)
        if not unicodedata.combining(letter))
    return ''.join(letter if ' ' <= letter <= '~' else '?' for letter in plain)


def _draw_panel(picture: Image, place: Rect) -> None:
    area = picture[place.top:place.bottom, place.left:place.right]
    area[:] = cv2.convertScaleAbs(area, alpha=_PANEL_SHADE)


def _fill(picture: Image, place: Rect, color: tuple[int, int, int]) -> None:
    picture[place.top:place.bottom, place.left:place.right] = color


def _draw_text(
    picture: Image, style: _Style, text: str, left: int, baseline: int,
    color: tuple[int, int, int],
) -> None:
    cv2.putText(
        picture, text, (left, baseline), _FONT, style.font, color, style.thick, cv2.LINE_AA)
