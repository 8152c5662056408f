"""Cameras, by way of Video4Linux."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import os
from pathlib import Path
import re
import time

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
from fer_ros.core.sources.picture import as_bgr, natural_key, quiet_opencv
from fer_ros.core.types import Image

__all__ = ['CameraSource']

_CAMERA_RETRIES = 3  # reads that may fail in a row before a camera counts as gone


class CameraSource(FrameSource):
    """A camera; frames are stamped when they arrive."""

    live = True

    def __init__(self, name: str, capture: cv2.VideoCapture, options: SourceOptions) -> None:
        self._capture = capture
        for prop, value in (
                # The newest frame, not one that waited in the driver.
                (cv2.CAP_PROP_BUFFERSIZE, 1.0),
                (cv2.CAP_PROP_FRAME_WIDTH, float(options.size[0])),
                (cv2.CAP_PROP_FRAME_HEIGHT, float(options.size[1])),
                (cv2.CAP_PROP_FPS, options.fps)):
            if value:
                capture.set(prop, value)
        own = valid_fps(capture.get(cv2.CAP_PROP_FPS)) or FALLBACK_FPS
        self._thin = 0.0 if not options.fps or options.fps >= own else options.fps
        # The first frame tells the true size, and whether pictures come at all.
        self._first: Image | None = self._read(name)
        height, width = self._first.shape[:2]
        options = dataclasses.replace(options, loop=False)
        super().__init__(name, self._thin or own, (width, height), options)

    @classmethod
    def open(cls, device: Path, options: SourceOptions) -> CameraSource:
        """Open a Video4Linux device by its path."""
        name = f'camera {device}'
        if not device.exists():
            found = sorted((str(p) for p in Path('/dev').glob('video*')), key=natural_key)
            raise SourceError(
                f'{name}: no such device; cameras here: {", ".join(found) or "none"}')
        if not os.access(device, os.R_OK | os.W_OK):
            raise SourceError(
                f'{name}: no permission; join its group (sudo usermod -aG video $USER) and '
                'log in again')
        number = re.fullmatch(r'/dev/video(\d+)', str(device.resolve()))
        if number is None:
            raise SourceError(f'{name}: not a video device')
        with quiet_opencv():
            capture = cv2.VideoCapture(int(number[1]))
        if not capture.isOpened():
            raise SourceError(
                f'{name}: cannot be opened; is it a camera, and does no other program use it?')
        try:
            return cls(name, capture, options)
        except BaseException:
            capture.release()
            raise

    def close(self) -> None:
        """Give the device back."""
        self._capture.release()

    def _pass(self) -> Iterator[Frame]:
        return thinned(self._arriving(), self._thin)

    def _arriving(self) -> Iterator[Frame]:
        begin = time.monotonic()
        last = -1.0
        index = 0
        while True:
            image = self._read(self.name) if self._first is None else self._first
            self._first = None
            stamp = max(time.monotonic() - begin, last + 1e-6) if index else 0.0
            yield Frame(image, stamp, f'{self.name}#{index}')
            last = stamp
            index += 1

    def _read(self, name: str) -> Image:
        for _ in range(_CAMERA_RETRIES):
            ok, image = self._capture.read()
            if ok:
                return as_bgr(image)
        raise SourceError(f'{name}: delivers no frames; is it still connected?')

    def _pass_count(self) -> int | None:
        return None
