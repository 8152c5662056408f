"""Pictures of faces that say more about a model than figures: its errors, its surest answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats, Image
from fer_ros.evaluation.plots import pyplot, save_figure

__all__ = ['heat_sheet', 'most_certain', 'most_wrong', 'saliency_rows', 'sheet']

Ints = NDArray[np.int64]

_WRONG, _RIGHT = '#B22222', '#1B6E3C'


def most_wrong(targets: Ints, probabilities: Floats, count: int) -> Ints:
    """Return the rows of the surest wrong answers, the surest first.

    Args:
        targets: (N,) true emotions.
        probabilities: (N, K) distributions.
        count: Rows at most.
    """
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != targets)
    order = np.argsort(-probabilities[wrong].max(axis=1), kind='stable')
    return np.asarray(wrong[order[:count]], np.int64)


def most_certain(probabilities: Floats, emotion: int, count: int) -> Ints:
    """Return the rows that are called `emotion` with most certainty, the surest first."""
    rows = np.flatnonzero(probabilities.argmax(axis=1) == emotion)
    order = np.argsort(-probabilities[rows, emotion], kind='stable')
    return np.asarray(rows[order[:count]], np.int64)


def saliency_rows(
    targets: Ints, probabilities: Floats, emotion: int, seed: int,
) -> list[tuple[str, int]]:
    """Return up to three telling examples of an emotion: (what it is, row).

    The surest right answer, a right answer drawn at random, and the surest error about a face
    that shows the emotion.

    Args:
        targets: (N,) true emotions.
        probabilities: (N, K) distributions.
        emotion: Index of the emotion.
        seed: Of the draw.
    """
    mine = np.flatnonzero(targets == emotion)
    right = mine[probabilities[mine].argmax(axis=1) == emotion]
    wrong = np.setdiff1d(mine, right)
    chosen = []
    if len(right):
        surest = right[probabilities[right, emotion].argmax()]
        chosen.append(('surest', int(surest)))
        others = right[right != surest]
        if len(others):
            drawn = np.random.default_rng([seed, emotion]).choice(others)
            chosen.append(('any', int(drawn)))
    if len(wrong):
        chosen.append(('error', int(wrong[probabilities[wrong].max(axis=1).argmax()])))
    return chosen


def sheet(
    path: Path, images: Sequence[Image], captions: Sequence[str], right: Sequence[bool],
    rows: Sequence[str] = (), columns: int = 10,
) -> None:
    """Draw pictures in a grid with captions: green under right answers, red under wrong ones.

    Args:
        path: Where to.
        images: (H, W) or (H, W, 3) BGR uint8, row after row; an empty array leaves a gap.
        captions: Text below each picture, or in a gap; lines are parted by newlines.
        right: Whether the answer is right, for each.
        rows: Titles of the rows, or none.
        columns: Pictures a row.
    """
    plt = pyplot()
    height = max(1, -(-len(images) // columns))
    figure, grid = plt.subplots(
        height, columns, figsize=(1.3 * columns, 1.6 * height), squeeze=False)
    for axes in grid.flat:
        axes.axis('off')
    for place, (image, caption, good) in enumerate(zip(images, captions, right, strict=True)):
        if image.size:
            _show(grid.flat[place], image)
            grid.flat[place].set_title(
                caption, fontsize=7, y=-0.02, va='top', pad=0,
                color=_RIGHT if good else _WRONG)
        else:
            grid.flat[place].text(0.5, 0.5, caption, ha='center', va='center', fontsize=8)
    for axes, title in zip(grid[:, 0], rows, strict=False):
        axes.text(-0.12, 0.5, title, transform=axes.transAxes, ha='right', va='center',
                  fontsize=9)
    save_figure(figure, path)


def heat_sheet(
    path: Path, images: Sequence[Image], captions: Sequence[str], maps: dict[str, Floats],
    rows: Sequence[int],
) -> None:
    """Draw pictures, each with its heat maps beside it.

    Args:
        path: Where to.
        images: M pictures, (H, W) or (H, W, 3) BGR uint8.
        captions: Text below each picture.
        maps: {name: (M, h, w) from 0}; each map is stretched over its picture.
        rows: Row of the sheet, from 0, of each picture; they do not fall.
    """
    plt = pyplot()
    wide = len(maps) + 1
    columns = wide * max(np.bincount(rows))
    figure, grid = plt.subplots(
        rows[-1] + 1, columns, figsize=(1.15 * columns, 1.5 * (rows[-1] + 1)), squeeze=False)
    for axes in grid.flat:
        axes.axis('off')
    for index, (image, caption, row) in enumerate(zip(images, captions, rows, strict=True)):
        place = wide * list(rows[:index]).count(row)
        _show(grid[row, place], image)
        grid[row, place].set_title(caption, fontsize=7, y=-0.02, va='top', pad=0)
        for offset, (name, stack) in enumerate(maps.items(), start=1):
            axes = grid[row, place + offset]
            _show(axes, image)
            side = image.shape[1::-1]
            heat = cv2.resize(stack[index], side, interpolation=cv2.INTER_LINEAR)
            axes.imshow(heat, cmap='inferno', alpha=0.55, vmin=0, vmax=max(heat.max(), 1e-6))
            axes.set_title(name, fontsize=7, y=-0.02, va='top', pad=0)
    save_figure(figure, path)


def _show(axes: object, image: Image) -> None:
    shown = image if image.ndim == 2 else image[..., ::-1]
    axes.imshow(shown, cmap='gray', vmin=0, vmax=255)  # type: ignore[attr-defined]
