"""Two models on the same images: the tests by hand, and `fer compare`."""

import json
import sys
from types import SimpleNamespace

import cv2
from model_support import swapped_model
import numpy as np
import pytest

from fer_ros.cli import main
from fer_ros.core.errors import DataError
from fer_ros.core.model import load_model
from fer_ros.core.types import EMOTIONS
from fer_ros.evaluation.compare import mcnemar, p_text, paired_comparison
from fer_ros.evaluation.compare_report import verdict
from fer_ros.evaluation.golden import golden_crops


@pytest.mark.parametrize(('first', 'second', 'p'), [
    (0, 0, 1.0),
    (3, 3, 1.0),
    (0, 5, 2 / 32),
    (5, 0, 2 / 32),
    (1, 7, 2 * (1 + 8) / 256),
    (2, 8, 2 * (1 + 10 + 45) / 1024),
])
def test_mcnemar_by_hand(first, second, p):
    assert mcnemar(first, second) == pytest.approx(p)


def test_mcnemar_of_large_counts_is_finite():
    assert 0.0 <= mcnemar(900, 1300) < 1e-10


@pytest.mark.parametrize(('p', 'text'), [
    (1.0, 'p = 1'), (0.04321, 'p = 0.043'), (mcnemar(126, 1614), 'p < 1e-300')])
def test_no_p_value_is_called_nothing(p, text):
    assert p_text(p) == text


def test_differences_of_a_small_table():
    targets = np.array([0, 0, 0, 0, 1, 1])
    first = np.array([1, 1, 0, 0, 1, 1], bool)
    second = np.array([1, 1, 1, 1, 1, 0], bool)
    result = paired_comparison(targets, first, second, ('a', 'b', 'c'), resamples=200)
    assert result['accuracy']['difference'] == pytest.approx(1 / 6, abs=1e-6)
    assert result['macro_recall']['difference'] == 0.0
    assert list(result['per_class']) == ['a', 'b']
    assert result['per_class']['a']['difference'] == 0.5
    assert result['mcnemar'] == {'only_first': 1, 'only_second': 2, 'p': 1.0}
    low, high = result['accuracy']['difference_ci']
    assert low < 1 / 6 < high


def test_models_that_answer_alike_differ_by_nothing():
    right = np.array([True, False, True])
    result = paired_comparison(np.array([0, 1, 1]), right, right, ('a', 'b'), resamples=50)
    assert result['accuracy']['difference_ci'] == [0.0, 0.0]


@pytest.mark.parametrize(('interval', 'groups', 'text'), [
    ((0.01, 0.05), 10, 'B is right more often than A: +2.00 points (+1.00 to +5.00).'),
    ((-0.05, -0.01), 10, 'A is right more often than B: +2.00 points (+1.00 to +5.00).'),
    ((0.01, 0.05), 9, 'B is right more often than A: +2.00 points (+1.00 to +5.00). '
                      '9 subjects are too few to be sure.'),
    ((0.0, 0.05), 10, 'These data show no difference of the accuracy (+0.00 to +5.00 points).'),
])
def test_the_verdict_is_what_the_interval_says(interval, groups, text):
    difference = -0.02 if interval[1] < 0 else 0.02
    assert verdict({
        'accuracy': {'difference': difference, 'difference_ci': list(interval)},
        'intervals': {'groups': groups, 'over': 'subjects'}}) == text


def test_few_people_widen_the_interval():
    """A hundred images of four people say less than a hundred images of a hundred."""
    people = np.repeat(np.array(['p', 'q', 'r', 's']), 25)
    first = np.zeros(100, bool)
    second = people == 'p'
    widths = []
    for subjects in (None, people):
        row = paired_comparison(
            np.zeros(100, np.int64), first, second, ('a', 'b'), subjects=subjects)['accuracy']
        widths.append(row['difference_ci'][1] - row['difference_ci'][0])
    assert widths[1] > 2 * widths[0]


@pytest.fixture
def faces(tmp_path):
    for index, crop in enumerate(golden_crops(48)):
        emotion = 'anger' if index % 2 else 'happiness'
        (tmp_path / 'faces' / emotion).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / 'faces' / emotion / f'{index}.png'), crop)
    return tmp_path / 'faces'


def test_the_command_compares_two_model_folders(faces, tmp_path, capsys):
    other = swapped_model(tmp_path / 'swapped')
    words = ['compare', str(load_model().folder), str(other), '--data', str(faces)]
    assert main([*words, '--json']) == 0
    result = json.loads(capsys.readouterr().out)
    assert [model['name'] for model in result['models']][1] == 'swapped'
    assert result['n'] == 8
    assert set(result['per_class']) == {'happiness', 'anger'} <= set(EMOTIONS)
    assert len(result['data']['sha256']) == 64
    assert main([*words, '--out', str(tmp_path / 'out')]) == 0
    assert "McNemar's exact test" in capsys.readouterr().out
    page = (tmp_path / 'out' / 'report.html').read_text()
    for words in ('swapped', 'face crops', 'Where they disagree', 'recall of anger'):
        assert words in page
    assert page.count('data:image/png;base64,') == 2


def test_a_model_that_does_not_exist_is_named(faces, capsys):
    assert main(['compare', 'missing', 'missing', '--data', str(faces)]) == 1
    assert "no model 'missing'" in capsys.readouterr().err


@pytest.mark.parametrize('counts', [(7, 8), (8, 7)])
def test_the_fewer_labels_are_measured_whichever_model_comes_first(counts, monkeypatch, capsys):
    def refuse(manifest, *_):
        raise DataError(f'{len(manifest.labels)} labels are measured')

    models = {f'model{n}': SimpleNamespace(manifest=SimpleNamespace(labels=EMOTIONS[:n]))
              for n in counts}
    monkeypatch.setattr('fer_ros.core.model.load_model', models.get)
    monkeypatch.setattr('fer_ros.evaluation.model.load_data_for', refuse)
    assert main(['compare', *models, '--data', 'any']) == 1
    assert '7 labels are measured' in capsys.readouterr().err


@pytest.mark.parametrize('words', [
    ('compare', '{model}', '{model}', '--data', '{faces}'),
    ('evaluate', 'model', '{model}', '{faces}')])
def test_without_matplotlib_nothing_is_begun(words, faces, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'matplotlib', None)
    monkeypatch.setattr('fer_ros.evaluation.model.answers', pytest.fail)
    words = [word.format(model=load_model().folder, faces=faces) for word in words]
    assert main([*words, '--out', str(tmp_path / 'out')]) == 1
    assert 'plots need matplotlib' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()
