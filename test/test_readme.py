"""What the README tells people to do works as it stands."""

import os
from pathlib import Path
import re
import shlex
import subprocess
import sys

import cv2
import pytest

from fer_ros.core.model import DEFAULT_MODEL

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / 'README.md').read_text()
BLOCKS = re.findall(r'```(\w+)\n(.*?)```', README, re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == 'python']
SHELL = [
    shlex.split(line, comments=True) for language, code in BLOCKS if language == 'bash'
    for line in code.splitlines() if shlex.split(line, comments=True)]
FER = [words[1:] for words in SHELL if Path(words[0]).name == 'fer']


@pytest.fixture
def folder(tmp_path, astronaut):
    """Make the files that the snippets name."""
    cv2.imwrite(str(tmp_path / 'portrait.jpg'), astronaut)
    writer = cv2.VideoWriter(
        str(tmp_path / 'talk.mp4'), cv2.VideoWriter_fourcc(*'mp4v'), 10, (512, 512))
    for _ in range(5):
        writer.write(astronaut)
    writer.release()
    (tmp_path / 'models').mkdir()
    (tmp_path / 'models' / 'mine').symlink_to(ROOT / 'models' / DEFAULT_MODEL)
    return tmp_path


def run(command, folder):
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True,
        env={**os.environ, 'PYTHONPATH': f'{ROOT}:{os.environ.get("PYTHONPATH", "")}'})


def test_the_python_snippet_without_ros_runs(folder):
    code = next(code for code in PYTHON if 'Pipeline' in code)
    done = run([sys.executable, '-c', code], folder)
    assert done.returncode == 0, done.stderr
    assert 'happiness' in done.stdout


def test_the_smile_snippet_is_the_tested_example():
    code = next(code for code in PYTHON if 'rclpy' in code)
    assert code == (ROOT / 'examples' / 'smile_behaviour.py').read_text()


@pytest.mark.parametrize(
    'words', [words for words in FER if words[0] in ('image', 'video', 'info')],
    ids=' '.join)
def test_the_commands_run(words, folder):
    done = run([sys.executable, '-m', 'fer_ros', *words], folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    'words', [words for words in FER if words[0] in ('train', 'evaluate')], ids=' '.join)
def test_the_commands_that_need_data_are_understood(words, folder):
    """With data that do not exist they fail for that reason and no other."""
    done = run([sys.executable, '-m', 'fer_ros', *words], folder)
    data = (words[words.index('--data') + 1] if '--data' in words else words[2]).rstrip('/')
    assert done.returncode == 1
    assert data in done.stderr, done.stderr


def test_every_make_target_exists():
    makefile = (ROOT / 'Makefile').read_text()
    named = {words[1] for words in SHELL if words[0] == 'make' and len(words) > 1}
    named |= set(re.findall(r'`make ([a-z-]+)', README))
    assert named
    for target in named:
        assert re.search(rf'^{target}\b.*:', makefile, re.MULTILINE), target


def test_every_link_and_picture_exists():
    targets = re.findall(r'\]\(([^)#]+)\)', README)
    missing = [t for t in targets if '://' not in t and not (ROOT / t).exists()]
    assert missing == []


def test_every_parameter_named_exists():
    nodes = pytest.importorskip('fer_ros.nodes.parameters', reason='needs rclpy')
    known = {spec.name for spec in nodes.specs()}
    named = set(re.findall(r'\b((?:detector\.\w+)|unknown_threshold|publish_pixels|'
                           r'use_cv_bridge|image_transport)\b', README))
    assert named <= known


def test_the_number_of_encodings_is_right():
    from fer_ros.core.encodings import ENCODINGS

    assert re.search(rf'\b{len(ENCODINGS)}\s+encodings', README)
