"""Frames made from images: a folder of them, or a moving view over a single one."""

from __future__ import annotations

from collections.abc import Iterator
import logging
import math
from pathlib import Path

import cv2
import numpy as np

from fer_ros.core.errors import SourceError
from fer_ros.core.sources.base import Frame, FrameSource, SourceOptions
from fer_ros.core.sources.picture import (
    as_bgr,
    fit,
    IMAGE_SUFFIXES,
    inner_size,
    natural_key,
    read_image,
)
from fer_ros.core.types import Image

__all__ = ['FolderSource', 'StillSource']

_DEFAULT_FPS = 15.0
_STILL_SECONDS = 10.0  # one round of the path
_STILL_ZOOM = 1.3  # closest view
_STILL_SWAY = 0.5  # share of the room to the left and right borders that the path uses
_STILL_RISE = 0.7  # the same to the upper border: faces lie above the middle of photographs
_STILL_MAX_SIDE = 1280  # pixels, of the frames of a still, unless a size is asked for

_log = logging.getLogger(__name__)


class FolderSource(FrameSource):
    """The images of a folder, one a frame, in natural order of their names.

    Attributes:
        skipped: Names of files that look like images but cannot be read; they are left out,
            with a warning for each.
    """

    def __init__(self, path: Path, options: SourceOptions) -> None:
        try:
            names = [p.name for p in path.iterdir()
                     if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith('.')]
        except OSError as error:
            raise SourceError(f'{path}: {error.strerror or error}') from None
        if not names:
            raise SourceError(
                f'{path}: no images in this folder (looked for {" ".join(IMAGE_SUFFIXES)})')
        self._paths = [path / name for name in sorted(names, key=natural_key)]
        self.skipped: list[str] = []
        first = next(filter(None, map(self._size_of, self._paths)), None)
        if first is None:
            raise SourceError(
                f'{path}: none of its {len(names)} image files can be read, such as '
                f'{self._paths[0].name}')
        super().__init__(str(path), options.fps or _DEFAULT_FPS, first, options)

    def _read(self, path: Path) -> Image | None:
        try:
            return read_image(path)
        except SourceError as error:
            if path.name not in self.skipped:
                self.skipped.append(path.name)
                _log.warning('skipped: %s', error)
            return None

    def _size_of(self, path: Path) -> tuple[int, int] | None:
        image = self._read(path)
        return None if image is None else (image.shape[1], image.shape[0])

    def _pass(self) -> Iterator[Frame]:
        index = 0
        for path in self._paths:
            image = self._read(path)
            if image is not None:
                yield Frame(image, index / self.fps, path.name)
                index += 1

    def _pass_count(self) -> int | None:
        return len(self._paths) - len(self.skipped)


class StillSource(FrameSource):
    """One image, under a camera that pans and zooms slowly: a closed, smooth, fixed path.

    The path knows nothing about faces; it begins with the whole picture and returns to it.
    """

    def __init__(self, path: Path, options: SourceOptions) -> None:
        image = read_image(path)
        height, width = image.shape[:2]
        shrink = min(1.0, _STILL_MAX_SIDE / max(width, height))
        own = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        super().__init__(str(path), options.fps or _DEFAULT_FPS, own, options)
        self._seconds = _STILL_SECONDS
        if options.duration and not options.loop:
            self._seconds = options.duration
        # No finer than the closest view shows: sampling a larger picture would flicker.
        scale = min(1.0, _STILL_ZOOM * min(self.size[0] / width, self.size[1] / height))
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        self._image = fit(image, inner)
        self._view = inner_size((width, height), self.size)

    def _pass(self) -> Iterator[Frame]:
        height, width = self._image.shape[:2]
        for index in range(self._pass_count()):
            stamp = index / self.fps
            zoom, x, y = _view_at(2 * math.pi * stamp / _STILL_SECONDS)
            # From pixels of the view to pixels of the image; centres of pixels lie at +0.5.
            sx, sy = width / (self._view[0] * zoom), height / (self._view[1] * zoom)
            matrix = np.array([
                [sx, 0, x * width - sx * self._view[0] / 2 + sx / 2 - 0.5],
                [0, sy, y * height - sy * self._view[1] / 2 + sy / 2 - 0.5]])
            view = cv2.warpAffine(
                self._image, matrix, self._view, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE)
            yield Frame(as_bgr(view), stamp, f'{Path(self.name).name}#{index}')

    def _pass_count(self) -> int:
        return max(1, round(self._seconds * self.fps))


def _view_at(phase: float) -> tuple[float, float, float]:
    """Return zoom and centre (as shares of width and height) of the view over a still."""
    zoom = 1.0 + (_STILL_ZOOM - 1.0) * (1.0 - math.cos(phase)) / 2.0
    room = (1.0 - 1.0 / zoom) / 2.0
    return zoom, 0.5 + _STILL_SWAY * room * math.sin(2.0 * phase), 0.5 - _STILL_RISE * room
