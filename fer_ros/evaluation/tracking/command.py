"""`fer evaluate tracking`: do people keep their numbers, and labels their place?

People made of labelled face crops walk through scenes, cross, hide each other and are blurred. A
detector and a model look at them once, and several ways to follow them are compared on the same
detections and the same answers.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
import contextlib
import functools
import json
import operator
from pathlib import Path
import sys
from typing import Any

import numpy as np
from tqdm import tqdm

from fer_ros.commands.options import add_crops_options, check_folder
from fer_ros.core.classifier import Classifier
from fer_ros.core.detector import create_detector, DETECTORS, FaceDetector
from fer_ros.core.errors import ConfigError
from fer_ros.core.model import load_model, Model
from fer_ros.core.runtime import quiet_runtime
from fer_ros.evaluation.model import load_data_for
from fer_ros.evaluation.provenance import command_line, file_records
from fer_ros.evaluation.tracking.identity import IdentityFigures
from fer_ros.evaluation.tracking.people import Faces
from fer_ros.evaluation.tracking.scene import Scene
from fer_ros.evaluation.tracking.simulated import SimulatedDetector
from fer_ros.evaluation.tracking.steadiness import LabelFigures
from fer_ros.evaluation.tracking.study import (
    Answers,
    follow,
    Observation,
    observe,
    own_way,
    score,
    tracker_cost,
    WAYS,
)

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'run']

SUMMARY = 'identity switches, label flips and delays of tracking and smoothing, on made-up scenes'

EPILOG = """\
examples:
  fer evaluate tracking --data fer_publictest.npz
  fer evaluate tracking --data my_faces/ --detector haar --scenes 3 --out report/

With --out: tracking.json and timeline.png.
"""

_SIMULATED = 'simulated'
_COST_FACES = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer evaluate tracking`."""
    add_crops_options(parser)
    parser.add_argument(
        '--faces', default='all', choices=('all', 'even', 'odd'),
        help='every other crop only: choose constants on one half, report on the other '
             '(default: %(default)s)')
    parser.add_argument('--model', metavar='NAME|FOLDER', help='default: the shipped model')
    parser.add_argument(
        '--detector', default=_SIMULATED, choices=(_SIMULATED, *DETECTORS),
        help='a made-up detector that errs as real ones do, or a real one (default: %(default)s)')
    parser.add_argument(
        '--detector-model', default='', metavar='PATH',
        help='network file of yunet, folder of fer_face')
    parser.add_argument('--scenes', type=int, default=10, metavar='N', help='default: %(default)s')
    parser.add_argument(
        '--duration', type=float, default=20.0, metavar='SECONDS',
        help='of a scene (default: %(default)s)')
    parser.add_argument(
        '--people', type=int, default=4, metavar='N', help='in a scene (default: %(default)s)')
    parser.add_argument(
        '--rate', type=float, default=30.0, metavar='HZ', help='frames a second (default: 30)')
    parser.add_argument(
        '--way', action='append', default=[], metavar='NAME=VALUE,...',
        help='one more row: the package with other settings, named as the arguments of Pipeline: '
             'smoothing, label_margin, label_min_dwell, unknown_hysteresis, track_max_gap, '
             'track_start_score; may be repeated')
    parser.add_argument('--seed', type=int, default=0, help='of the scenes (default: %(default)s)')
    parser.add_argument(
        '--out', metavar='FOLDER', help='write tracking.json and timeline.png into this folder')
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')


def run(args: argparse.Namespace) -> int:
    """Run `fer evaluate tracking`; returns the exit code."""
    _check(args)
    if args.out:
        # Without matplotlib it fails now, not after minutes.
        from fer_ros.evaluation.plots import pyplot

        pyplot()
    ways = {**WAYS, **{text: own_way(text) for text in args.way}}
    model = load_model(args.model)
    for make in ways.values():
        make(model)  # what is out of range is told now, not after minutes
    data = load_data_for(model.manifest, args.data, args.split)
    chosen = {'all': slice(None), 'even': slice(0, None, 2), 'odd': slice(1, None, 2)}[args.faces]
    faces = Faces(data.images[chosen], np.asarray(data.targets[chosen], np.int64), data.labels)
    scenes = list(_observe(args, model, faces))
    convention = _detector(args, 0).box_convention
    result: dict[str, Any] = {
        'command': command_line(),
        'model': {'name': model.manifest.name, 'version': model.manifest.version,
                  'sha256': model.manifest.sha256},
        'data': file_records(data.files), 'ways': {}}
    answers: dict[str, list[Answers]] = {}
    for name, make in ways.items():
        # A follower a scene: people of one scene are not those of the next.
        reported = [follow(scene, make(model)) for scene in scenes]
        figures = [
            score(scene, faces_of, labels=faces.labels, rate=args.rate, convention=convention)
            for scene, faces_of in zip(scenes, reported, strict=True)]
        result['ways'][name] = _figures(
            functools.reduce(operator.add, (identity for identity, _ in figures)),
            functools.reduce(operator.add, (labels for _, labels in figures)))
        answers[name] = reported[0]
    median, high = tracker_cost(_COST_FACES)
    result['tracker_ms'] = {
        'faces': _COST_FACES, 'median': round(median, 3), 'p95': round(high, 3)}
    if args.out:
        _write(Path(args.out), result, scenes[0], answers, faces.labels, convention)
    print(json.dumps(result, indent=2) if args.json else _table(result))
    return 0


def _check(args: argparse.Namespace) -> None:
    for name, low, high in (
            ('scenes', 1, 10_000), ('duration', 1.0, 3600.0), ('people', 1, 50),
            ('rate', 1.0, 240.0), ('seed', 0, 2**31)):
        if not low <= getattr(args, name) <= high:
            raise ConfigError(
                f'--{name} must lie in [{low:g}, {high:g}], got {getattr(args, name)}')
    check_folder(args.out)


def _detector(args: argparse.Namespace, scene: int) -> SimulatedDetector | FaceDetector:
    if args.detector == _SIMULATED:
        return SimulatedDetector([args.seed, scene])
    return create_detector(args.detector, model_path=args.detector_model)


def _observe(
    args: argparse.Namespace, model: Model, faces: Faces,
) -> Iterator[list[Observation]]:
    with quiet_runtime():
        classifier = Classifier(model)
    total = args.scenes * int(args.duration * args.rate)
    with tqdm(total=total, desc='observe', unit='frame', disable=not sys.stderr.isatty()) as bar:
        for index in range(args.scenes):
            scene = Scene(
                faces, people=args.people, duration=args.duration, seed=[args.seed, index])
            seen = []
            for observation in observe(
                    scene, args.rate, _detector(args, index), classifier, model):
                seen.append(observation)
                bar.update()
            yield seen


def _figures(identity: IdentityFigures, labels: LabelFigures) -> dict[str, float | int | None]:
    delay = labels.delay
    return {
        'mota': round(identity.mota, 4), 'idf1': round(identity.idf1, 4),
        'switches': identity.switches, 'fragments': identity.fragments, 'ids': identity.ids,
        'misses': identity.misses, 'false_alarms': identity.false_alarms,
        'faces': identity.faces, 'minutes': round(labels.minutes, 2),
        'flips_per_minute': round(labels.flips_per_minute, 2),
        'true_changes_per_minute': round(labels.true_changes_per_minute, 2),
        'right': round(labels.right / max(1, labels.faces), 4),
        'unknown': round(labels.unknown / max(1, labels.faces), 4),
        'delay_median': None if np.isnan(delay) else round(delay, 3),
        'told': None if np.isnan(labels.told) else round(labels.told, 4),
        'changes': len(labels.delays)}


def _write(
    folder: Path, result: Mapping[str, Any], observations: list[Observation],
    answers: Mapping[str, list[Answers]], labels: tuple[str, ...], convention: str,
) -> None:
    from fer_ros.evaluation.tracking.picture import timeline_picture
    from fer_ros.training.files import write_text

    folder.mkdir(parents=True, exist_ok=True)
    for name in ('tracking.json', 'timeline.png'):
        with contextlib.suppress(FileNotFoundError):
            (folder / name).unlink()
    timeline_picture(
        observations, {name: answers[name] for name in WAYS}, labels, convention,
        folder / 'timeline.png')
    write_text(folder / 'tracking.json', json.dumps(result, indent=2) + '\n')


def _table(result: Mapping[str, Any]) -> str:
    ways, cost = result['ways'], result['tracker_ms']
    first = next(iter(ways.values()))
    lines = [
        f'{first["faces"]} visible faces in {first["minutes"]:.1f} minutes of people who were '
        f'found, {first["changes"]} changes of expression that could be seen '
        f'({first["true_changes_per_minute"]:.1f} a minute)', '',
        '| way | MOTA | IDF1 | switches | fragments | numbers | false | flips a minute | right '
        '| unknown | delay | told |', '|---' * 12 + '|']
    for name, row in ways.items():
        delay = '-' if row['delay_median'] is None else f'{row["delay_median"]:.2f} s'
        told = '-' if row['told'] is None else f'{100 * row["told"]:.0f} %'
        lines.append(
            f'| {name} | {100 * row["mota"]:.1f} % | {100 * row["idf1"]:.1f} % '
            f'| {row["switches"]} | {row["fragments"]} | {row["ids"]} | {row["false_alarms"]} '
            f'| {row["flips_per_minute"]:.1f} | {100 * row["right"]:.1f} % '
            f'| {100 * row["unknown"]:.1f} % | {delay} | {told} |')
    lines += ['', f'tracker, {cost["faces"]} faces: {cost["median"]:.2f} ms of processor time a '
              f'frame in the median, {cost["p95"]:.2f} ms at p95']
    return '\n'.join(lines)
