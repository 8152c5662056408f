"""COCO-style JSON: `images`, `annotations` with `bbox` and `keypoints`, and `categories`.

The category of faces is the only one, or the one that is called so. Keypoints are found by the
names in the category (an eye, nose or mouth of the left or right), or are the five of `POINTS` in
this order; visibility 0 means that a point is not known. COCO calls left what is the person's
left, other files what is left in the picture: what most faces say, holds for the file. A crowd
(`iscrowd`), and what has `ignore`, is neither face nor background.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fer_ros.core.errors import DataError
from fer_ros.data.faces.checks import wrong_order
from fer_ros.data.faces.raw import RawFace, RawIndex, RawPicture

__all__ = ['read_coco']

_MIRROR = [1, 0, 2, 4, 3]


def read_coco(path: Path, content: dict[str, Any]) -> RawIndex:
    """Return what a COCO-style file says.

    Args:
        path: The file.
        content: Its content.

    Raises:
        DataError: It is not of this form, or it is not clear what in it is a face.
    """
    try:
        category, columns = _faces_of(content.get('categories') or [], path)
        pictures: dict[Any, tuple[dict[str, Any], list[RawFace]]] = {
            picture['id']: (picture, []) for picture in content['images']}
        homeless = 0
        for annotation in content['annotations']:
            if category is not None and annotation.get('category_id') != category:
                continue
            if annotation['image_id'] in pictures:
                pictures[annotation['image_id']][1].append(_face(annotation, columns))
            else:
                homeless += 1
        raws = [RawPicture(picture['file_name'], faces, str(picture.get('source', '')),
                           str(picture.get('split', '')),
                           (picture['width'], picture['height']) if 'width' in picture else None)
                for picture, faces in pictures.values()]
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f'cannot read {path}: {error!r}; it must have images: [{{id, file_name, width, '
            'height}], annotations: [{image_id, bbox, keypoints}], categories') from error
    twice = len(content['images']) - len(pictures)
    notes = [f'{count} {what} were left out' for count, what in (
        (homeless, 'annotations of pictures that are not listed'),
        (twice, 'pictures whose id comes again')) if count]
    if _by_person(raws):
        raws = [_mirrored(raw) for raw in raws]
        notes.append("left and right are the person's in this file and were exchanged")
    folder = path.parent
    return RawIndex(path, raws, [folder / 'images.zip', folder / 'images', folder], notes)


def _faces_of(categories: list[dict[str, Any]], path: Path) -> tuple[Any, list[int] | None]:
    """Return the id of the category of faces, None for all, and the places of its points."""
    found = categories if len(categories) == 1 else [
        category for category in categories if 'face' in str(category['name']).lower()]
    if not categories:
        return None, list(range(5))
    if len(found) != 1 or str(found[0]['name']).lower() == 'person':
        told = ', '.join(str(category['name']) for category in categories)
        raise DataError(f'{path} must have one category of faces; it has: {told}')
    names = [str(name).lower() for name in found[0].get('keypoints') or []]
    if not names:
        return found[0]['id'], list(range(5))
    columns: list[int] = []
    for part, side in (('eye', 'left'), ('eye', 'right'), ('nose', ''), ('mouth', 'left'),
                       ('mouth', 'right')):
        fitting = [column for column, name in enumerate(names)
                   if part in name and side in name and 'brow' not in name]
        if len(fitting) != 1:
            columns = []
            break
        columns += fitting
    return found[0]['id'], columns or (list(range(5)) if len(names) == 5 else None)


def _face(annotation: dict[str, Any], columns: list[int] | None) -> RawFace:
    box = annotation.get('bbox')
    if isinstance(box, list) and len(box) == 4 \
            and all(isinstance(value, (int, float)) for value in box):
        box = [box[0], box[1], box[0] + box[2], box[1] + box[3]]
    return RawFace(box, _points(annotation.get('keypoints'), columns),
                   ignored=bool(annotation.get('iscrowd') or annotation.get('ignore')))


def _points(keypoints: Any, columns: list[int] | None) -> Any:
    if not keypoints or columns is None:
        return None
    if not isinstance(keypoints, list) or len(keypoints) <= 3 * max(columns) + 2:
        return keypoints  # told as malformed
    points = [None if keypoints[3 * column + 2] == 0
              else keypoints[3 * column:3 * column + 2] for column in columns]
    return points if any(points) else None


def _by_person(pictures: list[RawPicture]) -> bool:
    """Tell whether left and right are exchanged in most of the faces that tell."""
    points = [face.landmarks for picture in pictures for face in picture.faces
              if isinstance(face.landmarks, list) and len(face.landmarks) == 5
              and None not in face.landmarks]
    try:
        array = np.array(points, np.float64).reshape(-1, 5, 2)
    except (TypeError, ValueError):
        return False
    array = array[np.isfinite(array).all(axis=(1, 2))]
    exchanged = wrong_order(array).all(axis=1).sum()
    right = wrong_order(array[:, _MIRROR]).all(axis=1).sum()
    return bool(exchanged > right)


def _mirrored(raw: RawPicture) -> RawPicture:
    faces = [face if not isinstance(face.landmarks, list) or len(face.landmarks) != 5
             else RawFace(face.box, [face.landmarks[row] for row in _MIRROR], face.score,
                          face.ignored)
             for face in raw.faces]
    return RawPicture(raw.file, faces, raw.source, raw.split, raw.size, raw.people, raw.fault)
