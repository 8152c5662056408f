"""The folder format: `faces.json` with `images.zip` or `images/`, and pictures without faces.

`faces.json` is a list of `{file, source, width, height, split, faces}`, where `faces` is a list
of `{box: [left, top, right, bottom], landmarks: 5 x [x, y], score}` in pixels. A score below 0.7
marks what is neither face nor background. `landmarks` may be left out, and so may `score` (1).
`human_landmarks`, if there, are five points placed by people, or a list of such.

Backgrounds, if any, are `backgrounds.json`, a list of `{file, source, split}`, with
`backgrounds.zip` or `backgrounds/`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from fer_ros.core.errors import DataError
from fer_ros.core.types import Floats
from fer_ros.data.faces.store import PictureStore
from fer_ros.data.faces.types import (
    Background,
    Backgrounds,
    FaceLabels,
    FacePicture,
    FacePictures,
)

__all__ = ['SURE', 'read_backgrounds', 'read_faces']

SURE = 0.7
"""A label of a lower score is neither face nor background."""


def read_faces(
    path: str | Path, split: str | None = None, images: str | Path | None = None,
) -> FacePictures:
    """Read a data set of labelled faces.

    Args:
        path: Its folder, or an index in the form of `faces.json`.
        split: The value of `split` of the pictures to take; None for all.
        images: Folder or zip file of the pictures, if they are not beside the index.

    Raises:
        DataError: The data set is missing or malformed.
    """
    path = Path(path)
    index = path / 'faces.json' if path.is_dir() else path
    entries = _entries(index)
    store = PictureStore(images) if images is not None \
        else PictureStore.beside(index.parent, 'images')
    pictures = []
    for row, entry in enumerate(entries):
        try:
            picture = _picture(entry)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f'{index}[{row}]: {error!r}; it must be {{file, width, height, split, '
                            'faces: [{box, landmarks, score}]}') from error
        if split is None or picture.split == split:
            pictures.append(picture)
    return FacePictures(str(index), tuple(pictures), store)


def read_backgrounds(path: str | Path, split: str | None = None) -> Backgrounds:
    """Read the pictures without faces of a data set's folder; none if it has no such pictures.

    Args:
        path: The folder.
        split: The value of `split` of the pictures to take; None for all.

    Raises:
        DataError: Their index or pictures are missing or malformed.
    """
    index = Path(path) / 'backgrounds.json'
    if not index.exists():
        return Backgrounds((), None)
    pictures = []
    for row, entry in enumerate(_entries(index)):
        try:
            picture = Background(
                str(entry['file']), str(entry.get('source', '')), str(entry.get('split', '')))
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f'{index}[{row}]: {error!r}') from error
        if split is None or picture.split == split:
            pictures.append(picture)
    return Backgrounds(tuple(pictures), PictureStore.beside(index.parent, 'backgrounds'))


def _entries(path: Path) -> list[Any]:
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise DataError(f'cannot read {path}: {error}') from error
    if not isinstance(content, list):
        raise DataError(f'{path} must be a list of pictures, got {type(content).__name__}')
    return content


def _picture(entry: dict[str, Any]) -> FacePicture:
    faces = entry['faces']
    scores = np.array([face.get('score', 1.0) for face in faces], np.float32)
    labels = FaceLabels(
        np.array([face['box'] for face in faces], np.float32).reshape(-1, 4),
        _points([face.get('landmarks') for face in faces]), scores < SURE)
    people = entry.get('human_landmarks')
    if people and np.ndim(people) == 2:
        people = [people]
    return FacePicture(
        str(entry['file']), str(entry.get('source', '')), str(entry.get('split', '')),
        int(entry['width']), int(entry['height']), labels,
        _points(people) if people else None, scores)


def _points(faces: list[Any]) -> Floats:
    points = [np.full((5, 2), np.nan) if face is None else face for face in faces]
    return np.array(points, np.float32).reshape(-1, 5, 2)
