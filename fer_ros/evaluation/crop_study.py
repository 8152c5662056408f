"""What aligned crops are worth, from detector to classifier.

Labelled face crops are set into scenes (`pasted.py`), a detector looks for them, and the model
answers three crops of each face found: upright by the box, aligned by the landmarks, and the very
frame that was pasted, which no detector can better. A face that is missed counts as wrong for all.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from fer_ros.core.alignment import crop_frame, FER_ALIGNMENT
from fer_ros.core.classifier import Classifier
from fer_ros.core.crop import cut, FER_FRAMING, upright_frame
from fer_ros.core.detector import FaceDetector
from fer_ros.core.errors import ConfigError
from fer_ros.core.head_pose import head_pose
from fer_ros.core.types import CropFrame, Face, Floats, Image
from fer_ros.data.sheets import grid, text_strip
from fer_ros.evaluation.compare import mcnemar
from fer_ros.evaluation.metrics import classification_metrics
from fer_ros.evaluation.pasted import Condition, CONDITIONS, Pasted, pasted_scenes

__all__ = ['WAYS', 'YAWS', 'evaluate_alignment']

WAYS = ('upright', 'aligned', 'true')
"""How the crops are cut: by the box, by landmarks and box, as they were pasted."""

YAWS = (0.0, 10.0, 20.0, 30.0, 45.0, 90.0)
"""Degrees turned aside, to either side, between which figures are told."""

_SHOWN = 12
_BATCH = 64


@dataclasses.dataclass
class _Found:
    """What was found of the faces of one condition."""

    rows: list[int]
    crops: dict[str, list[Image]]
    yaws: list[float]
    rolls: list[float]


class _Landmarks:
    """Landmarks like those of a detector that sees a rolled face as well as an upright one.

    They are what the detector finds on the enlarged upright crop, turned with the scene, with
    noise: so what alignment is worth can be told apart from what a detector's landmarks are.
    """

    def __init__(self, detector: FaceDetector, noise: float, seed: int) -> None:
        self._detector = detector
        self._noise = noise
        self._rng = np.random.default_rng(seed)
        self._room = np.full((480, 480, 3), 127, np.uint8)

    def of(self, crop: Image, scene: Pasted) -> Floats | None:
        """Return the landmarks in the scene; None if the upright face is not found either."""
        upright = next(pasted_scenes([crop], Condition('', sizes=(200.0, 200.0)), [self._room]))
        faces = [face for face in self._detector.detect(upright.image)
                 if face.landmarks is not None]
        if not faces:
            return None
        points = (np.asarray(faces[0].landmarks) - upright.centre) / upright.side
        distance = float(np.linalg.norm(points[1] - points[0]))
        points = points + self._rng.normal(0, self._noise * distance, points.shape)
        angle = math.radians(scene.roll)
        turn = np.array(
            [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        placed: Floats = (points * scene.side @ turn.T + scene.centre).astype(np.float32)
        return placed


def evaluate_alignment(
    classifier: Classifier, labels: Sequence[str], detector: FaceDetector,
    crops: Sequence[Image], targets: NDArray[np.int64],
    conditions: Sequence[Condition] = CONDITIONS, rooms: Sequence[Image] = (), *,
    size: tuple[int, int] = (48, 48), grey: bool = True,
    noise: float | None = None, seed: int = 0, progress: bool = False,
) -> tuple[dict[str, Any], list[Image]]:
    """Measure a model on crops of faces in scenes.

    Args:
        classifier: Of the model.
        labels: Names of the K emotions.
        detector: Finds the faces; its convention must be in `FER_FRAMING`.
        crops: (H, H) grey or (H, H, 3) BGR uint8 face crops.
        targets: (N,) indices of their emotions.
        conditions: How the faces stand.
        rooms: As of `pasted_scenes`.
        size: Width and height of the model's input.
        grey: Whether it is grey.
        noise: In place of the detector's landmarks take those of an upright view, turned with
            the scene, with this noise in distances of the eyes; None: the detector's.
        seed: Of the scenes.
        progress: Whether to show progress bars on stderr.

    Returns:
        {condition: {`n`, `missed`, `way`: {way: {`accuracy`, `accuracy_found`, `macro_recall`,
        `ece`, `confidence`}}, `p` (McNemar, aligned against upright), `roll` {`found`, `spread`}
        in degrees to the side to which the face is turned, `yaw` [{`from`, `n`, `upright`,
        `aligned`}]}}, and a contact sheet of each.

    Raises:
        ConfigError: The framing of the detector's boxes is not known.
    """
    if detector.box_convention not in FER_FRAMING:
        raise ConfigError(
            f'the framing of {detector.box_convention!r} boxes is not known; there are '
            f'{", ".join(FER_FRAMING)}')
    result, sheets = {}, []
    for condition in conditions:
        found = _find(condition, detector, crops, rooms, size, grey, noise, seed, progress)
        answers = {
            way: np.full((len(crops), len(labels)), np.nan, np.float32) for way in WAYS}
        for way, rows in answers.items():
            for start in range(0, len(found.rows), _BATCH):
                part = slice(start, start + _BATCH)
                rows[found.rows[part]] = classifier.predict(np.stack(found.crops[way][part]))
        result[condition.name] = _figures(found, answers, targets, labels)
        sheets.append(_sheet(condition, found))
    return result, sheets


def _find(
    condition: Condition, detector: FaceDetector, crops: Sequence[Image], rooms: Sequence[Image],
    size: tuple[int, int], grey: bool, noise: float | None, seed: int, progress: bool,
) -> _Found:
    found = _Found([], {way: [] for way in WAYS}, [], [])
    convention = FER_FRAMING[detector.box_convention]
    alignment = FER_ALIGNMENT.get(detector.box_convention)
    better = None if noise is None else _Landmarks(detector, noise, seed)
    scenes = pasted_scenes(crops, condition, rooms, seed=seed)
    for row, scene in enumerate(tqdm(
            scenes, desc=condition.name, total=len(crops), unit='face', disable=not progress)):
        face = _face_of(scene, detector.detect(scene.image))
        if face is None:
            continue
        if better is not None:
            face = dataclasses.replace(face, landmarks=better.of(crops[row], scene))
        pose = None if face.landmarks is None else head_pose(face.landmarks)
        frames = {
            'upright': upright_frame(face.box, convention),
            'aligned': crop_frame(face, pose, convention, alignment),
            'true': CropFrame(
                float(scene.centre[0]), float(scene.centre[1]), scene.side, scene.roll)}
        for way, frame in frames.items():
            found.crops[way].append(cut(scene.image, frame, size, grey))
        found.rows.append(row)
        found.yaws.append(math.nan if pose is None else abs(pose.yaw))
        side = -1.0 if scene.roll < 0 else 1.0
        found.rolls.append(math.nan if pose is None else pose.roll * side)
    return found


def _face_of(scene: Pasted, faces: Sequence[Face]) -> Face | None:
    """Return the face that was pasted, None if it was missed."""
    def apart(face: Face) -> float:
        return math.hypot(face.box[0] + face.box[2] / 2 - scene.centre[0],
                          face.box[1] + face.box[3] / 2 - scene.centre[1]) / scene.side
    near = [face for face in faces if apart(face) < 0.4
            and 0.5 < max(face.box[2:]) / scene.side < 2.0]
    return max(near, key=lambda face: face.score, default=None)


def _figures(
    found: _Found, answers: dict[str, Floats], targets: NDArray[np.int64], labels: Sequence[str],
) -> dict[str, Any]:
    rows = np.array(found.rows, np.int64)
    right = {way: np.nan_to_num(given).argmax(axis=1) == targets for way, given in answers.items()}
    ways = {}
    for way, given in answers.items():
        metrics = classification_metrics(targets, given, labels, resamples=200)
        ways[way] = {
            name: metrics[name] for name in ('accuracy', 'accuracy_ci', 'macro_recall', 'ece')}
        ways[way]['accuracy_found'] = _mean(right[way][rows])
        ways[way]['confidence'] = _mean(given[rows].max(axis=1)) if len(rows) else None
    upright, aligned = right['upright'][rows], right['aligned'][rows]
    yaws, rolls = np.array(found.yaws), np.array(found.rolls)
    rolls = rolls[np.isfinite(rolls)]
    bands = []
    for low, high in itertools.pairwise(YAWS):
        band = (yaws >= low) & (yaws < high)
        bands.append({
            'from': low, 'to': high, 'n': int(band.sum()), 'upright': _mean(upright[band]),
            'aligned': _mean(aligned[band]),
            'confidence': _mean(answers['aligned'][rows][band].max(axis=1))})
    return {
        'n': len(targets), 'missed': len(targets) - len(rows), 'ways': ways,
        'p': mcnemar(int((upright & ~aligned).sum()), int((aligned & ~upright).sum())),
        'roll': {'found': round(float(np.median(rolls)), 2),
                 'spread': np.percentile(rolls, (10, 90)).round(2).tolist()}
        if len(rolls) else None,
        'yaw': bands}


def _mean(values: NDArray[Any]) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None


def _sheet(condition: Condition, found: _Found) -> Image:
    """Return a row of faces for each way of cutting."""
    shown = [crop for way in WAYS for crop in found.crops[way][:_SHOWN]]
    faces = grid(shown, columns=max(1, min(_SHOWN, len(found.rows))), side=72)
    title = f'{condition.name}: {", ".join(WAYS)}'
    return np.vstack([text_strip(title, faces.shape[1], 24), faces])
