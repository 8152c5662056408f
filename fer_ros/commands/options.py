"""Options that several commands share, and the pipeline that they describe."""

from __future__ import annotations

import argparse

from fer_ros.core.detector import DETECTORS
from fer_ros.core.pipeline import Pipeline

__all__ = ['add_pipeline_options', 'make_pipeline']


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
        '--max-faces', type=int, default=0, metavar='N',
        help='classify only the N largest faces (default: all)')
    group.add_argument(
        '--threads', type=int, default=1, metavar='N',
        help='threads of the classifier (default: %(default)s)')


def make_pipeline(args: argparse.Namespace, *, tracking: bool, smoothing: float = 0.3) -> Pipeline:
    """Return the pipeline that the options of `add_pipeline_options` describe."""
    return Pipeline.from_model(
        args.model, detector=args.detector, detector_model=args.detector_model,
        tracking=tracking, smoothing=smoothing, num_threads=args.threads,
        unknown_threshold=args.unknown_threshold, max_faces=args.max_faces)
