"""The demonstration clip: a camera that moves over a photograph of an astronaut.

The photograph shows Eileen Collins; NASA has placed it in the public domain, and scikit-image
(an optional dependency) brings it along. The clip is made when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path

import cv2
import numpy as np

from fer_ros.core.errors import SourceError
from fer_ros.core.types import Image
from fer_ros.core.video_writer import VideoWriter

__all__ = [
    'DEMO_FPS', 'DEMO_SECONDS', 'DEMO_SIZE', 'demo_frames', 'demo_photograph', 'write_demo_clip',
]

DEMO_FPS = 15.0
DEMO_SIZE = (640, 480)
"""Width and height in pixels."""

# Seconds, centre x and y, and width of the view in pixels of the 512x512 photograph. The
# face lies about (224, 118) and is some 80 pixels wide; lower down there is none.
_PATH = np.array([
    (0.0, 256.0, 192.0, 512.0),
    (1.0, 256.0, 192.0, 512.0),
    (3.0, 228.0, 126.0, 300.0),
    (4.0, 270.0, 150.0, 380.0),
    (5.6, 300.0, 385.0, 330.0),
    (6.3, 300.0, 385.0, 330.0),
    (7.9, 210.0, 150.0, 360.0),
    (9.0, 256.0, 192.0, 512.0),
])
DEMO_SECONDS = float(_PATH[-1, 0])


def demo_frames(fps: float = DEMO_FPS, size: tuple[int, int] = DEMO_SIZE) -> Iterator[Image]:
    """Yield the frames of the clip, (H, W, 3) uint8 BGR; always the same ones.

    From about 4.6 to 7.3 s the camera looks away and no whole face is to be seen.

    Raises:
        SourceError: If scikit-image is not installed.
    """
    photo = demo_photograph()
    for index in range(round(DEMO_SECONDS * fps)):
        x, y, width = _view_at(index / fps)
        scale = width / size[0]  # pixels of the photograph to a pixel of the frame
        # Centres of pixels lie at +0.5.
        matrix = np.array([
            [scale, 0, x - scale * size[0] / 2 + scale / 2 - 0.5],
            [0, scale, y - scale * size[1] / 2 + scale / 2 - 0.5]])
        view = cv2.warpAffine(
            photo, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE)
        yield view.astype(np.uint8, copy=False)


def write_demo_clip(path: str | os.PathLike[str]) -> Path:
    """Write the clip as an MP4 file.

    Raises:
        SourceError: If scikit-image is not installed.
        FerError: If the file cannot be written.
    """
    with VideoWriter(path, DEMO_FPS, DEMO_SIZE) as writer:
        for frame in demo_frames():
            writer.write(frame)
    return writer.path


def demo_photograph(instead: str = '--source') -> Image:
    """Return the photograph, (512, 512, 3) uint8 BGR.

    Args:
        instead: What people can give who do not have it.

    Raises:
        SourceError: If scikit-image is not installed.
    """
    try:
        from skimage import data
    except ImportError:
        raise SourceError(
            'the demonstration needs scikit-image for its photograph: '
            f'pip install scikit-image, or give {instead}') from None
    rgb: Image = data.astronaut()  # type: ignore[no-untyped-call, unused-ignore]
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR).astype(np.uint8, copy=False)


def _view_at(seconds: float) -> tuple[float, float, float]:
    """Return centre and width of the view, moving smoothly from one stop to the next."""
    times = _PATH[:, 0]
    index = min(max(int(np.searchsorted(times, seconds, side='right')) - 1, 0), len(times) - 2)
    share = min(1.0, (seconds - times[index]) / (times[index + 1] - times[index]))
    eased = share * share * (3.0 - 2.0 * share)  # smoothstep: at rest at both ends
    x, y, width = _PATH[index, 1:] + eased * (_PATH[index + 1, 1:] - _PATH[index, 1:])
    return float(x), float(y), float(width)
