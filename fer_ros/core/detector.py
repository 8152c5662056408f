"""Faces in a frame: the protocol of a detector, and the detectors that come with the package.

Both look at a reduced copy of the frame, just large enough for the smallest face that is wanted,
so that their cost depends on `min_face_size` and not on the camera. docs/detection.md holds the
measurements behind the constants. OpenCV's number of threads is a setting of the whole process:
no detector touches it. A detector is not thread-safe: use one a thread.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Protocol, runtime_checkable

import cv2
import numpy as np

from fer_ros.core.errors import ConfigError, ImageError, ModelError
from fer_ros.core.types import Box, Face, Image

__all__ = [
    'CASCADES', 'DETECTORS', 'FaceDetector', 'HaarDetector', 'MIN_FACE_SIZE', 'YuNetDetector',
    'create_detector',
]

DETECTORS: tuple[str, ...] = ('haar', 'yunet')
"""Names for `create_detector`."""

CASCADES: tuple[str, ...] = ('default', 'alt', 'alt2')
"""OpenCV's cascades for frontal faces, as in `haarcascade_frontalface_<name>.xml`."""

MIN_FACE_SIZE = 0.09
"""Side of the smallest face by default, in shorter sides of the frame: 43 pixels at 640x480."""

# Windows whose corners differ by less, in sides, are the same face; OpenCV's own value.
_GROUP_EPS = 0.2
# A third of an octave, and a trace more: OpenCV steps by one pixel from exactly 2 on.
_COARSE_FACTOR = 2 ** (1 / 3) + 1e-4
# A large face's window counts less, for more of them are looked at.
_LARGE_WEIGHT = 2 / 3
# Score of n agreeing windows: logistic in ln n. Fitted by `fer evaluate detector --fit-score`.
_SCORE_SLOPE, _SCORE_INTERCEPT = 4.14, -2.55
# Height in the reduced frame, in pixels, of the smallest face that YuNet is asked to find.
_YUNET_FACE, _YUNET_STRIDE = 24, 32
_YUNET_OVERLAP, _YUNET_CANDIDATES = 0.3, 5000


@runtime_checkable
class FaceDetector(Protocol):
    """Finds faces; an object of your own works wherever the package takes a detector.

    Attributes:
        box_convention: How the boxes lie about a face: the key of the framing in a model's
            manifest, `haar` or `yunet` or one of your own.
    """

    box_convention: str

    def detect(self, bgr: Image) -> list[Face]:
        """Return the faces of a (H, W, 3) uint8 BGR frame, the largest first."""
        ...


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
        min_face_size: Side of the smallest face that is looked for, in shorter sides of the
            frame, in [0.01, 1]; never less than the cascade's window of 20 pixels.
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
        self, *, min_face_size: float = MIN_FACE_SIZE, score_threshold: float = 0.0,
        max_faces: int = 0, cascade: str = 'alt2', steps_per_octave: int = 4,
        min_windows: int = 2, equalize: bool = False,
    ) -> None:
        _check_options(min_face_size, score_threshold, max_faces)
        if steps_per_octave < 1 or min_windows < 2:
            raise ConfigError(
                f'steps_per_octave must be >= 1, min_windows >= 2, got {steps_per_octave}, '
                f'{min_windows}')
        self._cascade = _load_cascade(cascade)
        self._window = max(self._cascade.getOriginalWindowSize())
        self._min_face_size = min_face_size
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
        _check_frame(bgr)
        faces = []
        for box, count in self.candidates(bgr):
            score = 1 / (1 + math.exp(-_SCORE_SLOPE * math.log(count) - _SCORE_INTERCEPT))
            if score >= self._score_threshold:
                faces.append(Face(box, score))
        return _largest(faces, self._max_faces)

    def candidates(self, bgr: Image) -> list[tuple[Box, float]]:
        """Return each face's box in pixels with the number of windows that agree on it."""
        height, width = bgr.shape[:2]
        scale = min(1.0, self._window / (self._min_face_size * min(height, width)))
        size = (round(width * scale), round(height * scale))
        if min(size) < self._window:
            return []
        grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
        if size != (width, height):
            grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        if self._equalize:
            grey = cv2.equalizeHist(grey)
        windows = self._scan(np.asarray(grey, np.uint8))
        boxes, counts = cv2.groupRectangles(windows, 1, _GROUP_EPS) if windows else ([], [])
        to_x, to_y = width / size[0], height / size[1]
        found: list[tuple[Box, float]] = []
        for (x, y, w, h), n in zip(np.asarray(boxes).tolist(), np.ravel(counts), strict=True):
            count = float(n) * (_LARGE_WEIGHT if w >= 2 * self._window else 1.0)
            if count >= self._min_windows:
                found.append(((x * to_x, y * to_y, w * to_x, h * to_y), count))
        return found

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


class YuNetDetector:
    """YuNet with a network file that the user has: faster, finds more, gives landmarks.

    Source: Wu, Peng, Yu, "YuNet: a tiny millisecond-level face detector", 2023.

    Args:
        model_path: The ONNX file.
        min_face_size: Height of the smallest face, in shorter sides of the frame, in [0.01, 1].
        score_threshold: Faces of a lower score are dropped, in [0, 1].
        max_faces: Largest number of faces to return, the largest first; 0 for all.

    Raises:
        ConfigError: A value is out of range, or no file is named.
        ModelError: The file is missing or not a YuNet.
    """

    box_convention = 'yunet'

    def __init__(
        self, model_path: str | Path, *, min_face_size: float = MIN_FACE_SIZE,
        score_threshold: float = 0.6, max_faces: int = 0,
    ) -> None:
        _check_options(min_face_size, score_threshold, max_faces)
        if not str(model_path):
            raise ConfigError(
                'the detector yunet needs a network file: set model_path to your YuNet .onnx')
        if not Path(model_path).is_file():
            raise ModelError(f'there is no YuNet network at {model_path}')
        self._min_face_size = min_face_size
        self._max_faces = max_faces
        self._size = (64, 64)
        try:
            self._network = cv2.FaceDetectorYN.create(
                str(model_path), '', self._size, score_threshold, _YUNET_OVERLAP,
                _YUNET_CANDIDATES)
            # Other networks load as well, and fail only when their outputs are read.
            self._network.detect(np.zeros((64, 64, 3), np.uint8))
        except (cv2.error, SystemError) as error:
            raise ModelError(
                f'{model_path} is not a YuNet network that OpenCV {cv2.__version__} can run: '
                f'{str(error).strip().splitlines()[-1]}') from error

    def detect(self, bgr: Image) -> list[Face]:
        """Return the faces of a (H, W, 3) uint8 BGR frame, the largest first.

        Boxes and landmarks may reach over the border. Landmarks are those of an upright face
        from the left to the right of the image: eyes, nose tip, mouth corners.

        Raises:
            ImageError: The frame has another shape or type.
        """
        _check_frame(bgr)
        height, width = bgr.shape[:2]
        scale = min(1.0, _YUNET_FACE / (self._min_face_size * min(height, width)))
        size = (round(width * scale), round(height * scale))
        # On strips narrower than its stride the network makes up faces of infinite size.
        if min(size) < _YUNET_STRIDE:
            return []
        if size != (width, height):
            bgr = np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
        if size != self._size:
            self._network.setInputSize(size)
            self._size = size
        _, rows = self._network.detect(bgr)
        if rows is None:
            return []
        to_frame = np.array([width / size[0], height / size[1]] * 7, np.float32)
        faces = []
        for row in np.asarray(rows, np.float32):
            x, y, w, h = (float(value) for value in row[:4] * to_frame[:4])
            if np.isfinite(row).all() and w > 0 and h > 0:
                faces.append(Face(
                    (x, y, w, h), min(1.0, max(0.0, float(row[14]))),
                    (row[4:14] * to_frame[4:]).reshape(5, 2)))
        return _largest(faces, self._max_faces)


def create_detector(
    name: str = 'haar', *, model_path: str | Path = '', min_face_size: float = MIN_FACE_SIZE,
    score_threshold: float | None = None, max_faces: int = 0,
) -> FaceDetector:
    """Make a detector by its name.

    Args:
        name: One of `DETECTORS`.
        model_path: Network file, for `yunet`; `haar` brings its own and takes no notice.
        min_face_size: Side of the smallest face, in shorter sides of the frame, in [0.01, 1].
        score_threshold: Faces of a lower score are dropped, in [0, 1]; None for the detector's
            own default.
        max_faces: Largest number of faces to return, the largest first; 0 for all.

    Raises:
        ConfigError: The name is unknown, or a value is out of range.
        ModelError: The detector's file is missing or cannot be used.
    """
    if name == 'haar':
        return HaarDetector(
            min_face_size=min_face_size, max_faces=max_faces,
            score_threshold=0.0 if score_threshold is None else score_threshold)
    if name == 'yunet':
        return YuNetDetector(
            model_path, min_face_size=min_face_size, max_faces=max_faces,
            score_threshold=0.6 if score_threshold is None else score_threshold)
    raise ConfigError(f'there is no detector {name!r}; choose one of {", ".join(DETECTORS)}')


def _check_options(min_face_size: float, score_threshold: float, max_faces: int) -> None:
    if not 0.01 <= min_face_size <= 1.0:
        raise ConfigError(
            'min_face_size is a fraction of the shorter side of the frame and must lie in '
            f'[0.01, 1], got {min_face_size}')
    if not 0.0 <= score_threshold <= 1.0:
        raise ConfigError(f'score_threshold must lie in [0, 1], got {score_threshold}')
    if max_faces < 0:
        raise ConfigError(f'max_faces must be 0 (all) or more, got {max_faces}')


def _check_frame(bgr: Image) -> None:
    if not isinstance(bgr, np.ndarray) or bgr.ndim != 3 or bgr.shape[2] != 3 \
            or bgr.dtype != np.uint8 or 0 in bgr.shape:
        what = f'{bgr.shape} {bgr.dtype}' if isinstance(bgr, np.ndarray) else type(bgr).__name__
        raise ImageError(f'a detector takes frames of (H, W, 3) BGR uint8, got {what}')


def _largest(faces: list[Face], max_faces: int) -> list[Face]:
    # The box breaks ties: OpenCV's order changes with its threads.
    ordered = sorted(faces, key=lambda face: (-face.area, face.box))
    return ordered[:max_faces] if max_faces else ordered


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
