"""The examples run."""

import os
from pathlib import Path
import subprocess
import sys

import cv2

ROOT = Path(__file__).resolve().parents[1]


def run(*words):
    return subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True,
        env={**os.environ, 'PYTHONPATH': f'{ROOT}:{os.environ.get("PYTHONPATH", "")}'})


def test_classify_photo_uses_both_detectors(tmp_path, astronaut):
    path = tmp_path / 'portrait.png'
    cv2.imwrite(str(path), astronaut[20:220, 120:330])
    done = run(ROOT / 'examples' / 'classify_photo.py', path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) >= 1
    assert lines[-1].startswith('160x160 at 25,20:')


def test_classify_photo_names_a_picture_that_cannot_be_read():
    done = run(ROOT / 'examples' / 'classify_photo.py', 'missing.png')
    assert done.returncode == 1
    assert 'missing.png' in done.stderr
    assert 'Traceback' not in done.stderr
