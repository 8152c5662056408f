"""`fer data preview` of a detector's recipe: scenes with what is labelled and what is ignored."""

import json
from pathlib import Path

import cv2
from labelled_faces_support import entry, face, picture, write_faces
import numpy as np
import pytest

from fer_ros.cli import main
from fer_ros.data.faces import read_backgrounds, read_faces
from fer_ros.data.faces.drawing import draw_labels
from fer_ros.data.faces.preview import scene_sheet
from fer_ros.training.augmentation import Augmentation
from fer_ros.training.detector.scenes import Composition, SceneMaker

SIDE, GAP, TITLE = 64, 3, 28
ROW = SIDE + 2 * GAP


@pytest.fixture
def folder(tmp_path):
    """Return three portraits and a wall."""
    folder = write_faces(tmp_path / 'data', [
        *(entry(f'{row}.png', face()) for row in range(3)), entry('v.png', split='val')])
    (folder / 'backgrounds').mkdir()
    cv2.imwrite(str(folder / 'backgrounds' / 'wall.png'), picture(9))
    (folder / 'backgrounds.json').write_text(
        json.dumps([{'file': 'wall.png', 'split': 'train'}]))
    return folder


def test_the_first_scenes_are_those_of_training_with_their_labels(folder):
    pictures, walls = read_faces(folder, 'train'), read_backgrounds(folder)
    sheet = scene_sheet(pictures, walls, SIDE, Composition(), Augmentation(), 2, seed=4)
    rng = np.random.default_rng(4)
    maker = SceneMaker(pictures, walls, SIDE, Composition(), Augmentation())
    first = draw_labels(*maker(rng.integers(0, 3, 2).tolist()[0], rng))
    np.testing.assert_array_equal(
        sheet[TITLE + GAP:TITLE + GAP + SIDE, GAP:GAP + SIDE], first)


def test_each_way_and_each_variation_has_a_row(folder):
    pictures, walls = read_faces(folder, 'train'), read_backgrounds(folder)

    def blocks(backgrounds, composition, **variations):
        sheet = scene_sheet(pictures, backgrounds, SIDE, composition,
                            Augmentation(variations), 6)
        return sheet.shape[0] / (ROW + TITLE)

    nothing = walls.select(split='none')
    assert blocks(walls, Composition()) == 5
    assert blocks(nothing, Composition()) == 4
    assert blocks(nothing, Composition(most=1)) == 3
    assert blocks(walls, Composition(), blur=True, grey=None, noise=False) == 7


def test_the_command_writes_scenes(folder, tmp_path, capsys):
    recipe = tmp_path / 'recipe.yaml'
    recipe.write_text('name: x\nside: 64\ncomposition: {roll: 30}\naugmentation: {grey: true}\n')
    command = ['data', 'preview', '--config', str(recipe), '--out', str(tmp_path / 'p.png')]
    assert main([*command, '--data', str(folder), '--faces', '6']) == 0
    sheet = cv2.imread(str(tmp_path / 'p.png'))
    assert sheet.shape == (6 * (ROW + TITLE), 6 * (SIDE + GAP) + GAP, 3)
    # An index elsewhere finds the backgrounds beside the pictures that are named.
    index = tmp_path / 'corrected.json'
    index.write_text((folder / 'faces.json').read_text())
    assert main([*command, '--data', str(index), '--images', str(folder / 'images.zip'),
                 '--faces', '6']) == 0
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / 'p.png')), sheet)
    assert main([*command, '--data', str(tmp_path)]) != 0
    assert 'faces.json' in capsys.readouterr().err


def test_the_shipped_recipe_can_be_previewed(folder, tmp_path):
    config = Path(__file__).parents[2] / 'config' / 'detector' / 'fer_face.yaml'
    assert main(['data', 'preview', '--config', str(config), '--data', str(folder),
                 '--faces', '6', '--out', str(tmp_path / 'p.png')]) == 0
    assert cv2.imread(str(tmp_path / 'p.png')).std() > 10
