"""Where frames come from: a camera, a video file, a folder of images, or one still image.

Example:
    with open_source('clip.mp4') as source:
        for frame in source:
            print(frame.name, frame.stamp, frame.bgr.shape)

All frames of a source have the same size; a picture of another shape is scaled to fit and
centred on black, so that no face is ever cut away.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
import re
import stat

import cv2

from fer_ros.core.errors import SourceError
from fer_ros.core.resources import user_path
from fer_ros.core.sources.base import Frame, FrameSource, SourceOptions
from fer_ros.core.sources.camera import CameraSource
from fer_ros.core.sources.images import FolderSource, StillSource
from fer_ros.core.sources.picture import fit, IMAGE_SUFFIXES, natural_key, read_image, write_image
from fer_ros.core.sources.video import VideoSource

__all__ = [
    'CameraSource', 'FolderSource', 'Frame', 'FrameSource', 'IMAGE_SUFFIXES', 'StillSource',
    'VideoSource', 'fit', 'is_camera', 'natural_key', 'open_source', 'read_image', 'write_image',
]


def open_source(
        spec: str | os.PathLike[str], *, fps: float = 0.0, loop: bool = False,
        size: tuple[int, int] = (0, 0), duration: float = 0.0) -> FrameSource:
    """Open whatever `spec` names.

    Args:
        spec: Number or device of a camera (`0`, `/dev/video0`), a video file, a folder of
            images (in natural order: 2 before 10), or one image (a slow pan and zoom over it).
        fps: Frames a second; 0 for the source's own (15 for images). A video or camera is
            thinned out to it and keeps its speed; it is never sped up.
        loop: Start again at the end. A camera has no end.
        size: Width and height of the frames in pixels; 0 for the source's own, and where only
            one of them is 0, it follows from the shape of the picture.
        duration: Seconds after which the source ends, also when looping; 0 for no limit (one
            round of 10 s for a still that does not loop).

    Returns:
        An open source: use it as a context manager, iterate over it.

    Raises:
        SourceError: If it does not exist, cannot be opened, or holds no readable picture.
        ValueError: If an option is negative or not finite.
    """
    for name, value in (('fps', fps), ('duration', duration), ('size', min(size))):
        if not math.isfinite(value) or value < 0:
            raise ValueError(f'{name} must be a finite number >= 0, got {value}')
    options = SourceOptions(fps=fps, loop=loop, size=size, duration=duration)
    text = os.fspath(spec)
    if not text:
        raise SourceError('no source given: name a camera (0), a video, an image or a folder')
    path = user_path(text)
    if is_camera(text):
        device = Path(f'/dev/video{text}') if text.isdecimal() else path
        return CameraSource.open(device, options)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise SourceError(f'{text}: no such file or folder') from None
    except OSError as error:
        raise SourceError(f'{text}: {error.strerror or error}') from None
    except ValueError as error:  # no path can hold a zero
        raise SourceError(f'{text}: {error}') from None
    if stat.S_ISDIR(mode):
        return FolderSource(path, options)
    if stat.S_ISCHR(mode):
        return CameraSource.open(path, options)
    if not stat.S_ISREG(mode):
        raise SourceError(f'{text}: neither a camera, a file nor a folder')
    if not os.access(path, os.R_OK):
        raise SourceError(f'{text}: no permission to read it')
    return StillSource(path, options) if _is_still(path) else VideoSource(path, options)


def is_camera(spec: str) -> bool:
    """Tell whether `spec` names a camera, by its number or device."""
    number = re.fullmatch(r'[0-9]{1,3}', spec) is not None and not Path(spec).exists()
    return number or re.match(r'/dev/(video|v4l)', spec) is not None


def _is_still(path: Path) -> bool:
    """Tell an image from a video: by name, else by content; an animation counts as video."""
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES or suffix == '.gif':
        return suffix != '.gif'
    return bool(cv2.haveImageReader(str(path)))
