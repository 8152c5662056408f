"""`fer bench`: what the package costs on this machine."""

from __future__ import annotations

import argparse
import importlib

__all__ = ['EPILOG', 'add_arguments', 'run']

# Where each kind of measurement is declared; `pipeline` is what `fer bench` alone means.
_KINDS = {
    'formats': 'fer_ros.bench.formats',
    'memory': 'fer_ros.bench.node.memory',
    'node': 'fer_ros.bench.node.command',
    'peers': 'fer_ros.bench.peers.command',
    'tables': 'fer_ros.bench.document',
}
_PIPELINE = 'fer_ros.bench.command'

EPILOG = """\
Every case is one pipeline on one kind of frame. All take turns, again and again; those of one
thread are kept on one core. Times are of the processor, which other programs disturb less than
those of the clock; compare them within one run, or with --against, which corrects for how fast
the machine was in each run.

examples:
  fer bench                                    the default, and one thing changed at a time
  fer bench --full --out bench/                everything: table, stage chart, JSON
  fer bench --size 640x480 --faces 1 --faces 5 --model resnet_48 --model exported/resnet_48_int8
  fer bench --against bench/bench.json         ratios to an earlier run
  fer bench node                               the node, over DDS, against a bare echo
  fer bench memory --frames 100000             what the node holds over many results
  fer bench formats resnet_48 models/resnet_48_int8    a model in several formats
  fer bench peers                              other packages on the same frames
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options, and what can be measured besides the pipeline."""
    pipeline = importlib.import_module(_PIPELINE)
    pipeline.add_arguments(parser)
    parser.set_defaults(measure=pipeline.run)
    kinds = parser.add_subparsers(dest='kind', metavar='KIND')
    for name, path in _KINDS.items():
        module = importlib.import_module(path)
        sub = kinds.add_parser(
            name, help=module.SUMMARY, epilog=module.EPILOG,
            description=f'{module.SUMMARY[0].upper()}{module.SUMMARY[1:]}.',
            formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(sub)
        sub.set_defaults(measure=module.run)


def run(args: argparse.Namespace) -> int:
    """Run the chosen measurement; returns the exit code."""
    return int(args.measure(args))
