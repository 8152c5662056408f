"""`fer train-detector` reads no data with a fault that it has not told."""

import json

import cv2
from labelled_faces_support import entry, face, picture, write_faces
import pytest

from fer_ros.cli import main


@pytest.fixture
def folder(tmp_path):
    """Return a data set in which one picture is damaged."""
    return write_faces(
        tmp_path / 'data', [
            entry('a.png', face()), entry('b.png', face()), entry('c.png', face(), split='val')],
        {'b.png': b'no picture'})


def test_a_damaged_picture_is_refused_before_training(folder, capsys):
    command = ['train-detector', '--data', str(folder), '--check-only']
    assert main(command) != 0
    told = capsys.readouterr()
    assert 'picture 1 (b.png): unreadable picture' in told.err
    assert main([*command, '--skip-bad']) == 0
    told = capsys.readouterr()
    assert 'unreadable picture: 1' in told.out
    assert 'training:   1 pictures, 1 faces' in told.out
    assert 'validation: 1 pictures, 1 faces' in told.out


def test_a_corrected_index_trains_on_the_pictures_where_they_are(folder, tmp_path, capsys):
    entries = [item for item in json.loads((folder / 'faces.json').read_text())
               if item['file'] != 'b.png']
    index = tmp_path / 'corrected.json'
    index.write_text(json.dumps(entries))
    command = ['train-detector', '--data', str(index), '--check-only']
    assert main(command) != 0
    assert main([*command, '--images', str(folder / 'images.zip')]) == 0
    assert 'training:   1 pictures' in capsys.readouterr().out


def test_wider_face_becomes_data_with_a_validation_split(tmp_path, capsys):
    (tmp_path / 'images').mkdir()
    lines = []
    for row in range(10):
        cv2.imwrite(str(tmp_path / 'images' / f'{row}.png'), picture(row))
        lines += [f'# {row}.png', '30 25 40 50']
    (tmp_path / 'label.txt').write_text('\n'.join(lines))
    command = ['train-detector', '--check-only', '--data']
    assert main([*command, str(tmp_path)]) != 0
    assert 'no split `val`' in capsys.readouterr().err
    index = tmp_path / 'faces.json'
    assert main(['data', 'faces', str(tmp_path), '--val-share', '0.3', '--write-index',
                 str(index)]) == 0
    capsys.readouterr()
    assert main([*command, str(tmp_path)]) == 0  # faces.json comes before label.txt
    told = capsys.readouterr().out
    assert 'training:   7 pictures, 7 faces' in told
    assert 'validation: 3 pictures, 3 faces' in told
