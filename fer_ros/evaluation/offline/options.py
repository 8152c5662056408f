"""Options and printed answers that the three kinds of `fer evaluate` share."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from fer_ros.commands.options import (
    add_no_faces_option,
    add_pipeline_options,
    add_stream_options,
    count,
    seconds,
)
from fer_ros.core.errors import ConfigError
from fer_ros.evaluation.compare import interval_text
from fer_ros.evaluation.offline.execute import execute
from fer_ros.evaluation.offline.labels.words import parse_renames, Words
from fer_ros.evaluation.offline.parquet import pyarrow
from fer_ros.evaluation.offline.report import figure_table, over_time
from fer_ros.evaluation.offline.run import Job, Run
from fer_ros.evaluation.records import table

__all__ = ['add_recording_options', 'add_run_options', 'finish', 'words_of']


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of every run."""
    parser.add_argument(
        '--out', required=True, metavar='FOLDER',
        help='write metrics.json, predictions.csv, the pictures and report.html into this folder; '
             'a run that was cut goes on where it was')
    parser.add_argument(
        '--rename', action='append', default=[], metavar='WORD=EMOTION',
        help='what a word in the labels means; may be given several times')
    parser.add_argument(
        '--jobs', type=count, default=1, metavar='N',
        help='processes, each with a model of its own (default: %(default)s)')
    parser.add_argument(
        '--scheduler', default='', metavar='ADDRESS',
        help='do the work on a Dask cluster, such as tcp://host:8786, whose machines find the '
             'data under the same paths')
    add_no_faces_option(parser)
    parser.add_argument(
        '--no-report', action='store_true', help='only the figures: no pictures, no report.html')
    parser.add_argument(
        '--parquet', action='store_true',
        help='write predictions.parquet beside predictions.csv, for Pandas, Polars, DuckDB, ...')
    parser.add_argument(
        '--fresh', action='store_true', help='do again what an earlier run in --out has done')
    parser.add_argument(
        '--json', action='store_true', help='print metrics.json instead of a table')
    add_pipeline_options(parser)


def add_recording_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of recordings."""
    parser.add_argument(
        '--labels', metavar='FILE|FOLDER',
        help='timeline with the columns start,end,emotion[,track|person][,file], a text export of '
             'ELAN or a TextGrid of Praat; or a folder with one for each recording')
    parser.add_argument(
        '--person', action='append', default=[], metavar='NAME=TRACK,...',
        help='the tracks of a person in the labels, where several are labelled at once; may be '
             'given several times')
    parser.add_argument(
        '--video', action='store_true',
        help='write annotated/NAME.mp4 too, with what was found drawn into it')
    parser.add_argument(
        '--start', type=seconds, default=0.0, metavar='SECONDS',
        help='begin there, counted from the first image')
    parser.add_argument(
        '--end', type=seconds, default=None, metavar='SECONDS', help='end there')
    add_stream_options(parser)


def words_of(args: argparse.Namespace, labels: tuple[str, ...]) -> Words:
    """Return what reads the words of the labels."""
    return Words(labels, parse_renames(args.rename))


def finish(run: Run, args: argparse.Namespace) -> int:
    """Do a run and print what came out; returns the exit code."""
    if args.jobs > 1 and args.scheduler:
        raise ConfigError('--jobs is for this machine, --scheduler for a cluster: give one')
    job = Job(
        args.jobs, args.scheduler, faces=not args.no_faces, report=not args.no_report,
        video=getattr(args, 'video', False), bag=getattr(args, 'bag', False), parquet=args.parquet,
        fresh=args.fresh)
    if args.parquet:
        pyarrow()  # without it, it fails now
    try:
        metrics = execute(run, job)
    except KeyboardInterrupt:
        print(f'partial results: {run.out}; the same command goes on', file=sys.stderr)
        raise
    print(json.dumps(metrics, indent=1) if args.json else _text(metrics))
    for text in metrics['warnings']:
        print(f'warning: {text}', file=sys.stderr)
    print(f'written: {run.out / ("metrics.json" if args.no_report else "report.html")}',
          file=sys.stderr)
    return 0


def _text(metrics: dict[str, Any]) -> str:
    frames = metrics['frames']
    what = 'pictures' if metrics['kind'] == 'images' else 'frames'
    lines = [
        f'{metrics["model"]["name"]} {metrics["model"]["version"]}: {frames["evaluated"]} {what}, '
        f'a face in {100 * (1 - frames["no_face_rate"]):.1f} %; {metrics["n"]} labelled faces, '
        f'{metrics["no_face"]} not found, {metrics["unknown"]} unknown']
    if metrics['n']:
        lines += ['', table([
            ('figure', 'value', '95 % interval', 'chance', 'majority'), *figure_table(metrics)]),
            interval_text(metrics['intervals'])]
        lines += ['', table([('emotion', 'recall', 'precision', 'labels'), *(
            (label, f'{100 * row["recall"]:.1f} %', f'{100 * row["precision"]:.1f} %',
             str(row['n'])) for label, row in metrics['per_class'].items() if row['n'])])]
    if 'segments' in metrics:
        lines += ['', *over_time(metrics)]
    if metrics['excluded']:
        lines += ['', 'left out: ' + ', '.join(
            f'{count} {reason}' for reason, count in metrics['excluded'].items())
            + ' (see exclusions.csv)']
    return '\n'.join(lines)

