"""`fer evaluate model` on made-up data: figures, files, and what it refuses."""

import json

import cv2
import pytest

from fer_ros.cli import main
from fer_ros.core.types import EMOTIONS
from fer_ros.evaluation.golden import golden_crops


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
    assert metrics['model']['name'] == 'small_resnet_48'
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
