"""`fer compare`: two models or runs on the same faces, with the tests for paired answers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

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
good models differ at least as much.
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
    parser.add_argument(
        '--split', default='validation', choices=('train', 'validation', 'test'),
        help='part of data that tell splits apart (default: %(default)s)')
    parser.add_argument(
        '--out', metavar='FOLDER',
        help='write comparison.json and comparison.png into this folder; of runs also the faces '
             'on which they disagree')
    parser.add_argument(
        '--json', action='store_true', help='print comparison.json instead of a table')


def run(args: argparse.Namespace) -> int:
    """Run `fer compare`; returns the exit code."""
    import json
    import shlex
    import sys

    from fer_ros.core.errors import ConfigError
    from fer_ros.core.model import load_model
    from fer_ros.evaluation.compare import paired_comparison
    from fer_ros.evaluation.model import answers, load_data_for
    from fer_ros.evaluation.plots import pyplot
    from fer_ros.evaluation.provenance import file_records

    folders = Path(args.model_a), Path(args.model_b)
    if args.data is None:
        compare_folders(
            *folders, Path(args.out) if args.out else None, as_json=args.json)
        return 0
    models = [load_model(name) for name in (args.model_a, args.model_b)]
    # A model of seven labels does not know an eighth; one of eight knows the seven.
    fewest = min(models, key=lambda model: len(model.manifest.labels))
    data = load_data_for(fewest.manifest, args.data, args.split)
    if args.out:
        if Path(args.out).exists() and not Path(args.out).is_dir():
            raise ConfigError(f'--out {args.out} is a file, not a folder')
        # Without matplotlib it fails now, before anything is classified or written.
        pyplot()
    right = []
    for model in models:
        targets, probabilities = answers(model, data, progress=sys.stderr.isatty())
        right.append(probabilities.argmax(axis=1) == targets)
    comparison = paired_comparison(
        data.targets, right[0], right[1], data.labels, subjects=data.subjects)
    comparison['command'] = shlex.join(['fer', *sys.argv[1:]])
    comparison['models'] = [
        {'name': model.manifest.name, 'version': model.manifest.version,
         'sha256': model.manifest.sha256} for model in models]
    comparison['data'] = file_records(data.files)
    if args.out:
        _write(Path(args.out), comparison)
    print(json.dumps(comparison, indent=2) if args.json else _table(comparison))
    return 0


def compare_folders(
    first: Path, second: Path, out: Path | None, *, pictures: bool = True, as_json: bool = False,
) -> None:
    """Compare two runs and print what came out.

    Args:
        first: Folder of a run.
        second: Folder of a run on the same data.
        out: Where the results go, or None.
        pictures: Whether to draw pictures.
        as_json: Whether to print JSON.

    Raises:
        ConfigError: One is no run, or they are not comparable.
    """
    import json
    import shlex
    import sys

    from fer_ros.core.errors import ConfigError
    from fer_ros.evaluation.offline.compare import (
        compare_runs,
        disagreement_sheet,
        disagreements,
        is_run,
    )
    from fer_ros.evaluation.plots import pyplot

    for folder in (first, second):
        if not is_run(folder):
            raise ConfigError(
                f'{folder}: no run (no metrics.json of `fer evaluate bag`, `video` or `images` in '
                'it); to compare two models give --data')
    if out and pictures:
        pyplot()
    comparison, rows = compare_runs(first, second)
    comparison['command'] = shlex.join(['fer', *sys.argv[1:]])
    if out:
        _write(out, comparison, pictures)
        shown = disagreements(rows)
        if pictures and shown:
            disagreement_sheet(first, shown, out / 'disagreements.png')
    print(json.dumps(comparison, indent=2) if as_json else _table(comparison))


def _write(folder: Path, comparison: dict[str, Any], pictures: bool = True) -> None:
    import json

    from fer_ros.evaluation.plots import comparison_picture
    from fer_ros.training.files import write_text

    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / 'comparison.json', json.dumps(comparison, indent=2) + '\n')
    if pictures:
        comparison_picture(comparison, folder / 'comparison.png')


def _table(comparison: dict[str, Any]) -> str:
    from fer_ros.evaluation.compare import p_text

    first, second = (f'{model["name"]} {model["version"]}' for model in comparison['models'])
    lines = [
        f'A: {first}', f'B: {second}',
        f'on {comparison["n"]} {"faces" if "runs" in comparison else "crops"} of '
        f'{" and ".join(comparison["data"]["files"])}', '',
        f'{"":14}{"A":>10}{"B":>10}{"B - A":>10}   95 % interval']
    rows = {'accuracy': comparison['accuracy'], 'macro recall': comparison['macro_recall'],
            **comparison['per_class']}
    for place, (name, row) in enumerate(rows.items()):
        low, high = (100 * value for value in row['difference_ci'])
        if place == 2:
            lines.append('recall of')
        lines.append(
            f'{name:14}{100 * row["first"]:8.2f} %{100 * row["second"]:8.2f} %'
            f'{100 * row["difference"]:+10.2f}   {low:+.2f} to {high:+.2f}')
    test = comparison['mcnemar']
    over = f' ({test["over"]})' if 'over' in test else ''
    lines += ['', f'only A right {test["only_first"]}, only B right {test["only_second"]}{over}; '
              f"McNemar's exact test: {p_text(test['p'])}"]
    return '\n'.join(lines)
