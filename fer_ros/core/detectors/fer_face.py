"""The detector that this project trained: small, quick, with landmarks, for turned heads too."""

from __future__ import annotations

from pathlib import Path
import time

import numpy as np

from fer_ros.core.detectors.common import check_frame, check_options
from fer_ros.core.errors import ModelError
from fer_ros.core.face_grid import decode, grid, OUTPUTS, pad, unite
from fer_ros.core.face_model import DEFAULT_FACE_MODEL, load_face_model
from fer_ros.core.reduce import look, MIN_FACE_SIZE, Sight
from fer_ros.core.runtime import load_runtime
from fer_ros.core.types import Face, Image

__all__ = ['FerFaceDetector']


class FerFaceDetector:
    """A fully convolutional network of this project's own, by LiteRT or ONNX Runtime.

    `fer_ros.core.face_grid` says what the network gives, docs/detection.md how well it finds
    faces. A score is the probability that a face of that score is one, as fitted on scenes like
    those of the training.

    Args:
        model: Name of an installed detector or path of its folder; empty: the shipped one.
        min_face_size: Longer side of the smallest face, see `Sight`.
        input_size: See `Sight`.
        tiles: See `Sight`.
        score_threshold: Faces of a lower score are dropped, in (0, 1); None: that of the model.
        max_faces: Largest number of faces to return, the largest first; 0 for all.
        num_threads: Threads of the runtime.

    Attributes:
        model: The model.
        timings: Seconds of processor time of the stages of the last view that was looked at:
            `preprocess`, `network`, `decode`.
        input_shape: Height and width in pixels of what the network was last given.

    Raises:
        ConfigError: A value is out of range.
        ModelError: The model is missing, damaged, or not a detector.
    """

    # It learned from boxes of that kind.
    box_convention = 'yunet'

    def __init__(
        self, model: str | Path = '', *, min_face_size: float = MIN_FACE_SIZE,
        input_size: int = 0, tiles: int = 1, score_threshold: float | None = None,
        max_faces: int = 0, num_threads: int = 1,
    ) -> None:
        self.model = load_face_model(model or DEFAULT_FACE_MODEL)
        manifest = self.model.manifest
        threshold = manifest.score_threshold if score_threshold is None else score_threshold
        check_options(threshold, max_faces)
        self._sight = Sight(min_face_size, input_size, tiles)
        self._smallest = manifest.smallest_face
        # Neither end has a logit.
        self._threshold = min(1 - 1e-6, max(1e-6, threshold))
        self._overlap, self._max_faces = manifest.overlap, max_faces
        self._where = str(self.model.folder / manifest.file)
        self._runtime = load_runtime(self.model.data, self._where, num_threads)
        self.timings: dict[str, float] = {}
        self.input_shape = (0, 0)
        self._check()

    def detect(self, bgr: Image) -> list[Face]:
        """Return the faces of a (H, W, 3) uint8 BGR frame, the largest first.

        Boxes and landmarks may reach over the border. Landmarks are those of an upright face
        from the left to the right of the image: eyes, nose tip, mouth corners.

        Raises:
            ImageError: The frame has another shape or type.
            ModelError: The network gives values that are not finite.
        """
        check_frame(bgr)
        return look(bgr, self._sight, self._smallest, self._faces, self._max_faces)

    def _faces(self, view: Image) -> list[Face]:
        """Return the faces of a reduced view."""
        begin = time.process_time()
        padded = pad(view)
        self.input_shape = (padded.shape[0], padded.shape[1])
        inputs = padded[np.newaxis].astype(np.float32)
        ready = time.process_time()
        outputs = np.array(self._runtime.run(inputs)[0])
        given = time.process_time()
        if not np.isfinite(outputs[:, 0]).all():
            raise ModelError(f'{self._where}: the network gave NaN or infinite outputs')
        outputs[:, 0] = self.model.manifest.slope * outputs[:, 0] + self.model.manifest.intercept
        boxes, scores, landmarks = decode(outputs, grid(*padded.shape[:2]), self._threshold)
        whole = np.isfinite(boxes).all(axis=1) & np.isfinite(landmarks).all(axis=(1, 2))
        boxes, scores, landmarks = unite(
            boxes[whole], scores[whole], landmarks[whole], self._overlap)
        faces = [
            Face((float(x), float(y), float(w), float(h)), float(score), points)
            for (x, y, w, h), score, points in zip(boxes, scores, landmarks, strict=True)]
        self.timings = {'preprocess': ready - begin, 'network': given - ready,
                        'decode': time.process_time() - given}
        return faces

    def _check(self) -> None:
        inputs, outputs = self._runtime.inputs, self._runtime.outputs
        fits = len(inputs) == len(outputs) == 1 \
            and inputs[0].dtype == outputs[0].dtype == 'float32' \
            and len(inputs[0].shape) == 3 and inputs[0].shape[2] == 3
        given = self._runtime.run(np.zeros((1, 64, 64, 3), np.float32)) if fits else np.zeros(0)
        if given.shape != (1, len(grid(64, 64)), OUTPUTS):
            raise ModelError(
                f'{self._where}: not a face detector: it takes '
                f'{" and ".join(map(str, inputs))} and gives {" and ".join(map(str, outputs))}')
