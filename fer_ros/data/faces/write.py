"""Writing a data set's index in the form of `faces.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from fer_ros.core.errors import DataError
from fer_ros.core.types import Floats
from fer_ros.data.faces.checks import SURE
from fer_ros.data.faces.types import FacePicture, FacePictures
from fer_ros.training.files import write_text

__all__ = ['write_index']


def write_index(pictures: FacePictures, path: Path) -> None:
    """Write pictures as `faces.json` has them (`folder.py`); the pixels stay where they are.

    Raises:
        DataError: It cannot be written.
    """
    try:
        write_text(path, json.dumps([_entry(picture) for picture in pictures.pictures]) + '\n')
    except OSError as error:
        raise DataError(f'{path}: cannot be written: {error.strerror or error}') from error


def _entry(picture: FacePicture) -> dict[str, Any]:
    labels = picture.labels
    faces = []
    for row, box in enumerate(labels.boxes):
        face: dict[str, Any] = {'box': _rounded(box)}
        if labels.known[row].any():
            face['landmarks'] = _points(labels.landmarks[row])
        if picture.scores is not None:
            face['score'] = round(float(picture.scores[row]), 4)
        if labels.ignored[row] and face.get('score', 1.0) >= SURE:
            face['ignored'] = True
        faces.append(face)
    entry = {'file': picture.file, 'source': picture.source, 'width': picture.width,
             'height': picture.height, 'faces': faces}
    if picture.people is not None:
        people = [_points(face) for face in picture.people]
        entry['human_landmarks'] = people[0] if len(people) == 1 else people
    return {**entry, 'split': picture.split}


def _points(points: Floats) -> list[list[float] | None]:
    return [_rounded(point) if np.isfinite(point).all() else None for point in points]


def _rounded(values: Floats) -> list[float]:
    return [round(float(value), 2) for value in values]
