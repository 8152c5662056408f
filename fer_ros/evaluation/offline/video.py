"""`fer evaluate video`: video files against timelines of labels."""

from __future__ import annotations

import argparse
from pathlib import Path

from fer_ros.core.model import load_model
from fer_ros.evaluation.offline.labels.annotators import Agreement, merge_annotators
from fer_ros.evaluation.offline.labels.files import read_timelines
from fer_ros.evaluation.offline.labels.segments import Timeline
from fer_ros.evaluation.offline.options import (
    add_recording_options,
    add_run_options,
    finish,
    words_of,
)
from fer_ros.evaluation.offline.run import Run
from fer_ros.evaluation.offline.settings import Settings
from fer_ros.evaluation.offline.sources.video import video_units
from fer_ros.evaluation.offline.truth import parse_people, RecordingTruth
from fer_ros.evaluation.provenance import command_line

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'run']

SUMMARY = 'the whole pipeline on video files, against labels over time'

EPILOG = """\
Times of labels are in seconds from the first frame. A label is about the face of its track, of its
person's tracks (--person), or else the largest face. Without --labels there are timelines and
predictions, but no figures.

examples:
  fer evaluate video talk.mp4 --labels talk.csv --out report/
  fer evaluate video 'sessions/*.mp4' --labels sessions/ --jobs 4 --out report/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer evaluate video`."""
    parser.add_argument('videos', nargs='+', metavar='VIDEO', help='file, or pattern of files')
    add_recording_options(parser)
    add_run_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run `fer evaluate video`; returns the exit code."""
    units = video_units(args.videos)
    settings = Settings.from_options(args)
    words = words_of(args, load_model(args.model).manifest.labels)
    segments = read_timelines(Path(args.labels), [unit.recording for unit in units], words) \
        if args.labels else {}
    people = parse_people(args.person)
    agreement = Agreement()
    truths = [
        RecordingTruth(
            Timeline(merge_annotators(segments.get(unit.recording, []), agreement)), 0.0, people)
        for unit in units]
    return finish(Run(
        'video', units, settings, Path(args.out), command_line(), truths,
        data=[unit.path for unit in units], labelled=bool(args.labels), agreement=agreement),
        args)
