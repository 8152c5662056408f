"""`fer evaluate alignment`: upright and aligned crops compared, in a table and a picture."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import json
from pathlib import Path
import sys
from typing import Any

import cv2
import numpy as np

from fer_ros.commands.options import add_crops_options, add_scene_options
from fer_ros.core.classifier import Classifier
from fer_ros.core.detector import create_detector
from fer_ros.core.model import load_model
from fer_ros.core.sources import write_image
from fer_ros.core.types import Image
from fer_ros.evaluation.crop_study import evaluate_alignment, WAYS, YAWS
from fer_ros.evaluation.detector.scenes import empty_rooms
from fer_ros.evaluation.model import load_data_for
from fer_ros.evaluation.pasted import CONDITIONS
from fer_ros.evaluation.provenance import command_line
from fer_ros.training.files import replacing

__all__ = ['SUMMARY', 'add_arguments', 'run']

SUMMARY = 'accuracy with upright and with aligned crops, from detector to classifier'

_ROOMS = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer evaluate alignment`."""
    add_crops_options(parser)
    add_scene_options(parser)
    parser.add_argument('--model', metavar='NAME|FOLDER', help='default: the shipped model')
    parser.add_argument('--landmark-noise', type=float, metavar='SHARE',
                        help="not the detector's landmarks, but those of the upright face, turned "
                             'with the scene, with this noise in distances of the eyes')
    parser.add_argument('--images', type=int, default=0, metavar='N',
                        help='crops to take at random (default: all)')
    parser.add_argument('--condition', action='append', default=[], metavar='NAME',
                        choices=[condition.name for condition in CONDITIONS],
                        help='may be repeated (default: all)')
    parser.add_argument('--seed', type=int, default=0, help='of the scenes (default: %(default)s)')
    parser.add_argument('--out', metavar='FOLDER',
                        help='write alignment.json and a picture of crops, alignment.png')
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')


def run(args: argparse.Namespace) -> int:
    """Run `fer evaluate alignment`; returns the exit code."""
    cv2.setNumThreads(1)
    model = load_model(args.model)
    detector = create_detector(args.detector, model_path=args.detector_model)
    data = load_data_for(model.manifest, args.data, args.split)
    if args.images:
        order = np.random.default_rng(args.seed).permutation(len(data))[:args.images]
        data = data.take(np.sort(order))
    index = np.array([model.manifest.labels.index(label) for label in data.labels], np.int64)
    rooms = empty_rooms(args.scenes, _ROOMS, args.seed) if args.scenes else []
    conditions = [
        one for one in CONDITIONS if not args.condition or one.name in args.condition]
    figures, sheets = evaluate_alignment(
        Classifier(model), model.manifest.labels, detector, list(data.images),
        index[data.targets], conditions, rooms, size=model.manifest.size,
        grey=model.manifest.color == 'grey', noise=args.landmark_noise, seed=args.seed,
        progress=sys.stderr.isatty())
    result = {
        'command': command_line(), 'model': model.manifest.name,
        'detector': args.detector, 'conditions': figures}
    if args.out:
        _write(Path(args.out), result, sheets)
    print(json.dumps(result, indent=2) if args.json else _table(result))
    return 0


def _write(folder: Path, result: dict[str, Any], sheets: Sequence[Image]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / 'alignment.json') as partial:
        partial.write_text(json.dumps(result, indent=2) + '\n', encoding='utf-8')
    width = max(sheet.shape[1] for sheet in sheets)
    padded = [
        np.pad(sheet, ((0, 0), (0, width - sheet.shape[1]), (0, 0)), constant_values=255)
        for sheet in sheets]
    write_image(folder / 'alignment.png', np.asarray(np.vstack(padded), np.uint8))


def _table(result: dict[str, Any]) -> str:
    lines = [
        '| faces | missed | accuracy of all: upright | aligned | p | of those found: upright | '
        'aligned | true frame | macro recall: upright | aligned | ECE: upright | aligned | '
        'roll found (10 to 90 %) |', '|---' * 13 + '|']
    for name, row in result['conditions'].items():
        ways, roll = row['ways'], row['roll']
        cells = [name, f'{100 * row["missed"] / max(1, row["n"]):.1f} %']
        cells += [_percent(ways[way]['accuracy']) for way in ('upright', 'aligned')]
        cells += [f'{row["p"]:.2g}']
        cells += [_percent(ways[way]['accuracy_found']) for way in WAYS]
        cells += [_percent(ways[way][figure]) for figure in ('macro_recall', 'ece')
                  for way in ('upright', 'aligned')]
        cells += ['-' if roll is None else '{found:.0f} ({low:.0f} to {high:.0f})'.format(
            found=roll['found'], low=roll['spread'][0], high=roll['spread'][1])]
        lines.append('| ' + ' | '.join(cells) + ' |')
    lines += ['', '| turned aside by | n | upright | aligned | confidence |', '|---' * 5 + '|']
    for number, low in enumerate(YAWS[:-1]):
        bands = [row['yaw'][number] for row in result['conditions'].values()]
        count = sum(band['n'] for band in bands)
        means = [
            sum(band['n'] * band[name] for band in bands if band['n']) / max(1, count)
            for name in ('upright', 'aligned', 'confidence')]
        lines.append(f'| {low:.0f} to {YAWS[number + 1]:.0f} degrees | {count} | '
                     + ' | '.join(_percent(mean if count else None) for mean in means) + ' |')
    return '\n'.join(lines)


def _percent(value: float | None) -> str:
    return '-' if value is None else f'{100 * value:.1f} %'
