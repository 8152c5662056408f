"""One picture that tells what was seen: frames, emotions over time, shares and latency.

It is drawn with OpenCV alone, since a robot has no plotting library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
import math

import cv2
import numpy as np

from fer_ros.core.annotate import emotion_color
from fer_ros.core.sources.picture import fit
from fer_ros.core.timeline import Sample, Thumbnails, Timeline
from fer_ros.core.types import Image

__all__ = ['draw_summary']

_SIZE = (1280, 850)  # width, height in pixels
_SCALE = 2  # drawn larger, then reduced: smooth text and lines
_GAP = 0.5  # seconds without a face after which a curve is broken

# BGR. Dark, since the colours of the emotions were chosen for dark panels.
_PAPER = (38, 34, 31)
_INK = (240, 238, 236)
_FAINT = (165, 160, 156)
_GRID = (66, 61, 57)
_EMPTY = (56, 51, 48)
_HISTOGRAM = (190, 150, 110)

_Rect = tuple[float, float, float, float]  # left, top, right, bottom


def draw_summary(
        timeline: Timeline, thumbnails: Thumbnails, title: str, subtitle: str = '') -> Image:
    """Draw the summary picture.

    Args:
        timeline: The results; may be empty.
        thumbnails: Pictures of the stream.
        title: First line, ASCII.
        subtitle: Second line, ASCII.

    Returns:
        (850, 1280, 3) uint8 BGR.
    """
    canvas = _Canvas()
    canvas.text((40, 48), title, 0.95, _INK, thickness=2)
    canvas.text((40, 76), subtitle, 0.52, _FAINT)
    _draw_thumbnails(canvas, thumbnails.pick(6), timeline.begin)
    _draw_curves(canvas, timeline, (80, 318, 1050, 560))
    _draw_shares(canvas, timeline, (780, 678, 1240, 810))
    _draw_latencies(canvas, timeline, (80, 678, 640, 810))
    return canvas.finish()


class _Canvas:
    """Draws in logical pixels on a larger picture."""

    def __init__(self) -> None:
        self._image = np.full(
            (_SIZE[1] * _SCALE, _SIZE[0] * _SCALE, 3), _PAPER, np.uint8)

    def finish(self) -> Image:
        image = cv2.resize(self._image, _SIZE, interpolation=cv2.INTER_AREA)
        return image.astype(np.uint8, copy=False)

    def text(
            self, at: tuple[float, float], text: str, size: float,
            color: tuple[int, int, int], *, thickness: int = 1, align: float = 0.0) -> None:
        """Write; `at` is the left end of the base line, or a share `align` along it."""
        text = text.encode('ascii', 'replace').decode()
        font = cv2.FONT_HERSHEY_SIMPLEX
        (width, _), _ = cv2.getTextSize(text, font, size * _SCALE, thickness * _SCALE)
        origin = (round(at[0] * _SCALE - align * width), round(at[1] * _SCALE))
        cv2.putText(
            self._image, text, origin, font, size * _SCALE, color, thickness * _SCALE,
            cv2.LINE_AA)

    def rectangle(self, rect: _Rect, color: tuple[int, int, int]) -> None:
        left, top, right, bottom = (round(value * _SCALE) for value in rect)
        if right > left and bottom > top:
            self._image[max(0, top):bottom, max(0, left):right] = color

    def line(
            self, points: Sequence[tuple[float, float]], color: tuple[int, int, int],
            width: float = 1.0) -> None:
        array = np.round(np.array(points) * _SCALE * 16).astype(np.int32)
        cv2.polylines(
            self._image, [array.reshape(-1, 1, 2)], False, color,
            max(1, round(width * _SCALE)), cv2.LINE_AA, shift=4)

    def picture(self, rect: _Rect, image: Image) -> None:
        left, top, right, bottom = (round(value * _SCALE) for value in rect)
        self._image[top:bottom, left:right] = fit(image, (right - left, bottom - top))


def _draw_thumbnails(
        canvas: _Canvas, pictures: Sequence[tuple[float, Image]], begin: float) -> None:
    width, height, gap = 190.0, 142.5, 12.0
    for index, (stamp, image) in enumerate(pictures):
        left = 40 + index * (width + gap)
        canvas.picture((left, 96, left + width, 96 + height), image)
        canvas.text(
            (left + width / 2, 96 + height + 18), f'{stamp - begin:.1f} s', 0.42, _FAINT,
            align=0.5)


def _draw_curves(canvas: _Canvas, timeline: Timeline, rect: _Rect) -> None:
    left, top, right, bottom = rect
    canvas.text((40, top - 22), 'Emotions over time', 0.6, _INK)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = bottom - share * (bottom - top)
        canvas.line([(left, y), (right, y)], _GRID)
        canvas.text((left - 8, y + 5), f'{share:.0%}', 0.4, _FAINT, align=1.0)
    duration = max(timeline.duration, 1e-3)

    def x_of(stamp: float) -> float:
        return left + (stamp - timeline.begin) / duration * (right - left)

    samples = list(timeline.samples)
    _draw_strip(canvas, samples, x_of, (left, bottom + 10, right, bottom + 24))
    for time in _ticks(duration):
        x = left + time / duration * (right - left)
        canvas.line([(x, bottom), (x, bottom + 6)], _FAINT)
        canvas.text((x, bottom + 44), f'{time:g} s', 0.4, _FAINT, align=0.5)
    pieces = _pieces(samples)
    order = _by_weight(timeline)
    for index in reversed(order):  # the strongest last, on top
        for piece in pieces:
            points = [
                (x_of(s.stamp), bottom - float(s.probabilities[index]) * (bottom - top))
                for s in piece if s.probabilities is not None]
            if len(points) == 1:
                points.append((points[0][0] + 1, points[0][1]))
            canvas.line(points, emotion_color(timeline.labels[index]), 2.0)
    for row, index in enumerate(order):
        y = top + 14 + row * (bottom - top - 14) / max(8, len(order))
        label = timeline.labels[index]
        canvas.rectangle((right + 24, y - 9, right + 38, y + 3), emotion_color(label))
        canvas.text((right + 48, y + 2), label, 0.46, _INK)


def _draw_strip(
        canvas: _Canvas, samples: list[Sample], x_of: Callable[[float], float],
        rect: _Rect) -> None:
    """Draw the label of every moment as a coloured strip, pale where there is no face."""
    _, top, _, bottom = rect
    canvas.rectangle(rect, _EMPTY)
    for sample, following in pairwise(samples):
        if sample.label:
            end = min(following.stamp, sample.stamp + _GAP)
            canvas.rectangle(
                (x_of(sample.stamp), top, x_of(end), bottom), emotion_color(sample.label))


def _pieces(samples: list[Sample]) -> list[list[Sample]]:
    """Cut the samples with a face where none was seen for a while."""
    pieces: list[list[Sample]] = []
    last = -math.inf
    for sample in samples:
        if sample.probabilities is None:
            continue
        if sample.stamp - last > _GAP:
            pieces.append([])
        pieces[-1].append(sample)
        last = sample.stamp
    return pieces


def _by_weight(timeline: Timeline) -> list[int]:
    """Return the indices of the emotions, the most probable over the whole time first."""
    rows = [s.probabilities for s in timeline.samples if s.probabilities is not None]
    if not rows:
        return list(range(len(timeline.labels)))
    return [int(index) for index in np.argsort(-np.mean(rows, axis=0), kind='stable')]


def _ticks(duration: float) -> list[float]:
    """Return round values from 0 to `duration`, ten at most."""
    scale = 10.0 ** math.floor(math.log10(duration))
    step = next(s for s in (0.1, 0.2, 0.5, 1.0, 2.0) if duration / (s * scale) < 10) * scale
    return [index * step for index in range(int(duration / step + 1e-6) + 1)]


def _draw_shares(canvas: _Canvas, timeline: Timeline, rect: _Rect) -> None:
    left, top, right, bottom = rect
    share = timeline.frames_with_face / max(1, timeline.frames)
    canvas.text((left - 80, top - 22), 'Share of the time', 0.6, _INK)
    canvas.text((right, top - 22), f'a face in {share:.0%} of the frames', 0.45, _FAINT,
                align=1.0)
    for row, (label, value) in enumerate(timeline.shares()[:6]):
        y = top + row * (bottom - top) / 6
        canvas.text((left - 10, y + 13), label, 0.45, _INK, align=1.0)
        end = left + value * (right - left - 60)
        canvas.rectangle((left, y, max(end, left + 2), y + 17), emotion_color(label))
        canvas.text((max(end, left + 2) + 8, y + 13), f'{value:.0%}', 0.42, _FAINT)


def _draw_latencies(canvas: _Canvas, timeline: Timeline, rect: _Rect) -> None:
    left, top, right, bottom = rect
    canvas.text((40, top - 22), 'Latency, image to result', 0.6, _INK)
    values = timeline.latencies() * 1000.0
    if not values.size:
        return
    median, high, most = (float(v) for v in np.percentile(values, (50, 95, 100)))
    canvas.text(
        (right, top - 22), f'median {median:.1f}   p95 {high:.1f}   max {most:.1f} ms', 0.45,
        _FAINT, align=1.0)
    limit = max(1.0, high * 1.6)
    counts, edges = np.histogram(np.clip(values, 0, limit), bins=40, range=(0, limit))

    def x_of(value: float) -> float:
        return left + value / limit * (right - left)

    peak = max(1, int(counts.max()))
    for count, begin, end in zip(counts, edges[:-1], edges[1:], strict=True):
        canvas.rectangle(
            (x_of(begin) + 1, bottom - count / peak * (bottom - top - 16), x_of(end), bottom),
            _HISTOGRAM)
    canvas.line([(left, bottom), (right, bottom)], _FAINT)
    for time in _ticks(limit):
        canvas.text((x_of(time), bottom + 18), f'{time:g} ms', 0.4, _FAINT, align=0.5)
    for name, value in (('median', median), ('p95', high)):
        canvas.line([(x_of(value), top), (x_of(value), bottom)], _INK, 1.2)
        canvas.text((x_of(value) + 5, top + 9), name, 0.4, _INK)
