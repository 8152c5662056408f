"""`fer evaluate model`: how well a model folder classifies labelled face crops.

The crops are classified by the same code that runs on the robot, without detection.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from fer_ros.commands.options import add_no_faces_option, add_split_option, check_folder
from fer_ros.core.classifier import Classifier
from fer_ros.core.errors import ConfigError, DataError, FerError
from fer_ros.core.model import load_model, Manifest, Model
from fer_ros.core.types import Floats
from fer_ros.data.datasets import Dataset, FER2013_LABELS, load_dataset, own_splits
from fer_ros.evaluation.curves import class_curves, reliability, risk_coverage, thin
from fer_ros.evaluation.golden import golden_gap
from fer_ros.evaluation.metrics import classification_metrics
from fer_ros.evaluation.plots import pyplot
from fer_ros.evaluation.provenance import command_line, file_records, TRAINED_ON, trained_on
from fer_ros.evaluation.report import emotion_row

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'answers', 'evaluate_model',
           'load_data_for', 'run']

SUMMARY = 'accuracy, calibration and confusion of a model on labelled face crops'

EPILOG = """\
examples:
  fer evaluate model --data fer_publictest.npz
  fer evaluate model models/my_model my_faces/ --out report/

Without --out: a table. With --out: metrics.json, the curves, the robustness, the pictures that
it gets wrong and the heat maps, all in report.html too. It takes minutes.
"""

_BATCH = 64


def load_data_for(manifest: Manifest, path: str | Path, split: str) -> Dataset:
    """Read labelled faces with the labels that a model was made for.

    Data with votes hold both: the eight emotions of FER+ and the seven of FER2013.

    Args:
        manifest: The model's.
        path: As of `load_dataset`.
        split: As of `load_dataset`.

    Raises:
        DataError: As of `load_dataset`.
    """
    seven = set(manifest.labels) == set(FER2013_LABELS)
    return load_dataset(path, split, 'fer2013' if seven else 'ferplus')


def answers(
    loaded: Model, data: Dataset, *, classifier: Classifier | None = None, progress: bool = False,
) -> tuple[NDArray[np.int64], Floats]:
    """Return the true emotions as indices of the model's labels, and what the model says.

    Args:
        loaded: The model.
        data: Labelled face crops.
        classifier: The model's classifier, made anew if None.
        progress: Whether to show a progress bar on stderr.

    Returns:
        (N,) int64 targets and (N, K) float32 probabilities.

    Raises:
        ModelError: The model cannot be used.
        DataError: The data's labels are not all labels of the model.
    """
    manifest = loaded.manifest
    missing = [label for label in data.labels if label not in manifest.labels]
    if missing:
        raise DataError(
            f'model {manifest.name} does not know the label {", ".join(missing)}; it knows '
            f'{", ".join(manifest.labels)}')
    index = np.array([manifest.labels.index(label) for label in data.labels], np.int64)
    classifier = classifier or Classifier(loaded)
    parts = [
        classifier.predict(data.images[start:start + _BATCH])
        for start in tqdm(range(0, len(data), _BATCH), desc='classify', unit='batch',
                          disable=not progress)]
    return index[data.targets], np.concatenate(parts)


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
    targets, probabilities = answers(loaded, data, progress=progress)
    return _metrics(loaded.manifest, data, targets, probabilities, command)


def _metrics(
    manifest: Manifest, data: Dataset, targets: NDArray[np.int64], probabilities: Floats,
    command: str,
) -> dict[str, Any]:
    metrics = classification_metrics(
        targets, probabilities, manifest.labels, subjects=data.subjects)
    for label, row in class_curves(targets, probabilities, manifest.labels).items():
        metrics['per_class'][label] |= {'auc': row['auc'], 'ap': row['ap']}
    confidences = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == targets
    metrics['reliability'] = reliability(confidences, correct)
    coverage, risk, area = risk_coverage(confidences, correct)
    x, y = thin(coverage, risk)
    metrics['risk_coverage'] = {'aurc': round(area, 6), 'coverage': x, 'risk': y}
    threshold = manifest.thresholds['unknown']
    sure = confidences >= threshold
    metrics['abstention'] = {
        'threshold': threshold, 'unknown': int((~sure).sum()),
        'accuracy_of_answers': round(float(correct[sure].mean()), 6) if sure.any() else None}
    metrics['command'] = command
    metrics['model'] = {
        'name': manifest.name, 'version': manifest.version, 'sha256': manifest.sha256}
    metrics['data'] = file_records(data.files)
    return metrics


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer evaluate model`."""
    parser.add_argument(
        'positional_model', nargs='?', metavar='MODEL',
        help='model folder or name of an installed model (default: the shipped model)')
    parser.add_argument(
        'positional_data', nargs='?', metavar='DATA',
        help='an .npz with images and ferplus_votes or of `fer data prepare`, a fer2013.csv (with '
             'fer2013new.csv beside it), an index CSV, or a folder with one sub-folder of face '
             'crops per emotion')
    parser.add_argument('--model', metavar='NAME|FOLDER', help='the same as MODEL')
    parser.add_argument('--data', metavar='PATH', help='the same as DATA')
    add_split_option(parser)
    parser.add_argument(
        '--out', metavar='FOLDER',
        help='write metrics.json, the pictures and report.html into this folder')
    parser.add_argument(
        '--robustness-images', type=int, default=1000, metavar='N',
        help='with --out: disturb this many of the images, drawn at random; 0 leaves the '
             'robustness out (default: %(default)s)')
    parser.add_argument(
        '--seed', type=int, default=0, help='of what is drawn at random (default: %(default)s)')
    add_no_faces_option(parser)
    parser.add_argument(
        '--json', action='store_true', help='print metrics.json instead of a table')


def run(args: argparse.Namespace) -> int:
    """Run `fer evaluate model`; returns the exit code."""
    if args.robustness_images < 0 or args.seed < 0:
        raise ConfigError('--robustness-images and --seed must not be negative')
    name = _one('MODEL', args.positional_model, args.model)
    path = _one('DATA', args.positional_data, args.data)
    if path is None:
        raise ConfigError('no data: give the labelled faces as DATA or --data PATH')
    loaded = load_model(name)
    data = load_data_for(loaded.manifest, path, args.split)
    if args.out:
        check_folder(args.out)
        # Without matplotlib it fails now, not after minutes.
        pyplot()
    classifier = Classifier(loaded)
    targets, probabilities = answers(
        loaded, data, classifier=classifier, progress=sys.stderr.isatty())
    command = command_line()
    metrics = _metrics(loaded.manifest, data, targets, probabilities, command)
    metrics['trained_on'] = trained_on(
        loaded.manifest, [metrics['data']['sha256']], len(data),
        part=args.split if own_splits(path) else None)
    metrics['golden'] = _golden(loaded)
    if args.out:
        # The pictures need matplotlib, which belongs to the training side.
        from fer_ros.evaluation.study import Study

        study = Study(loaded, classifier, data, targets, probabilities, seed=args.seed)
        study.write(Path(args.out), metrics, robustness_images=args.robustness_images,
                    faces=not args.no_faces)
    print(json.dumps(metrics, indent=2) if args.json else _table(metrics))
    if metrics['trained_on']:
        print(f'warning: {TRAINED_ON}', file=sys.stderr)
    if args.out:
        print(f'report: {Path(args.out) / "report.html"}', file=sys.stderr)
    return 0


def _golden(loaded: Model) -> dict[str, Any]:
    try:
        return golden_gap(loaded)
    except FerError as error:
        # A folder that somebody made by hand can be measured all the same.
        return {'error': str(error)}


def _one(name: str, positional: str | None, option: str | None) -> str | None:
    if positional is not None and option is not None:
        raise ConfigError(f'{name} is given twice: {positional} and --{name.lower()} {option}')
    return positional if positional is not None else option


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
    share = abstention['accuracy_of_answers']
    lines += [
        '', f'with its threshold of {abstention["threshold"]} the model answers `unknown` '
        f'{abstention["unknown"]} times'
        + (f', and {100 * share:.2f} % of its other answers are right' if share else ''),
        '', f'{"emotion":14}{"precision":>10}{"recall":>10}{"f1":>10}{"AUC":>8}{"n":>8}']
    for label, row in metrics['per_class'].items():
        area = '-' if row['auc'] is None else f'{row["auc"]:.3f}'
        lines.append(
            f'{label:14}' + ''.join(f'{text:>10}' for text in emotion_row(row))
            + f'{area:>8}{row["n"]:8}')
    if 'error' in golden:
        lines += ['', f'golden outputs: {golden["error"]}']
    else:
        lines += ['', f'golden outputs: largest difference {golden["largest_difference"]:.1e} '
                  f'(allowed {golden["allowed"]:.0e})']
    return '\n'.join(lines)
