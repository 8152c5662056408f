"""What all commands have in common: help, wrong usage, errors, exit codes, documentation."""

import json
from pathlib import Path
import re
import subprocess
import sys

from cli_support import fer, without
import pytest

from fer_ros import __version__
from fer_ros.cli import main

DOCS = (Path(__file__).resolve().parents[1] / 'docs' / 'commands.md').read_text()
COMMANDS = ('image', 'video', 'demo', 'info', 'train', 'evaluate')


def test_help_names_every_command():
    code, output, _ = fer('--help')
    assert code == 0
    assert all(command in output for command in COMMANDS)


@pytest.mark.parametrize('command', COMMANDS)
def test_every_command_has_help_with_examples_or_options(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, '--help'])
    assert stop.value.code == 0
    output = capsys.readouterr().out
    assert f'usage: fer {command}' in output
    assert len(output) > 200


@pytest.mark.parametrize('kind', ['model', 'detector', 'crop'])
def test_every_evaluation_has_help(kind, capsys):
    with pytest.raises(SystemExit) as stop:
        main(['evaluate', kind, '--help'])
    assert stop.value.code == 0
    assert '--' in capsys.readouterr().out


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(['--version'])
    assert capsys.readouterr().out.strip() == f'fer_ros {__version__}'


@pytest.mark.parametrize('words', [
    [], ['dance'], ['image'], ['image', '--speed', '3', 'x'], ['video'],
    ['video', 'x', '--every', '0'], ['video', 'x', '--max-frames', '-1'],
    ['video', 'x', '--fps', 'nan'], ['video', 'x', '--duration', '-1'],
    ['image', 'x', '--detector', 'dowsing'], ['evaluate'], ['evaluate', 'mood'],
], ids=' '.join)
def test_wrong_usage_exits_with_2(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert 'usage: fer' in capsys.readouterr().err


def test_a_command_that_does_well_says_nothing_on_stderr(photo, clip, tmp_path):
    for words in (['image', photo, '--out', tmp_path], ['info'],
                  ['video', clip, '--out', tmp_path / 'o.mp4', '--max-frames', '2']):
        code, output, errors = fer(*words)
        assert code == 0
        assert output
        assert errors == ''


@pytest.mark.parametrize(('words', 'text'), [
    (['video', 'missing.mp4'], 'missing.mp4'),
    (['video', '/dev/video99'], 'video99'),
    (['image', 'x.png', '--model', 'nonsense'], 'nonsense'),
    (['image', 'x.png', '--detector', 'yunet'], 'detector'),
    (['image', 'x.png', '--detector', 'yunet', '--detector-model', 'no.onnx'], 'no.onnx'),
    (['image', 'x.png', '--unknown-threshold', '7'], 'unknown_threshold'),
    (['train', '--data', 'missing.npz'], 'missing.npz'),
    (['evaluate', 'model', '--data', 'missing.npz'], 'missing.npz'),
])
def test_errors_are_one_line_that_names_the_thing(words, text, capsys):
    assert main(words) == 1
    error = capsys.readouterr().err.strip()
    assert text in error
    assert error.startswith('fer: error: ')
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize('words', [['--help'], ['--version']])
def test_help_and_version_need_nothing_but_python(words):
    assert without('numpy', *words).returncode == 0


def test_a_missing_library_is_one_line_and_no_traceback():
    done = without('cv2', 'image', 'x.png')
    assert done.returncode == 1
    assert 'fer info' in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_goes_away_is_no_traceback(photo):
    command = f'{sys.executable} -m fer_ros image {photo} --no-annotate --json - | head -c 1'
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert 'Traceback' not in done.stderr


def test_the_documented_columns_and_keys_are_those_written(clip, photo, tmp_path, capsys):
    main(['video', str(clip), '--no-annotate', '--max-frames', '1', '--csv',
          str(tmp_path / 'o.csv'), '--jsonl', str(tmp_path / 'o.jsonl')])
    columns = (tmp_path / 'o.csv').read_text().splitlines()[0].split(',')
    assert '`' + ', '.join(columns[:10]) + '`' in ' '.join(DOCS.split())
    line = json.loads((tmp_path / 'o.jsonl').read_text())
    capsys.readouterr()
    main(['image', str(photo), '--out', str(tmp_path), '--json', '-'])
    content = json.loads(capsys.readouterr().out)
    for record in (line, line['faces'][0], content, content['model'], content['images'][0]):
        assert all(f'"{key}"' in DOCS for key in record)


@pytest.mark.parametrize('command', ['image', 'video', 'info'])
def test_every_option_is_documented(command, capsys):
    with pytest.raises(SystemExit):
        main([command, '--help'])
    options = set(re.findall(r'--[a-z-]+', capsys.readouterr().out)) - {'--help'}
    assert {option for option in options if f'`{option}' not in DOCS} == set()
