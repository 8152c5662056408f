"""`fer image`: annotated pictures, and a table or JSON of what was found in them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import sys
from typing import Any

import numpy as np
from tqdm import tqdm

from fer_ros.commands.options import add_pipeline_options, make_pipeline
from fer_ros.core.annotate import draw
from fer_ros.core.errors import FerError, SourceError
from fer_ros.core.pipeline import Pipeline
from fer_ros.core.sources import IMAGE_SUFFIXES, natural_key, read_image, write_image
from fer_ros.core.types import Image
from fer_ros.evaluation.records import face_records, table, whole_file

__all__ = ['EPILOG', 'add_arguments', 'run']

EPILOG = """\
Each picture stands for itself: nothing is smoothed from one to the next. An unreadable file is
named, the others are still done, and the exit code is 1.

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
        help='take each image as a face crop, without looking for faces')
    add_pipeline_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run `fer image`; returns the exit code."""
    pipeline = make_pipeline(args, tracking=False)
    files, failed = _files(args.paths)
    results = []
    for file in tqdm(files, unit='image', disable=len(files) < 5 or not sys.stderr.isatty()):
        try:
            results.append(_one(pipeline, file, args))
        except FerError as error:
            failed.append(str(error))
    for text in failed:
        print(f'fer: error: {text}', file=sys.stderr)
    _report(pipeline, results, args.json)
    return 1 if failed or not files else 0


def _files(paths: list[str]) -> tuple[list[Path], list[str]]:
    """Return the images at the paths, and what is wrong with the others."""
    files: list[Path] = []
    failed = []
    for path in map(Path, paths):
        if path.is_dir():
            found = sorted(
                (p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES),
                key=lambda p: natural_key(p.name))
            if not found:
                failed.append(f'{path}: the folder holds no image')
            files += found
        else:
            files.append(path)
    return files, failed


def _one(pipeline: Pipeline, file: Path, args: argparse.Namespace) -> dict[str, Any]:
    bgr = read_image(file)
    record: dict[str, Any] = {
        'file': str(file), 'width': bgr.shape[1], 'height': bgr.shape[0]}
    if args.whole_image:
        probabilities = pipeline.classify(bgr[np.newaxis])[0]
        best = int(probabilities.argmax())
        record['faces'] = [{
            'box': [0, 0, bgr.shape[1], bgr.shape[0]], 'label': pipeline.labels[best],
            'confidence': round(float(probabilities[best]), 4),
            'probabilities': {
                label: round(float(value), 5)
                for label, value in zip(pipeline.labels, probabilities, strict=True)}}]
        return record
    result = pipeline.process(bgr)
    record['faces'] = face_records(result)
    if not args.no_annotate:
        record['annotated'] = str(_annotate(draw(bgr, result), file, args.out))
    return record


def _annotate(picture: Image, file: Path, out: str | None) -> Path:
    folder = Path(out) if out else file.parent
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f'{file.stem}_emotions.png'
    if target.resolve() == file.resolve():
        raise SourceError(f'{file}: would be overwritten by its own annotation; give --out')
    write_image(target, picture)
    return target


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
    rows = [['image', 'face', 'box', 'emotion', 'confidence', 'next']]
    for record in results:
        if not record['faces']:
            rows.append([record['file'], '-', '', 'no face found', '', ''])
        for number, face in enumerate(record['faces'], 1):
            ordered = sorted(face['probabilities'].items(), key=lambda item: -item[1])
            x, y, w, h = (round(value) for value in face['box'])
            rows.append([
                record['file'], str(number), f'{w}x{h} at {x},{y}', face['label'],
                f'{100 * face["confidence"]:.0f} %',
                ', '.join(f'{name} {100 * p:.0f} %' for name, p in ordered[1:3])])
    return table(rows)
