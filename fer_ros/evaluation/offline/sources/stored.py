"""Units of work as JSON: the frames of an earlier run can be found again, and from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import json
from pathlib import Path
from typing import Any

from fer_ros.core.errors import DataError
from fer_ros.evaluation.offline.sources.bag import BagUnit
from fer_ros.evaluation.offline.sources.base import Selection, Unit
from fer_ros.evaluation.offline.sources.pictures import LabelledPicture, PictureUnit
from fer_ros.evaluation.offline.sources.video import VideoUnit
from fer_ros.training.files import write_text

__all__ = ['absolute', 'read_units', 'write_units']

_KINDS = {kind.__name__: kind for kind in (PictureUnit, VideoUnit, BagUnit)}


def write_units(path: Path, units: Sequence[Unit], selection: Selection) -> None:
    """Write the units of a run; their paths are made absolute."""
    content = {
        'selection': {**dataclasses.asdict(selection),
                      'end': None if selection.end == float('inf') else selection.end},
        'units': [_plain(unit) for unit in units]}
    write_text(path, json.dumps(content) + '\n')


def read_units(path: Path) -> tuple[list[Unit], Selection]:
    """Return the units of a run.

    Raises:
        DataError: The file is missing or damaged.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        chosen = content['selection']
        end = float('inf') if chosen['end'] is None else chosen['end']
        return ([_unit(item) for item in content['units']],
                Selection(chosen['every'], chosen['start'], end))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f'{path}: not the units of a run ({error})') from None


def absolute(unit: Unit) -> Unit:
    """Return a unit with absolute paths, for a process with another working directory."""
    return _unit(_plain(unit))


def _plain(item: Any) -> dict[str, Any]:
    values = {'kind': type(item).__name__, **dataclasses.asdict(item)}
    for entry in (values, *values.get('pictures', ())):
        if isinstance(entry.get('path'), Path):
            entry['path'] = str(entry['path'].resolve())
    return values


def _unit(item: dict[str, Any]) -> Unit:
    kind = _KINDS[item.pop('kind')]
    if 'pictures' in item:
        item['pictures'] = tuple(
            LabelledPicture(**{**picture, 'path': Path(picture['path']),
                               'box': picture['box'] and tuple(picture['box'])})
            for picture in item['pictures'])
    if 'path' in item:
        item['path'] = Path(item['path'])
    unit: Unit = kind(**item)
    return unit
