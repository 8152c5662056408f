"""Faces in a frame: the protocol of a detector, and how one is made by its name.

All look at a reduced copy of the frame, just large enough for the smallest face that is wanted,
so that their cost depends on `min_face_size` and not on the camera. docs/detection.md holds the
measurements behind the constants. OpenCV's number of threads is a setting of the whole process:
no detector touches it. A detector is not thread-safe: use one a thread.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from fer_ros.core.detectors.fer_face import FerFaceDetector
from fer_ros.core.detectors.haar import CASCADES, HaarDetector
from fer_ros.core.detectors.yunet import YuNetDetector
from fer_ros.core.errors import ConfigError
from fer_ros.core.reduce import MIN_FACE_SIZE
from fer_ros.core.types import Face, Image

__all__ = [
    'CASCADES', 'DEFAULT_DETECTOR', 'DETECTORS', 'FaceDetector', 'FerFaceDetector',
    'HaarDetector', 'MIN_FACE_SIZE', 'YuNetDetector', 'create_detector',
]

DEFAULT_DETECTOR = 'fer_face'
"""Name of the detector that is used when none is named."""

DETECTORS: tuple[str, ...] = ('fer_face', 'haar', 'yunet')
"""Names for `create_detector`."""


@runtime_checkable
class FaceDetector(Protocol):
    """Finds faces; an object of your own works wherever the package takes a detector.

    Attributes:
        box_convention: How the boxes lie about a face: the key of the framing in a model's
            manifest, the name of a detector or one of your own.
    """

    box_convention: str

    def detect(self, bgr: Image) -> list[Face]:
        """Return the faces of a (H, W, 3) uint8 BGR frame, the largest first."""
        ...


def create_detector(
    name: str = '', *, model_path: str | Path = '', min_face_size: float = MIN_FACE_SIZE,
    input_size: int = 0, tiles: int = 1, score_threshold: float | None = None,
    max_faces: int = 0, num_threads: int = 1,
) -> FaceDetector:
    """Make a detector by its name.

    Args:
        name: One of `DETECTORS`; empty for `DEFAULT_DETECTOR`.
        model_path: Network file, for `yunet`; model folder, for `fer_face`, which brings one of
            its own; `haar` takes no notice.
        min_face_size: Side of the smallest face, see `fer_ros.core.reduce.Sight`.
        input_size: See `fer_ros.core.reduce.Sight`.
        tiles: See `fer_ros.core.reduce.Sight`.
        score_threshold: Faces of a lower score are dropped, in [0, 1]; None for the detector's
            own default.
        max_faces: Largest number of faces to return, the largest first; 0 for all.
        num_threads: Threads of `fer_face`.

    Raises:
        ConfigError: The name is unknown, or a value is out of range.
        ModelError: The detector's file is missing or cannot be used.
    """
    name = name or DEFAULT_DETECTOR
    if name == 'fer_face':
        return FerFaceDetector(
            model_path, min_face_size=min_face_size, input_size=input_size, tiles=tiles,
            max_faces=max_faces, score_threshold=score_threshold, num_threads=num_threads)
    if name == 'haar':
        return HaarDetector(
            min_face_size=min_face_size, input_size=input_size, tiles=tiles, max_faces=max_faces,
            score_threshold=0.0 if score_threshold is None else score_threshold)
    if name == 'yunet':
        return YuNetDetector(
            model_path, min_face_size=min_face_size, input_size=input_size, tiles=tiles,
            max_faces=max_faces,
            score_threshold=0.6 if score_threshold is None else score_threshold)
    raise ConfigError(f'there is no detector {name!r}; choose one of {", ".join(DETECTORS)}')
