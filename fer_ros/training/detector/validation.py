"""The figures of a detector after an epoch: on whole pictures, and on scenes like the robot's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import dataclasses
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from fer_ros.core.face_grid import decode, fit_into, grid, unite
from fer_ros.core.types import Floats, Image
from fer_ros.data.faces.types import Backgrounds, FaceLabels, FacePictures
from fer_ros.evaluation.detector.curves import judge, Judged
from fer_ros.training.augmentation import Augmentation
from fer_ros.training.detector.config import DetectorConfig
from fer_ros.training.detector.measured import FIRST_SCORE, Measured
from fer_ros.training.detector.scenes import SceneMaker

__all__ = ['Network', 'scenes_of', 'Validation']

Network = Callable[[Floats], Floats]
Labelled = Sequence[tuple[Image, FaceLabels]]

_BATCH = 16
_OVERLAP = 0.45
_MOST = 200


class Validation:
    """Pictures and scenes of the validation split, always the same ones.

    Args:
        config: Settings of the run.
        pictures: Labelled faces.
        backgrounds: Pictures without a face.
    """

    def __init__(
        self, config: DetectorConfig, pictures: FacePictures, backgrounds: Backgrounds,
    ) -> None:
        rng = np.random.default_rng(config.seed)
        rows = rng.permutation(len(pictures))
        chosen = rows[:config.validation_pictures or len(rows)].tolist()
        side = config.validation_side
        self._pictures = [fitted(pictures, row, side) for row in tqdm(
            chosen, desc='validation pictures', unit='picture', leave=False, disable=None)]
        scenes = _maker(config, pictures, backgrounds, negative=0.0)
        self._scenes = [
            scenes(int(rows[place % len(rows)]), np.random.default_rng((config.seed, 0, place)))
            for place in range(config.validation_scenes)]
        # As cameras show them: what else is done to scenes makes up faces that no robot sees.
        plain = dataclasses.replace(
            config, augmentation=Augmentation(),
            composition=dataclasses.replace(config.composition, distract=0.0))
        rooms = _maker(plain, pictures, backgrounds, negative=1.0)
        self._empty = [
            rooms(0, np.random.default_rng((config.seed, 1, place)))[0]
            for place in range(config.validation_scenes if len(backgrounds) else 0)]

    @property
    def record(self) -> dict[str, int]:
        """How many pictures and scenes there are, and faces in them, for the manifest."""
        return {'pictures': len(self._pictures), 'picture_faces': _faces(self._pictures),
                'scenes': len(self._scenes), 'scene_faces': _faces(self._scenes),
                'empty_scenes': len(self._empty)}

    def figures(self, model: keras.Model) -> dict[str, float]:
        """Return the figures of a Keras network."""
        return _measured(_keras(model), self._pictures, self._scenes).figures()

    def measure(self, run: Network) -> Measured:
        """Return what a network gives on all pictures and scenes, those without a face too.

        Args:
            run: The network, from (N, H, W, 3) float32 to (N, A, 15) float32.
        """
        return dataclasses.replace(
            _measured(run, self._pictures, self._scenes), empty=self._empty_scores(run))

    def parity(self, model: keras.Model, run: Network) -> dict[str, Any]:
        """Return how far a converted network is from Keras' on some of the scenes."""
        images = np.stack([image for image, _ in self._scenes[:_BATCH]]).astype(np.float32)
        gaps = np.abs(_keras(model)(images) - run(images))
        return {'pictures': len(images), 'largest_difference': float(gaps.max()),
                'mean_difference': float(gaps.mean())}

    def _empty_scores(self, run: Network) -> tuple[float, ...]:
        return tuple(
            float(1 / (1 + np.exp(-outputs[:, 0].astype(np.float64).max())))
            for outputs, _ in _batches(run, [(image, None) for image in self._empty]))


def _measured(run: Network, pictures: Labelled, scenes: Labelled) -> Measured:
    whole, _ = _judged(run, pictures)
    composed, errors = _judged(run, scenes)
    return Measured(whole, composed, float(np.median(errors)) if errors else float('nan'))


def _judged(run: Network, data: Labelled) -> tuple[Judged, list[float]]:
    """Return the detections in some pictures, and the landmark errors of the faces found."""
    found, errors = [], []
    for outputs, labels in _batches(run, data):
        side = data[0][0].shape[0]
        boxes, scores, points = thinned(outputs, grid(side, side))
        found.append((boxes, scores))
        errors += point_errors(boxes, points, labels)
    return judge(found, [(labels.boxes, labels.ignored) for _, labels in data]), errors


def _batches(run: Network, data: Sequence[tuple[Image, Any]]) -> Iterator[tuple[Floats, Any]]:
    for begin in range(0, len(data), _BATCH):
        part = data[begin:begin + _BATCH]
        outputs = run(np.stack([image for image, _ in part]).astype(np.float32))
        yield from zip(outputs, (labels for _, labels in part), strict=True)


def _keras(model: keras.Model) -> Network:
    return lambda images: np.asarray(model.predict_on_batch(images))


def _faces(data: Sequence[tuple[Image, FaceLabels]]) -> int:
    return sum(int((~labels.ignored).sum()) for _, labels in data)


def scenes_of(
    config: DetectorConfig, pictures: FacePictures, backgrounds: Backgrounds, count: int = 200,
) -> list[Image]:
    """Return scenes that show which values occur, (S, S, 3) uint8.

    Args:
        config: Settings of the training.
        pictures: Labelled faces.
        backgrounds: Pictures without a face.
        count: Number of scenes.
    """
    make = _maker(config, pictures, backgrounds, config.composition.negative)
    rows = np.random.default_rng(config.seed).integers(0, len(pictures), count).tolist()
    return [make(row, np.random.default_rng((config.seed, 2, place)))[0]
            for place, row in enumerate(rows)]


def _maker(
    config: DetectorConfig, pictures: FacePictures, backgrounds: Backgrounds, negative: float,
) -> SceneMaker:
    return SceneMaker(
        pictures, backgrounds, config.validation_side,
        dataclasses.replace(config.composition, negative=negative), config.augmentation)


def fitted(pictures: FacePictures, row: int, side: int) -> tuple[Image, FaceLabels]:
    """Return a picture reduced into a square, with its labels."""
    image, scale = fit_into(pictures.read(row), side, side)
    labels = pictures.pictures[row].labels
    return image, FaceLabels(
        labels.boxes * np.float32(scale), labels.landmarks * np.float32(scale), labels.ignored)


def thinned(output: Floats, cells: Floats) -> tuple[Floats, Floats, Floats]:
    """Return boxes (n, 4) left, top, right, bottom, scores (n,) and landmarks (n, 5, 2)."""
    boxes, scores, points = unite(*decode(output, cells, FIRST_SCORE), _OVERLAP)
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    return corners[:_MOST], scores[:_MOST], points[:_MOST]


def point_errors(boxes: Floats, points: Floats, labels: FaceLabels) -> list[float]:
    """Return the mean landmark error of each labelled face that is found, in eye distances."""
    errors = []
    for box, wanted in zip(
            labels.boxes[~labels.ignored], labels.landmarks[~labels.ignored], strict=True):
        if len(boxes) == 0 or not np.isfinite(wanted).all():
            continue
        low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
        both = np.clip(high - low, 0, None).prod(axis=1)
        union = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod() - both
        best = int((both / union).argmax())
        apart = float(np.linalg.norm(wanted[1] - wanted[0]))
        if both[best] >= 0.5 * union[best] and apart > 0:
            errors.append(float(
                np.linalg.norm(points[best] - wanted, axis=1).mean()) / apart)
    return errors
