"""Pictures to crops, in shards: what a cut run has finished is not done again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
import hashlib
import json
from pathlib import Path
import shutil
from typing import Any
import zipfile

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.alignment import crop_frame, FER_ALIGNMENT
from fer_ros.core.crop import box_side, cut, FER_FRAMING
from fer_ros.core.detector import create_detector, FaceDetector
from fer_ros.core.errors import ConfigError, DataError, SourceError
from fer_ros.core.head_pose import head_pose
from fer_ros.core.sources import read_image
from fer_ros.core.types import Floats, Image
from fer_ros.data.pictures import Picture, scaled
from fer_ros.data.prepared import write_arrays
from fer_ros.data.samples import Dropped

__all__ = ['CropSettings', 'Crops', 'blank_reason', 'crop_pictures', 'no_shards']

_SHARD = 100  # pictures a shard: some seconds of work, also of large pictures
_FORMAT = 3   # of the shards; a new number makes old ones stale


@dataclasses.dataclass(frozen=True)
class CropSettings:
    """How a crop is made.

    Attributes:
        side: Width and height of the crops in pixels.
        color: `grey` or `bgr`.
        detector: `none` or a name of `DETECTORS`; empty: `none` for crops, the default
            detector for pictures.
        detector_model: Network file, for `yunet`.
        min_side: Side of the smallest face, or crop, that is taken, in pixels.
        min_contrast: Smallest standard deviation of a crop's grey levels.
        min_face_size: As of `create_detector`.
    """

    side: int = 48
    color: str = 'grey'
    detector: str = ''
    detector_model: str = ''
    min_side: int = 16
    min_contrast: float = 5.0
    min_face_size: float = 0.15

    def __post_init__(self) -> None:
        if not 16 <= self.side <= 512:
            raise ConfigError(f'side must lie in 16..512, got {self.side}')
        if self.color not in ('grey', 'bgr'):
            raise ConfigError(f'color must be grey or bgr, got {self.color!r}')
        if self.min_side < 1 or self.min_contrast < 0:
            raise ConfigError(f'min_side must be >= 1, min_contrast >= 0, got {self.min_side}, '
                              f'{self.min_contrast}')


@dataclasses.dataclass(frozen=True, eq=False)
class Crops:
    """What came of a list of pictures.

    Attributes:
        images: (M, S, S) or (M, S, S, 3) uint8 crops.
        rows: (M,) int64 index of each crop's picture in the list.
        face_sides: (M,) float32 sides of the detector's boxes in pixels, or NaN.
        face_shares: (M,) float32 the same in shorter sides of their pictures, or NaN.
        dropped: The other pictures.
        sha256: Of the names and contents of all pictures.
    """

    images: Image
    rows: NDArray[np.int64]
    face_sides: Floats
    face_shares: Floats
    dropped: tuple[Dropped, ...]
    sha256: str


def blank_reason(image: Image, min_contrast: float) -> str:
    """Return why a crop can hold no face, empty if it can."""
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    contrast = float(grey.std())
    return f'contrast {contrast:.1f}' if contrast < min_contrast else ''


def crop_pictures(
    pictures: Sequence[Picture], settings: CropSettings, folder: Path, strict: bool,
    step: Callable[[], object],
) -> Crops:
    """Cut the largest face out of each picture.

    Args:
        pictures: What to read.
        settings: How; its detector must be named.
        folder: Where finished shards are kept until `no_shards` is called.
        strict: Whether to refuse a corrupt picture rather than leave it out.
        step: Is called for each picture.

    Raises:
        DataError: A picture is corrupt, and `strict`.
        ConfigError: The detector is unknown.
    """
    detector = None if settings.detector == 'none' else create_detector(
        settings.detector, model_path=settings.detector_model,
        min_face_size=settings.min_face_size)
    plan = _plan(pictures, settings)
    folder.mkdir(parents=True, exist_ok=True)
    shards = []
    for number, start in enumerate(range(0, len(pictures), _SHARD)):
        part = pictures[start:start + _SHARD]
        path = folder / f'{plan[:16]}-{number:05d}.npz'
        arrays = _finished(path)
        if arrays is None:
            arrays = _work(part, settings, detector, strict, step)
            write_arrays(path, arrays, compressed=False)
        else:
            for _ in part:
                step()
            if strict and 'corrupt' in arrays['reasons']:
                row = int(np.flatnonzero(arrays['reasons'] == 'corrupt')[0])
                raise DataError(str(arrays['details'][row]))
        arrays['rows'] = arrays['rows'] + start
        arrays['dropped'] = arrays['dropped'] + start
        shards.append(arrays)
    merged = {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}
    dropped = tuple(
        Dropped(pictures[row].name, reason, detail) for row, reason, detail in zip(
            merged['dropped'].tolist(), merged['reasons'].tolist(), merged['details'].tolist(),
            strict=True))
    lines = ''.join(f'{digest}  {picture.name}\n' for digest, picture in zip(
        merged['sha256'].tolist(), pictures, strict=True))
    return Crops(merged['images'], merged['rows'], merged['face_sides'], merged['face_shares'],
                 dropped, hashlib.sha256(lines.encode()).hexdigest())


def no_shards(folder: Path) -> None:
    """Remove the shards; the file that they were for is written."""
    shutil.rmtree(folder, ignore_errors=True)


def _plan(pictures: Sequence[Picture], settings: CropSettings) -> str:
    """Return a digest of what is to be done; another plan must not use these shards."""
    files = []
    for picture in pictures:
        status = picture.path.stat()
        files.append([str(picture.path.resolve()), status.st_size, status.st_mtime_ns])
    plan = {'format': _FORMAT, 'shard': _SHARD, 'settings': dataclasses.asdict(settings),
            'framing': {name: dataclasses.asdict(way) for name, way in FER_FRAMING.items()},
            'alignment': {name: way.points for name, way in FER_ALIGNMENT.items()},
            'opencv': cv2.__version__, 'files': files}
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


def _finished(path: Path) -> dict[str, NDArray[Any]] | None:
    """Return a shard of an earlier run, None if there is none that can be read."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def _work(
    pictures: Sequence[Picture], settings: CropSettings, detector: FaceDetector | None,
    strict: bool, step: Callable[[], object],
) -> dict[str, NDArray[Any]]:
    images, rows, sides, shares = [], [], [], []
    dropped, reasons, details, digests = [], [], [], []
    for row, picture in enumerate(pictures):
        digests.append(hashlib.sha256(picture.path.read_bytes()).hexdigest())
        try:
            image = read_image(picture.path)
            crop, side = _crop(image, settings, detector)
            images.append(crop)
            rows.append(row)
            sides.append(side)
            shares.append(side / min(image.shape[:2]))
        except SourceError as error:
            if strict:
                raise DataError(f'{error}; remove it, or run without --strict') from error
            dropped.append(row)
            reasons.append('corrupt')
            details.append(str(error))
        except _NoFaceError as error:
            dropped.append(row)
            reasons.append('no face')
            details.append(str(error))
        step()
    shape = (0, settings.side, settings.side) + ((3,) if settings.color == 'bgr' else ())
    return {
        'images': np.stack(images) if images else np.empty(shape, np.uint8),
        'rows': np.array(rows, np.int64), 'face_sides': np.array(sides, np.float32),
        'face_shares': np.array(shares, np.float32),
        'dropped': np.array(dropped, np.int64), 'reasons': np.array(reasons, '<U16'),
        'details': np.array(details, str) if details else np.array([], '<U1'),
        'sha256': np.array(digests)}


class _NoFaceError(Exception):
    """A picture shows no face that can be used."""


def _crop(
    image: Image, settings: CropSettings, detector: FaceDetector | None,
) -> tuple[Image, float]:
    """Return the crop and the side of the detector's box (NaN without a detector)."""
    grey, side = settings.color == 'grey', float('nan')
    if detector is None:
        smallest = min(image.shape[:2])
        if smallest < settings.min_side:
            raise _NoFaceError(f'only {image.shape[1]}x{image.shape[0]} pixels')
        if grey:
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        crop = scaled(image, settings.side)
    else:
        faces = detector.detect(image)
        if not faces:
            raise _NoFaceError(f'{settings.detector} finds none')
        face, convention = faces[0], detector.box_convention
        side = box_side(face.box)
        if side < settings.min_side:
            raise _NoFaceError(f'its side is only {side:.0f} pixels')
        # As the robot cuts them.
        pose = None if face.landmarks is None else head_pose(face.landmarks)
        frame = crop_frame(face, pose, FER_FRAMING[convention], FER_ALIGNMENT.get(convention))
        crop = cut(image, frame, (settings.side, settings.side), grey)
    blank = blank_reason(crop, settings.min_contrast)
    if blank:
        raise _NoFaceError(blank)
    return crop, side
