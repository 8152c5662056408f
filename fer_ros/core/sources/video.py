"""Video files, by way of OpenCV."""

from __future__ import annotations

from collections.abc import Iterator
import logging
import math
import os
from pathlib import Path

import cv2

from fer_ros.core.errors import SourceError
from fer_ros.core.sources.base import (
    FALLBACK_FPS,
    Frame,
    FrameSource,
    SourceOptions,
    thinned,
    valid_fps,
)
from fer_ros.core.sources.picture import as_bgr, quiet_opencv

__all__ = ['VideoSource']

_COMPLETE = 0.9  # share of the promised frames below which a video is called incomplete

_log = logging.getLogger(__name__)


class VideoSource(FrameSource):
    """A video file, with the stamps that it holds."""

    def __init__(self, path: Path, options: SourceOptions) -> None:
        self._path = path
        self._capture: cv2.VideoCapture | None = None
        capture = self._open()
        try:
            ok, image = capture.read()
            if not ok:
                raise SourceError(f'{path}: a video without a readable frame')
            own = valid_fps(capture.get(cv2.CAP_PROP_FPS)) or FALLBACK_FPS
            promised = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        finally:
            capture.release()
        self._own_fps = own
        self._promised = int(promised) if 0 < promised < 1e9 else None
        self._thin = 0.0 if not options.fps or options.fps >= own else options.fps
        height, width = image.shape[:2]
        super().__init__(str(path), self._thin or own, (width, height), options)

    def close(self) -> None:
        """Close the file."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _open(self) -> cv2.VideoCapture:
        # Read by OpenCV when it first uses FFmpeg: its messages would spoil tables and bars.
        os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')
        with quiet_opencv():
            capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            raise SourceError(
                f'{self._path}: not a video, or damaged or incomplete (a recording that was '
                'cut off has no index)')
        return capture

    def _pass(self) -> Iterator[Frame]:
        return thinned(self._decoded(), self._thin)

    def _decoded(self) -> Iterator[Frame]:
        self.close()
        # Opened anew: seeking back is not exact in many containers.
        self._capture = capture = self._open()
        index = 0
        first = 0.0
        last = -math.inf
        while self._capture is capture:
            ok, image = capture.read()
            if not ok:
                break
            stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
            first = stamp if index == 0 else first
            stamp -= first
            if not stamp > last:  # some containers give no stamps, or give them twice
                stamp = last + 1.0 / self._own_fps
            yield Frame(as_bgr(image), stamp, f'{self._path.name}#{index}')
            last = stamp
            index += 1
        if self._promised and index < _COMPLETE * self._promised:
            _log.warning(
                '%s: ends after %d of %d frames; the file is damaged or incomplete',
                self._path, index, self._promised)
        self.close()

    def _pass_count(self) -> int | None:
        if self._promised is None or not self._thin:
            return self._promised
        return math.ceil(self._promised * self._thin / self._own_fps)
