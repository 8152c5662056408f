"""`fer data preview`: the picture has a row for everything in the recipe."""

import cv2
import numpy as np
import pytest

from fer_ros.cli import main
from fer_ros.data.crops import Dataset
from fer_ros.data.preview import preview_sheet, some_of_each
from fer_ros.training.augmentation import Augmentation

RNG = np.random.default_rng(0)
DATA = Dataset(
    RNG.integers(0, 256, (40, 48, 48), dtype=np.uint8), np.repeat([0, 1, 2], [30, 8, 2]),
    ('a', 'b', 'c'), ())
RECIPE = 'name: x\naugmentation:\n  flip: true\n  blur: false\n  mixup: {alpha: 0.3}\n'


def test_faces_of_each_emotion_are_chosen_in_turn():
    rows = some_of_each(DATA, 7, seed=0)
    assert sorted(DATA.targets[rows[:3]]) == [0, 1, 2]
    assert np.bincount(DATA.targets[rows]).tolist() == [3, 2, 2]
    assert len(set(rows.tolist())) == 7


def test_each_variation_and_mixture_adds_rows_and_chance_repeats():
    heights = [preview_sheet(DATA, Augmentation(settings)).shape[0] for settings in (
        {}, {'flip': True}, {'flip': True, 'blur': None}, {'flip': True, 'blur': False},
        {'mixup': True})]
    row, title = heights[2] - heights[1], 28
    assert heights[1] - heights[0] == row + title
    assert heights[3] == heights[1]
    assert heights[4] > heights[0] + 2 * row + title
    one, other, third = (preview_sheet(DATA, Augmentation({'noise': None}), seed=seed)
                         for seed in (1, 1, 2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, third)


def test_the_first_column_is_the_picture_itself():
    sheet = preview_sheet(DATA, Augmentation({'noise': None}), faces=1)
    original = DATA.images[some_of_each(DATA, 10, seed=0)[0]]
    tile = sheet[28 + 3:28 + 3 + 64, 133:133 + 64, 0]
    assert np.array_equal(
        tile, cv2.resize(original, (64, 64), interpolation=cv2.INTER_NEAREST))


def test_the_faces_are_shown_as_evened_as_the_network_is_given_them():
    dim = Dataset(np.uint8(40 + DATA.images // 4), DATA.targets, DATA.labels, ())
    plain, even = (preview_sheet(dim, Augmentation({'flip': True}), faces=1, even=even)
                   for even in (False, True))
    tiles = [sheet[28 + 3:28 + 3 + 64, 133 + 67:133 + 67 + 64, 0] for sheet in (plain, even)]
    assert tiles[0].mean() < 100
    assert tiles[1].mean() == pytest.approx(127.5, abs=4)
    assert tiles[1].std() == pytest.approx(55, abs=4)
    assert np.array_equal(plain[28:95, 133:197], even[28:95, 133:197])


@pytest.mark.parametrize('shape', [(40, 48, 48), (40, 48, 48, 3)])
def test_the_command_writes_a_picture(tmp_path, shape):
    np.savez(tmp_path / 'data.npz', images=RNG.integers(0, 256, shape, dtype=np.uint8),
             targets=DATA.targets, labels=np.array(DATA.labels))
    (tmp_path / 'recipe.yaml').write_text(RECIPE)
    out = tmp_path / 'sheet.png'
    assert main(['data', 'preview', '--config', str(tmp_path / 'recipe.yaml'), '--data',
                 str(tmp_path / 'data.npz'), '--out', str(out)]) == 0
    assert cv2.imread(str(out)).shape[1] == 803


def test_data_of_another_size_than_the_recipe_are_refused(tmp_path, capsys):
    np.savez(tmp_path / 'data.npz', images=np.zeros((2, 32, 32), np.uint8),
             targets=np.array([0, 1]), labels=np.array(['a', 'b']))
    (tmp_path / 'recipe.yaml').write_text(RECIPE)
    assert main(['data', 'preview', '--config', str(tmp_path / 'recipe.yaml'), '--data',
                 str(tmp_path / 'data.npz'), '--out', str(tmp_path / 'a.png')]) == 1
    error = capsys.readouterr().err
    assert '32x32' in error
    assert 'fer data prepare --side 48' in error
