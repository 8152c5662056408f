"""Reading and writing single pictures, and bringing them to a size."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
from pathlib import Path
import re

import cv2
import numpy as np

from fer_ros.core.errors import FerError, SourceError
from fer_ros.core.types import Image

__all__ = [
    'IMAGE_SUFFIXES', 'as_bgr', 'fit', 'inner_size', 'natural_key', 'quiet_opencv', 'read_image',
    'write_image',
]

IMAGE_SUFFIXES = (
    '.bmp', '.jpe', '.jpeg', '.jpg', '.pbm', '.pgm', '.png', '.pnm', '.ppm', '.tif', '.tiff',
    '.webp',
)
"""Files that count as images in a folder; all of them are read by every build of OpenCV."""


def read_image(path: Path) -> Image:
    """Read a picture from a file, turned upright as its EXIF data says.

    Returns:
        (H, W, 3) uint8 BGR; 16 bits are reduced to 8, transparency is dropped.

    Raises:
        SourceError: If the file cannot be read or decoded.
    """
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise SourceError(f'{path}: {error.strerror or error}') from None
    try:
        with quiet_opencv():
            # OpenCV answers None for bad data, but raises for none at all or a giant picture.
            image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error as error:
        raise SourceError(f'{path}: cannot decode the image: {error.err}') from None
    if image is None:
        raise SourceError(f'{path}: not an image, or damaged')
    return image.astype(np.uint8, copy=False)


def fit(image: Image, size: tuple[int, int]) -> Image:
    """Scale a picture into `size` (width, height), keep its shape, centre it on black."""
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    scale = min(size[0] / width, size[1] / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = cv2.resize(
        image, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas[top:top + inner[1], left:left + inner[0]] = resized
    return canvas


def inner_size(shape: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size of the form of `shape` inside `size`."""
    scale = min(size[0] / shape[0], size[1] / shape[1])
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def as_bgr(image: cv2.typing.MatLike) -> Image:
    """Make three channels of what a decoder gave (some cameras give grey)."""
    if image.ndim == 2 or image.shape[2] == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    return image.astype(np.uint8, copy=False)


def natural_key(name: str) -> list[tuple[int, str]]:
    """Sort key by which `frame2` comes before `frame10`."""
    parts = re.split(r'(\d+)', name.casefold())
    return [(int(part), '') if i % 2 else (0, part) for i, part in enumerate(parts)]


@contextlib.contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keep OpenCV from writing to stderr: what fails here is told by a SourceError."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)


def write_image(path: Path, image: Image) -> None:
    """Write a picture, in the format that the suffix names; a half-written file never shows.

    Args:
        path: Where to; its folder is made if need be.
        image: (H, W, 3) BGR or (H, W) grey, uint8.

    Raises:
        FerError: If it cannot be encoded or written.
    """
    partial = path.with_name(f'.{path.name}.{os.getpid()}.partial')
    try:
        ok, data = cv2.imencode(path.suffix, image)
    except cv2.error:
        ok = False
    if not ok:
        raise FerError(f'{path}: cannot be encoded; use .png or .jpg')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data.tobytes())
        os.replace(partial, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise FerError(f'{path}: cannot be written: {error.strerror}') from None
