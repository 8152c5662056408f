"""`fer data` on the command line."""

import errno
from pathlib import Path

from data_support import write_pictures
import pytest

from fer_ros.cli import main


@pytest.fixture
def faces(tmp_path):
    return write_pictures(tmp_path / 'faces', {'happy': 20, 'anger': 20})


def test_prepare_and_show(tmp_path, faces, capsys):
    out = tmp_path / 'faces.npz'
    assert main(['data', 'prepare', str(faces), '--out', str(out), '--detector', 'none',
                 '--rename', 'happy=happiness', '--report', str(tmp_path / 'report'),
                 '--data-license', 'CC0']) == 0
    text = capsys.readouterr().out
    assert 'sha256:' in text
    assert 'left out:   nothing' in text
    assert {path.name for path in (tmp_path / 'report').iterdir()} == {
        'report.json', 'duplicates.csv', 'dropped.csv', 'sheet_happiness.png',
        'sheet_anger.png'}
    assert main(['data', 'show', str(out), '--sheets', str(tmp_path / 'sheets')]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ['train', 'validation', 'test']
    assert lines[1].split() == ['happiness', '16', '2', '2']
    assert any('CC0' in line for line in lines)
    assert (tmp_path / 'sheets' / 'sheet_anger.png').is_file()


def test_show_takes_data_without_splits(faces, capsys):
    assert main(['data', 'show', str(faces)]) == 0
    assert capsys.readouterr().out.split()[0] == 'all'


@pytest.mark.parametrize(('words', 'told'), [
    ([], 'SOURCE'),
    (['FACES'], 'known: neutral'),
    (['FACES', '--split', 'a,b,c'], '--split'),
    (['FACES', '--rename', 'happy'], '--rename'),
    (['FACES', '--label-set', 'other'], '--label-set'),
    (['FACES'], '--rename happy=EMOTION'),
    (['FACES', '--report', 'FACES/anger/20.png'], 'is a file'),
    (['FACES', '--detector', 'yunet', '--rename', 'happy=happiness'], 'yunet'),
])
def test_wrong_options_are_told_in_a_line(tmp_path, faces, capsys, words, told):
    words = [word.replace('FACES', str(faces)) for word in words]
    assert main(['data', 'prepare', '--out', str(tmp_path / 'a.npz'), *words]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count('\n') == 1


def test_a_report_without_room_leaves_the_file_and_says_so(tmp_path, faces, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(Path, 'write_text', full)
    out = tmp_path / 'a.npz'
    assert main(['data', 'prepare', str(faces), '--out', str(out), '--detector', 'none',
                 '--rename', 'happy=happiness', '--report', str(tmp_path / 'report')]) == 1
    error = capsys.readouterr().err
    assert 'No space left' in error
    assert 'report.json' in error
    assert f'{out} is complete' in error
    assert main(['data', 'show', str(out)]) == 0
