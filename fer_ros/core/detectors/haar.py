"""The boosted cascade that comes with OpenCV."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from fer_ros.core.detectors.common import check_frame, check_options
from fer_ros.core.errors import ConfigError, ModelError
from fer_ros.core.reduce import look, MIN_FACE_SIZE, Sight
from fer_ros.core.types import Box, Face, Image

__all__ = ['CASCADES', 'HaarDetector']

CASCADES: tuple[str, ...] = ('default', 'alt', 'alt2')
"""OpenCV's cascades for frontal faces, as in `haarcascade_frontalface_<name>.xml`."""

# Windows whose corners differ by less, in sides, are the same face; OpenCV's own value.
_GROUP_EPS = 0.2
# A third of an octave, and a trace more: OpenCV steps by one pixel from exactly 2 on.
_COARSE_FACTOR = 2 ** (1 / 3) + 1e-4
# A large face's window counts less, for more of them are looked at.
_LARGE_WEIGHT = 2 / 3
# Score of n agreeing windows: logistic in ln n. Fitted by `fer evaluate detector --fit-score`.
_SCORE_SLOPE, _SCORE_INTERCEPT = 4.14, -2.55


class HaarDetector:
    """The boosted cascade that comes with OpenCV: always there, frontal faces, no landmarks.

    The reduced frame is scanned twice: for faces up to twice the smallest, and for all larger
    ones, where OpenCV steps by one pixel instead of two and coarser sizes will do. A face is
    where windows agree. n of them, a large face's counted as 2/3, give the score
    1 / (1 + exp(-(a ln n + b))): the share of such detections that are faces in the labelled
    scenes to which a and b were fitted.

    Source of the method: Viola and Jones, "Rapid object detection using a boosted cascade of
    simple features", 2001; of the cascade `alt2`: R. Lienhart, in OpenCV.

    Args:
        min_face_size: Side of the smallest face that is looked for, see `Sight`; never less than
            the cascade's window of 20 pixels.
        input_size: See `Sight`.
        tiles: See `Sight`.
        score_threshold: Faces of a lower score are dropped, in [0, 1].
        max_faces: Largest number of faces to return, the largest first; 0 for all.
        cascade: One of `CASCADES`.
        steps_per_octave: Window sizes from the smallest to its double, at least 1.
        min_windows: Windows that must agree on a face, counted as above, at least 2.
        equalize: Whether to equalize the histogram of the frame first.

    Raises:
        ConfigError: A value is out of range.
        ModelError: OpenCV's cascades are not installed.
    """

    box_convention = 'haar'

    def __init__(
        self, *, min_face_size: float = MIN_FACE_SIZE, input_size: int = 0, tiles: int = 1,
        score_threshold: float = 0.0, max_faces: int = 0, cascade: str = 'alt2',
        steps_per_octave: int = 4, min_windows: int = 2, equalize: bool = False,
    ) -> None:
        check_options(score_threshold, max_faces)
        if steps_per_octave < 1 or min_windows < 2:
            raise ConfigError(
                f'steps_per_octave must be >= 1, min_windows >= 2, got {steps_per_octave}, '
                f'{min_windows}')
        self._cascade = _load_cascade(cascade)
        self._window = max(self._cascade.getOriginalWindowSize())
        self._sight = Sight(min_face_size, input_size, tiles)
        self._score_threshold = score_threshold
        self._max_faces = max_faces
        self._fine_factor = 2 ** (1 / steps_per_octave)
        self._min_windows = min_windows
        self._equalize = equalize

    def detect(self, bgr: Image) -> list[Face]:
        """Return the faces of a (H, W, 3) uint8 BGR frame, the largest first.

        Raises:
            ImageError: The frame has another shape or type.
        """
        check_frame(bgr)
        return look(bgr, self._sight, self._window, self._faces, self._max_faces)

    def candidates(self, bgr: Image) -> list[tuple[Box, float]]:
        """Return each face's box in a frame with the number of windows that agree on it.

        Boxes and windows are those of the frame as it is, not reduced.
        """
        if min(bgr.shape[:2]) < self._window:
            return []
        grey = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)
        if self._equalize:
            grey = np.asarray(cv2.equalizeHist(grey), np.uint8)
        windows = self._scan(grey)
        boxes, counts = cv2.groupRectangles(windows, 1, _GROUP_EPS) if windows else ([], [])
        found: list[tuple[Box, float]] = []
        for (x, y, w, h), n in zip(np.asarray(boxes).tolist(), np.ravel(counts), strict=True):
            count = float(n) * (_LARGE_WEIGHT if w >= 2 * self._window else 1.0)
            if count >= self._min_windows:
                found.append(((float(x), float(y), float(w), float(h)), count))
        return found

    def _faces(self, view: Image) -> list[Face]:
        """Return the faces of a reduced view."""
        faces = []
        for box, count in self.candidates(view):
            score = 1 / (1 + math.exp(-_SCORE_SLOPE * math.log(count) - _SCORE_INTERCEPT))
            if score >= self._score_threshold:
                faces.append(Face(box, score))
        return faces

    def _scan(self, grey: Image) -> list[list[int]]:
        """Return all windows that hold a face, in pixels of the reduced frame."""
        windows: list[list[int]] = []
        small, large = self._window, 2 * self._window
        for factor, smallest, largest in (
                (self._fine_factor, small, large - 1), (_COARSE_FACTOR, large, 0)):
            found = self._cascade.detectMultiScale(
                grey, factor, 0, minSize=(smallest, smallest), maxSize=(largest, largest))
            windows += np.asarray(found, int).reshape(-1, 4).tolist()
        return windows


def _load_cascade(name: str) -> cv2.CascadeClassifier:
    if name not in CASCADES:
        raise ConfigError(f'there is no cascade {name!r}; choose one of {", ".join(CASCADES)}')
    # Inside the wheel, or where Debian's package opencv-data puts them.
    folders = [Path(cv2.__file__).parent / 'data', Path('/usr/share/opencv4/haarcascades')]
    for path in (folder / f'haarcascade_frontalface_{name}.xml' for folder in folders):
        if path.is_file():
            return cv2.CascadeClassifier(str(path))
    raise ModelError(
        'OpenCV came without its face cascades; install opencv-python-headless by pip or '
        'opencv-data by apt')
