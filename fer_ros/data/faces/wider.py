"""WIDER FACE text files: with landmarks as RetinaFace adds them, or plain as published.

With landmarks (`label.txt`): a line `# FILE` begins a picture, then a line for each face of
`x y w h` and, in training files, five times `x y v` and a figure that is not used. A point of
-1 -1 is not known (Deng et al., "RetinaFace", 2020; the v are not used either).

As published (`wider_face_*_bbx_gt.txt`): a line FILE, a line with the number of faces, then for
each face `x y w h blur expression illumination invalid occlusion pose`. Faces that are marked
invalid, or heavily occluded (2), are neither face nor background. A picture without a face has
the number 0 and a line of zeros (Yang et al., "WIDER FACE", 2016).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from fer_ros.core.errors import DataError
from fer_ros.data.faces.raw import RawFace, RawIndex, RawPicture

__all__ = ['read_wider']

_INVALID, _OCCLUSION = 7, 8  # columns
_HEAVY = 2
_BOX, _BOX_AND_POINTS, _BOX_AND_FLAGS = 4, 19, 10  # numbers in a line

Lines = list[tuple[int, str]]


def read_wider(path: Path) -> RawIndex:
    """Return what a text file of either kind says.

    Raises:
        DataError: It cannot be read, or is of neither kind.
    """
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, ValueError) as error:
        raise DataError(f'cannot read {path}: {error}') from error
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)
             if line.strip()]
    if not lines:
        raise DataError(f'{path} lists no picture')
    read = _with_landmarks if lines[0][1].startswith('#') else _published
    folder = path.parent
    places = [folder / 'images', folder / 'images.zip']
    for part in ('train', 'val'):
        if f'_{part}_' in path.name:
            places.append(folder.parent / f'WIDER_{part}' / 'images')
    return RawIndex(path, list(read(lines)), places)


def _with_landmarks(lines: Lines) -> Iterator[RawPicture]:
    file, fault = '', ''
    faces: list[RawFace] = []
    for number, line in lines:
        if line.startswith('#'):
            if file or faces or fault:
                yield RawPicture(file, faces, fault=fault)
            file, faces, fault = line[1:].strip(), [], ''
            continue
        values = _numbers(line)
        if values is None or (len(values) != _BOX and len(values) < _BOX_AND_POINTS):
            fault = fault or f'line {number} is not x y w h, or with five x y v: {line!r}'
            continue
        faces.append(RawFace(_corners(values), _points(values)))
    yield RawPicture(file, faces, fault=fault)


def _points(values: list[float]) -> list[list[float] | None] | None:
    if len(values) < _BOX_AND_POINTS:
        return None
    triples = [values[start:start + 3] for start in range(_BOX, _BOX_AND_POINTS, 3)]
    # Points that the annotators did not set, and of a face without any.
    return [None if x == y == -1 else [x, y] for x, y, _ in triples]


def _published(lines: Lines) -> Iterator[RawPicture]:
    place = 0

    def take(is_right: Callable[[str], bool]) -> tuple[int, str] | None:
        nonlocal place
        if place < len(lines) and is_right(lines[place][1]):
            place += 1
            return lines[place - 1]
        return None

    while place < len(lines):
        number, file = lines[place]
        place += 1
        found = take(str.isdecimal)
        if found is None:
            while take(lambda line: _numbers(line) is not None):
                pass
            yield RawPicture(file, fault=f'line {number} is not followed by a number of faces')
            continue
        count, faces, fault = int(found[1]), [], ''
        for _ in range(max(count, 1)):
            row = take(lambda line: _numbers(line) is not None)
            values = _numbers(row[1]) if row else None
            if values is None or len(values) < _BOX:
                if count:
                    fault = fault or f'line {number}: fewer faces than the {count} told'
                break
            ignored = len(values) >= _BOX_AND_FLAGS and (
                values[_INVALID] == 1 or values[_OCCLUSION] >= _HEAVY)
            faces.append(RawFace(_corners(values), ignored=ignored))
        while take(lambda line: _numbers(line) is not None):
            fault = fault or f'line {number}: more faces than the {count} told'
        yield RawPicture(file, faces if count else [], fault=fault)


def _corners(values: list[float]) -> list[float]:
    x, y, width, height = values[:_BOX]
    return [x, y, x + width, y + height]


def _numbers(line: str) -> list[float] | None:
    try:
        return [float(word) for word in line.split()]
    except ValueError:
        return None
