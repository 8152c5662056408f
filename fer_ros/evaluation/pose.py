"""`fer evaluate pose`: how far head poses from five landmarks can be trusted.

Known turns of the mean face are projected, disturbed as a detector's landmarks are, and found
again. Real labelled faces tell how they are turned on the whole, how many have landmarks that fit
no face, and, with `--fit`, which depths of nose and mouth explain them best.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import json
from typing import Any

import numpy as np

from fer_ros.core.head_pose import head_pose, project
from fer_ros.core.types import Floats, HeadPose
from fer_ros.data.faces.read import read_faces
from fer_ros.evaluation.point_fit import fit_depths
from fer_ros.evaluation.provenance import command_line

__all__ = ['SUMMARY', 'add_arguments', 'noise_figures', 'run']

SUMMARY = 'error of roll, yaw and pitch by the noise of the landmarks; the mean face'

_NOISES = (0.02, 0.05, 0.08)
_YAWS = (0.0, 20.0, 40.0, 60.0)
_DRAWS = 400
_EYES = 0.366  # distance of the eyes of the mean face
_ANGLES = ('roll', 'yaw', 'pitch')


def noise_figures(seed: int = 0) -> list[dict[str, Any]]:
    """Return the error of the angles by yaw and noise.

    Each row: `noise` (standard deviation of each coordinate in distances of the eyes), `yaw` in
    degrees, `none` share without a pose, and for each angle the median absolute error and the
    mean error in degrees. Roll and pitch are drawn from [-30, 30] and [-15, 15].
    """
    rng = np.random.default_rng(seed)
    rows = []
    for noise in _NOISES:
        for yaw in _YAWS:
            errors = []
            for _ in range(_DRAWS):
                truth = HeadPose(float(rng.uniform(-30, 30)), yaw, float(rng.uniform(-15, 15)))
                found = head_pose(
                    (project(truth) + rng.normal(0, noise * _EYES, (5, 2))).astype(np.float32))
                if found is not None:
                    errors.append([
                        getattr(found, angle) - getattr(truth, angle) for angle in _ANGLES])
            table = np.array(errors).reshape(-1, 3)
            rows.append({
                'noise': noise, 'yaw': yaw, 'none': round(1 - len(table) / _DRAWS, 3),
                'median_error': dict(zip(
                    _ANGLES, np.median(np.abs(table), axis=0).round(1).tolist(), strict=True)),
                'bias': dict(zip(_ANGLES, table.mean(axis=0).round(1).tolist(), strict=True))})
    return rows


def _landmarks(
    folder: str, split: str, smallest: float, skip_sources: Sequence[str],
) -> list[Floats]:
    """Return the landmarks of all sure faces of a data set that are large enough."""
    faces = []
    for picture in read_faces(folder, split).pictures:
        if picture.source.startswith(tuple(skip_sources) or ('\0',)):
            continue
        labels = picture.labels
        sides = (labels.boxes[:, 2:] - labels.boxes[:, :2]).max(axis=1) if len(labels) else []
        faces += [
            labels.landmarks[row] for row in range(len(labels))
            if not labels.ignored[row] and labels.known[row].all() and sides[row] >= smallest]
    return faces


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer evaluate pose`."""
    parser.add_argument('--data', metavar='FOLDER',
                        help='faces with landmarks, as for `fer evaluate detector` (default: only '
                             'projections of the mean face)')
    parser.add_argument('--split', default='train', help='default: %(default)s')
    parser.add_argument(
        '--skip-source', action='append', default=[], metavar='BEGINNING',
        help='leave out pictures whose source begins like this; may be repeated')
    parser.add_argument('--min-side', type=float, default=70.0, metavar='PIXELS',
                        help='longer side of the smallest face (default: %(default)s)')
    parser.add_argument('--fit', action='store_true',
                        help='also fit the depths of nose and mouth to the faces')
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')


def run(args: argparse.Namespace) -> int:
    """Run `fer evaluate pose`; returns the exit code."""
    result: dict[str, Any] = {
        'command': command_line(), 'noise': noise_figures()}
    if args.data:
        faces = _landmarks(args.data, args.split, args.min_side, args.skip_source)
        poses = [head_pose(points) for points in faces]
        angles = np.array([[getattr(pose, angle) for angle in _ANGLES] for pose in poses if pose])
        result['faces'] = {
            'n': len(faces), 'none': sum(pose is None for pose in poses),
            **{angle: np.percentile(angles[:, i], (1, 10, 50, 90, 99)).round(1).tolist()
               for i, angle in enumerate(_ANGLES) if len(angles)}}
        if args.fit:
            result['fit'] = fit_depths(faces)
    print(json.dumps(result, indent=2) if args.json else _table(result))
    return 0


def _table(result: dict[str, Any]) -> str:
    lines = ['| noise of the landmarks | yaw | roll | yaw | pitch | bias of yaw | no pose |',
             '|---' * 7 + '|']
    for row in result['noise']:
        errors = row['median_error']
        lines.append(
            f'| {100 * row["noise"]:.0f} % | {row["yaw"]:.0f} | {errors["roll"]:.1f} | '
            f'{errors["yaw"]:.1f} | {errors["pitch"]:.1f} | {row["bias"]["yaw"]:.1f} | '
            f'{100 * row["none"]:.0f} % |')
    if 'faces' in result:
        faces = result['faces']
        lines.append(f'{faces["n"]} faces, {faces["none"]} of them without a pose; percentiles 1, '
                     '10, 50, 90, 99:')
        lines += [f'{angle}: {faces[angle]}' for angle in _ANGLES if angle in faces]
    if 'fit' in result:
        lines.append('depths: nose {nose}, mouth {mouth} (residual {residual}, {n} faces)'.format(
            **result['fit']))
    return '\n'.join(lines)
