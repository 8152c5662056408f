"""Five landmarks to the frame of FER images: the crop turns with the head.

A similarity transform (rotation, scale, shift) carries the landmarks of a mean face, turned
aside as the head is, to those that were found, with the least squares. It tells where the frame
of FER images lies about the face. Source of its closed form: S. Umeyama, "Least-squares
estimation of transformation parameters between two point patterns", 1991.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import math
from types import MappingProxyType

import numpy as np

from fer_ros.core.crop import CropConvention, upright_frame
from fer_ros.core.errors import ConfigError
from fer_ros.core.head_pose import head_pose, MEAN_FACE, turned
from fer_ros.core.types import CropFrame, Face, HeadPose

__all__ = ['ALIGN', 'Alignment', 'FER_ALIGNMENT', 'crop_frame']

ALIGN: tuple[str, ...] = ('auto', 'never')
"""When crops are aligned: where landmarks and model allow it, or never."""

# Behind the eyes lies what the frame's centre turns about.
_CENTRE_DEPTH = 0.05
_MAX_ROLL = 75.0  # degrees; no detector here finds faces turned further
_SIDES = (0.5, 1.6)  # of the aligned frame, in sides of that of the box
_MAX_SHIFT = 0.4  # of its centre, in sides of that of the box


@dataclasses.dataclass(frozen=True)
class Alignment:
    """Where the landmarks of a face that looks into the camera lie in a model's images.

    Attributes:
        points: Left eye, right eye, nose tip, left and right mouth corner as seen in the image:
            x and y in sides of the frame, from its upper left corner.

    Raises:
        ConfigError: The points are not five that could be a face's.
    """

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        flat = [value for point in self.points for value in point]
        if len(self.points) != 5 or len(flat) != 10 \
                or not all(math.isfinite(value) and -1 <= value <= 2 for value in flat) \
                or head_pose(np.array(self.points)) is None:
            raise ConfigError(
                'an alignment needs five points (eyes, nose tip, mouth corners) of a face in '
                f'sides of the frame, got {self.points}')

    def frame(self, face: Face, pose: HeadPose) -> CropFrame:
        """Return the frame about a face.

        Args:
            face: Its landmarks must be known.
            pose: That of the landmarks.
        """
        assert face.landmarks is not None
        model = np.column_stack([np.array(self.points) - 0.5, MEAN_FACE[:, 2]])
        *points, centre = turned(np.vstack([model, (0, 0, _CENTRE_DEPTH)]), pose.yaw, pose.pitch)
        places, found = np.array(points), face.landmarks @ np.array([1, 1j])
        spread = places - places.mean()
        # Umeyama's solution for the plane, where a complex factor is rotation and scale.
        factor = complex(np.vdot(spread, found) / np.vdot(spread, spread))
        middle = complex(found.mean() + factor * (centre - places.mean()))
        return CropFrame(
            middle.real, middle.imag, abs(factor),
            math.degrees(math.atan2(factor.imag, factor.real)))


FER_ALIGNMENT: Mapping[str, Alignment] = MappingProxyType({
    'yunet': Alignment((
        (0.317, 0.392), (0.683, 0.392), (0.500, 0.593), (0.350, 0.754), (0.650, 0.754))),
})
"""The landmarks in the frame of FER2013, by the detector's box convention.

Measured with `fer evaluate crop`, see docs/detection.md.
"""


def crop_frame(
    face: Face, pose: HeadPose | None, convention: CropConvention, alignment: Alignment | None,
) -> CropFrame:
    """Return what of the image is to be classified for a face.

    Args:
        face: The face.
        pose: That of its landmarks; None if there are none, or none of a face's.
        convention: From the box to the frame: the way where there is no other.
        alignment: From the landmarks to the frame; None for upright crops.

    Returns:
        The frame turned with the head, of the mean place and size that landmarks and box tell:
        their errors partly cancel. The upright frame of the box alone without alignment or
        pose, and where the two are so far apart that they cannot be of the same face.
    """
    upright = upright_frame(face.box, convention)
    if alignment is None or pose is None:
        return upright
    aligned = alignment.frame(face, pose)
    shift = math.hypot(aligned.x - upright.x, aligned.y - upright.y)
    if abs(aligned.roll) > _MAX_ROLL or shift > _MAX_SHIFT * upright.side \
            or not _SIDES[0] <= aligned.side / upright.side <= _SIDES[1]:
        return upright
    return CropFrame(
        (aligned.x + upright.x) / 2, (aligned.y + upright.y) / 2,
        math.sqrt(aligned.side * upright.side), aligned.roll)
