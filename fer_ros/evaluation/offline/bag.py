"""`fer evaluate bag`: recordings of a robot, without ROS."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

from fer_ros.commands.compare import compare_folders
from fer_ros.core.errors import ConfigError
from fer_ros.core.model import load_model
from fer_ros.evaluation.offline.labels.annotators import Agreement, merge_annotators
from fer_ros.evaluation.offline.labels.files import read_timelines
from fer_ros.evaluation.offline.labels.segments import Segment, Timeline
from fer_ros.evaluation.offline.labels.topic import topic_segments
from fer_ros.evaluation.offline.labels.words import Words
from fer_ros.evaluation.offline.options import (
    add_recording_options,
    add_run_options,
    finish,
    words_of,
)
from fer_ros.evaluation.offline.run import Run
from fer_ros.evaluation.offline.settings import Settings
from fer_ros.evaluation.offline.sources.bag import bag_units, BagUnit
from fer_ros.evaluation.offline.sources.storage import BagFiles
from fer_ros.evaluation.offline.truth import parse_people, RecordingTruth
from fer_ros.evaluation.provenance import command_line

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'run']

SUMMARY = 'the whole pipeline on rosbags, against labels over time'

EPILOG = """\
Bags of ROS 2 (sqlite3, mcap, compressed, split) and of ROS 1, whole or damaged. Times of labels
are in seconds from the first image, by the stamps of the headers, or in Unix time. A label is
about the face of its track, of its person's tracks (--person), or else the largest face.

examples:
  fer evaluate bag session/ --labels session.csv --out report/
  fer evaluate bag day1/ day2/ --topic /camera/image_raw --labels labels/ --jobs 2 --out report/
  fer evaluate bag session/ --label-topic /expression --out report/
  fer evaluate bag session/ --from-topic /emotion_node/emotions --labels session.csv --out report/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer evaluate bag`."""
    parser.add_argument('bags', nargs='+', metavar='BAG', help='folder or file of a bag')
    parser.add_argument(
        '--topic', action='append', default=[], metavar='TOPIC',
        help='topic with images, raw or compressed; may be given several times (default: the '
             'only one)')
    parser.add_argument(
        '--label-topic', default='', metavar='TOPIC',
        help='topic with labels instead of --labels: std_msgs/String with an emotion, which holds '
             'until the next message, or fer_msgs/EmotionArray')
    parser.add_argument(
        '--from-topic', default='', metavar='TOPIC',
        help='score the fer_msgs/EmotionArray that the robot published then; where the bag has '
             "images, today's model is scored in OUT/today too, and compared")
    parser.add_argument(
        '--bag', action='store_true',
        help='write annotated/NAME_emotions/ too: a bag (MCAP) with the original messages, the '
             'results, detections and annotated images')
    add_recording_options(parser)
    add_run_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run `fer evaluate bag`; returns the exit code."""
    if args.labels and args.label_topic:
        raise ConfigError('--labels and --label-topic are two ways to give labels: choose one')
    settings = Settings.from_options(args)
    paths, out = [Path(bag) for bag in args.bags], Path(args.out)
    words = words_of(args, load_model(args.model).manifest.labels)
    files = [file for path in paths for file in BagFiles(path).files]

    def run_of(units: list[BagUnit], folder: Path) -> Run:
        agreement = Agreement()
        truths = _truths(args, units, words, agreement)
        return Run('bag', units, settings, folder, command_line(), truths, data=files,
                   labelled=bool(args.labels or args.label_topic), agreement=agreement)

    code = finish(run_of(bag_units(paths, args.topic, results=args.from_topic), out), args)
    if not args.from_topic:
        return code
    try:
        today = bag_units(paths, args.topic)
    except ConfigError as error:
        print(f"today's model was not asked: {error}", file=sys.stderr)
        return code
    print("\ntoday's model on the images:")
    finish(run_of(today, out / 'today'), args)
    if args.labels or args.label_topic:
        print("\nrecorded (A) against today's model (B):")
        compare_folders(out, out / 'today', out / 'comparison', pictures=not args.no_report,
                        faces=not args.no_faces)
    return code


def _truths(
    args: argparse.Namespace, units: list[BagUnit], words: Words, agreement: Agreement,
) -> list[RecordingTruth]:
    people = parse_people(args.person)
    if args.label_topic:
        segments: dict[str, list[Segment]] = {
            unit.recording: topic_segments(BagFiles(unit.path), args.label_topic, words)
            for unit in units}
    elif args.labels:
        segments = read_timelines(
            Path(args.labels), list(dict.fromkeys(unit.recording for unit in units)), words)
    else:
        segments = {}
    merged: dict[str, Timeline] = {}
    for unit in units:
        # Once a recording: its cameras share the labels.
        if unit.recording not in merged:
            merged[unit.recording] = Timeline(
                merge_annotators(segments.get(unit.recording, []), agreement))
    return [
        RecordingTruth(merged[unit.recording], unit.zero, people, logged=bool(args.label_topic))
        for unit in units]
