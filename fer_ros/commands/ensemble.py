"""`fer ensemble`: several models become one that gives their mean."""

from __future__ import annotations

import argparse
from pathlib import Path

from fer_ros.commands.options import add_license_option
from fer_ros.commands.train import need_training
from fer_ros.core.errors import ConfigError

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'run']

SUMMARY = 'average models into one that runs like any other'

EPILOG = """\
Members must have the same input and the same emotions. Their weights in the mean are fitted on
the validation data, on which the ensemble is also calibrated and measured.

examples:
  fer ensemble a_48 b_48 c_48 --name ensemble_48 --validation fer_publictest.npz
"""

_MEANS = ('probabilities', 'logits')
_FORMATS = ('float32', 'float16')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer ensemble`."""
    parser.add_argument(
        'members', nargs='+', metavar='NAME|FOLDER', help='models that `fer train` made')
    parser.add_argument('--name', required=True, help='name of the ensemble')
    parser.add_argument(
        '--validation', required=True, metavar='PATH', help='validation data, as for `fer train`')
    parser.add_argument(
        '--mean', default=_MEANS[0], choices=_MEANS,
        help='what is averaged (default: %(default)s)')
    parser.add_argument(
        '--equal', action='store_true', help='equal weights instead of fitted ones')
    parser.add_argument(
        '--format', default=_FORMATS[0], choices=_FORMATS,
        help='how the weights are kept; float16 halves the file (default: %(default)s)')
    parser.add_argument(
        '--abstain-share', type=float, default=0.05, metavar='SHARE',
        help='share of the validation faces answered `unknown` (default: %(default)s)')
    add_license_option(parser, 'the validation data')
    parser.add_argument(
        '--out', metavar='FOLDER', help='the model folder (default: models/NAME)')


def run(args: argparse.Namespace) -> int:
    """Run `fer ensemble`; returns the exit code."""
    if len(args.members) < 2:
        raise ConfigError('an ensemble needs two members or more')
    need_training()
    from fer_ros.training.ensemble import export_ensemble
    from fer_ros.training.record import command_line

    out = export_ensemble(
        args.members, args.name, args.validation, Path(args.out or Path('models') / args.name),
        mean=args.mean, equal=args.equal, form=args.format,
        abstain_share=args.abstain_share,
        license_text=args.data_license, command=command_line(),
        report=lambda line: print(line, flush=True))
    print(f'model:      {out}')
    return 0
