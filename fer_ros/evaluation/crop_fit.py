"""`fer evaluate crop`: how a detector's boxes lie about the frame of FER images.

Each 48x48 image is enlarged, to many sizes in turn, and set into a larger canvas, and the detector
is run on it: frame over box is the margin. What surrounds a face in the canvas is not what
surrounds it in a room, and that pulls the boxes. So the same is done with crops of labelled
portraits that were cut with known margins, and the margin is the one of which the crops measure
like the FER images.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
import json
from pathlib import Path
import sys
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from fer_ros.commands.options import add_detector_options, add_split_option
from fer_ros.core.crop import box_side, crop_face, CropConvention
from fer_ros.core.detector import (
    create_detector,
    FaceDetector,
)
from fer_ros.core.errors import DataError
from fer_ros.core.types import Image
from fer_ros.data.datasets import load_dataset
from fer_ros.data.faces import read_backgrounds, read_faces
from fer_ros.evaluation.canvas import BORDERS, CANVAS, frame_side, padded
from fer_ros.evaluation.detector.scenes import SceneSet, without_sources
from fer_ros.evaluation.point_fit import fit_points
from fer_ros.evaluation.provenance import command_line

__all__ = ['SUMMARY', 'add_arguments', 'fit_crop', 'measure', 'run']

SUMMARY = "margin and offset from a detector's boxes to the frame of FER images"

_KNOWN = (0.85, 0.95, 1.05, 1.15, 1.25)
_PORTRAIT_FACE = (90.0, 225.0)
# The face fills the canvas's middle, so small faces would only be false ones.
_MIN_FACE_SIZE = 0.15
_DEVIATIONS = 2.563  # standard deviations between the 10th and 90th percentile


def measure(
    detector: FaceDetector, images: Iterable[Image], *, total: int | None = None,
    progress: bool = False, name: str = 'measure',
) -> NDArray[np.float64]:
    """Return margin, offset x and offset y of every image in every border, not corrected.

    Args:
        detector: The detector.
        images: (H, H) grey face crops.
        total: Number of images, for the progress bar.
        progress: Whether to show a progress bar on stderr.
        name: Title of the progress bar.

    Returns:
        (N, 3, 3) float64: image, border, (margin, offset x, offset y) as in `CropConvention`; NaN
        where no face was found.
    """
    rows = [
        [_relation(detector, image, border, frame_side(index)) for border in BORDERS]
        for index, image in enumerate(
            tqdm(images, desc=name, total=total, unit='image', disable=not progress))]
    return np.array(rows, np.float64).reshape(-1, len(BORDERS), 3)


def _relation(
    detector: FaceDetector, image: Image, border: str, frame: int,
) -> tuple[float, float, float]:
    faces = detector.detect(padded(image, border, frame))
    if not faces:
        return (np.nan,) * 3
    box = faces[0].box
    side = box_side(box)
    return (frame / side, (CANVAS / 2 - box[0] - box[2] / 2) / side,
            (CANVAS / 2 - box[1] - box[3] / 2) / side)


def fit_crop(
    detector: FaceDetector, images: Sequence[Image], portraits: SceneSet | None = None, *,
    count: int = 300, progress: bool = False,
) -> dict[str, Any]:
    """Fit a detector's crop convention to FER images.

    Args:
        detector: The detector.
        images: (48, 48) grey FER images.
        portraits: Labelled portraits, for the correction; None leaves the fit uncorrected.
        count: Number of portraits that are cut.
        progress: Whether to show progress bars on stderr.

    Returns:
        `margin`, `offset_x`, `offset_y`: medians over images and borders, corrected if there are
        portraits; `measured` before the correction, by border; `found` share of the images;
        `spread` {name: [10th, 90th percentile]} of what was measured; `known` what crops of known
        margin measured; `jitter` {of: {shift, scale}}, what `DetectorJitter` takes: of `images`,
        where the framing of the images scatters too, and of `portraits`, the detector's alone.

    Raises:
        DataError: The detector finds a face in fewer than ten images or portraits.
    """
    rows = measure(detector, images, total=len(images), progress=progress, name='FER images')
    flat = _found(rows)
    medians = np.median(flat, axis=0)
    result: dict[str, Any] = {
        'n': len(rows), 'found': round(float(np.isfinite(rows[..., 0]).mean()), 4),
        'measured': {
            border: np.nanmedian(rows[:, index], axis=0).round(4).tolist()
            for index, border in enumerate(BORDERS)},
        'spread': {
            name: np.percentile(flat[:, index], (10, 90)).round(3).tolist()
            for index, name in enumerate(('margin', 'offset_x', 'offset_y'))},
        'jitter': {'images': _jitter([flat])}}
    if portraits is not None:
        cut = [
            _found(measure(
                detector, _known_crops(detector, portraits, margin, count), total=None,
                progress=progress, name=f'portraits at {margin}'))
            for margin in _KNOWN]
        known = np.array([np.median(found, axis=0) for found in cut])
        result['jitter']['portraits'] = _jitter(cut)
        result['known'] = dict(zip(map(str, _KNOWN), known.round(4).tolist(), strict=True))
        # They rise with the margin, up to noise.
        order = np.argsort(known[:, 0])
        margin = float(np.interp(medians[0], known[order, 0], np.array(_KNOWN)[order]))
        offsets = medians[1:] - [
            np.interp(medians[0], known[order, 0], known[order, axis]) for axis in (1, 2)]
        medians = np.array([margin, *offsets])
    result.update(zip(('margin', 'offset_x', 'offset_y'), medians.round(4).tolist(), strict=True))
    return result


def _found(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    found = rows.reshape(-1, 3)
    found = found[np.isfinite(found[:, 0])]
    if len(found) < 10:
        raise DataError(
            f'the detector found a face in {len(found)} of {rows.shape[0]} images: nothing to fit')
    return found


def _jitter(parts: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """Return the deviations that `DetectorJitter` takes, each the mean of the parts."""
    deviations = []
    for part in parts:
        margin, x, y = part.T
        # Single wild boxes are no jitter: from percentiles, as of a normal distribution.
        scale, *shift = (np.diff(np.percentile(values, (10, 90)))[0] / _DEVIATIONS
                         for values in (np.log(margin), x / margin, y / margin))
        deviations.append((np.mean(shift), scale))
    shift, scale = np.mean(deviations, axis=0).round(3).tolist()
    return {'shift': shift, 'scale': scale}


def _known_crops(
    detector: FaceDetector, portraits: SceneSet, margin: float, count: int,
) -> Iterator[Image]:
    for scene in portraits.scenes(count):
        faces = detector.detect(scene.image)
        # One face and one label: no doubt which face this is, nor that it is one.
        if len(faces) == 1 and scene.labels.ignored.tolist() == [False]:
            yield crop_face(scene.image, faces[0].box, CropConvention(margin))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer evaluate crop`."""
    parser.add_argument(
        '--data', required=True, metavar='PATH', help='FER images, as for `fer evaluate model`')
    add_split_option(parser, 'train')
    parser.add_argument(
        '--portraits', metavar='FOLDER',
        help='labelled portraits, as for `fer evaluate detector`, to correct the pull of the '
             'canvas (default: no correction)')
    parser.add_argument(
        '--skip-source', action='append', default=[], metavar='BEGINNING',
        help='leave out portraits whose source begins like this; may be repeated')
    add_detector_options(parser)
    parser.add_argument('--images', type=int, default=1500, metavar='N',
                        help='FER images to measure (default: %(default)s)')
    parser.add_argument('--count', type=int, default=300, metavar='N',
                        help='portraits to cut (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='of the choice (default: %(default)s)')


def run(args: argparse.Namespace) -> int:
    """Run `fer evaluate crop`; returns the exit code."""
    cv2.setNumThreads(1)
    detector = create_detector(
        args.detector, model_path=args.detector_model, min_face_size=_MIN_FACE_SIZE)
    portraits = SceneSet(
        without_sources(read_faces(args.portraits, 'train'), args.skip_source),
        read_backgrounds(args.portraits, 'train'), face_sizes=_PORTRAIT_FACE,
        seed=args.seed) if args.portraits else None
    if portraits is not None and not len(portraits):
        raise DataError(
            f'{args.portraits}: no picture has a face of {_PORTRAIT_FACE[0]:.0f} pixels or more')
    images = load_dataset(Path(args.data), args.split).images
    choice = np.random.default_rng(args.seed).permutation(len(images))[:args.images]
    result = fit_crop(
        detector, [images[index] for index in choice], portraits, count=args.count,
        progress=sys.stderr.isatty())
    points = fit_points(
        detector, [images[index] for index in choice], progress=sys.stderr.isatty())
    if points is not None:
        result['landmarks'] = points
    result['command'] = command_line()
    print(json.dumps(result, indent=2))
    return 0
