"""`fer image`: annotated pictures, and a table or JSON of what was found in them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import re
import sys
from typing import Any

import numpy as np

from fer_ros.commands.options import add_pipeline_options, make_pipeline
from fer_ros.commands.progress import progress
from fer_ros.core.annotate import draw
from fer_ros.core.errors import FerError
from fer_ros.core.pipeline import Pipeline
from fer_ros.core.sources import IMAGE_SUFFIXES, natural_key, read_image, write_image
from fer_ros.core.types import UNKNOWN
from fer_ros.evaluation.records import face_records, table, whole_file

__all__ = ['EPILOG', 'add_arguments', 'run']

EPILOG = """\
Each picture stands for itself: nothing is smoothed from one to the next. An unreadable file is
named, the others are still done, and the exit code is 1. A picture without a face is no error.
NAME.jpg becomes NAME_emotions.png; of a folder, such pictures of an earlier run are left out.

examples:
  fer image portrait.jpg
  fer image holiday/ --out annotated/ --json emotions.json
  fer image face_crops/*.png --whole-image --no-annotate
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer image`."""
    parser.add_argument('paths', nargs='+', metavar='PATH', help='images, or folders of images')
    parser.add_argument(
        '--out', metavar='FOLDER',
        help='where the annotated pictures go (default: beside each image)')
    parser.add_argument(
        '--no-annotate', action='store_true', help='write no pictures, only the results')
    parser.add_argument(
        '--json', metavar='FILE', help='write the results as JSON; - for standard output')
    parser.add_argument(
        '--whole-image', action='store_true',
        help='take each image as a face crop, without looking for faces or drawing')
    parser.add_argument(
        '--crops', action='store_true', help='also draw the crops that are classified')
    add_pipeline_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run `fer image`; returns the exit code."""
    pipeline = make_pipeline(args, tracking=False)
    files, failed = _files(args.paths)
    targets = _targets(files, args.out)
    results = []
    with progress(len(files), 'image') as step:
        for file, target in zip(files, targets, strict=True):
            try:
                results.append(
                    _whole(pipeline, file) if args.whole_image
                    else _faces(pipeline, file, None if args.no_annotate else target, args.crops))
            except FerError as error:
                failed.append(str(error))
            step()
    for text in failed:
        print(f'fer: error: {text}', file=sys.stderr)
    _report(pipeline, results, args.json)
    return 1 if failed else 0


def _files(paths: list[str]) -> tuple[list[Path], list[str]]:
    """Return the images at the paths, each once, and what is wrong with the others."""
    files: list[Path] = []
    failed = []
    for path in map(Path, paths):
        if not path.is_dir():
            files.append(path)
            continue
        try:
            found = {p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES}
        except OSError as error:
            failed.append(f'{path}: {error.strerror}')
            continue
        stems = {p.stem for p in found}
        found = {p for p in found if not _is_annotation_of(p, stems)}
        if not found:
            failed.append(f'{path}: the folder holds no image')
        files += sorted(found, key=lambda p: natural_key(p.name))
    return list({file.resolve(): file for file in files}.values()), failed


def _is_annotation_of(file: Path, stems: set[str]) -> bool:
    match = re.fullmatch(r'(.+)_emotions(_\d+)?\.png', file.name)
    return match is not None and match[1] in stems


def _targets(files: list[Path], out: str | None) -> list[Path]:
    """Name a picture for each file, none twice and none that is itself to be read."""
    used = {file.resolve() for file in files}
    targets = []
    for file in files:
        folder = file.parent if out is None else Path(out)
        target, number = folder / f'{file.stem}_emotions.png', 1
        while target.resolve() in used:
            number += 1
            target = folder / f'{file.stem}_emotions_{number}.png'
        used.add(target.resolve())
        targets.append(target)
    return targets


def _faces(
    pipeline: Pipeline, file: Path, target: Path | None, crops: bool,
) -> dict[str, Any]:
    bgr = read_image(file)
    result = pipeline.process(bgr)
    record = {
        'file': str(file), 'width': result.width, 'height': result.height,
        'faces': face_records(result)}
    if target is not None:
        write_image(target, draw(bgr, result, crops=crops))
        record['annotated'] = str(target)
    return record


def _whole(pipeline: Pipeline, file: Path) -> dict[str, Any]:
    bgr = read_image(file)
    height, width = bgr.shape[:2]
    probabilities = pipeline.classify(bgr[np.newaxis])[0]
    best = int(probabilities.argmax())
    confidence = float(probabilities[best])
    return {
        'file': str(file), 'width': width, 'height': height, 'faces': [{
            'box': [0, 0, width, height],
            'label': pipeline.labels[best] if confidence >= pipeline.unknown_threshold
            else UNKNOWN,
            'confidence': round(confidence, 4),
            'probabilities': {
                label: round(float(value), 5)
                for label, value in zip(pipeline.labels, probabilities, strict=True)}}]}


def _report(pipeline: Pipeline, results: list[dict[str, Any]], target: str | None) -> None:
    manifest = pipeline.model.manifest
    content = {
        'model': {'name': manifest.name, 'version': manifest.version,
                  'sha256': manifest.sha256},
        'labels': list(pipeline.labels), 'images': results}
    if target == '-':
        print(json.dumps(content, indent=2))
        return
    if target:
        with whole_file(target) as file:
            file.write(json.dumps(content, indent=2) + '\n')
    if results:
        print(_table(results))
    for record in results:
        if 'annotated' in record:
            print(f'annotated: {record["annotated"]}')


def _table(results: list[dict[str, Any]]) -> str:
    rows = [['image', 'face', 'box', 'emotion', 'confidence', 'distribution']]
    for record in results:
        if not record['faces']:
            rows.append([record['file'], '-', '', 'no face found', '', ''])
        for number, face in enumerate(record['faces'], 1):
            ordered = sorted(face['probabilities'].items(), key=lambda item: -item[1])
            x, y, w, h = (round(value) for value in face['box'])
            rows.append([
                record['file'], str(number), f'{w}x{h} at {x},{y}', face['label'],
                f'{100 * face["confidence"]:.0f} %',
                ', '.join(f'{name} {100 * p:.0f} %' for name, p in ordered if p >= 0.005)])
    return table(rows)
