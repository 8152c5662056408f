"""`fer evaluate detector`: face detectors side by side, on the same pictures in one process."""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
import sys
from typing import Any

import cv2

from fer_ros.commands.options import add_no_faces_option, check_folder
from fer_ros.commands.progress import progress
from fer_ros.core.detector import (
    DEFAULT_DETECTOR,
    DETECTORS,
    HaarDetector,
    MIN_FACE_SIZE,
)
from fer_ros.core.errors import ConfigError, DataError
from fer_ros.data.faces import Backgrounds, FacePictures, inspect_faces, read_backgrounds
from fer_ros.evaluation.detector.comparison import compare
from fer_ros.evaluation.detector.contenders import contenders
from fer_ros.evaluation.detector.scenes import without_sources
from fer_ros.evaluation.detector.score_fit import fit_haar_score
from fer_ros.evaluation.detector.subsets import Material, SUBSETS
from fer_ros.evaluation.detector.table import markdown
from fer_ros.evaluation.plots import pyplot
from fer_ros.evaluation.provenance import command_line, file_records

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'run']

SUMMARY = 'face detectors side by side: recall, landmarks, false alarms, time'

EPILOG = f"""\
kinds of pictures, for --subset:
  {", ".join(itertools.islice(SUBSETS, 8))},
  {", ".join(itertools.islice(SUBSETS, 8, None))}

examples:
  fer evaluate detector faces/ --against yunet:yunet.onnx --limit 100
  fer evaluate detector faces/ --detector haar --against yunet:yunet.onnx --out report/
  fer evaluate detector faces/ --subset scenes --subset empty_scenes --scenes 800 --timed 0

Without --out: tables in Markdown. With --out: also metrics.json, plots, and contact sheets of
what is found, missed and made up, all in report.html too.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer evaluate detector`."""
    parser.add_argument(
        'positional_data', nargs='?', metavar='DATA',
        help='labelled faces: a folder with faces.json and images.zip (and backgrounds.json with '
             'backgrounds.zip, pictures without a face), a WIDER FACE text file, a COCO-style '
             'JSON')
    parser.add_argument('--data', metavar='DATA', help='the same as DATA')
    parser.add_argument(
        '--index', metavar='FILE',
        help='labels and splits from this file instead of the one in DATA')
    parser.add_argument(
        '--images', metavar='PATH', help='folder or zip of the pictures, if not in DATA')
    parser.add_argument(
        '--backgrounds', metavar='FOLDER',
        help='folder with backgrounds.json, if not in DATA')
    parser.add_argument('--split', default='val', help='pictures to take (default: %(default)s)')
    parser.add_argument(
        '--skip-source', action='append', default=[], metavar='BEGINNING',
        help='leave out pictures whose source begins like this; may be repeated')
    parser.add_argument(
        '--mask-source', action='append', default=[], metavar='BEGINNING',
        help='pictures of people with masks, by the beginning of their source: a kind of its '
             'own; may be repeated')
    parser.add_argument(
        '--skip-bad', action='store_true', help='leave out what is wrong in the data')
    group = parser.add_argument_group('detectors')
    group.add_argument(
        '--detector', action='append', default=[], metavar='NAME[:FILE]',
        help=f'one of {", ".join(DETECTORS)}, with its network file or model folder; may be '
             f'repeated (default: {DEFAULT_DETECTOR})')
    group.add_argument(
        '--against', action='append', default=[], metavar='NAME[:FILE]',
        help='the first --detector is compared with this one; may be repeated')
    group.add_argument(
        '--detector-model', default='', metavar='FILE',
        help='network file of yunet, where none is named')
    group.add_argument(
        '--haar', action='append', default=[], metavar='NAME=VALUE,...',
        help='one more: haar with these arguments of HaarDetector, such as '
             'cascade=alt,min_face_size=0.1,steps_per_octave=5,min_windows=3,equalize=1')
    group.add_argument(
        '--min-face-size', type=float, default=MIN_FACE_SIZE, metavar='FRACTION',
        help='in camera frames, of their shorter side (default: %(default)s)')
    group = parser.add_argument_group('pictures')
    group.add_argument(
        '--subset', action='append', default=[], choices=SUBSETS, metavar='KIND',
        help='only pictures of this kind, see below; may be repeated (default: all)')
    group.add_argument(
        '--limit', type=int, default=0, metavar='N',
        help='at most so many pictures of each kind, for a quick look (default: all)')
    group.add_argument(
        '--scenes', '--frames', type=int, default=400, metavar='N',
        help='composed scenes with faces, and half as many without (default: %(default)s)')
    group.add_argument(
        '--face-sizes', type=float, nargs=2, default=(40.0, 160.0), metavar=('MIN', 'MAX'),
        help='longer side of the faces in composed scenes, in pixels (default: 40 160)')
    group.add_argument(
        '--seed', type=int, default=0, help='of all that is drawn (default: %(default)s)')
    group = parser.add_argument_group('measuring')
    group.add_argument(
        '--timed', type=int, default=60, metavar='N',
        help='frames of each size that are timed; 0 leaves the times out (default: %(default)s)')
    group.add_argument(
        '--threads', type=int, default=1, help="OpenCV's threads (default: %(default)s)")
    group.add_argument(
        '--fit-score', action='store_true',
        help='also fit the score of haar to the composed scenes')
    group = parser.add_argument_group('results')
    group.add_argument('--json', action='store_true', help='print metrics.json, not tables')
    group.add_argument(
        '--out', metavar='FOLDER',
        help='write metrics.json, table.md, plots, contact sheets and report.html')
    add_no_faces_option(group)


def run(args: argparse.Namespace) -> int:
    """Run `fer evaluate detector`; returns the exit code."""
    _check(args)
    if args.out:
        # Without matplotlib it fails now, not after minutes.
        pyplot()
    cv2.setNumThreads(args.threads)
    detectors = contenders(_names(args), args.haar, args.detector_model)
    pictures, rooms = _data(args)
    material = Material(
        pictures, rooms, masked_sources=args.mask_source, face_sizes=tuple(args.face_sizes),
        min_face_size=args.min_face_size, limit=args.limit, scenes=args.scenes, seed=args.seed)
    comparison = compare(
        detectors, material, list(dict.fromkeys(args.subset)) or list(SUBSETS),
        repeats=args.timed, progress=progress)
    result = comparison.result
    if args.fit_score:
        result['haar_score'] = _fit(material)
    result |= {
        'command': command_line(),
        'networks': {one.name: one.sha256 for one in detectors if one.sha256},
        'data': {'split': args.split, 'pictures': len(pictures),
                 **file_records(_files(args, pictures, rooms))}}
    if args.out:
        from fer_ros.evaluation.detector.study import write_study

        write_study(Path(args.out), comparison, material, faces=not args.no_faces,
                    progress=progress)
    print(json.dumps(result, indent=2) if args.json else markdown(result), end='')
    if args.out:
        print(f'report: {Path(args.out) / "report.html"}', file=sys.stderr)
    return 0


def _check(args: argparse.Namespace) -> None:
    if args.positional_data is not None and args.data is not None:
        raise ConfigError(f'DATA is given twice: {args.positional_data} and --data {args.data}')
    if args.positional_data is None and args.data is None:
        raise ConfigError('no data: give the labelled faces as DATA or --data DATA')
    for name in ('limit', 'timed', 'seed'):
        if getattr(args, name) < 0:
            raise ConfigError(f'--{name} must not be negative, got {getattr(args, name)}')
    for name in ('scenes', 'threads'):
        if getattr(args, name) < 1:
            raise ConfigError(f'--{name} must be at least 1, got {getattr(args, name)}')
    low, high = args.face_sizes
    if not 1.0 <= low <= high:
        raise ConfigError(f'--face-sizes must be MIN <= MAX from 1 pixel, got {low:g} {high:g}')
    check_folder(args.out)


def _names(args: argparse.Namespace) -> list[str]:
    """Return the detectors in their order, the one that is compared first."""
    names = [*args.detector, *args.against]
    if not args.detector and not args.haar and DEFAULT_DETECTOR not in args.against:
        names.insert(0, DEFAULT_DETECTOR)
    return names


def _data(args: argparse.Namespace) -> tuple[FacePictures, Backgrounds]:
    data = Path(args.positional_data if args.data is None else args.data)
    images = args.images
    if args.index and not images and data.is_dir():
        images = next((path for path in (data / 'images.zip', data / 'images')
                       if path.exists()), None)
    pictures, report = inspect_faces(
        args.index or data, args.split, images, progress=progress)
    report.require(args.skip_bad)
    pictures = without_sources(pictures, args.skip_source)
    folder = Path(args.backgrounds or (data if data.is_dir() else data.parent))
    if args.backgrounds and not (folder / 'backgrounds.json').exists():
        raise DataError(f'there is no {folder / "backgrounds.json"}')
    return pictures, read_backgrounds(folder, args.split)


def _files(args: argparse.Namespace, pictures: FacePictures, rooms: Backgrounds) -> list[Path]:
    """Return the files that the figures are of: all labels, and the pictures."""
    data = Path(args.positional_data if args.data is None else args.data)
    labels = [Path(args.index)] if args.index else [data]
    if data.is_dir() and not args.index:
        labels = sorted(path for path in data.iterdir() if path.suffix in ('.json', '.txt'))
    return [*labels, pictures.store.path, *([] if rooms.store is None else [rooms.store.path])]


def _fit(material: Material) -> dict[str, Any]:
    count = material.scene_count
    scenes = itertools.chain(
        material.scenes.scenes(count), material.scenes.empty_scenes(count // 2))
    slope, intercept = fit_haar_score(HaarDetector(), scenes, progress=sys.stderr.isatty())
    return {'a': round(slope, 3), 'b': round(intercept, 3)}
