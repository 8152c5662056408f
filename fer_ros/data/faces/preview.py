"""The picture of `fer data preview` for a detector's recipe: scenes with their labels."""

from __future__ import annotations

import dataclasses

import numpy as np

from fer_ros.core.types import Image
from fer_ros.data.faces.drawing import draw_labels
from fer_ros.data.faces.types import Backgrounds, FacePictures
from fer_ros.data.sheets import certain, grid, text_strip
from fer_ros.training.augmentation import Augmentation
from fer_ros.training.detector.scenes import Composition, SceneMaker

__all__ = ['scene_sheet']

_COLUMNS = 6
_LARGE = 0.5  # of the scene: least side of the face on which the variations are shown


def scene_sheet(
    pictures: FacePictures, backgrounds: Backgrounds, side: int, composition: Composition,
    augmentation: Augmentation, scenes: int = 24, seed: int = 0,
) -> Image:
    """Draw scenes as a detector is given them in training, with their labels.

    Faces are green with their points (left eye blue, right eye red, nose yellow, mouth corners
    magenta and orange), regions that the loss leaves out are grey and crossed. Below are a row
    for each way to put a scene together, without further variations, and a row for each
    variation of the recipe alone, at probability 1.

    Args:
        pictures: Labelled faces.
        backgrounds: Pictures without a face; may be empty.
        side: Width and height of the scenes in pixels.
        composition: How they are put together.
        augmentation: What happens to whole scenes.
        scenes: Scenes of the first block.
        seed: Of all that is random.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        DataError: A picture cannot be read.
    """
    rng = np.random.default_rng(seed)

    def made(how: Composition, variations: Augmentation, count: int) -> list[Image]:
        maker = SceneMaker(pictures, backgrounds, side, how, variations)
        rows = rng.integers(0, len(pictures), count).tolist()
        return [draw_labels(*maker(row, rng)) for row in rows]

    width = _COLUMNS * (side + 3) + 3
    blocks = []

    def add(title: str, images: list[Image]) -> None:
        blocks.extend([text_strip(title, width, 28, 0.5), grid(images, _COLUMNS, side)])

    add('scenes as the network is given them', made(composition, augmentation, scenes))
    single = dataclasses.replace(composition, negative=0.0, several=0.0, cover=0.0)
    ways = {'one portrait': single, 'covered eyes and mouths':
            dataclasses.replace(single, cover=1.0)}
    if composition.most > 1:
        ways['several portraits'] = dataclasses.replace(single, several=1.0)
    if len(backgrounds):
        ways['without a face'] = dataclasses.replace(composition, negative=1.0)
    for title, how in ways.items():
        add(title, made(how, Augmentation(), _COLUMNS))
    large = dataclasses.replace(
        single, smallest=min(Composition.LIMITS['smallest'][1], _LARGE * side))
    maker = SceneMaker(pictures, backgrounds, side, large, Augmentation())
    scene, labels = maker(int(rng.integers(len(pictures))), rng)
    for name, value in augmentation.settings.items():
        if value is not False:
            alone = Augmentation({name: certain(value)})
            varied = alone(np.stack([scene] * _COLUMNS), rng)
            add(f'{name} alone, at probability 1',
                [draw_labels(image, labels) for image in varied])
    return np.vstack(blocks)
