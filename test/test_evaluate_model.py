"""`fer evaluate model` on made-up data: figures, files, and what it refuses."""

import dataclasses
import json

import cv2
from model_support import changed_model
import numpy as np
import pytest

from fer_ros.cli import main
from fer_ros.core.model import DEFAULT_MODEL, load_model
from fer_ros.core.types import EMOTIONS
from fer_ros.data.datasets import FER2013_LABELS
from fer_ros.evaluation.golden import golden_crops
from fer_ros.evaluation.model import load_data_for
from fer_ros.evaluation.provenance import file_records


@pytest.fixture
def faces(tmp_path):
    """Write a folder of golden pictures, all called happiness but one."""
    for index, crop in enumerate(golden_crops(48)):
        emotion = 'anger' if index == 0 else 'happiness'
        (tmp_path / 'faces' / emotion).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / 'faces' / emotion / f'{index}.png'), crop)
    return tmp_path / 'faces'


def test_figures_are_printed_as_json(faces, capsys):
    assert main(['evaluate', 'model', '--data', str(faces), '--json']) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert metrics['n'] == 8
    assert metrics['confusion']['labels'] == [*EMOTIONS, 'unknown']
    assert sum(map(sum, metrics['confusion']['matrix'])) == 8
    assert metrics['model']['name'] == DEFAULT_MODEL
    assert len(metrics['data']['sha256']) == 64
    assert metrics['golden']['largest_difference'] < 1e-4
    assert metrics['command'].startswith('fer')


def test_the_table_names_every_emotion(faces, capsys):
    assert main(['evaluate', 'model', '--data', str(faces)]) == 0
    output = capsys.readouterr().out
    assert all(emotion in output for emotion in EMOTIONS)
    assert '95 % interval' in output


def test_labels_that_the_model_does_not_know_are_refused(faces, capsys):
    (faces / 'anger').rename(faces / 'bored')
    assert main(['evaluate', 'model', '--data', str(faces)]) == 1
    assert 'bored' in capsys.readouterr().err


def test_data_that_do_not_exist_are_refused(capsys):
    assert main(['evaluate', 'model', '--data', 'missing.npz']) == 1
    error = capsys.readouterr().err
    assert 'missing.npz' in error
    assert 'Traceback' not in error


@pytest.mark.parametrize('words', [
    (DEFAULT_MODEL, '{data}'),
    (DEFAULT_MODEL, '--data', '{data}'),
    ('--model', DEFAULT_MODEL, '--data', '{data}'),
    ('{data}', '--model', DEFAULT_MODEL, '--data', '{data}'),
])
def test_model_and_data_are_given_by_place_or_by_name(words, faces, capsys):
    words = [word.format(data=faces) for word in words]
    twice = words.count(str(faces)) == 2
    assert main(['evaluate', 'model', *words]) == int(twice)
    output = capsys.readouterr()
    assert 'MODEL is given twice' in output.err if twice else 'accuracy' in output.out


def test_without_data_it_says_how_to_give_them(capsys):
    assert main(['evaluate', 'model', DEFAULT_MODEL]) == 1
    assert '--data' in capsys.readouterr().err


def test_figures_hold_calibration_abstention_and_areas(faces, capsys):
    assert main(['evaluate', 'model', '--data', str(faces), '--json']) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert sum(metrics['reliability']['n']) == 8
    assert metrics['risk_coverage']['coverage'][-1] == 1.0
    assert metrics['risk_coverage']['risk'][-1] == pytest.approx(1 - metrics['accuracy'], abs=1e-4)
    assert 0.0 <= metrics['per_class']['anger']['auc'] <= 1.0
    assert metrics['per_class']['fear']['auc'] is None


def test_an_emotion_that_the_data_do_not_show_has_no_figures(faces, capsys):
    assert main(['evaluate', 'model', '--data', str(faces)]) == 0
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if line}
    assert rows['fear'] == ['fear', '-', '-', '-', '-', '0']
    assert rows['anger'][1:3] != ['-', '-']


@pytest.mark.parametrize(('trained', 'held_back', 'warned'), [
    (True, 0, True),    # the training data themselves
    (True, 5, True),    # of which a part was held back, but all are measured
    (True, 8, False),   # the part that was held back
    (False, 8, False),
])
def test_figures_on_training_data_are_called_so(
    trained, held_back, warned, faces, tmp_path, capsys,
):
    mine = file_records([faces])['sha256']
    records = [
        {'role': 'training', 'n': 20, 'sha256': mine if trained else '0' * 64},
        {'role': 'validation', 'n': held_back, 'sha256': mine}]
    model = changed_model(
        tmp_path / 'model', lambda manifest: manifest['training'].update(data=records))
    assert main(['evaluate', 'model', str(model), str(faces), '--json']) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)['trained_on'] is warned
    assert ('trained on some of these images' in output.err) is warned


def test_the_seven_labels_count_in_any_order(tmp_path):
    np.savez(tmp_path / 'faces.npz', images=golden_crops(48)[:2],
             ferplus_votes=np.eye(10, dtype=np.uint8)[[7, 7]] * 10,
             fer2013_label=np.array([0, 6], np.uint8))
    manifest = dataclasses.replace(load_model().manifest, labels=FER2013_LABELS[::-1])
    data = load_data_for(manifest, tmp_path / 'faces.npz', 'validation')
    assert [data.labels[target] for target in data.targets] == ['anger', 'neutral']
