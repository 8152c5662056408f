"""`fer compare`: two models on the same faces, with the tests for paired answers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'run']

SUMMARY = 'whether one model is better than another on the same faces'

EPILOG = """\
examples:
  fer compare models/old models/new --data fer_publictest.npz
  fer compare resnet_48 tiny_48 --data my_faces/ --out comparison/

Differences are MODEL_B less MODEL_A, with 95 % intervals of a bootstrap that draws the same images
(people, where they are known) for both. p is that of McNemar's exact test: how likely two equally
good models differ at least as much.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer compare`."""
    for name in ('model_a', 'model_b'):
        parser.add_argument(
            name, metavar=name.upper(), help='model folder or name of an installed model')
    parser.add_argument(
        '--data', required=True, metavar='PATH',
        help='labelled face crops, as of `fer evaluate model`')
    parser.add_argument(
        '--split', default='validation', choices=('train', 'validation', 'test'),
        help='part of data that tell splits apart (default: %(default)s)')
    parser.add_argument(
        '--out', metavar='FOLDER',
        help='write comparison.json and comparison.png into this folder')
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
    from fer_ros.evaluation.model import answers, file_records, load_data_for
    from fer_ros.evaluation.plots import pyplot

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


def _write(folder: Path, comparison: dict[str, Any]) -> None:
    import json

    from fer_ros.evaluation.plots import comparison_picture
    from fer_ros.training.files import write_text

    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / 'comparison.json', json.dumps(comparison, indent=2) + '\n')
    comparison_picture(comparison, folder / 'comparison.png')


def _table(comparison: dict[str, Any]) -> str:
    from fer_ros.evaluation.compare import p_text

    first, second = (f'{model["name"]} {model["version"]}' for model in comparison['models'])
    lines = [
        f'A: {first}', f'B: {second}',
        f'on {comparison["n"]} crops of {" and ".join(comparison["data"]["files"])}', '',
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
    lines += ['', f'only A right {test["only_first"]}, only B right {test["only_second"]}; '
              f"McNemar's exact test: {p_text(test['p'])}"]
    return '\n'.join(lines)
