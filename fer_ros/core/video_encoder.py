"""Encoders of MP4: H.264 where PyAV is installed, or else what every OpenCV has.

Browsers and phones play H.264; MPEG-4 part 2 needs a player such as VLC. OpenCV's wheels have no
encoder of H.264, and where a build of it names one, nobody knows beforehand whether it works.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
from fractions import Fraction
import importlib
import os
from pathlib import Path
from typing import Any, Protocol

import cv2

from fer_ros.core.errors import FerError
from fer_ros.core.sources.picture import quiet_opencv

__all__ = ['Encoder', 'H264', 'MPEG4', 'MPEG4_NOTE', 'open_encoder']

H264, MPEG4 = 'H.264', 'MPEG-4 part 2'

MPEG4_NOTE = (
    'the video is MPEG-4 part 2, which browsers and many phones do not play; for H.264: pip '
    'install av (or apt install python3-av)')
"""What people are told of such a file."""

_LIBRARIES = {'libx264': {'preset': 'veryfast', 'crf': '18'}, 'libopenh264': {}}
"""Encoders of FFmpeg with their options, the better one first; crf 18 shows no loss."""


class Encoder(Protocol):
    """Turns frames into a file.

    Attributes:
        codec: `H264` or `MPEG4`.
    """

    codec: str

    def write(self, bgr: cv2.typing.MatLike) -> None:
        """Add a frame, (H, W, 3) uint8 of the size that was told at the start.

        Raises:
            FerError: The file cannot be written; like `close`, which may find it out later.
        """
        ...

    def close(self) -> None:
        """Write what is still held back, and close the file."""
        ...


def open_encoder(path: Path, fps: float, size: tuple[int, int]) -> Encoder:
    """Begin a file.

    Args:
        path: The `.mp4`.
        fps: Frames a second, with two decimals.
        size: Width and height in pixels, both even.

    Raises:
        FerError: There is no encoder.
    """
    return _with_pyav(path, fps, size) or _OpenCvEncoder(path, fps, size)


def _with_pyav(path: Path, fps: float, size: tuple[int, int]) -> Encoder | None:
    try:
        av: Any = importlib.import_module('av')
    except ImportError:
        return None
    for name, options in _LIBRARIES.items():
        if name in av.codecs_available:
            try:
                return _PyAvEncoder(av, path, fps, size, name, options)
            except (av.error.FFmpegError, ValueError):
                continue  # a library that is there and does not work
    return None


class _PyAvEncoder:
    codec = H264

    def __init__(
        self, av: Any, path: Path, fps: float, size: tuple[int, int], name: str,
        options: dict[str, str],
    ) -> None:
        self._av = av
        self._container = av.open(str(path), 'w')
        try:
            self._stream = self._container.add_stream(
                name, rate=Fraction(round(100 * fps), 100), options=options)
            self._stream.width, self._stream.height = size
            self._stream.pix_fmt = 'yuv420p'
            self._stream.codec_context.open()
        except BaseException:
            self._container.close()
            raise

    def write(self, bgr: cv2.typing.MatLike) -> None:
        with self._told():
            self._mux(self._av.VideoFrame.from_ndarray(bgr, format='bgr24'))

    def close(self) -> None:
        with self._told():
            try:
                self._mux(None)
            finally:
                self._container.close()

    def _mux(self, frame: Any) -> None:
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._av.error.FFmpegError as error:
            raise FerError(f'cannot be written: {error.strerror}') from None


class _OpenCvEncoder:
    codec = MPEG4

    def __init__(self, path: Path, fps: float, size: tuple[int, int]) -> None:
        # Read by OpenCV when it first uses FFmpeg: its messages would spoil tables and bars.
        os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')
        with quiet_opencv():
            self._writer = cv2.VideoWriter(
                str(path), int.from_bytes(b'mp4v', 'little'), fps, size)
        if not self._writer.isOpened():
            raise FerError(
                f'this OpenCV cannot encode MP4 of {size[0]}x{size[1]} (it needs FFmpeg; the '
                'wheel opencv-python-headless has it)')

    def write(self, bgr: cv2.typing.MatLike) -> None:
        self._writer.write(bgr)

    def close(self) -> None:
        self._writer.release()
