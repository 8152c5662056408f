"""Contact sheets: many small pictures with captions in one image, drawn with OpenCV alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.sources import write_image
from fer_ros.core.types import Image
from fer_ros.data.crops import SPLITS

__all__ = ['as_tile', 'certain', 'class_sheets', 'grid', 'text_strip']

_TILE = 64
_GAP = 3
_COLUMNS = 10
_PAPER, _INK = (255, 255, 255), (30, 30, 30)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def as_tile(image: Image, side: int = _TILE) -> Image:
    """Return a grey or BGR uint8 picture as (side, side, 3) BGR, its pixels kept visible."""
    bgr = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
    if bgr.shape[:2] == (side, side):
        return np.asarray(bgr, np.uint8)
    way = cv2.INTER_AREA if min(bgr.shape[:2]) > side else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(bgr, (side, side), interpolation=way), np.uint8)


def text_strip(text: str, width: int, height: int = 22, scale: float = 0.45) -> Image:
    """Return a (height, width, 3) strip with a line of text, cut off at the right."""
    strip = np.full((height, width, 3), _PAPER, np.uint8)
    cv2.putText(strip, text, (_GAP, height - height // 3), _FONT, scale, _INK, 1, cv2.LINE_AA)
    return strip


def certain(settings: Any) -> dict[str, Any]:
    """Return the settings of a variation at probability 1, so that a preview shows it."""
    return {**(settings if isinstance(settings, dict) else {}), 'probability': 1.0}


def grid(
    images: Sequence[Image], columns: int = _COLUMNS, side: int = _TILE,
    captions: Sequence[str] | None = None,
) -> Image:
    """Return pictures in rows of `columns`, each with a caption below if there are any.

    Args:
        images: (H, W) or (H, W, 3) uint8 pictures.
        columns: Pictures a row.
        side: Side of a picture in the sheet, in pixels.
        captions: A short text for each, or None.

    Returns:
        (H, W, 3) uint8.
    """
    below = 0 if captions is None else 13
    rows = max(1, -(-len(images) // columns))
    step_x, step_y = side + _GAP, side + below + _GAP
    sheet = np.full((rows * step_y + _GAP, columns * step_x + _GAP, 3), _PAPER, np.uint8)
    for index, image in enumerate(images):
        x = _GAP + index % columns * step_x
        y = _GAP + index // columns * step_y
        sheet[y:y + side, x:x + side] = as_tile(image, side)
        if captions is not None:
            strip = text_strip(captions[index], side, below, 0.27)
            sheet[y + side:y + side + below, x:x + side] = strip
    return sheet


def class_sheets(
    folder: Path, images: Image, targets: NDArray[np.int64], labels: Sequence[str],
    splits: NDArray[np.str_], seed: int = 0, count: int = 100,
) -> list[Path]:
    """Write a PNG `sheet_<label>.png` of random pictures of each emotion.

    Args:
        folder: Where to.
        images: (N, H, W) or (N, H, W, 3) uint8.
        targets: (N,) index into `labels`.
        labels: Names of the emotions.
        splits: (N,) names of the splits; their order is that of the pictures.
        seed: Of the choice.
        count: Pictures a sheet at most.

    Returns:
        The files.
    """
    rng = np.random.default_rng(seed)
    paths = []
    for target, label in enumerate(labels):
        rows = np.flatnonzero(targets == target)
        chosen = np.sort(rng.permutation(rows)[:count])
        parts = ', '.join(
            f'{split} {n}' for split in SPLITS if (n := int((splits[rows] == split).sum())))
        sheet = grid(list(images[chosen]))
        title = f'{label}: {len(chosen)} of {len(rows)} pictures ({parts})'
        name = ''.join(letter if letter.isalnum() else '_' for letter in label)
        path = folder / f'sheet_{name}.png'
        write_image(path, np.vstack([text_strip(title, sheet.shape[1], 26, 0.5), sheet]))
        paths.append(path)
    return paths
