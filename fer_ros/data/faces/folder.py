"""The folder format: `faces.json` with `images.zip` or `images/`, and pictures without faces.

`faces.json` is a list of `{file, source, width, height, split, faces}`, where `faces` is a list
of `{box: [left, top, right, bottom], landmarks: 5 x [x, y], score}` in pixels. A score below 0.7
marks what is neither face nor background, as does `ignored: true`. `landmarks` may be left out or
null, as a whole or point by point, and so may `score` (1), and width and height (then the picture
is asked). `human_landmarks`, if there, are five points placed by people, or a list of such.

Backgrounds, if any, are `backgrounds.json`, a list of `{file, source, split}`, with
`backgrounds.zip` or `backgrounds/`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fer_ros.core.errors import DataError
from fer_ros.data.faces.raw import RawFace, RawIndex, RawPicture
from fer_ros.data.faces.store import PictureStore
from fer_ros.data.faces.types import Background, Backgrounds

__all__ = ['backgrounds_beside', 'load_json', 'read_backgrounds', 'read_folder']


def load_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        DataError: It is missing or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise DataError(f'cannot read {path}: {error}') from error


def read_folder(path: Path, content: list[Any]) -> RawIndex:
    """Return what `faces.json`, or a file of that form, says.

    Args:
        path: The file.
        content: Its content.
    """
    places = [path.parent / 'images.zip', path.parent / 'images']
    return RawIndex(path, [_picture(entry) for entry in content], places)


def backgrounds_beside(path: str | Path, images: str | Path | None = None) -> Path:
    """Return the folder in which the pictures without faces of a data set are, if it has any.

    Args:
        path: The data set: a folder or an index.
        images: Folder or zip file of its pictures, if they are not beside the index.
    """
    if images is not None:
        return Path(images).parent
    return Path(path) if Path(path).is_dir() else Path(path).parent


def read_backgrounds(path: str | Path, split: str | None = None) -> Backgrounds:
    """Read the pictures without faces of a data set's folder; none if it has no such pictures.

    Args:
        path: The folder, or an index in the form of `backgrounds.json`.
        split: The value of `split` of the pictures to take; None for all.

    Raises:
        DataError: Their index or pictures are missing or malformed.
    """
    index = Path(path)
    if index.is_dir():
        index /= 'backgrounds.json'
        if not index.exists():
            return Backgrounds((), None)
    content = load_json(index)
    if not isinstance(content, list):
        raise DataError(f'{index} must be a list of {{file, source, split}}')
    store = PictureStore.beside(index.parent, 'backgrounds')
    pictures = []
    for row, entry in enumerate(content):
        if not isinstance(entry, dict) or not isinstance(entry.get('file'), str):
            raise DataError(f'{index}[{row}] must be {{file, source, split}}, got {entry!r}')
        if entry['file'] not in store:
            raise DataError(f'{index}[{row}]: {store.path} has no picture {entry["file"]}')
        picture = Background(
            entry['file'], str(entry.get('source', '')), str(entry.get('split', '')))
        if split is None or picture.split == split:
            pictures.append(picture)
    return Backgrounds(tuple(pictures), store)


def _picture(entry: Any) -> RawPicture:
    if not isinstance(entry, dict) or 'file' not in entry \
            or not isinstance(entry.get('faces'), list):
        return RawPicture(
            entry.get('file', '') if isinstance(entry, dict) else '',
            fault='must be {file, width, height, split, faces: [{box, landmarks, score}]}')
    return RawPicture(
        entry['file'], [_face(face) for face in entry['faces']], str(entry.get('source') or ''),
        str(entry.get('split') or ''),
        (entry.get('width'), entry.get('height')) if 'width' in entry else None,
        entry.get('human_landmarks'))


def _face(face: Any) -> RawFace:
    if not isinstance(face, dict):
        return RawFace(None)
    return RawFace(face.get('box'), face.get('landmarks'), face.get('score', 1.0),
                   face.get('ignored') is True)
