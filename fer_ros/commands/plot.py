"""`fer plot`: a quick look at predictions."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ['EPILOG', 'add_arguments', 'run']

EPILOG = """\
examples:
  fer plot timeline predictions.csv                 timeline.png beside it
  fer plot timeline emotions.csv --out smile.png    of `fer video --csv`
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer plot`."""
    kinds = parser.add_subparsers(dest='kind', metavar='KIND', required=True)
    timeline = kinds.add_parser(
        'timeline', help='the probabilities of each face over time, against labels if there are '
                         'any',
        description='The probabilities of each face over time, against labels if there are any.')
    timeline.add_argument(
        'predictions', metavar='FILE',
        help='predictions.csv or .parquet of `fer evaluate`, or the CSV of `fer video`')
    timeline.add_argument(
        '--out', metavar='FILE.png', help='the picture (default: timeline.png beside FILE)')
    timeline.add_argument(
        '--recording', metavar='NAME', help='which recording, where the file holds several')


def run(args: argparse.Namespace) -> int:
    """Run `fer plot`; returns the exit code."""
    from fer_ros.core.errors import ConfigError
    from fer_ros.evaluation.offline.pictures import draw_timeline
    from fer_ros.evaluation.offline.read_predictions import read_predictions

    source = Path(args.predictions)
    out = Path(args.out) if args.out else source.with_name('timeline.png')
    if out.suffix != '.png':
        raise ConfigError(f'--out must end in .png, got {out}')
    content = read_predictions(source, args.recording)
    out.parent.mkdir(parents=True, exist_ok=True)
    draw_timeline(out, content.labels, content.tracks, content.times, content.seen, content.pairs)
    print(f'written: {out}')
    return 0
