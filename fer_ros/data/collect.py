"""Every kind of source as samples: FER2013 and FER+, npz, folders and index CSVs."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.detector import DEFAULT_DETECTOR
from fer_ros.core.errors import ConfigError, DataError
from fer_ros.core.resources import user_path
from fer_ros.core.types import EMOTIONS, Image
from fer_ros.data.cropping import blank_reason, crop_pictures, CropSettings
from fer_ros.data.fer import FER2013_LABELS, fer_rows, FerRows, read_fer_csv
from fer_ros.data.pictures import is_index, label_order, list_pictures, Picture, scaled
from fer_ros.data.prepared import prepared_arrays, read_arrays
from fer_ros.data.samples import Dropped, Samples
from fer_ros.data.votes import majority, vote_shares

__all__ = ['Labelling', 'Progress', 'Source', 'collect']

Progress = Any
"""`progress(total, unit)` of `fer_ros.commands.progress`, or a function that does the same."""

_NOT_A_FACE = 9  # column of the votes


@dataclasses.dataclass(frozen=True)
class Labelling:
    """What becomes of the labels of sources.

    Attributes:
        label_set: One of `LABEL_SETS`, for data with FER+ votes.
        labels: The wanted emotions in their order; empty: those of `EMOTIONS` that are found.
        rename: What a label of a source is called here.
        subject_pattern: As of `list_pictures`.
    """

    label_set: str = 'ferplus_votes'
    labels: tuple[str, ...] = ()
    rename: Mapping[str, str] = dataclasses.field(default_factory=dict)
    subject_pattern: str = ''

    def __post_init__(self) -> None:
        if len(set(self.labels)) != len(self.labels) or not all(self.labels):
            raise ConfigError(
                f'labels must be different names, got {", ".join(self.labels) or "none"}')


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """What one source gave.

    Attributes:
        samples: Its usable crops.
        dropped: Its other pictures.
        record: `file`, `sha256` and `images`, for the provenance.
        face_share: Median side of the detector's boxes, in shorter sides of their pictures;
            NaN where no detector looked.
    """

    samples: Samples
    dropped: tuple[Dropped, ...]
    record: dict[str, Any]
    face_share: float = float('nan')


def collect(
    path: Path, split: str, crops: CropSettings, labelling: Labelling, shards: Path,
    strict: bool, progress: Progress,
) -> Source:
    """Read one source.

    Args:
        path: CSV, npz or folder, as of `load_dataset`.
        split: The split that the whole source is; empty: as the source tells.
        crops: How crops are made.
        labelling: What becomes of labels.
        shards: Folder for finished shards of pictures.
        strict: Whether to refuse corrupt pictures rather than leave them out.
        progress: Shows how far it is.

    Raises:
        DataError: The source is malformed; the text names the place.
    """
    path = user_path(path)
    if path.is_dir() and (path / 'fer2013.csv').is_file():
        path = path / 'fer2013.csv'
    if not path.exists():
        raise DataError(f'{path}: no such file or folder')
    if path.is_file() and path.suffix not in {'.npz', '.csv'}:
        raise DataError(f'{path}: expected an .npz, a .csv or a folder of images')
    if path.is_dir() or (path.suffix == '.csv' and is_index(path)):
        source = _pictures(path, crops, labelling, shards, strict, progress)
    else:
        if crops.detector not in ('', 'none'):
            raise ConfigError(f'{path}: holds crops, in which no detector looks for faces; '
                              'use --detector none')
        source = _crops(path, crops, labelling)
    if split:
        named = np.full(len(source.samples), split, '<U10')
        source = dataclasses.replace(
            source, samples=dataclasses.replace(source.samples, splits=named))
    return source


def _pictures(
    path: Path, crops: CropSettings, labelling: Labelling, shards: Path, strict: bool,
    progress: Progress,
) -> Source:
    pictures = list_pictures(
        path, labelling.labels or EMOTIONS, labelling.rename, labelling.subject_pattern)
    crops = dataclasses.replace(crops, detector=crops.detector or DEFAULT_DETECTOR)
    with progress(len(pictures), 'picture') as step:
        made = crop_pictures(pictures, crops, shards, strict, step)
    labels = labelling.labels or label_order({picture.label for picture in pictures})
    kept: list[Picture] = [pictures[row] for row in made.rows.tolist()]
    if not kept:
        raise DataError(f'{path}: none of its {len(pictures)} pictures shows a face to '
                        f'{crops.detector}; are they face crops? Then use --detector none')
    root = (path if path.is_dir() else path.parent).resolve().name
    samples = Samples(
        made.images, np.array([labels.index(p.label) for p in kept], np.int64), labels,
        np.array([p.split for p in kept], '<U10'),
        np.array([f'{root}/{p.name}' for p in kept]),
        np.array([p.subject for p in kept], str), None, made.face_sides, {})
    dropped = tuple(dataclasses.replace(item, name=f'{root}/{item.name}')
                    for item in made.dropped)
    return Source(samples, dropped, {
        'file': path.name, 'sha256': made.sha256, 'images': len(pictures),
        'detector': crops.detector}, float(np.median(made.face_shares)))


def _crops(path: Path, crops: CropSettings, labelling: Labelling) -> Source:
    arrays = read_arrays(path) if path.suffix == '.npz' else None
    if arrays is not None and {'labels', 'targets'} & set(arrays):
        samples, dropped = _of_prepared(path, prepared_arrays(path, arrays))
        files: tuple[Path, ...] = (path,)
        count = len(arrays['images'])
    else:
        rows = read_fer_csv(path) if arrays is None else fer_rows(path, arrays)
        samples, dropped = _of_fer(rows, labelling.label_set)
        files = rows.files
        count = len(rows.images)
    wanted = tuple(dict.fromkeys(labelling.rename.get(name, name) for name in samples.labels))
    if labelling.rename:
        named = [wanted.index(labelling.rename.get(name, name)) for name in samples.labels]
        targets, shares = np.array(named, np.int64)[samples.targets], samples.distributions
        if shares is not None:
            # Votes for emotions that are one now may together be the most.
            shares = shares @ np.eye(len(wanted), dtype=np.float32)[named]
            targets = shares.argmax(axis=1)
        samples = dataclasses.replace(
            samples, targets=targets, labels=wanted, distributions=shares, extra={})
    if labelling.labels:
        names = samples.names
        samples, kept = samples.relabelled(labelling.labels)
        dropped += [Dropped(str(name), 'other label') for name in names[~kept]]
    blank = [blank_reason(image, crops.min_contrast) for image in samples.images]
    dropped += [Dropped(str(name), 'no face', reason)
                for name, reason in zip(samples.names, blank, strict=True) if reason]
    samples = samples.take(np.array([not reason for reason in blank], bool))
    samples = dataclasses.replace(samples, images=_fitted(samples.images, crops))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return Source(samples, tuple(dropped), {
        'file': ' + '.join(file.name for file in files), 'sha256': digest.hexdigest(),
        'images': count, 'detector': 'none'})


def _of_fer(rows: FerRows, label_set: str) -> tuple[Samples, list[Dropped]]:
    count = len(rows.images)
    dropped: list[Dropped] = []
    extra: dict[str, NDArray[Any]] = {}
    shares = None
    if rows.votes is None or label_set == 'fer2013':
        if rows.emotions is None:
            raise DataError(f'{rows.files[0]}: lacks the array fer2013_label')
        labels, targets, kept = FER2013_LABELS, rows.emotions, np.ones(count, bool)
    else:
        strict, best = majority(rows.votes)
        voted, shares = vote_shares(rows.votes)
        labels = EMOTIONS
        kept, targets = (voted, shares.argmax(axis=1)) if label_set == 'ferplus_votes' \
            else (strict, best)
        no_face = 2 * rows.votes[:, _NOT_A_FACE] > rows.votes.sum(axis=1)
        dropped += [Dropped(str(name), 'no face', 'by the votes of FER+')
                    for name in rows.places[~kept & no_face]]
        dropped += [Dropped(str(name), 'no agreement', 'by the votes of FER+')
                    for name in rows.places[~kept & ~no_face]]
        extra['ferplus_votes'] = rows.votes.astype(np.uint8)
        if rows.emotions is not None:
            extra['fer2013_label'] = rows.emotions.astype(np.uint8)
    samples = Samples(
        rows.images, targets.astype(np.int64), labels, rows.splits, rows.places,
        np.full(count, '', '<U1'), shares, np.full(count, np.nan, np.float32), extra)
    return samples.take(kept), dropped


def _of_prepared(
    path: Path, arrays: dict[str, NDArray[Any]],
) -> tuple[Samples, list[Dropped]]:
    count = len(arrays['images'])
    targets, labels = arrays['targets'], tuple(arrays['labels'].tolist())
    if count == 0 or targets.min() < 0 or targets.max() >= len(labels):
        raise DataError(f'{path}: targets must lie in 0..{len(labels) - 1}')
    names = arrays.get('source', np.array([f'{path.name}#{row}' for row in range(count)]))
    return Samples(
        arrays['images'], targets.astype(np.int64), labels,
        arrays.get('split', np.full(count, '', '<U10')).astype('<U10'), names,
        arrays.get('subjects', np.full(count, '', '<U1')), arrays.get('distributions'),
        np.full(count, np.nan, np.float32),
        {name: arrays[name] for name in ('ferplus_votes', 'fer2013_label') if name in arrays},
    ), []


def _fitted(images: Image, crops: CropSettings) -> Image:
    """Return crops of the wanted side and colour."""
    if crops.color == 'grey' and images.ndim == 4:
        images = np.stack([cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in images])
    if images.shape[1:3] != (crops.side, crops.side):
        images = np.stack([scaled(image, crops.side) for image in images])
    if crops.color == 'bgr' and images.ndim == 3:
        images = np.repeat(images[..., np.newaxis], 3, axis=3)
    return np.asarray(images, np.uint8)
