"""Where a face's landmarks lie in FER images, and how deep they lie in a mean face."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from fer_ros.core.detector import FaceDetector
from fer_ros.core.errors import DataError
from fer_ros.core.head_pose import MEAN_FACE, turned
from fer_ros.core.types import Floats, Image
from fer_ros.evaluation.canvas import BORDERS, CANVAS, frame_side, padded

__all__ = ['MIRRORED', 'fit_depths', 'fit_points']

MIRRORED = (1, 0, 2, 4, 3)
"""What the landmarks of a face are called in its mirror image."""

_SURE = 0.7
_LEAST = 10
_NOSES = np.arange(-0.28, -0.07, 0.02)
_MOUTHS = np.arange(-0.05, 0.1, 0.01)


def fit_points(
    detector: FaceDetector, images: Sequence[Image], *, progress: bool = False,
) -> dict[str, Any] | None:
    """Find where a detector sees the landmarks in face crops.

    Args:
        detector: The detector.
        images: (H, H) grey face crops; each is set into a canvas as by `padded`.
        progress: Whether to show a progress bar on stderr.

    Returns:
        `points` (5 x [x, y], medians made symmetric, in sides of the crop), `by_border`
        {border: 5 x [x, y]} before that, `spread` of x and y (standard deviations of single
        images), and `n`; None if the detector gives no landmarks.
    """
    seen: dict[str, list[NDArray[np.float64]]] = {border: [] for border in BORDERS}
    for index, image in enumerate(
            tqdm(images, desc='landmarks', unit='image', disable=not progress)):
        frame = frame_side(index)
        for border, points in seen.items():
            faces = detector.detect(padded(image, border, frame))
            if faces and faces[0].score >= _SURE and faces[0].landmarks is not None:
                points.append((faces[0].landmarks - (CANVAS - frame) / 2) / frame)
    if sum(map(len, seen.values())) < _LEAST:
        return None
    every = np.concatenate([np.array(points).reshape(-1, 5, 2) for points in seen.values()])
    median = np.median(every, axis=0)
    mirrored = median[list(MIRRORED)] * (-1, 1) + (1, 0)
    return {
        'n': len(every), 'points': ((median + mirrored) / 2).round(3).tolist(),
        'by_border': {border: np.median(points, axis=0).round(3).tolist()
                      for border, points in seen.items() if points},
        'spread': every.std(axis=0).mean(axis=0).round(3).tolist()}


def fit_depths(faces: Iterable[Floats]) -> dict[str, Any]:
    """Find how far before or behind the eyes nose and mouth lie in the mean face.

    x and y of the mean face are given; of all depths, those are best with which its turned
    views come closest to the faces.

    Args:
        faces: (5, 2) landmarks of faces that look to many sides, in pixels.

    Returns:
        `nose` and `mouth`, in the unit of `MEAN_FACE`, positive behind the eyes; `residual`, the
        mean distance to the mean face's turned view after a similarity transform, in norms of
        the landmarks; `n`.

    Raises:
        DataError: There are fewer than ten faces.
    """
    points = np.array(list(faces), np.float64).reshape(-1, 5, 2)
    if len(points) < _LEAST:
        raise DataError(f'depths are fitted to ten faces and more, there are {len(points)}')
    seen = _unit(points @ np.array([1, 1j]))
    yaw, pitch = np.meshgrid(np.arange(-75, 76, 3.0), np.arange(-51, 52, 3.0))
    best: dict[str, Any] = {'residual': np.inf}
    for nose in _NOSES:
        for mouth in _MOUTHS:
            face = MEAN_FACE.copy()
            face[:, 2] = (0, 0, nose, mouth, mouth)
            views = _unit(turned(face, yaw.reshape(-1, 1), pitch.reshape(-1, 1)))
            match = np.abs(seen @ np.conj(views).T).max(axis=1)
            residual = float(np.sqrt(np.maximum(0, 1 - match ** 2)).mean())
            if residual < best['residual']:
                best = {'nose': round(float(nose), 3), 'mouth': round(float(mouth), 3),
                        'residual': residual}
    return {**best, 'residual': round(best['residual'], 4), 'n': len(points)}


def _unit(places: NDArray[np.complex128]) -> NDArray[np.complex128]:
    places = places - places.mean(axis=1, keepdims=True)
    return np.asarray(places / np.linalg.norm(places, axis=1, keepdims=True))
