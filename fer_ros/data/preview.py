"""The picture of `fer data preview`: what a network sees of some faces in training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Image
from fer_ros.data.crops import Dataset
from fer_ros.data.sheets import certain, grid, text_strip
from fer_ros.training.augmentation import Augmentation
from fer_ros.training.augmentation.mixing import MIXTURES
from fer_ros.training.tensors import as_batch

__all__ = ['preview_sheet', 'some_of_each']

_SIDE = 64
_LEFT = 130  # width of the column with names
_SHORT = 3   # letters of an emotion below a mixture
_BATCHES = 2  # of each mixture: one draw of its share holds for a whole batch


def some_of_each(data: Dataset, count: int, seed: int) -> NDArray[np.int64]:
    """Return `count` rows, the emotions in turn, each time another random picture."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(data))
    turn = np.empty(len(data), np.int64)
    for target in range(len(data.labels)):
        members = np.flatnonzero(data.targets[order] == target)
        turn[members] = np.arange(len(members))
    return order[np.lexsort((data.targets[order], turn))][:count]


def preview_sheet(
    data: Dataset, augmentation: Augmentation, faces: int = 6, versions: int = 9, seed: int = 0,
    even: bool = False,
) -> Image:
    """Draw varied pictures of faces.

    Three blocks: some faces, each beside what the network is given of it; one row for each
    variation of the recipe alone, at probability 1; and the mixtures of the recipe at
    probability 1, with the shares of the two largest emotions.

    Args:
        data: Where the faces come from.
        augmentation: The variations.
        faces: Rows of the first block.
        versions: Pictures beside each face.
        seed: Of the choice of faces and of all variations.
        even: Whether the network is given pictures of equal mean and contrast (`standardize`).

    Returns:
        (H, W, 3) uint8 BGR.
    """
    rng = np.random.default_rng(seed)
    rows = some_of_each(data, max(faces, versions + 1), seed)
    images = data.images[rows]
    targets = np.eye(len(data.labels), dtype=np.float32)[data.targets[rows]]
    names = [data.labels[target] for target in data.targets[rows]]
    blocks = [_title('a face, and what the network is given of it'
                     + (' (standardized)' if even else ''), versions)]
    for image, name in zip(images[:faces], names, strict=False):
        varied = np.stack(_versions(augmentation, image, versions, rng))
        given = as_batch(varied, image.shape[0], even).round().astype(np.uint8)
        blocks.append(_row(name, [image, *given.reshape(varied.shape)]))
    settings = augmentation.settings
    single = {name: value for name, value in settings.items()
              if value is not False and name not in MIXTURES}
    if single:
        blocks.append(_title('each variation alone, at probability 1', versions))
    clear = images[int(np.argmax([image.std() for image in images]))]
    for name, value in single.items():
        alone = Augmentation({name: certain(value)})
        blocks.append(_row(name, [clear, *_versions(alone, clear, versions, rng)]))
    mixtures = {name: value for name, value in settings.items()
                if value is not False and name in MIXTURES}
    if mixtures:
        blocks.append(_title('mixtures of a batch, at probability 1', versions))
        batch, shares = images[:versions + 1], targets[:versions + 1]
        blocks.append(_row('faces', list(batch), _captions(shares, data.labels)))
        for name, value in [item for item in mixtures.items() for _ in range(_BATCHES)]:
            mixed, labels = Augmentation({name: certain(value)}).mix(batch, shares, rng)
            blocks.append(_row(name, list(mixed), _captions(labels, data.labels)))
    width = max(block.shape[1] for block in blocks)
    return np.vstack([_widened(block, width) for block in blocks])


def _versions(
    augmentation: Augmentation, image: Image, count: int, rng: np.random.Generator,
) -> list[Image]:
    return list(augmentation(np.stack([image] * count), rng))


def _captions(shares: NDArray[np.float32], labels: Sequence[str]) -> list[str]:
    captions = []
    for row in shares:
        largest = [index for index in np.argsort(-row)[:2] if row[index] > 0.005]
        captions.append(' '.join(
            f'{labels[index][:_SHORT]}{100 * row[index]:.0f}' for index in largest))
    return captions


def _title(text: str, versions: int) -> Image:
    return text_strip(text, _LEFT + (versions + 1) * (_SIDE + 3) + 3, 28, 0.5)


def _row(name: str, images: list[Image], captions: list[str] | None = None) -> Image:
    row = grid(images, len(images), _SIDE, captions)
    left = np.full((row.shape[0], _LEFT, 3), 255, np.uint8)
    strip = text_strip(name, _LEFT)
    top = (_SIDE - strip.shape[0]) // 2
    left[top:top + strip.shape[0]] = strip
    return np.hstack([left, row])


def _widened(block: Image, width: int) -> Image:
    wide = np.full((block.shape[0], width, 3), 255, np.uint8)
    wide[:, :block.shape[1]] = block
    return wide
