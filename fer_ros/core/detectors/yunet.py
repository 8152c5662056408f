"""YuNet, for those who have its network file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from fer_ros.core.detectors.common import check_frame, check_options
from fer_ros.core.errors import ConfigError, ModelError
from fer_ros.core.reduce import look, MIN_FACE_SIZE, Sight
from fer_ros.core.types import Face, Image

__all__ = ['YuNetDetector']

# Height in a view, in pixels, of the smallest face that YuNet is asked to find.
_SMALLEST, _STRIDE = 24.0, 32
_OVERLAP, _CANDIDATES = 0.3, 5000


class YuNetDetector:
    """YuNet with a network file that the user has: faster, finds more, gives landmarks.

    Source: Wu, Peng, Yu, "YuNet: a tiny millisecond-level face detector", 2023.

    Args:
        model_path: The ONNX file.
        min_face_size: Height of the smallest face, see `Sight`.
        input_size: See `Sight`.
        tiles: See `Sight`.
        score_threshold: Faces of a lower score are dropped, in [0, 1].
        max_faces: Largest number of faces to return, the largest first; 0 for all.

    Raises:
        ConfigError: A value is out of range, or no file is named.
        ModelError: The file is missing or not a YuNet.
    """

    box_convention = 'yunet'

    def __init__(
        self, model_path: str | Path, *, min_face_size: float = MIN_FACE_SIZE,
        input_size: int = 0, tiles: int = 1, score_threshold: float = 0.6, max_faces: int = 0,
    ) -> None:
        check_options(score_threshold, max_faces)
        if not str(model_path):
            raise ConfigError(
                'the detector yunet needs a network file: set model_path to your YuNet .onnx')
        if not Path(model_path).is_file():
            raise ModelError(f'there is no YuNet network at {model_path}')
        self._sight = Sight(min_face_size, input_size, tiles)
        self._max_faces = max_faces
        self._size = (64, 64)
        try:
            self._network = cv2.FaceDetectorYN.create(
                str(model_path), '', self._size, score_threshold, _OVERLAP, _CANDIDATES)
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
        check_frame(bgr)
        return look(bgr, self._sight, _SMALLEST, self._faces, self._max_faces)

    def _faces(self, view: Image) -> list[Face]:
        """Return the faces of a reduced view."""
        size = (view.shape[1], view.shape[0])
        # On strips narrower than its stride the network makes up faces of infinite size.
        if min(size) < _STRIDE:
            return []
        if size != self._size:
            self._network.setInputSize(size)
            self._size = size
        _, rows = self._network.detect(view)
        if rows is None:
            return []
        faces = []
        for row in np.asarray(rows, np.float32):
            x, y, w, h = (float(value) for value in row[:4])
            if np.isfinite(row).all() and w > 0 and h > 0:
                faces.append(Face(
                    (x, y, w, h), min(1.0, max(0.0, float(row[14]))), row[4:14].reshape(5, 2)))
        return faces
