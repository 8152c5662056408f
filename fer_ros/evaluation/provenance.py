"""By which command figures came about, on which data, and whether a model was trained on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
import hashlib
from pathlib import Path
import shlex
import sys
from typing import Any

from fer_ros.core.model import Manifest

__all__ = ['command_line', 'file_records', 'trained_on', 'TRAINED_ON']

TRAINED_ON = (
    'the model was trained on some of these images: the figures flatter it and say nothing about '
    'other faces')
"""What is told of figures on training data."""


def command_line(arguments: Sequence[str] | None = None) -> str:
    """Return the command that runs, as a shell takes it.

    Args:
        arguments: What follows `fer`; None takes them from the process.
    """
    return shlex.join(['fer', *(sys.argv[1:] if arguments is None else arguments)])


def file_records(files: Iterable[Path]) -> dict[str, Any]:
    """Return names and sha256 of the files of a data set (of a folder: of all its files)."""
    names, digest = [], hashlib.sha256()
    for path in files:
        names.append(path.name)
        parts = [path] if path.is_file() else sorted(p for p in path.rglob('*') if p.is_file())
        for part in parts:
            with part.open('rb') as stream:
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
    return {'files': names, 'sha256': digest.hexdigest()}


def trained_on(
    manifest: Manifest, hashes: Collection[str], count: int, *, part: str | None,
) -> bool:
    """Return whether the model was trained on some of these images.

    Args:
        manifest: The model's.
        hashes: sha256 of the data, as of `file_records`; several where they can be read in
            several ways.
        count: Number of images.
        part: The split that is measured, None where the data tell no splits apart. `fer train`
            holds back a share of such data, and the number of images tells it from the whole.
    """
    counts = {'training': 0, 'validation': 0}
    records = manifest.training.get('data')
    for record in records if isinstance(records, list) else []:
        if record.get('sha256') in hashes and record.get('role') in counts:
            counts[record['role']] = record.get('n', 0)
    if not counts['training']:
        return False
    return part == 'train' if part else count != counts['validation']
