"""`fer train-detector` reads no data with a fault that it has not told."""

import json

from labelled_faces_support import entry, face, write_faces
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
