"""`fer evaluate model`: how well a model folder classifies labelled face crops.

The crops are classified by the same LiteRT code that runs on the robot, without detection.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
import hashlib
import json
import os
from pathlib import Path
import shlex
import sys
from typing import Any

import numpy as np
from tqdm import tqdm

from fer_ros.core.classifier import Classifier
from fer_ros.core.errors import DataError
from fer_ros.core.model import load_model
from fer_ros.core.types import Floats
from fer_ros.data.datasets import Dataset, load_dataset
from fer_ros.evaluation.golden import golden_crops, read_golden
from fer_ros.evaluation.metrics import classification_metrics

__all__ = ['SUMMARY', 'add_arguments', 'evaluate_model', 'file_records', 'run']

SUMMARY = 'accuracy, calibration and confusion of a model on labelled face crops'

_BATCH = 64
_GOLDEN_TOLERANCE = 1e-4


def file_records(files: Iterable[Path]) -> dict[str, Any]:
    """Return names and sha256 of the files of a data set (of a folder: of all its files)."""
    names, digest = [], hashlib.sha256()
    for path in files:
        names.append(path.name)
        parts = [path] if path.is_file() else sorted(p for p in path.rglob('*') if p.is_file())
        for part in parts:
            with part.open('rb') as stream:
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
    return {'files': names, 'sha256': digest.hexdigest()}


def evaluate_model(
    model: str | Path | None, data: Dataset, *, command: str = '', progress: bool = False,
) -> dict[str, Any]:
    """Classify every crop and return the content of `metrics.json`.

    Figures are those of forced choice, as the FER+ protocol has it; `abstention` tells what the
    model's threshold for `unknown` would change.

    Args:
        model: Name or folder of the model.
        data: Labelled face crops.
        command: The command that is run, for the record.
        progress: Whether to show a progress bar on stderr.

    Raises:
        ModelError: The model cannot be used.
        DataError: The data's labels are not all labels of the model.
    """
    loaded = load_model(model)
    manifest = loaded.manifest
    missing = [label for label in data.labels if label not in manifest.labels]
    if missing:
        raise DataError(
            f'model {manifest.name} does not know the label {", ".join(missing)}; it knows '
            f'{", ".join(manifest.labels)}')
    index = np.array([manifest.labels.index(label) for label in data.labels], np.int64)
    targets = index[data.targets]
    probabilities = _predict(Classifier(loaded), data, progress)
    metrics = classification_metrics(targets, probabilities, manifest.labels)
    threshold = manifest.thresholds['unknown']
    sure = probabilities.max(axis=1) >= threshold
    correct = probabilities.argmax(axis=1) == targets
    metrics['abstention'] = {
        'threshold': threshold, 'unknown': int((~sure).sum()),
        'accuracy_of_answers': round(float(correct[sure].mean()), 6) if sure.any() else None}
    metrics['command'] = command
    metrics['model'] = {
        'name': manifest.name, 'version': manifest.version, 'sha256': manifest.sha256}
    metrics['data'] = file_records(data.files)
    return metrics


def _predict(classifier: Classifier, data: Dataset, progress: bool) -> Floats:
    parts = [
        classifier.predict(data.images[start:start + _BATCH])
        for start in tqdm(range(0, len(data), _BATCH), desc='classify', unit='batch',
                          disable=not progress)]
    return np.concatenate(parts)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer evaluate model`."""
    parser.add_argument(
        '--data', required=True, metavar='PATH',
        help='an .npz with images and ferplus_votes, a fer2013.csv (with fer2013new.csv beside '
             'it), or a folder with one sub-folder of face crops per emotion')
    parser.add_argument(
        '--split', default='validation', choices=('train', 'validation', 'test'),
        help='rows of a CSV or sub-folder of a folder (default: %(default)s)')
    parser.add_argument('--model', metavar='NAME|FOLDER', help='default: the shipped model')
    parser.add_argument(
        '--out', metavar='FOLDER', help='write metrics.json and confusion.png into this folder')
    parser.add_argument(
        '--json', action='store_true', help='print metrics.json instead of a table')


def run(args: argparse.Namespace) -> int:
    """Run `fer evaluate model`; returns the exit code."""
    data = load_dataset(args.data, args.split)
    metrics = evaluate_model(
        args.model, data, command=shlex.join(['fer', *sys.argv[1:]]),
        progress=sys.stderr.isatty())
    metrics['golden'] = _golden_gap(args.model)
    if args.out:
        _write(Path(args.out), metrics)
    print(json.dumps(metrics, indent=2) if args.json else _table(metrics))
    return 0


def _golden_gap(model: str | None) -> dict[str, float]:
    loaded = load_model(model)
    recorded = read_golden(loaded.folder)
    crops = golden_crops(loaded.manifest.width)
    gap = float(np.abs(Classifier(loaded).predict(crops) - recorded).max())
    return {'largest_difference': gap, 'allowed': _GOLDEN_TOLERANCE}


def _write(folder: Path, metrics: dict[str, Any]) -> None:
    # The picture needs matplotlib, which belongs to the training side.
    from fer_ros.evaluation.plots import confusion_picture

    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / 'metrics.json.partial'
    partial.write_text(json.dumps(metrics, indent=2) + '\n', encoding='utf-8')
    os.replace(partial, folder / 'metrics.json')
    confusion_picture(metrics, folder / 'confusion.png')


def _table(metrics: dict[str, Any]) -> str:
    model, golden = metrics['model'], metrics['golden']
    lines = [
        f'{model["name"]} {model["version"]} on {metrics["n"]} crops of '
        f'{" and ".join(metrics["data"]["files"])}', '']
    for name in ('accuracy', 'macro_recall', 'macro_f1', 'ece'):
        low, high = metrics[f'{name}_ci']
        lines.append(
            f'{name:14}{100 * metrics[name]:6.2f} %   95 % interval '
            f'{100 * low:.2f} to {100 * high:.2f}')
    abstention = metrics['abstention']
    answers = abstention['accuracy_of_answers']
    lines += [
        '', f'with its threshold of {abstention["threshold"]} the model answers `unknown` '
        f'{abstention["unknown"]} times'
        + (f', and {100 * answers:.2f} % of its other answers are right' if answers else ''),
        '', f'{"emotion":14}{"precision":>10}{"recall":>10}{"f1":>10}{"n":>8}']
    for label, row in metrics['per_class'].items():
        lines.append(
            f'{label:14}' + ''.join(
                f'{100 * row[key]:8.1f} %' for key in ('precision', 'recall', 'f1'))
            + f'{row["n"]:8}')
    lines += ['', f'golden outputs: largest difference {golden["largest_difference"]:.1e} '
              f'(allowed {golden["allowed"]:.0e})']
    return '\n'.join(lines)
