"""Options that several commands share, and the pipeline that they describe."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from fer_ros.core.alignment import ALIGN
from fer_ros.core.classifier import PRIORS
from fer_ros.core.detector import DETECTORS
from fer_ros.core.errors import ConfigError
from fer_ros.core.pipeline import MAX_YAW, Pipeline
from fer_ros.core.runtime import quiet_runtime
from fer_ros.data.crops import SPLITS

__all__ = [
    'add_crops_options', 'add_detector_options', 'add_license_option', 'add_no_faces_option',
    'add_pipeline_options', 'add_scene_options', 'add_split_option', 'add_stream_options',
    'check_folder', 'count', 'make_pipeline', 'seconds',
]


def count(text: str) -> int:
    """Read a positive whole number; for `type=` of an option."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'must be a whole number from 1, got {text!r}')
    return int(text)


def seconds(text: str) -> float:
    """Read a finite number that is not negative; for `type=` of an option."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f'must be a number from 0, got {text!r}')
    return value


def check_folder(path: str | Path | None, option: str = '--out') -> None:
    """Refuse a file where a folder is to be written, before any work is done.

    Args:
        path: What was given; nothing is right, too.
        option: By which option.

    Raises:
        ConfigError: It is there, and no folder.
    """
    if path and Path(path).exists() and not Path(path).is_dir():
        raise ConfigError(f'{option} {path} is a file, not a folder')


def add_crops_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that choose labelled face crops to measure on."""
    parser.add_argument(
        '--data', required=True, metavar='PATH',
        help='labelled face crops, as for `fer evaluate model`')
    add_split_option(parser)


def add_split_option(parser: argparse.ArgumentParser, default: str = 'validation') -> None:
    """Declare the option that chooses the part of labelled face crops."""
    parser.add_argument(
        '--split', default=default, choices=SPLITS,
        help='part of data that tell splits apart (default: %(default)s)')


def add_license_option(parser: argparse.ArgumentParser, data: str = 'the data') -> None:
    """Declare the option that tells what may be done with `data`."""
    parser.add_argument(
        '--data-license', default='licence not given', metavar='TEXT',
        help=f'licence of {data}, for the record')


def add_no_faces_option(parser: argparse._ActionsContainer) -> None:
    """Declare the option that keeps faces out of reports."""
    parser.add_argument(
        '--no-faces', action='store_true',
        help='no picture that shows faces, for a report that may be passed on')


def add_stream_options(parser: argparse.ArgumentParser) -> None:
    """Declare how the pipeline goes through frames that follow each other."""
    parser.add_argument(
        '--every', type=count, default=1, metavar='N', help='use every Nth frame only')
    parser.add_argument(
        '--detect-every', type=count, default=1, metavar='N',
        help='look for faces in every Nth frame, and move them by what they show in between '
             '(default: %(default)s)')
    parser.add_argument(
        '--smoothing', type=seconds, default=0.3, metavar='SECONDS',
        help='time constant of the smoothing, 0 for none (default: %(default)s)')


def add_scene_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of scenes that are made of face crops, and of what finds them there."""
    parser.add_argument(
        '--scenes', metavar='FOLDER',
        help='data set with backgrounds, as for `fer evaluate detector` (default: even grey)')
    add_detector_options(parser)


def add_detector_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of what finds faces, where no model is chosen."""
    parser.add_argument(
        '--detector', default=DETECTORS[0], choices=DETECTORS, help='default: %(default)s')
    parser.add_argument(
        '--detector-model', default='', metavar='FILE', help='network of yunet')


def add_pipeline_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that choose model and detector."""
    group = parser.add_argument_group('model and detector')
    group.add_argument(
        '--model', metavar='NAME|FOLDER',
        help='installed model or model folder (default: the shipped model)')
    group.add_argument(
        '--detector', default=DETECTORS[0], choices=DETECTORS,
        help='face detector (default: %(default)s)')
    group.add_argument(
        '--detector-model', default='', metavar='FILE',
        help='network file of the detector, for yunet')
    group.add_argument(
        '--unknown-threshold', type=float, metavar='P',
        help="confidence below which the label is `unknown` (default: the model's)")
    group.add_argument(
        '--priors', default=PRIORS[0], choices=PRIORS,
        help='how frequent the emotions are taken to be: as in the training data, or equally, '
             'which finds more of the rare ones (default: %(default)s)')
    group.add_argument(
        '--align', default=ALIGN[0], choices=ALIGN,
        help='turn the crop with the head where detector and model know landmarks '
             '(default: %(default)s)')
    group.add_argument(
        '--max-yaw', type=float, default=MAX_YAW, metavar='DEGREES',
        help='a head turned aside by more is `unknown`, where landmarks tell (default: no limit)')
    group.add_argument(
        '--max-faces', type=int, default=0, metavar='N',
        help='classify only the N largest faces (default: all)')
    group.add_argument(
        '--threads', type=int, default=1, metavar='N',
        help='threads of the classifier (default: %(default)s)')


def make_pipeline(
    args: argparse.Namespace, *, tracking: bool, smoothing: float = 0.3, detect_every: int = 1,
) -> Pipeline:
    """Return the pipeline that the options of `add_pipeline_options` describe."""
    with quiet_runtime():
        return Pipeline.from_model(
            args.model, detector=args.detector, detector_model=args.detector_model,
            tracking=tracking, smoothing=smoothing, num_threads=args.threads,
            unknown_threshold=args.unknown_threshold, max_faces=args.max_faces,
            priors=args.priors, align=args.align, max_yaw=args.max_yaw,
            detect_every=detect_every)
