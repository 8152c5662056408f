"""Where a head is turned to, from its five landmarks: roll well, yaw and pitch roughly.

The landmarks are compared with those of a mean face in space, seen from afar (weak perspective):
of all turns, that which a shift, a scale and a roll carry closest to them. Yaw and pitch hang
mostly on the nose, and whose nose or mouth lies elsewhere than the mean face's seems to look
aside a little: docs/detection.md says how much.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats, HeadPose

__all__ = ['MEAN_FACE', 'head_pose', 'project', 'turned']

MEAN_FACE: NDArray[np.float64] = np.array([
    [-0.183, -0.201, 0.0], [0.183, -0.201, 0.0], [0.0, 0.0, -0.14],
    [-0.150, 0.161, 0.05], [0.150, 0.161, 0.05]])
"""(5, 3) landmarks of a mean face, x to the right, y down, z away from the camera.

Left eye, right eye, nose tip, left and right mouth corner as seen in the image; the unit is the
side of the frame of FER images, half the distance of the eyes being 0.183. x and y are those of
frontal faces (`fer evaluate crop`), z explains turned faces best (`fer evaluate pose --fit`).
"""

_STEP = 3.0  # degrees between the turns that are compared; a parabola finds what lies between
_YAWS = np.arange(-75.0, 76.0, _STEP)
_PITCHES = np.arange(-60.0, 61.0, _STEP)
# Cosine to the mean face: of real faces 1 in 1000 is below, of points exchanged or astray most.
_WORST_MATCH = 0.95


def head_pose(landmarks: Floats) -> HeadPose | None:
    """Return the pose of a head.

    Args:
        landmarks: (5, 2) left eye, right eye, nose tip, left and right mouth corner as seen in
            the image, in pixels.

    Returns:
        The pose, yaw in [-75, 75] and pitch in [-60, 60]; None if the points are not finite,
        fall together, or do not lie like those of any face.
    """
    seen = _normalized(np.asarray(landmarks, np.float64))
    if seen is None:
        return None
    # Not `@`: BLAS would wake all its threads for this, which costs a thousand times the work.
    matches = np.einsum('ij,j->i', _turned_faces(), seen)
    strength = np.abs(matches)
    i, j = divmod(int(strength.argmax()), len(_PITCHES))
    table = strength.reshape(len(_YAWS), len(_PITCHES))
    if table[i, j] < _WORST_MATCH:
        return None
    yaw = float(_YAWS[i] + _STEP * _vertex(table[:, j], i))
    pitch = float(_PITCHES[j] + _STEP * _vertex(table[i], j))
    face = turned(MEAN_FACE, yaw, pitch)
    roll = complex(np.vdot(face - face.mean(), seen))
    return HeadPose(math.degrees(math.atan2(roll.imag, roll.real)), yaw, pitch)


def project(pose: HeadPose) -> Floats:
    """Return the (5, 2) landmarks of the mean face in a pose, about the origin, y down."""
    places = turned(MEAN_FACE, pose.yaw, pose.pitch) * np.exp(1j * math.radians(pose.roll))
    return np.column_stack([places.real, places.imag]).astype(np.float32)


def turned(points: NDArray[np.float64], yaw: Any, pitch: Any) -> NDArray[np.complex128]:
    """Return places x + iy of points in space, turned by pitch and yaw, but not rolled.

    Args:
        points: (P, 3), axes as of `MEAN_FACE`.
        yaw: Degrees, a number or (N, 1) of them.
        pitch: As many degrees.

    Returns:
        (P,) or (N, P), in the unit of the points.
    """
    yaw, pitch = np.radians(yaw), np.radians(pitch)
    x, y, z = points.T
    turned_y = np.cos(pitch) * y - np.sin(pitch) * z
    turned_z = np.sin(pitch) * y + np.cos(pitch) * z
    turned_x = np.cos(yaw) * x + np.sin(yaw) * turned_z
    places: NDArray[np.complex128] = turned_x + 1j * turned_y
    return places


@functools.cache
def _turned_faces() -> NDArray[np.complex128]:
    """Return the conjugate of the normalized mean face in all turns, (yaws * pitches, 5)."""
    yaw, pitch = (grid.reshape(-1, 1) for grid in np.meshgrid(_YAWS, _PITCHES, indexing='ij'))
    places = turned(MEAN_FACE, yaw, pitch)
    places = places - places.mean(axis=1, keepdims=True)
    return np.asarray(np.conj(places / np.linalg.norm(places, axis=1, keepdims=True)))


def _normalized(landmarks: NDArray[np.float64]) -> NDArray[np.complex128] | None:
    """Return the points x + iy about their mean and of norm 1; None if they have no extent."""
    if landmarks.shape != (5, 2) or not np.isfinite(landmarks).all():
        return None
    places = landmarks[:, 0] + 1j * landmarks[:, 1]
    places = places - places.mean()
    norm = float(np.linalg.norm(places))
    return places / norm if 1e-6 < norm < 1e9 else None


def _vertex(values: NDArray[np.float64], top: int) -> float:
    """Return where the parabola through a maximum and its neighbours is highest, in steps."""
    if not 0 < top < len(values) - 1:
        return 0.0
    before, at, after = (float(values[top + i]) for i in (-1, 0, 1))
    bend = before - 2 * at + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0
