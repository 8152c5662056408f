"""Labelled face crops set into larger scenes: rolled, moved, scaled, blurred.

A data set of face crops says what a face shows, but not how a camera sees it. Here each crop
becomes a face in a room, so that the whole road from detector to classifier can be measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses

import cv2
import numpy as np

from fer_ros.core.types import Image

__all__ = ['CONDITIONS', 'Condition', 'Pasted', 'paste', 'pasted_scenes']

_FRAME = (640, 480)
_FACES = (64.0, 160.0)
_SURROUND = 0.5  # of the crop's side, on each side: a blurred continuation of the picture
_SURROUND_BLUR = 0.08
_FADE = 0.3  # of the crop's side, over which the surroundings become the room


@dataclasses.dataclass(frozen=True)
class Condition:
    """How faces stand in their scenes.

    Attributes:
        name: For the table.
        roll: Degrees by which each face is turned in the image, to either side.
        sizes: Smallest and largest side of the crop's frame in pixels; drawn evenly in the
            logarithm.
        blur: Standard deviation of the blur of the scene, in 48ths of the crop's side.
    """

    name: str
    roll: float = 0.0
    sizes: tuple[float, float] = _FACES
    blur: float = 0.0


CONDITIONS: tuple[Condition, ...] = (
    Condition('roll 0'), Condition('roll 15', 15.0), Condition('roll 30', 30.0),
    Condition('roll 0, 44 to 64 px', 0.0, (44.0, 64.0)),
    Condition('roll 15, 44 to 64 px', 15.0, (44.0, 64.0)),
    Condition('roll 15, blurred', 15.0, blur=1.0),
)
"""What `fer evaluate alignment` measures."""


@dataclasses.dataclass(frozen=True, eq=False)
class Pasted:
    """A scene with one face whose frame is known.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        centre: Of the crop's frame, x and y in pixels.
        side: Of the crop's frame in pixels.
        roll: Of the crop's frame in degrees, clockwise in the image.
    """

    image: Image
    centre: tuple[float, float]
    side: float
    roll: float


def paste(
    crop: Image, room: Image, centre: tuple[float, float], side: float, roll: float,
    blur: float = 0.0,
) -> Pasted:
    """Set a face crop into a room.

    Args:
        crop: (H, H) grey or (H, H, 3) BGR uint8 face crop.
        room: (H, W, 3) uint8 BGR; it is not changed.
        centre: Where the middle of the crop comes to lie, in pixels.
        side: Side of the crop in the scene, in pixels.
        roll: Degrees by which it is turned, clockwise in the image.
        blur: As of `Condition`.
    """
    face = np.asarray(cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR), np.uint8) if crop.ndim == 2 \
        else crop
    length = face.shape[0]
    pad = round(_SURROUND * length)
    wide = np.asarray(
        cv2.copyMakeBorder(face, pad, pad, pad, pad, cv2.BORDER_REPLICATE), np.uint8)
    wide = np.asarray(cv2.GaussianBlur(wide, (0, 0), _SURROUND_BLUR * length), np.uint8)
    wide[pad:pad + length, pad:pad + length] = face
    # Full at the crop's border, nothing at the end of its surroundings.
    reach = np.abs(np.arange(wide.shape[0]) + 0.5 - wide.shape[0] / 2) / length - 0.5
    fade = np.clip(1.0 - np.maximum(reach[:, None], reach[None]) / _FADE, 0.0, 1.0)
    scale, angle = side / length, np.radians(roll)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    # Only the part of the room that the face touches is worked on.
    reach = (0.5 + _SURROUND) * side * (abs(np.cos(angle)) + abs(np.sin(angle))) + 1
    (left, right), (top, bottom) = (
        (max(0, int(middle - reach)), min(end, int(middle + reach) + 1))
        for middle, end in zip(centre, (room.shape[1], room.shape[0]), strict=True))
    # Places are where pixel i reaches from i to i + 1; OpenCV's pixel centres are whole numbers.
    middle = np.array(centre) - (left, top) - 0.5
    matrix = np.column_stack([turn, middle - turn @ np.full(2, wide.shape[0] / 2 - 0.5)])
    size = (right - left, bottom - top)
    mask = cv2.warpAffine(fade.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR)
    warped = cv2.warpAffine(
        wide, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    scene = room.copy()
    part = scene[top:bottom, left:right]
    mixed = part + mask[..., None] * (warped.astype(np.float32) - part)
    part[:] = np.clip(mixed, 0, 255).round()
    if blur > 0:
        scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), blur * side / 48), np.uint8)
    return Pasted(scene, centre, side, roll)


def pasted_scenes(
    crops: Sequence[Image], condition: Condition, rooms: Sequence[Image] = (), *, seed: int = 0,
) -> Iterator[Pasted]:
    """Yield a scene for each crop, always the same ones.

    Args:
        crops: (H, H) grey or (H, H, 3) BGR uint8 face crops.
        condition: How they stand.
        rooms: (H, W, 3) uint8 pictures without faces, taken in turn; none: even grey of 640x480.
        seed: Of sizes, places, and the side to which a face is turned.
    """
    rng = np.random.default_rng(seed)
    rooms = rooms or [np.full((_FRAME[1], _FRAME[0], 3), 127, np.uint8)]
    for index, crop in enumerate(crops):
        room = rooms[index % len(rooms)]
        side = float(np.exp(rng.uniform(*np.log(condition.sizes))))
        roll = condition.roll * (1.0 if rng.random() < 0.5 else -1.0)
        # The turned frame lies wholly inside.
        reach = side / 2 * (abs(np.cos(np.radians(roll))) + abs(np.sin(np.radians(roll))))
        x, y = (
            float(rng.uniform(reach, length - reach)) if length > 2 * reach else length / 2
            for length in (room.shape[1], room.shape[0]))
        yield paste(crop, room, (x, y), side, roll, condition.blur)
