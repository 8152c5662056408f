"""Any data set of labelled faces, read and checked."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
import os
from pathlib import Path
from typing import Any

from fer_ros.core.errors import DataError
from fer_ros.data.faces.checks import checked, Problem
from fer_ros.data.faces.coco import read_coco
from fer_ros.data.faces.folder import load_json, read_folder
from fer_ros.data.faces.raw import RawIndex, RawPicture
from fer_ros.data.faces.report import FaceReport
from fer_ros.data.faces.store import PictureStore
from fer_ros.data.faces.types import FacePicture, FacePictures
from fer_ros.data.faces.wider import read_wider

__all__ = ['inspect_faces', 'read_faces']

Progress = Callable[[int, str], AbstractContextManager[Callable[[], object]]]

_INDICES = ('faces.json', 'label.txt', '_annotations.coco.json')
_FORMS = ('a folder with faces.json, a JSON list of that form, a WIDER FACE text file (.txt) or '
          'a COCO-style JSON')


def read_faces(
    path: str | Path, split: str | None = None, images: str | Path | None = None, *,
    skip_bad: bool = False,
) -> FacePictures:
    """Read a data set of labelled faces without decoding its pictures.

    Args:
        path: A folder with `faces.json` or an index of that form (`folder.py`), a WIDER FACE
            text file (`wider.py`), or a COCO-style JSON (`coco.py`).
        split: The value of `split` of the pictures to take; None for all. Data without splits
            (WIDER FACE, COCO) are taken as a whole.
        images: Folder or zip file of the pictures, if they are not beside the index.
        skip_bad: Leave out what is wrong rather than refuse the data.

    Raises:
        DataError: The data set is missing, has no face, or (without `skip_bad`) something is
            wrong in it: the first problems are listed by index.
    """
    pictures, report = inspect_faces(path, split, images, pixels=False)
    report.require(skip_bad)
    return pictures


def inspect_faces(
    path: str | Path, split: str | None = None, images: str | Path | None = None, *,
    pixels: bool = True, progress: Progress | None = None,
) -> tuple[FacePictures, FaceReport]:
    """Read a data set of labelled faces and tell all that is wrong in it.

    Args:
        path: As for `read_faces`.
        split: As for `read_faces`.
        images: As for `read_faces`.
        pixels: Whether to decode every picture: finds those that are damaged or of another size.
            Pictures of which the index does not tell the size are decoded anyway.
        progress: Shows how far it is.

    Returns:
        What is right, and the report; `report.require()` refuses bad data.

    Raises:
        DataError: The data set is missing, or not one at all.
    """
    index = _index(Path(path))
    store = _store(index, images)
    rows = list(range(len(index.pictures)))
    if split is not None and any(raw.split for raw in index.pictures):
        rows = [row for row in rows
                if index.pictures[row].fault or index.pictures[row].split == split]
    first: dict[str, int] = {}
    for row in rows:
        if isinstance(index.pictures[row].file, str):
            first.setdefault(index.pictures[row].file, row)

    def one(row: int) -> tuple[FacePicture | None, list[Problem]]:
        raw = index.pictures[row]
        fault = _fault(raw, row, first, store)
        size = raw.size
        if fault is None and (pixels or size is None):
            fault, size = _look(raw, store)
        if fault is not None:
            return None, [Problem(row, str(raw.file), None, *fault, 'picture left out')]
        return checked(raw, row, size)

    pictures: list[FacePicture] = []
    problems: list[Problem] = []
    bar = progress(len(rows), 'picture') if progress else nullcontext(lambda: None)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool, bar as step:
        for picture, found in pool.map(one, rows):
            if picture is not None:
                pictures.append(picture)
            problems += found
            step()
    counts = [(~p.labels.ignored).sum() for p in pictures]
    name = f'{index.path}' if split is None else f'{index.path} (split {split})'
    return FacePictures(name, tuple(pictures), store), FaceReport(
        name, len(rows), len(pictures), sum(not len(p.labels) for p in pictures),
        int(sum(counts)), int(sum(len(p.labels) for p in pictures) - sum(counts)),
        int(sum((~p.labels.ignored & ~p.labels.known.any(axis=1)).sum() for p in pictures)),
        problems, index.notes, pixels)


def _index(path: Path) -> RawIndex:
    if path.is_dir():
        found = [path / name for name in _INDICES if (path / name).is_file()]
        if not found:
            raise DataError(f'cannot read {path / _INDICES[0]}: there is none; data are {_FORMS}')
        path = found[0]
    if path.suffix == '.txt':
        return read_wider(path)
    content = load_json(path)
    if isinstance(content, list):
        return read_folder(path, content)
    if isinstance(content, dict):
        return read_coco(path, content)
    raise DataError(f'{path} holds no labelled faces; data are {_FORMS}')


def _store(index: RawIndex, images: str | Path | None) -> PictureStore:
    if images is not None:
        return PictureStore(images)
    for place in index.places:
        if place.exists():
            return PictureStore(place)
    names = ' nor '.join(map(str, index.places))
    raise DataError(f'the pictures of {index.path} are not in {names}; name their folder or zip '
                    'file (images)')


def _fault(
    raw: RawPicture, row: int, first: dict[str, int], store: PictureStore,
) -> tuple[str, str] | None:
    """Return kind and detail of what is wrong with a picture before it is read."""
    if raw.fault:
        return 'malformed entry', raw.fault
    if not isinstance(raw.file, str) or not raw.file:
        return 'malformed entry', f'file must be a path, got {raw.file!r}'
    if first[raw.file] != row:
        return 'picture listed twice', f'is picture {first[raw.file]} already'
    if raw.file not in store:
        return 'missing picture', f'not in {store.path}'
    return None


def _look(raw: RawPicture, store: PictureStore) -> tuple[tuple[str, str] | None, Any]:
    """Decode a picture; return what is wrong with it, and its width and height."""
    try:
        height, width = store.read(raw.file, whole=True).shape[:2]
    except DataError as error:
        return ('unreadable picture', str(error)), None
    if raw.size is not None and tuple(raw.size) != (width, height):
        return ('picture of another size', f'is {width} x {height}, the index says '
                f'{raw.size[0]} x {raw.size[1]}'), None
    return None, (width, height)
