"""The layouts in which people have labelled pictures, all as `LabelledPicture`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import csv
import math
import os
from pathlib import Path, PurePath
import re

from fer_ros.core.errors import ConfigError, DataError
from fer_ros.core.resources import user_path
from fer_ros.core.sources import IMAGE_SUFFIXES, natural_key
from fer_ros.core.types import Box
from fer_ros.data.crops import SPLITS
from fer_ros.data.fer import csv_rows, FER2013_LABELS, USAGES
from fer_ros.evaluation.offline.labels.words import Words
from fer_ros.evaluation.offline.sources.base import Excluded
from fer_ros.evaluation.offline.sources.pictures import LabelledPicture

__all__ = ['LAYOUTS', 'detect_layout', 'read_pictures']

Entry = LabelledPicture | Excluded

_RAF = ('surprise', 'fear', 'disgust', 'happiness', 'sadness', 'anger', 'neutral')
"""RAF-DB, Li et al. 2017: its numbers 1 to 7."""

_AFFECTNET = ('neutral', 'happiness', 'sadness', 'surprise', 'fear', 'disgust', 'anger',
              'contempt', 'none', 'uncertain', 'no face')
"""AffectNet, Mollahosseini et al. 2017: its numbers 0 to 10."""

_CK = ('neutral', 'anger', 'contempt', 'disgust', 'fear', 'happiness', 'sadness', 'surprise')
"""CK+, Lucey et al. 2010: its numbers 0 to 7."""

_RAF_LINE = re.compile(r'(\S+\.(?:jpg|png))\s+([1-7])\s*')


def read_pictures(path: Path, layout: str, words: Words) -> tuple[list[Entry], str]:
    """List the labelled pictures of a data set.

    Args:
        path: CSV, list or folder.
        layout: One of `LAYOUTS`, or `auto`.
        words: Reads the emotions.

    Returns:
        Its pictures and what is left out, in order; and the layout.

    Raises:
        DataError: It is malformed; the text names file and line.
        ConfigError: No layout is recognised.
    """
    path = user_path(path)
    if not path.exists():
        raise DataError(f'{path}: no such file or folder')
    chosen = detect_layout(path) if layout == 'auto' else layout
    try:
        entries = list(LAYOUTS[chosen](path, words))
    except (UnicodeError, csv.Error) as error:
        raise DataError(f'{path}: not readable as {chosen} ({error})') from error
    if not any(isinstance(entry, LabelledPicture) for entry in entries):
        raise DataError(f'{path}: lists no labelled picture (read as {chosen})')
    return entries, chosen


def detect_layout(path: Path) -> str:
    """Tell the layout of a data set by what lies there.

    Raises:
        ConfigError: It is none that is known.
    """
    if path.is_dir():
        if (path / 'Emotion').is_dir() and (path / 'cohn-kanade-images').is_dir():
            return 'ckplus'
        if _raf_list(path) is not None:
            return 'rafdb'
        if (path / 'fer2013.csv').is_file():
            return 'fer2013'
        return 'folders'
    with path.open(encoding='utf-8-sig', errors='replace') as file:
        line = file.readline(2000).strip()
    names = {name.strip().strip('"') for name in line.split(',')}
    if {'emotion', 'pixels'} <= names:
        return 'fer2013'
    if {'subDirectory_filePath', 'expression'} <= names:
        return 'affectnet'
    if {'file', 'emotion'} <= names:
        return 'index'
    if _RAF_LINE.fullmatch(line):
        return 'rafdb'
    raise ConfigError(
        f'{path}: expected the columns file,emotion[,subject] of an index, those of FER2013 or '
        f'AffectNet, or a list of RAF-DB; the first line is {line[:60]!a}')


def _index(path: Path, words: Words) -> Iterator[Entry]:
    for line, row in csv_rows(path, {'file', 'emotion'}):
        place = f'{path}, line {line}'
        name = row['file'].strip()
        if not name:
            raise DataError(f'{place}: file must not be empty')
        _keep_within(name, place)
        split = row.get('split', '').strip()
        if split and split not in SPLITS:
            raise DataError(f'{place}: split must be one of {", ".join(SPLITS)}, got {split!r}')
        emotion = words.read(row['emotion'], place)
        file = path.parent / name
        if not emotion:
            yield Excluded('no label', name, place)
        elif not os.path.isfile(file):  # False, too, for a name that no file can have
            yield Excluded('missing file', name, f'{place}: there is no such file')
        else:
            yield LabelledPicture(file, name, emotion, row.get('subject', '').strip(), split)


def _keep_within(name: str, place: str) -> None:
    """Refuse a path that leaves the folder of its CSV: who sends labels chooses no files."""
    path = PurePath(name)
    if path.is_absolute() or '..' in path.parts:
        raise DataError(
            f'{place}: {name[:200]!r} is not within the folder of the CSV; move the CSV into the '
            'folder that holds the pictures, and name them from there')


def _folders(path: Path, words: Words) -> Iterator[Entry]:
    splits = [split for split in SPLITS if (path / split).is_dir()]
    for split in splits or ['']:
        root = path / split
        folders = sorted(p for p in root.iterdir() if p.is_dir() and p.name[0] != '.')
        if not folders:
            raise DataError(f'{root}: expected a sub-folder of pictures for each emotion')
        for folder in folders:
            emotion = words.read(folder.name, str(folder))
            files = [p for p in folder.rglob('*') if p.is_file() and p.name[0] != '.']
            for file in sorted(files, key=lambda p: natural_key(str(p.relative_to(path)))):
                name = str(file.relative_to(path))
                if file.suffix.lower() not in IMAGE_SUFFIXES:
                    yield Excluded('not an image', name, f'suffix {file.suffix or "missing"}')
                elif not emotion:
                    yield Excluded('no label', name, f'in the folder {folder.name}')
                else:
                    yield LabelledPicture(file, name, emotion, split=split)


def _fer2013(path: Path, words: Words) -> Iterator[Entry]:
    path = path / 'fer2013.csv' if path.is_dir() else path
    with path.open('rb') as file:
        titles = file.readline().decode('utf-8-sig', 'replace').strip().split(',')
        if [title.strip() for title in titles][:2] != ['emotion', 'pixels']:
            raise DataError(f'{path}: expected the columns emotion,pixels[,Usage], got '
                            f'{",".join(titles)[:80]!r}')
        offset, number = file.tell(), 1
        # Only where each row begins is kept: the pixels are 280 MB of text.
        while row := file.readline():
            number += 1
            place = f'{path}, line {number}'
            code = row.split(b',', 1)[0].strip()
            usage = row.rsplit(b',', 1)[-1].strip().decode('ascii', 'replace')
            if row.strip():
                if not code.isdigit() or len(code) > 2 or int(code) >= len(FER2013_LABELS):
                    raise DataError(f'{place}: emotion must lie in 0..{len(FER2013_LABELS) - 1}, '
                                    f'got {code.decode("ascii", "replace")[:20]!r}')
                yield LabelledPicture(
                    path, f'{path.name}:{number}', FER2013_LABELS[int(code)],
                    split=USAGES.get(usage, ''), crop=True, offset=offset)
            offset = file.tell()


def _raf_list(path: Path) -> Path | None:
    names = ('list_patition_label.txt', 'list_partition_label.txt')  # the first is theirs
    for folder in (path, path / 'EmoLabel', path / 'basic' / 'EmoLabel'):
        for name in names:
            if (folder / name).is_file():
                return folder / name
    return None


def _rafdb(path: Path, words: Words) -> Iterator[Entry]:
    found = _raf_list(path) if path.is_dir() else path
    if found is None:
        raise DataError(f'{path}: no EmoLabel/list_patition_label.txt in it')
    root = found.parent.parent
    folders = [
        (root / 'Image' / 'aligned', '_aligned', True),
        (found.parent / 'aligned', '_aligned', True),
        (root / 'Image' / 'original', '', False), (found.parent, '', False)]
    for number, line in enumerate(found.read_text('utf-8-sig').splitlines(), start=1):
        if not line.strip():
            continue
        match = _RAF_LINE.fullmatch(line.strip())
        if match is None or '/' in match[1]:
            raise DataError(f'{found}, line {number}: expected NAME.jpg and a number from 1 to 7, '
                            f'got {line[:60]!r}')
        name, emotion = match[1], _RAF[int(match[2]) - 1]
        split = {'train': 'train', 'test': 'test'}.get(name.split('_')[0], '')
        for folder, ending, crop in folders:
            file = folder / f'{Path(name).stem}{ending}{Path(name).suffix}'
            if file.is_file():
                yield LabelledPicture(file, name, emotion, split=split, crop=crop)
                break
        else:
            yield Excluded('missing file', name, f'{found}, line {number}: neither in '
                           'Image/aligned nor in Image/original')


def _affectnet(path: Path, words: Words) -> Iterator[Entry]:
    roots = [path.parent, path.parent / 'Manually_Annotated_Images', path.parent / 'images']
    with path.open(newline='', encoding='utf-8-sig') as file:
        limit = csv.field_size_limit(1 << 20)  # the landmarks of a face are one long field
        try:
            for row in csv.DictReader(file):
                yield _affectnet_row(path, row, roots)
        finally:
            csv.field_size_limit(limit)


def _affectnet_row(path: Path, row: dict[str, str], roots: list[Path]) -> Entry:
    name, code = ((row.get(key) or '').strip() for key in ('subDirectory_filePath', 'expression'))
    _keep_within(name, f'{path}, {name}')
    if not (code.isdecimal() and len(code) < 3) or int(code) >= len(_AFFECTNET):
        raise DataError(f'{path}, {name}: expression must lie in 0..{len(_AFFECTNET) - 1}, got '
                        f'{code!r}')
    if int(code) > 7:
        return Excluded('no label', name, f'expression {code}: {_AFFECTNET[int(code)]}')
    file = next((root / name for root in roots if os.path.isfile(root / name)), None)
    if file is None:
        return Excluded('missing file', name, f'{path}: there is no such file')
    return LabelledPicture(file, name, _AFFECTNET[int(code)], box=_affectnet_box(row))


def _affectnet_box(row: dict[str, str]) -> Box | None:
    try:
        x, y, width, height = (
            float(row[f'face_{key}']) for key in ('x', 'y', 'width', 'height'))
    except (KeyError, TypeError, ValueError):
        return None
    box = x, y, width, height
    return box if all(map(math.isfinite, box)) and width > 0 and height > 0 else None


def _ckplus(path: Path, words: Words) -> Iterator[Entry]:
    """Yield the last picture of every labelled sequence, in which the expression is strongest."""
    labels = sorted((path / 'Emotion').glob('S*/*/*_emotion.txt'))
    if not labels:
        raise DataError(f'{path}/Emotion: no S*/*/*_emotion.txt in it')
    for label in labels:
        subject, session = label.parts[-3:-1]
        text = label.read_text().strip()
        try:
            emotion = _CK[range(len(_CK)).index(int(float(text)))]
        except (ValueError, OverflowError):
            raise DataError(f'{label}: expected a number from 0 to 7, got {text[:20]!r}') from None
        folder = path / 'cohn-kanade-images' / subject / session
        files = sorted((p for p in folder.glob('*') if p.suffix.lower() in IMAGE_SUFFIXES),
                       key=lambda p: natural_key(p.name))
        name = f'{subject}/{session}'
        if files:
            yield LabelledPicture(files[-1], f'{name}/{files[-1].name}', emotion, subject)
        else:
            yield Excluded('missing file', name, f'no pictures in {folder}')


LAYOUTS: dict[str, Callable[[Path, Words], Iterator[Entry]]] = {
    'index': _index, 'folders': _folders, 'fer2013': _fer2013, 'rafdb': _rafdb,
    'affectnet': _affectnet, 'ckplus': _ckplus,
}
"""How each layout is read."""
