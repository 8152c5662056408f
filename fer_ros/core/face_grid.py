"""What the outputs of the network `fer_face` mean: the grid they lie on, and their units.

Three grids of strides 8, 16 and 32 pixels cover the picture; every cell says whether it is in
the middle of a face, and where. Training and robot read the outputs by this module.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np

from fer_ros.core.types import Floats, Image

__all__ = ['decode', 'fit_into', 'grid', 'OUTPUTS', 'pad', 'STRIDES', 'unite']

STRIDES = (8, 16, 32)
"""Pixels from one cell to the next; width and height of the input are multiples of the last."""

OUTPUTS = 15
"""Numbers a cell: logit of the score; box centre right of and below the cell's, in strides;
logarithms of the box's width and height in strides; five landmarks (x, y) from the cell's centre,
in strides."""


# Intersection over union from which on two cells mean the same box; 0.5 to 0.75 did as well.
_AGREEMENT = 0.65


@functools.lru_cache(maxsize=32)
def grid(height: int, width: int) -> Floats:
    """Return the cells of an input of this size.

    Args:
        height: In pixels, a multiple of 32.
        width: In pixels, a multiple of 32.

    Returns:
        (A, 3) float32, read-only: x and y of the cell's centre in pixels, stride; row by row,
        the smallest stride first.

    Raises:
        ValueError: A side is not a positive multiple of 32.
    """
    if min(height, width) < STRIDES[-1] or height % STRIDES[-1] or width % STRIDES[-1]:
        raise ValueError(f'width and height must be multiples of {STRIDES[-1]}, got '
                         f'{width}x{height}')
    cells = []
    for stride in STRIDES:
        y, x = np.mgrid[0:height // stride, 0:width // stride].astype(np.float32)
        centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * stride
        cells.append(np.concatenate(
            [centres, np.full((len(centres), 1), stride, np.float32)], axis=1))
    result: Floats = np.concatenate(cells).astype(np.float32)
    result.flags.writeable = False
    return result


def decode(
    outputs: Floats, cells: Floats, threshold: float, most: int = 1000,
) -> tuple[Floats, Floats, Floats]:
    """Return the faces that the cells see, one a cell, not yet thinned out.

    Args:
        outputs: (A, 15) float32, what the network gives for a picture.
        cells: (A, 3), what `grid` gives for its size.
        threshold: Score from which on a cell counts, in (0, 1).
        most: Cells that are read, the surest ones, at most. A crowd needs no more than the
            default: overlapping boxes beyond it are of the same faces.

    Returns:
        Boxes (n, 4) left, top, width, height; scores (n,) in [0, 1]; landmarks (n, 5, 2); pixels.
    """
    # Comparing logits saves the exponentials of all cells that see nothing.
    logits = outputs[:, 0]
    rows = np.flatnonzero(logits >= np.log(threshold / (1 - threshold)))
    if len(rows) > most:
        rows = rows[np.argsort(-logits[rows], kind='stable')[:most]]
    chosen, cells = outputs[rows].astype(np.float64), cells[rows].astype(np.float64)
    centres, strides = cells[:, :2], cells[:, 2:]
    # A size beyond e^8 strides is nonsense, and would overflow.
    sizes = np.exp(np.clip(chosen[:, 3:5], -8.0, 8.0)) * strides
    corners = centres + chosen[:, 1:3] * strides - sizes / 2
    landmarks = centres[:, np.newaxis] \
        + chosen[:, 5:].reshape(-1, 5, 2) * strides[:, np.newaxis]
    scores = 1 / (1 + np.exp(-chosen[:, 0]))
    return (np.concatenate([corners, sizes], axis=1).astype(np.float32),
            scores.astype(np.float32), landmarks.astype(np.float32))


def unite(
    boxes: Floats, scores: Floats, landmarks: Floats, overlap: float,
) -> tuple[Floats, Floats, Floats]:
    """Return each face once, where the cells that see it say together that it is.

    The surest cell tells which face it is, and its score; box and landmarks are the means over
    all cells whose boxes agree with its own, weighted by their scores (Gidaris and Komodakis 2015,
    "Object detection via a multi-region & semantic segmentation-aware CNN model", box voting).

    Args:
        boxes: (n, 4) left, top, width, height, finite.
        scores: (n,) in (0, 1].
        landmarks: (n, 5, 2), finite.
        overlap: Intersection over union from which on the less sure of two boxes goes.

    Returns:
        The same of the m faces that remain, the surest first.
    """
    if len(boxes) == 0:
        return boxes, scores, landmarks
    kept = np.ravel(np.asarray(
        cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), 0.0, overlap), np.intp))
    agree = _shared(boxes[kept], boxes) >= _AGREEMENT
    agree[np.arange(len(kept)), kept] = True  # even where it is too far away for float32
    weights = scores * agree
    weights /= weights.sum(axis=1, keepdims=True)
    return weights @ boxes, scores[kept], np.tensordot(weights, landmarks, axes=1)


def _shared(boxes: Floats, others: Floats) -> Floats:
    """Return (m, n) intersections over union of (m, 4) and (n, 4) boxes."""
    ends, other_ends = boxes[:, :2] + boxes[:, 2:], others[:, :2] + others[:, 2:]
    sides = np.minimum(ends[:, np.newaxis], other_ends) \
        - np.maximum(boxes[:, np.newaxis, :2], others[:, :2])
    both = np.maximum(sides, 0.0).prod(axis=2)
    areas, other_areas = boxes[:, 2:].prod(axis=1), others[:, 2:].prod(axis=1)
    shared: Floats = both / (areas[:, np.newaxis] + other_areas - both)
    return shared


def pad(image: Image) -> Image:
    """Return a (H, W, 3) picture with black below and on the right, up to multiples of 32."""
    height, width = image.shape[:2]
    below, right = -height % STRIDES[-1], -width % STRIDES[-1]
    if not below and not right:
        return image
    return np.asarray(cv2.copyMakeBorder(
        image, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(0, 0, 0)), np.uint8)


def fit_into(image: Image, width: int, height: int) -> tuple[Image, float]:
    """Return the picture reduced into the top left of a black canvas, and its scale.

    Args:
        image: (H, W, 3) uint8.
        width: Of the canvas in pixels.
        height: Of the canvas in pixels.

    Returns:
        (height, width, 3) uint8; canvas pixels for a pixel of the picture, at most 1.
    """
    scale = min(1.0, width / image.shape[1], height / image.shape[0])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    if size != (image.shape[1], image.shape[0]):
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    if size == (width, height):
        return image, scale
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[:size[1], :size[0]] = image
    return canvas, scale
