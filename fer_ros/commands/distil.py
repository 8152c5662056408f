"""`fer distil`: train a student on what its teachers say."""

from __future__ import annotations

import argparse
import sys

from fer_ros.commands.train import (
    add_data_options,
    default_recipe,
    job_of,
    need_training,
    read_data,
    records,
    tell,
)
from fer_ros.core.errors import ConfigError

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'run']

SUMMARY = 'train a student network on what one or more teacher models say'

EPILOG = """\
The student's targets are, by --share, the teachers' mean over slightly moved copies of each
picture, and the taggers' votes for the rest. The teachers are asked once, before the first epoch.

examples:
  fer distil --teacher ensemble_48 --student config/training/mobile_48.yaml --data fer_training.npz
      --validation fer_publictest.npz
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer distil`."""
    parser.add_argument(
        '--teacher', action='append', required=True, metavar='NAME|FOLDER',
        help='teacher model; give it again for more of them')
    parser.add_argument(
        '--student', dest='student', metavar='YAML',
        help="the student's recipe (default: that of the shipped model)")
    parser.add_argument(
        '--share', type=float, default=0.7,
        help='share of the teachers in the targets, 0 to 1 (default: %(default)s)')
    parser.add_argument(
        '--temperature', type=float, default=1.0,
        help='softens (> 1) or sharpens (< 1) what the teachers say (default: %(default)s)')
    parser.add_argument(
        '--views', type=int, default=4,
        help='moved copies of a picture that the teachers see (default: %(default)s)')
    add_data_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run `fer distil`; returns the exit code."""
    from fer_ros.training.config import load_config

    if args.student and args.config:
        raise ConfigError('--student and --config both name a recipe; give one of them')
    config = load_config(
        args.student or args.config or default_recipe(), name=args.name, epochs=args.epochs,
        seed=args.seed, labels='votes')
    training, validation = read_data(args, config)
    if args.check_only:
        return 0
    need_training()
    from fer_ros.training.convert import check_converter
    from fer_ros.training.distil import blend, teacher_distributions
    from fer_ros.training.job import run_job
    from fer_ros.training.record import model_record

    check_converter('float32')
    job = job_of(args, config, records(args, training, validation), {
        'teachers': [model_record(teacher) for teacher in args.teacher],
        'teacher_share': args.share, 'teacher_temperature': args.temperature,
        'teacher_views': args.views})
    job.run.mkdir(parents=True, exist_ok=True)
    taught = teacher_distributions(
        args.teacher, training, views=args.views, seed=config.seed,
        cache=job.run / 'teachers.npz', progress=sys.stderr.isatty())
    blended = blend(training, taught, share=args.share, temperature=args.temperature)
    run_job(job, config, blended, validation)
    return tell(job)
