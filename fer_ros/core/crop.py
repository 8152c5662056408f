"""A face box to the network's input: the one framing of training, node and offline tools.

FER images frame a face in their own way. Each detector's boxes frame it in another. A
`CropConvention` leads from the box to the frame, and `crop_face` takes the picture. Where the
face has landmarks, `alignment.py` finds a frame that is turned with the face, and `cut` takes it.
Places are coordinates in which pixel i reaches from i to i + 1.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import math
from types import MappingProxyType

import cv2
import numpy as np

from fer_ros.core.errors import ConfigError, ImageError
from fer_ros.core.types import Box, CropFrame, Image

__all__ = [
    'CropConvention', 'FER_FRAMING', 'box_side', 'crop_face', 'cut', 'frame_of', 'upright_frame',
]

# Samples a side that are averaged into one output pixel, at most: bounds the cost of huge faces.
_MAX_OVERSAMPLING = 8


@dataclasses.dataclass(frozen=True)
class CropConvention:
    """How a detector's box relates to the square frame of the network's training images.

    Attributes:
        margin: Side of the frame as a multiple of the side of the box, > 0.
        offset_x: Shift of the frame's centre to the right of the box's, in sides of the box.
        offset_y: Shift of the frame's centre downwards from the box's, in sides of the box.

    Raises:
        ConfigError: A value is not finite, or the margin not positive.
    """

    margin: float
    offset_x: float = 0.0
    offset_y: float = 0.0

    def __post_init__(self) -> None:
        values = (self.margin, self.offset_x, self.offset_y)
        if not all(math.isfinite(value) for value in values) or self.margin <= 0:
            raise ConfigError(f'a crop needs a margin > 0 and finite offsets, got {values}')


FER_FRAMING: Mapping[str, CropConvention] = MappingProxyType({
    'haar': CropConvention(margin=1.01),
    'yunet': CropConvention(margin=1.09, offset_y=-0.01),
})
"""The frame of FER2013 about a face, by the detector's box convention.

Measured with `fer evaluate crop --data fer_training.npz --portraits FACES --images 600 --count 250
--skip-source marellanoc --skip-source chandrikadeb7`, for yunet with `--detector yunet
--detector-model FILE`; single images scatter by 0.2 in the margin, see docs/detection.md.
"""


def upright_frame(box: Box, convention: CropConvention) -> CropFrame:
    """Return the upright frame about the face of a box.

    Raises:
        ValueError: The box is not finite or empty.
    """
    if not all(math.isfinite(value) for value in box) or box[2] <= 0 or box[3] <= 0:
        raise ValueError(f'the box must be finite, with positive width and height, got {box}')
    left, top, side, _ = frame_of(box, convention)
    return CropFrame(left + side / 2, top + side / 2, side)


def box_side(box: Box) -> float:
    """Return the side of a box in pixels: the mean of its width and height."""
    return (box[2] + box[3]) / 2


def frame_of(box: Box, convention: CropConvention) -> Box:
    """Return the square frame about the face of a box, in pixels, not cut at the border."""
    side = box_side(box)
    frame = convention.margin * side
    return (
        box[0] + box[2] / 2 + convention.offset_x * side - frame / 2,
        box[1] + box[3] / 2 + convention.offset_y * side - frame / 2, frame, frame)


def crop_face(
    image: Image, box: Box, convention: CropConvention, size: tuple[int, int] = (48, 48),
    grey: bool = True,
) -> Image:
    """Cut the face of a box out of an image, upright; as `cut` does it.

    Args:
        image: As of `cut`.
        box: Left, top, width, height of the detector's box in pixels, may reach over the border.
        convention: The way from the box to the frame.
        size: As of `cut`.
        grey: As of `cut`.

    Raises:
        ImageError: The image has another shape or type.
        ValueError: The box is not finite or empty, or the size not positive.
    """
    return cut(image, upright_frame(box, convention), size, grey)


def cut(
    image: Image, frame: CropFrame, size: tuple[int, int] = (48, 48), grey: bool = True,
) -> Image:
    """Cut a frame out of an image, turn it upright and scale it to the network's input.

    The place is exact to a fraction of a pixel, each output pixel is the mean of the area that
    it covers, and what lies beyond the border repeats the outermost pixels.

    Args:
        image: (H, W, 3) BGR or (H, W) grey, uint8; it is not changed.
        frame: The part to take.
        size: Width and height of the output; the square frame is stretched to it.
        grey: Whether to return grey (by the weights of ITU-R BT.601); a grey image stays grey.

    Returns:
        (height, width) uint8 if grey, else (height, width, 3) BGR uint8.

    Raises:
        ImageError: The image has another shape or type.
        ValueError: The size is not positive.
    """
    _check(image, size)
    step = max(1, min(_MAX_OVERSAMPLING, math.ceil(frame.side / min(size))))
    # Converting the few source pixels before the warp makes the warp three times cheaper.
    part, x0, y0 = _needed(image, frame)
    if grey and part.ndim == 3:
        part = np.asarray(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), np.uint8)
    fine = (size[0] * step, size[1] * step)
    cos, sin = math.cos(math.radians(frame.roll)), math.sin(math.radians(frame.roll))
    scale_x, scale_y = frame.side / fine[0], frame.side / fine[1]
    # Pixel centres lie at whole numbers: half a step in from the frame's edge, half a pixel off.
    first_x, first_y = (scale_x - frame.side) / 2, (scale_y - frame.side) / 2
    to_source = np.array([
        [cos * scale_x, -sin * scale_y,
         frame.x - x0 - 0.5 + cos * first_x - sin * first_y],
        [sin * scale_x, cos * scale_y,
         frame.y - y0 - 0.5 + sin * first_x + cos * first_y]])
    warped = cv2.warpAffine(
        part, to_source, fine, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE)
    crop = warped if step == 1 else cv2.resize(warped, size, interpolation=cv2.INTER_AREA)
    if not grey and crop.ndim == 2:
        crop = cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR)
    return np.asarray(crop, np.uint8)


def _check(image: Image, size: tuple[int, int]) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or 0 in image.shape \
            or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        what = f'{image.shape} {image.dtype}' if isinstance(image, np.ndarray) \
            else type(image).__name__
        raise ImageError(f'a crop is cut from (H, W, 3) or (H, W) uint8, got {what}')
    if size[0] < 1 or size[1] < 1:
        raise ValueError(f'the size must be positive, got {size[0]}x{size[1]}')


def _needed(image: Image, frame: CropFrame) -> tuple[Image, int, int]:
    """Return the part of the image that the frame can touch, and where it begins."""
    height, width = image.shape[:2]
    roll = math.radians(frame.roll)
    reach = frame.side / 2 * (abs(math.cos(roll)) + abs(math.sin(roll)))
    # A pixel more on each side for the interpolation; at least one pixel to replicate.
    x0 = min(max(math.floor(frame.x - reach) - 1, 0), width - 1)
    y0 = min(max(math.floor(frame.y - reach) - 1, 0), height - 1)
    x1 = min(max(math.ceil(frame.x + reach) + 2, x0 + 1), width)
    y1 = min(max(math.ceil(frame.y + reach) + 2, y0 + 1), height)
    return image[y0:y1, x0:x1], x0, y0
