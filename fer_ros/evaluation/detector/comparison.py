"""A comparison of detectors from beginning to end: the content of `metrics.json`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import dataclasses
from typing import Any

import cv2
import numpy as np

from fer_ros.core.errors import DataError
from fer_ros.evaluation.detector import speed as timing
from fer_ros.evaluation.detector.answers import Answers, ask, verdicts
from fer_ros.evaluation.detector.contenders import Contender
from fer_ros.evaluation.detector.curves import threshold_at_precision
from fer_ros.evaluation.detector.figures import (
    by_size,
    false_alarms,
    operating_point,
    PRECISION,
    subset_figures,
)
from fer_ros.evaluation.detector.landmarks import against_people, against_teacher
from fer_ros.evaluation.detector.scenes import SceneSet
from fer_ros.evaluation.detector.subsets import Material, PARTS, SUBSETS

__all__ = ['compare', 'Comparison']

Step = Callable[[], object]

SIZES = (10.0, 14.0, 20.0, 28.0, 40.0, 57.0, 80.0, 113.0, 160.0, 226.0, 320.0)
"""Edges of the sizes of faces in pixels, half an octave apart."""

_BY_SIZE = ('whole', 'small', 'tiny')
_BANDS = 4  # of the sizes of faces in composed scenes
_TIMED_SCENES = 8


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """What came out.

    Attributes:
        result: The content of `metrics.json`: `names` (the first is compared with the others),
            `subsets`, `empty`, `people`, `scenes`, `sizes`, `speed`.
        answers: {name of a subset: what was found, from the lowest scores on where it has faces}.
    """

    result: dict[str, Any]
    answers: dict[str, Answers]


def compare(
    contenders: Sequence[Contender], material: Material, subsets: Sequence[str], *,
    repeats: int = 60, progress: Callable[[int, str], Any],
) -> Comparison:
    """Show the same pictures to all detectors, in one process, and return the figures.

    Args:
        contenders: The detectors; the first is compared with the others.
        material: The data.
        subsets: Names of `SUBSETS`.
        repeats: Frames of each size that are timed; 0 leaves the times out.
        progress: Shows how far it is: a context manager that takes a number and a unit, and
            yields what is called after each.

    Raises:
        DataError: None of the pictures has a face.
    """
    names = [contender.name for contender in contenders]
    seed = material.seed
    counts = {name: SUBSETS[name].count(material) for name in subsets}
    if not any(counts.values()):
        raise DataError('the data have no picture of any of these kinds: ' + ', '.join(subsets))
    own_thresholds = 'scenes' in subsets
    total = sum(counts.values()) + (counts['scenes'] if own_thresholds else 0)
    answers = {}
    with progress(total, 'picture') as step:
        for name in subsets:
            answers[name] = _ask(contenders, material, name, counts[name], step)
        own = _ask(contenders, material, 'scenes', counts['scenes'], step, keen=False) \
            if own_thresholds else None
    result: dict[str, Any] = {
        'names': names, 'precision': PRECISION, 'seed': seed, 'opencv': cv2.__version__,
        'subsets': {}, 'empty': {}, 'people': {}, 'scenes': None, 'sizes': {}, 'speed': {},
        'stages': list(timing.STAGES)}
    for name, title, judged in _judged_sets(answers):
        figures = subset_figures(judged, names[0], seed=seed)
        thresholds = {key: row['threshold'] for key, row in figures['detectors'].items()}
        figures['landmarks'] = against_teacher(judged, thresholds, seed=seed)
        result['subsets'][name] = {'title': title, **figures}
        if name == 'whole':
            result['people'] = against_people(judged, thresholds, seed=seed)
    for name in subsets:
        if not SUBSETS[name].faces and counts[name]:
            result['empty'][name] = {
                'title': SUBSETS[name].title, **false_alarms(answers[name], seed=seed)}
    if own is not None and own.faces():
        empty = answers.get('empty_scenes', Answers([], {name: [] for name in names}))
        result['scenes'] = _own_thresholds(own, empty, material.face_sizes)
    result['sizes'] = _sizes(answers, names)
    if repeats:
        result['speed'] = _speed(contenders, material, repeats, progress)
    return Comparison(result, answers)


def _ask(
    contenders: Sequence[Contender], material: Material, name: str, count: int, step: Step, *,
    keen: bool | None = None,
) -> Answers:
    subset = SUBSETS[name]
    # Pictures with faces are judged at all thresholds, those without at the detector's own.
    detectors = {
        contender.name: contender.detector(
            keen=subset.faces if keen is None else keen, close=subset.close,
            min_face_size=material.min_face_size)
        for contender in contenders}
    return ask(detectors, count, lambda place: subset.make(material, place), step)


def _judged_sets(answers: Mapping[str, Answers]) -> list[tuple[str, str, Answers]]:
    """Return (name, title, answers) of all sets of faces to find, parts behind their whole."""
    sets = []
    for name, found in answers.items():
        if SUBSETS[name].faces:
            sets.append((name, SUBSETS[name].title, found))
            sets += [(key, part.title, found.restricted(part.chosen))
                     for key, part in PARTS.items() if part.subset == name]
    return [one for one in sets if one[2].faces()]


def _own_thresholds(
    scenes: Answers, empty: Answers, face_sizes: tuple[float, float],
) -> dict[str, Any]:
    edges = np.geomspace(*face_sizes, _BANDS + 1).round()
    rows = operating_point(scenes, empty, [*edges[:-1].tolist(), float(edges[-1]) + 1])
    for name, row in rows.items():
        alarms = [len(found.scores) for found in empty.found[name]]
        row['false_per_empty_frame'] = round(float(np.mean(alarms)), 4) if alarms else 0.0
    return {'frames': len(scenes.pictures), 'faces': scenes.faces(),
            'empty_frames': len(empty.pictures), 'detectors': rows}


def _sizes(answers: Mapping[str, Answers], names: Sequence[str]) -> dict[str, Any]:
    """Return recall by size of upright faces, near and far, at one threshold a detector."""
    parts = [answers[name] for name in _BY_SIZE if name in answers]
    if not parts:
        return {}
    both = Answers(
        [one for part in parts for one in part.pictures],
        {name: [one for part in parts for one in part.found[name]] for name in names})
    if not both.faces():
        return {}
    rows = {}
    for name in names:
        _, judged = verdicts(both, name)
        threshold = threshold_at_precision(judged, PRECISION)
        bands = by_size(both, name, np.inf if threshold is None else threshold, SIZES)
        rows[name] = {'threshold': threshold, 'faces': [count for count, _ in bands],
                      'recall': [share for _, share in bands]}
    return {'edges': list(SIZES), 'subsets': [name for name in _BY_SIZE if name in answers],
            'detectors': rows}


def _speed(
    contenders: Sequence[Contender], material: Material, repeats: int,
    progress: Callable[[int, str], Any],
) -> dict[str, Any]:
    detectors = {contender.name: contender.detector(close=True) for contender in contenders}
    networks = {contender.name: contender.model_path for contender in contenders}
    scenes: SceneSet = material.scenes
    images = [scene.image for scene in scenes.scenes(_TIMED_SCENES)] \
        or [material.pictures.read(0)]
    frames = {
        size: [np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
               for image in images]
        for size in timing.SIZES}
    with progress(repeats * len(frames), 'timed frame') as step:
        return timing.speed(detectors, networks, frames, repeats, subject=contenders[0].name,
                            step=step)
