"""Writing MP4 files that exist only when they are whole.

Example:
    with VideoWriter('out.mp4', fps=15, size=(640, 480)) as writer:
        writer.write(bgr)
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import math
import os
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from fer_ros.core.errors import FerError
from fer_ros.core.sources.picture import fit, quiet_opencv
from fer_ros.core.types import Image
from fer_ros.core.video_encoder import Encoder, open_encoder

__all__ = ['MAX_FPS', 'TimedVideoWriter', 'VideoWriter']

MAX_FPS = 240.0  # frames a second
_MAX_PAUSE = 5.0  # seconds of a standing picture; longer pauses of a stream are left out


class VideoWriter:
    """An MP4 file in the making.

    It is written under a temporary name beside its place and takes its own name when it is
    closed in good order; an exception leaves nothing behind, and an older file untouched.

    Attributes:
        path: Where the file will be.
        fps: Frames a second.
        size: Width and height in pixels of the frames that `write` takes. An odd one is
            stored one pixel larger, since MP4 keeps colour for pairs of pixels.
        count: Number of frames written.
        codec: `H264` or `MPEG4` (see `video_encoder`).
    """

    def __init__(self, path: str | os.PathLike[str], fps: float, size: tuple[int, int]) -> None:
        """Open the file; its folder is made if need be.

        Raises:
            FerError: If the file cannot be made there, or there is no encoder.
            ValueError: If fps or size are out of range, or the name does not end in `.mp4`.
        """
        self.path = Path(path)
        self.size = size
        self.count = 0
        if self.path.suffix.lower() != '.mp4':
            raise ValueError(f'the name of a video must end in .mp4, got {self.path.name}')
        if not (math.isfinite(fps) and 0 < fps <= MAX_FPS):
            raise ValueError(f'fps must lie in (0, {MAX_FPS:g}], got {fps}')
        if min(size) < 2:
            raise ValueError(f'size must be at least 2x2 pixels, got {size[0]}x{size[1]}')
        # MPEG-4 counts time in at most 65535 parts of a second; two decimals always fit.
        self.fps = max(0.01, round(fps, 2))
        self._pad = (size[0] % 2, size[1] % 2)
        self._partial = self.path.with_name(f'.{self.path.stem}.{os.getpid()}.partial.mp4')
        self._encoder: Encoder | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._partial.touch()  # tells why, where encoders only say no
        except OSError as error:
            raise FerError(f'{self.path}: cannot be written: {error.strerror}') from None
        try:
            with self._named():
                self._encoder = open_encoder(
                    self._partial, self.fps, (size[0] + self._pad[0], size[1] + self._pad[1]))
        except BaseException:  # Ctrl-C, too: loading an encoder takes a while
            self.discard()
            raise
        self.codec = self._encoder.codec

    def write(self, bgr: Image) -> None:
        """Add a frame.

        Args:
            bgr: (H, W, 3) or grey (H, W) uint8, of the size that was told at the start.

        Raises:
            ValueError: If it has another size or type: OpenCV would drop it without a word.
            FerError: If the file cannot be written.
        """
        if self._encoder is None:
            raise ValueError(f'{self.path} is closed')
        shape = (self.size[1], self.size[0])
        if bgr.shape not in (shape, (*shape, 3)) or bgr.dtype != np.uint8:
            raise ValueError(
                f'a frame of {self.path.name} must be uint8 of shape {(*shape, 3)}, got '
                f'{bgr.dtype} {bgr.shape}')
        frame: cv2.typing.MatLike = bgr
        if bgr.ndim == 2:
            frame = cv2.cvtColor(bgr, cv2.COLOR_GRAY2BGR)
        if any(self._pad):
            right, bottom = self._pad
            frame = cv2.copyMakeBorder(frame, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        with self._named():
            self._encoder.write(frame)
        self.count += 1

    def close(self) -> None:
        """Finish the file and give it its name; closing twice is harmless.

        Raises:
            FerError: If no frame was written, or not all of them arrived (a full disk).
        """
        if self._encoder is None:
            return
        encoder, self._encoder = self._encoder, None
        try:
            with self._named():
                encoder.close()
            if not self.count:
                raise FerError(f'{self.path}: no frame came, so no video was written')
            stored = _stored_frames(self._partial)
            if stored < self.count:  # one more, if Ctrl-C came between writing and counting
                raise FerError(
                    f'{self.path}: only {stored} of {self.count} frames could be written; is '
                    'the disk full?')
            try:
                os.replace(self._partial, self.path)
            except OSError as error:
                raise FerError(f'{self.path}: cannot be written: {error.strerror}') from None
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Drop what was written."""
        if self._encoder is not None:
            encoder, self._encoder = self._encoder, None
            with contextlib.suppress(FerError):
                encoder.close()
        with contextlib.suppress(OSError):
            self._partial.unlink()

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Name the file in what an encoder says."""
        try:
            yield
        except FerError as error:
            raise FerError(f'{self.path}: {error}') from None

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None,
            trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def _stored_frames(path: Path) -> int:
    """Count the frames of a finished file by its index."""
    with quiet_opencv():
        capture = cv2.VideoCapture(str(path))
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))  # 0 of what cannot be opened
    capture.release()
    return count


class TimedVideoWriter:
    """Writes a stream of stamped frames so that the file runs at the speed of the stream.

    Frames that come at any pace are put where their stamps say: the last one stands until the
    next. The file is opened with the first frame; frames of another size are scaled to fit.

    Attributes:
        path: Where the file will be.
        codec: As of `VideoWriter`; empty before the first frame.
    """

    def __init__(self, path: str | os.PathLike[str], fps: float = 30.0) -> None:
        """Choose a place; nothing is written yet."""
        self.path = Path(path)
        self.codec = ''
        self._fps = fps
        self._writer: VideoWriter | None = None
        self._pending: Image | None = None
        self._slot = 0
        self._begin = 0.0

    @property
    def count(self) -> int:
        """Number of frames in the file so far."""
        return self._writer.count if self._writer else 0

    def write(self, stamp: float, bgr: Image) -> None:
        """Add a frame.

        Args:
            stamp: Time of the frame in seconds; the first one is the start of the file.
            bgr: (H, W, 3) uint8.

        Raises:
            FerError: If the file cannot be written.
        """
        if self._writer is None:
            self._writer = VideoWriter(self.path, self._fps, (bgr.shape[1], bgr.shape[0]))
            self.codec = self._writer.codec
            self._begin = stamp
        slot = round((stamp - self._begin) * self._fps)
        if not self._slot <= slot <= self._slot + _MAX_PAUSE * self._fps:
            # The clock jumped (a bag that loops) or the stream paused: go on from here.
            slot = self._slot + 1
            self._begin = stamp - slot / self._fps
        self._write_pending(slot - self._slot)
        self._pending, self._slot = bgr, slot

    def close(self) -> bool:
        """Finish the file; return whether there is one.

        Raises:
            FerError: If the file could not be written.
        """
        if self._writer is None:
            return False
        self._write_pending(1)
        self._writer.close()
        self._writer = None
        return True

    def discard(self) -> None:
        """Drop what was written."""
        if self._writer is not None:
            self._writer.discard()
            self._writer = None

    def _write_pending(self, times: int) -> None:
        if self._writer is not None and self._pending is not None:
            frame = fit(self._pending, self._writer.size)
            for _ in range(times):
                self._writer.write(frame)
