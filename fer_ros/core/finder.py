"""The faces of each frame of a camera: detected in every k-th, moved along in those between."""

from __future__ import annotations

from fer_ros.core.detector import FaceDetector
from fer_ros.core.errors import ConfigError
from fer_ros.core.flow import FaceFlow
from fer_ros.core.reduce import largest
from fer_ros.core.types import Face, Image

__all__ = ['FaceFinder', 'MAX_DETECT_EVERY']

MAX_DETECT_EVERY = 100
"""Frames from one detection to the next, at most."""


class FaceFinder:
    """Finds the faces of one camera, frame by frame.

    Args:
        detector: Finds them in one frame.
        detect_every: Frames from one detection to the next, 1 to 100. In those between, faces
            move by their optical flow, nobody new is seen, and a face that is lost leads to a
            detection at once.

    Raises:
        ConfigError: `detect_every` is out of range.
    """

    def __init__(self, detector: FaceDetector, detect_every: int = 1) -> None:
        self._detector = detector
        self._flow = FaceFlow()
        self._age = 0  # frames since the last detection, that one included; 0: none yet
        self.detect_every = detect_every

    @property
    def detect_every(self) -> int:
        """Frames from one detection to the next."""
        return self._detect_every

    @detect_every.setter
    def detect_every(self, value: int) -> None:
        if not 1 <= value <= MAX_DETECT_EVERY:
            raise ConfigError(
                f'detect_every must lie in [1, {MAX_DETECT_EVERY}] frames, got {value}')
        if value == 1:
            self._age = 0  # nothing was kept that could be moved later on
        self._detect_every = value

    def find(self, bgr: Image) -> list[Face]:
        """Return the faces of a (H, W, 3) uint8 frame, the largest first."""
        if 0 < self._age < self._detect_every:
            moved = self._flow.move(bgr)
            if moved is not None:
                self._age += 1
                return largest(moved)
        faces = largest(self._detector.detect(bgr))
        if self._detect_every > 1:
            self._flow.start(bgr, faces)
            self._age = 1
        return faces

    def reset(self) -> None:
        """Forget the faces: the next frame has nothing to do with those before."""
        self._age = 0
