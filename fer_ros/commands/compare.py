"""`fer compare`: two models or runs on the same faces, with the tests for paired answers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TYPE_CHECKING

from fer_ros.commands.options import add_no_faces_option, add_split_option, check_folder

if TYPE_CHECKING:
    from fer_ros.evaluation.compare_report import Disagreement

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'compare_folders', 'run']

SUMMARY = 'whether one model is better than another on the same faces'

EPILOG = """\
examples:
  fer compare models/old models/new --data fer_publictest.npz
  fer compare resnet_48 tiny_48 --data my_faces/ --out comparison/
  fer compare run_a/ run_b/ --out comparison/        two --out folders of `fer evaluate bag`,
                                                     `video` or `images` on the same data

Differences are B less A, with 95 % intervals of a bootstrap that draws the same images
(people, where they are known) for both. p is that of McNemar's exact test: how likely two equally
good models differ at least as much. --out gets a report.html with all of it, and with the faces on
which they disagree.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer compare`."""
    for name in ('model_a', 'model_b'):
        parser.add_argument(
            name, metavar=name[-1].upper(),
            help='model folder or name of an installed model; or folder of a run')
    parser.add_argument(
        '--data', metavar='PATH',
        help='labelled face crops, as of `fer evaluate model`, to compare models on')
    add_split_option(parser)
    parser.add_argument(
        '--out', metavar='FOLDER',
        help='write report.html, comparison.json and the pictures into this folder')
    add_no_faces_option(parser)
    parser.add_argument(
        '--json', action='store_true', help='print comparison.json instead of a table')


def run(args: argparse.Namespace) -> int:
    """Run `fer compare`; returns the exit code."""
    from fer_ros.evaluation.plots import pyplot

    out = Path(args.out) if args.out else None
    if out:
        check_folder(out)
        # Without matplotlib it fails now, before anything is classified or written.
        pyplot()
    if args.data is None:
        compare_folders(Path(args.model_a), Path(args.model_b), out, faces=not args.no_faces,
                        as_json=args.json)
    else:
        _compare_models(args, out)
    return 0


def compare_folders(
    first: Path, second: Path, out: Path | None, *, pictures: bool = True, faces: bool = True,
    as_json: bool = False,
) -> None:
    """Compare two runs and print what came out.

    Args:
        first: Folder of a run.
        second: Folder of a run on the same data.
        out: Where the results go, or None.
        pictures: Whether to draw pictures and to write the report.
        faces: Whether pictures may show faces.
        as_json: Whether to print JSON.

    Raises:
        ConfigError: One is no run, or they are not comparable.
    """
    from fer_ros.core.errors import ConfigError
    from fer_ros.evaluation.offline.compare import (
        compare_runs,
        disagreeing_faces,
        disagreements,
        is_run,
    )

    for folder in (first, second):
        if not is_run(folder):
            raise ConfigError(
                f'{folder}: no run (no metrics.json of `fer evaluate bag`, `video` or `images` in '
                'it); to compare two models give --data')
    comparison, rows = compare_runs(first, second)
    shown = disagreeing_faces(first, disagreements(rows)) if out and pictures and faces else []
    _finish(comparison, shown, out, pictures=pictures, as_json=as_json)


def _compare_models(args: argparse.Namespace, out: Path | None) -> None:
    """Compare two models on face crops."""
    import sys

    import numpy as np

    from fer_ros.core.model import load_model
    from fer_ros.data.datasets import own_splits
    from fer_ros.evaluation.compare import paired_comparison
    from fer_ros.evaluation.compare_report import disagreeing_crops
    from fer_ros.evaluation.model import answers, load_data_for
    from fer_ros.evaluation.provenance import file_records, TRAINED_ON, trained_on

    models = [load_model(name) for name in (args.model_a, args.model_b)]
    # A model of seven labels does not know an eighth; one of eight knows the seven.
    fewest = min(models, key=lambda model: len(model.manifest.labels))
    data = load_data_for(fewest.manifest, args.data, args.split)
    guesses = []
    for model in models:
        _, probabilities = answers(model, data, progress=sys.stderr.isatty())
        guesses.append([model.manifest.labels[i] for i in probabilities.argmax(axis=1)])
    truths = [data.labels[target] for target in data.targets]
    right = [np.array([a == b for a, b in zip(guess, truths, strict=True)]) for guess in guesses]
    comparison = paired_comparison(
        data.targets, right[0], right[1], data.labels, subjects=data.subjects)
    comparison['models'] = [
        {'name': model.manifest.name, 'version': model.manifest.version,
         'sha256': model.manifest.sha256} for model in models]
    comparison['data'] = file_records(data.files)
    part = args.split if own_splits(args.data) else None
    comparison['warnings'] = [
        f'{letter}: {TRAINED_ON}' for letter, model in zip('AB', models, strict=True)
        if trained_on(model.manifest, [comparison['data']['sha256']], len(data), part=part)]
    shown = [] if args.no_faces else disagreeing_crops(data.images, truths, *guesses)
    _finish(comparison, shown, out, pictures=True, as_json=args.json)


def _finish(
    comparison: dict[str, Any], shown: Sequence[Disagreement], out: Path | None, *,
    pictures: bool, as_json: bool,
) -> None:
    """Write and print a comparison."""
    import json
    import sys

    from fer_ros.evaluation.compare_report import write_comparison
    from fer_ros.evaluation.provenance import command_line

    comparison['command'] = command_line()
    if out:
        write_comparison(out, comparison, shown, pictures=pictures)
    print(json.dumps(comparison, indent=2) if as_json else _table(comparison))
    for text in comparison['warnings']:
        print(f'warning: {text}', file=sys.stderr)
    if out:
        name = 'report.html' if pictures else 'comparison.json'
        print(f'written: {out / name}', file=sys.stderr)


def _table(comparison: dict[str, Any]) -> str:
    from fer_ros.evaluation.compare import interval_text, p_text
    from fer_ros.evaluation.compare_report import difference_rows, verdict
    from fer_ros.evaluation.records import table

    first, second = (f'{model["name"]} {model["version"]}' for model in comparison['models'])
    test = comparison['mcnemar']
    over = f' ({test["over"]})' if 'over' in test else ''
    return '\n'.join([
        f'A: {first}', f'B: {second}',
        f'on {comparison["n"]} {"faces" if "runs" in comparison else "crops"} of '
        f'{" and ".join(comparison["data"]["files"])}', '',
        table([('figure', 'A', 'B', 'B - A', '95 % interval'), *difference_rows(comparison)]),
        interval_text(comparison['intervals']), '',
        f'only A right {test["only_first"]}, only B right {test["only_second"]}{over}; '
        f"McNemar's exact test: {p_text(test['p'])}", verdict(comparison)])
