"""`fer bench formats`: a model as float32, float16, int8, ... on the same frames."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from fer_ros.bench.cases import chosen_cases
from fer_ros.bench.command import chosen_core, measure_cases, write_result
from fer_ros.bench.options import add_frames_options, add_portrait_option, add_result_options
from fer_ros.bench.tables import machine_line, markdown, ms
from fer_ros.core.model import load_model

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'formats_table', 'run']

SUMMARY = 'a model in several formats, or several models, on the same frames'

EPILOG = """\
Figures are ratios to the first model; 640x480, one core, all in turn. The accuracy is that of the
manifest: compare it where all were evaluated on the same crops, as by `fer export --validation`.

examples:
  fer export resnet_48 --format float16 --validation fer_publictest.npz
  fer export resnet_48 --format int8 --data fer_training.npz --validation fer_publictest.npz
  fer bench formats resnet_48 models/resnet_48_float16 models/resnet_48_int8
"""

_FACES = (1, 5)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        'models', nargs='+', metavar='NAME|FOLDER', help='installed models or model folders')
    add_frames_options(parser)
    parser.add_argument(
        '--core', type=int, metavar='N',
        help='core on which all is kept (default: that which has been idle most)')
    add_portrait_option(parser)
    add_result_options(parser, 'formats.json')


def run(args: argparse.Namespace) -> int:
    """Measure, tell, write; returns the exit code.

    Raises:
        FerError: A model or the picture cannot be loaded, or a number is out of range.
    """
    cases = chosen_cases(models=args.models, faces=args.faces or _FACES)
    models = {name: load_model(name) for name in dict.fromkeys(args.models)}
    result = {
        'kind': 'formats', 'command': f'fer bench formats {" ".join(models)}',
        'models': {name: {
            'name': model.manifest.name, 'sha256': model.manifest.sha256,
            'bytes': len(model.data), 'accuracy': model.manifest.metrics.get('accuracy')}
            for name, model in models.items()},
        **measure_cases(cases, args.rounds, chosen_core(args.core), args.image)}
    print(json.dumps(result, indent=1) if args.json else formats_table(result))
    if args.out:
        write_result(Path(args.out) / 'formats.json', result)
    return 0


def formats_table(result: Mapping[str, Any]) -> str:
    """Return the figures as text with a table."""
    times = {
        (case['model'], case['faces']): {
            stage: case['stages'][stage]['cpu_ms']['p50'] for stage in ('classify', 'whole')}
        for case in result['cases']}
    first = next(iter(result['models']))
    rows = []
    for name, about in result['models'].items():
        for faces in dict.fromkeys(case['faces'] for case in result['cases']):
            own, base = times[name, faces], times[first, faces]
            accuracy = about['accuracy']
            rows.append([
                f'`{about["name"]}`', f'{about["bytes"] / 1e6:.1f}',
                '' if accuracy is None else f'{100 * accuracy:.2f}', faces,
                *(text for stage in ('classify', 'whole') for text in (
                    ms(own[stage]), f'{own[stage] / base[stage]:.2f}' if base[stage] else ''))])
    return '\n\n'.join([
        machine_line(result),
        f'640x480, one core, milliseconds of processor time, median of {result["rounds"]} frames '
        'in turn; ratios to the first model; accuracy of the manifest.',
        markdown(['model', 'file, MB', 'accuracy, %', 'faces', 'classify', 'ratio', 'whole',
                  'ratio'], rows)])
