"""`fer evaluate detector`: how many faces a detector finds, how often it errs, what it costs.

A detection is right if its frame (the box brought to the framing of FER2013, where the detector's
convention is known) overlaps that of a labelled face with an intersection over union of 0.5.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
import itertools
import json
import shlex
import sys
import time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from fer_ros.core.detector import (
    create_detector,
    DETECTORS,
    FaceDetector,
    HaarDetector,
    MIN_FACE_SIZE,
)
from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Face
from fer_ros.evaluation.detector.framing import match_faces
from fer_ros.evaluation.detector.scenes import Scene, SceneSet
from fer_ros.evaluation.detector.score_fit import fit_haar_score, score_calibration

__all__ = ['SUMMARY', 'add_arguments', 'evaluate_detector', 'run']

SUMMARY = 'recall, false positives, score calibration and speed of a face detector'

_SIZES = (40.0, 57.0, 80.0, 113.0, 161.0)


def evaluate_detector(
    detector: FaceDetector, scenes: Iterable[Scene], empty: Iterable[Scene] = (), *,
    progress: bool = False, name: str = 'detect',
) -> dict[str, Any]:
    """Run a detector over scenes and return its figures.

    Args:
        detector: The detector.
        scenes: Scenes with faces.
        empty: Scenes without, for the false positives.
        progress: Whether to show a progress bar on stderr.
        name: Title of the progress bar.

    Returns:
        `faces`, `recall` and `recall_by_size` {'40-56 px': ...} by the longer side of the labelled
        box; `precision`, `false_per_frame`, `false_per_empty_frame`; `ms_median` and `ms_p95` of
        processor time a frame; `calibration` of the score, see `score_calibration`.
    """
    sizes: list[float] = []
    hits: list[bool] = []
    scores: list[tuple[float, bool]] = []
    times: list[float] = []
    wrong = frames = 0
    for scene in tqdm(scenes, desc=name, unit='frame', disable=not progress):
        faces = _timed(detector, scene, times)
        matches = match_faces(faces, scene.labels, detector.box_convention)
        frames += 1
        wanted = ~scene.labels.ignored
        boxes = scene.labels.boxes[wanted]
        sizes += (boxes[:, 2:] - boxes[:, :2]).max(axis=1).tolist()
        hits += (matches.finder[wanted] >= 0).tolist()
        wrong += int((matches.counts & ~matches.hits).sum())
        scores += [(face.score, bool(hit)) for face, hit, counts in zip(
            faces, matches.hits, matches.counts, strict=True) if counts]
    empty_wrong = empty_frames = 0
    for scene in tqdm(empty, desc=f'{name}, no face', unit='frame', disable=not progress):
        faces = _timed(detector, scene, times)
        empty_frames += 1
        empty_wrong += len(faces)
        scores += [(face.score, False) for face in faces]
    all_hits, all_sizes = np.array(hits, bool), np.array(sizes)
    return {
        'frames': frames, 'faces': len(hits), 'recall': _share(all_hits),
        'recall_by_size': {
            f'{low:.0f}-{high - 1:.0f} px': _share(
                all_hits[(all_sizes >= low * 0.999) & (all_sizes < high)])
            for low, high in itertools.pairwise(_SIZES)},
        'precision': round(sum(hits) / max(1, sum(hits) + wrong), 4),
        'false_per_frame': round(wrong / max(1, frames), 4),
        'empty_frames': empty_frames,
        'false_per_empty_frame': round(empty_wrong / max(1, empty_frames), 4),
        'ms_median': round(1e3 * float(np.median(times)), 2) if times else None,
        'ms_p95': round(1e3 * float(np.quantile(times, 0.95)), 2) if times else None,
        'calibration': score_calibration(scores),
    }


def _timed(detector: FaceDetector, scene: Scene, times: list[float]) -> list[Face]:
    # Processor time, not the clock: other programs on the machine count less.
    begin = time.process_time()
    faces = detector.detect(scene.image)
    times.append(time.process_time() - begin)
    return faces


def _share(hits: NDArray[np.bool_]) -> float | None:
    return round(float(hits.mean()), 4) if len(hits) else None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer evaluate detector`."""
    parser.add_argument(
        '--data', required=True, metavar='FOLDER',
        help='faces.json with images.zip, and backgrounds.json with backgrounds.zip if any')
    parser.add_argument('--split', default='val', help='pictures to take (default: %(default)s)')
    parser.add_argument(
        '--skip-source', action='append', default=[], metavar='BEGINNING',
        help='leave out pictures whose source begins like this; may be repeated')
    parser.add_argument(
        '--detector', action='append', default=[], choices=DETECTORS,
        help='may be repeated (default: haar)')
    parser.add_argument('--detector-model', default='', metavar='FILE', help='network of yunet')
    parser.add_argument(
        '--min-face-size', type=float, default=MIN_FACE_SIZE, metavar='FRACTION',
        help='of the shorter side of the frame (default: %(default)s)')
    parser.add_argument(
        '--haar', action='append', default=[], metavar='NAME=VALUE,...',
        help='one more row: haar with these arguments of HaarDetector, such as '
             'cascade=alt,min_face_size=0.1,steps_per_octave=5,min_windows=3,equalize=1')
    parser.add_argument(
        '--frames', type=int, default=800, metavar='N',
        help='frames with faces, and half as many without (default: %(default)s)')
    parser.add_argument(
        '--face-sizes', type=float, nargs=2, default=(40.0, 160.0), metavar=('MIN', 'MAX'),
        help='longer side of the faces in pixels (default: 40 160)')
    parser.add_argument('--seed', type=int, default=0, help='of the scenes (default: %(default)s)')
    parser.add_argument(
        '--threads', type=int, default=1, help="OpenCV's threads (default: %(default)s)")
    parser.add_argument(
        '--fit-score', action='store_true', help='also fit the score of haar to these scenes')
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')


def run(args: argparse.Namespace) -> int:
    """Run `fer evaluate detector`; returns the exit code."""
    cv2.setNumThreads(args.threads)
    scenes = SceneSet(
        args.data, args.split, face_sizes=tuple(args.face_sizes),
        skip_sources=args.skip_source, seed=args.seed)
    detectors: dict[str, FaceDetector] = {
        name: create_detector(
            name, model_path=args.detector_model, min_face_size=args.min_face_size)
        for name in args.detector or ([] if args.haar else ['haar'])}
    for options in args.haar:
        detectors[f'haar {options}'] = _haar(options)
    progress = sys.stderr.isatty()
    result: dict[str, Any] = {
        'command': shlex.join(['fer', *sys.argv[1:]]), 'opencv': cv2.__version__,
        'detectors': {
            name: evaluate_detector(
                detector, scenes.scenes(args.frames), scenes.empty_scenes(args.frames // 2),
                progress=progress, name=name)
            for name, detector in detectors.items()}}
    if args.fit_score:
        both = itertools.chain(
            scenes.scenes(args.frames), scenes.empty_scenes(args.frames // 2))
        slope, intercept = fit_haar_score(HaarDetector(), both, progress=progress)
        result['haar_score'] = {'a': round(slope, 3), 'b': round(intercept, 3)}
    print(json.dumps(result, indent=2) if args.json else _table(result))
    return 0


def _haar(options: str) -> HaarDetector:
    kinds: dict[str, Callable[[str], Any]] = {
        'cascade': str, 'min_face_size': float, 'score_threshold': float, 'max_faces': int,
        'steps_per_octave': int, 'min_windows': int,
        'equalize': lambda text: text == '1'}
    values: dict[str, Any] = {}
    for option in options.split(','):
        name, _, text = option.partition('=')
        try:
            values[name] = kinds[name](text)
        except (KeyError, ValueError) as error:
            raise ConfigError(
                f'--haar {option!r}: write NAME=VALUE with a NAME of {", ".join(kinds)}'
            ) from error
    return HaarDetector(**values)


def _table(result: dict[str, Any]) -> str:
    rows = result['detectors']
    bands = list(next(iter(rows.values()))['recall_by_size'])
    first = next(iter(rows.values()))
    lines = [
        f'{first["faces"]} faces in {first["frames"]} frames, {first["empty_frames"]} frames '
        'without a face', '',
        '| detector | recall | ' + ' | '.join(bands)
        + ' | precision | false a frame | false a frame without faces | ms a frame |',
        '|---' * (len(bands) + 6) + '|']
    for name, row in rows.items():
        shares = [row['recall'], *row['recall_by_size'].values(), row['precision']]
        lines.append(
            f'| {name} | ' + ' | '.join('-' if v is None else f'{100 * v:.1f} %' for v in shares)
            + f' | {row["false_per_frame"]:.3f} | {row["false_per_empty_frame"]:.3f} '
            f'| {row["ms_median"]} |')
    for name, row in rows.items():
        for part in row['calibration'].get('bins', ()):
            lines.append(f'{name}: score {part["scores"]}: mean {part["mean_score"]}, '
                         f'{100 * part["right"]:.0f} % of {part["n"]} right')
    if 'haar_score' in result:
        lines.append('haar score = 1 / (1 + exp(-(a ln n + b))) with '
                     'a = {a}, b = {b}'.format(**result['haar_score']))
    return '\n'.join(lines)
