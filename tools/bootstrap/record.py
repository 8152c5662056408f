"""Remembers how an environment was made and which files each step left in it.

The record is a JSON file in the environment. A step is done if it is recorded with the same
inputs and every file it left still has its size and time of change.
"""

from __future__ import annotations

from collections.abc import Iterable
import hashlib
import json
import os
from pathlib import Path

__all__ = ['Record', 'hash_files']

_FILE = '.fer_ros.json'


def hash_files(paths: Iterable[Path]) -> str:
    """Digest of the names and contents of files, and of all files below folders."""
    digest = hashlib.sha256()
    for top in paths:
        files = sorted(top.rglob('*')) if top.is_dir() else [top]
        for path in files:
            if path.is_file() and '__pycache__' not in path.parts:
                digest.update(f'{path}\0{path.stat().st_size}\0'.encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _scan(top: Path) -> dict[str, list[int]]:
    """Size in bytes and time of change in ns of every file, by its path below `top`."""
    files = {}
    cut = len(str(top)) + 1
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name != '__pycache__']
        for name in names:
            path = f'{folder}/{name}'
            try:
                state = os.stat(path)
            except FileNotFoundError:  # a dangling link counts as missing
                continue
            files[path[cut:]] = [state.st_size, state.st_mtime_ns]
    files.pop(_FILE, None)
    return files


class Record:
    """The steps done in one environment, in their order."""

    def __init__(self, venv: Path) -> None:
        """Reads the record; an unreadable or missing one counts as empty."""
        self._venv = venv
        self._path = venv / _FILE
        self._steps: dict[str, str] = {}
        self._before: dict[str, list[int]] = {}
        self._files: dict[str, list[int | str]] = {}
        try:
            content = json.loads(self._path.read_text())
            self._steps, self._files = content['steps'], content['files']
        except (OSError, ValueError, KeyError, TypeError):
            pass

    @property
    def exists(self) -> bool:
        """Whether a bootstrap made (or began to make) this environment."""
        return self._path.is_file()

    def done(self, step: str, inputs: str) -> bool:
        """Whether the step was finished with these inputs."""
        return self._steps.get(step) == inputs

    def inputs(self, step: str) -> str:
        """What the step was finished with; empty if it was not."""
        return self._steps.get(step, '')

    def damaged(self) -> dict[str, list[str]]:
        """Paths that are gone or differ from what was recorded, by the step that left them."""
        now = _scan(self._venv)
        broken: dict[str, list[str]] = {}
        for path, (size, changed, step) in self._files.items():
            if now.get(path) != [size, changed]:
                broken.setdefault(str(step), []).append(path)
        return broken

    def begin(self, step: str) -> None:
        """Forgets a step, so that an interruption leaves it undone."""
        self._before = _scan(self._venv)
        self._steps.pop(step, None)
        self._write()

    def remove_files(self, step: str) -> None:
        """Deletes what a step left, so that nothing stale remains when it is done again."""
        for path, (_, _, owner) in list(self._files.items()):
            if owner == step:
                (self._venv / path).unlink(missing_ok=True)
                del self._files[path]

    def finish(self, step: str, inputs: str) -> None:
        """Notes a step as done; every file new or changed since it began belongs to it."""
        for path, state in _scan(self._venv).items():
            if self._before.get(path) == state:
                continue  # another step's, or what the user has installed
            known = self._files.get(path)
            if known is None or known[:2] != state:
                self._files[path] = [*state, step]
        self._steps[step] = inputs
        self._write()

    def _write(self) -> None:
        self._venv.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix('.partial')
        partial.write_text(json.dumps({'steps': self._steps, 'files': self._files}))
        partial.replace(self._path)
