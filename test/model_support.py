"""Copies of the default model with another manifest."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
import shutil
from typing import Any

from fer_ros.core.model import load_model

__all__ = ['changed_model', 'swapped_model']


def changed_model(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Copy the default model to `folder`, and let `change` alter its manifest."""
    shutil.copytree(load_model().folder, folder)
    manifest = json.loads((folder / 'manifest.json').read_text())
    change(manifest)
    (folder / 'manifest.json').write_text(json.dumps(manifest))
    return folder


def swapped_model(folder: Path) -> Path:
    """Copy the default model to `folder`, with happiness and anger exchanged."""
    swap = {'happiness': 'anger', 'anger': 'happiness'}

    def change(manifest):
        manifest['labels'] = [swap.get(label, label) for label in manifest['labels']]
        manifest['name'] = 'swapped'

    return changed_model(folder, change)
