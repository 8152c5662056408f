"""`fer evaluate tracking --out` writes a record and a picture of the first scene."""

import argparse
import json

import cv2
import numpy as np
import pytest

from fer_ros.core.errors import ConfigError
from fer_ros.evaluation.tracking import command


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    votes = np.zeros((20, 10), np.uint8)
    votes[np.arange(20), np.arange(20) % 2] = 10
    path = tmp_path / 'faces.npz'
    np.savez(path, images=rng.integers(0, 255, (20, 48, 48), np.uint8), ferplus_votes=votes)
    return path


def run(*argv):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([*map(str, argv)]))


def test_the_record_and_the_picture_are_written(data, tmp_path, capsys):
    out = tmp_path / 'report'
    out.mkdir()
    (out / 'timeline.png').write_text('old')
    assert run('--data', data, '--scenes', 1, '--duration', 3, '--rate', 10, '--out', out) == 0
    record = json.loads((out / 'tracking.json').read_text())
    assert record['ways']
    assert record['data']['files'] == ['faces.npz']
    assert f'{record["tracker_ms"]["median"]:.2f} ms' in capsys.readouterr().out
    picture = cv2.imread(str(out / 'timeline.png'))
    assert picture.shape[1] > 600
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20
    assert sorted(path.name for path in out.iterdir()) == ['timeline.png', 'tracking.json']


def test_a_file_in_place_of_the_folder_is_refused_at_once(data):
    with pytest.raises(ConfigError, match='is a file'):
        run('--data', data, '--out', data)
