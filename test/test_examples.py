"""The examples run."""

import json
import os
from pathlib import Path
import subprocess
import sys

import cv2

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / 'examples'


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


def test_the_notebook_runs_from_top_to_bottom(capsys):
    """Its cells are executed one after the other, as a kernel does."""
    notebook = json.loads((EXAMPLES / 'offline_evaluation.ipynb').read_text())
    assert all(not cell.get('outputs') for cell in notebook['cells'])  # no pictures in the code
    names: dict = {'__name__': '__main__'}
    for number, cell in enumerate(notebook['cells']):
        if cell['cell_type'] == 'code':
            exec(compile(''.join(cell['source']), f'cell {number}', 'exec'), names)
    assert names['code'] == 0
    assert names['metrics']['per_class']['happiness']['recall'] > 0.9
    output = capsys.readouterr().out
    assert 'intervals over 4 segments' in output
    assert '"mcnemar"' in output
