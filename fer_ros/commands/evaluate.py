"""`fer evaluate`: figures with the command that makes them."""

from __future__ import annotations

import argparse
import importlib

__all__ = ['EPILOG', 'add_arguments', 'run']

_KINDS = {
    'model': 'fer_ros.evaluation.model',
    'detector': 'fer_ros.evaluation.detector.command',
    'crop': 'fer_ros.evaluation.crop_fit',
    'alignment': 'fer_ros.evaluation.alignment',
    'pose': 'fer_ros.evaluation.pose',
    'flow': 'fer_ros.evaluation.flow',
    'images': 'fer_ros.evaluation.offline.images',
    'video': 'fer_ros.evaluation.offline.video',
    'bag': 'fer_ros.evaluation.offline.bag',
    'tracking': 'fer_ros.evaluation.tracking.command',
}

EPILOG = """\
examples:
  fer evaluate model --data fer_publictest.npz
  fer evaluate model models/my_model my_faces/ --out report/
  fer evaluate bag session/ --labels session.csv --out report/
  fer evaluate images --labels index.csv --out report/
  fer evaluate detector --help
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be evaluated, with the options of each."""
    kinds = parser.add_subparsers(dest='kind', metavar='KIND', required=True)
    for name, path in _KINDS.items():
        module = importlib.import_module(path)
        summary = module.SUMMARY
        sub = kinds.add_parser(
            name, help=summary, description=f'{summary[0].upper()}{summary[1:]}.',
            epilog=getattr(module, 'EPILOG', None),
            formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(sub)
        sub.set_defaults(evaluate=module.run)


def run(args: argparse.Namespace) -> int:
    """Run the chosen evaluation; returns the exit code."""
    return int(args.evaluate(args))
