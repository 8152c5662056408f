"""Counts, sizes and angles of the faces of a data set."""

from __future__ import annotations

from collections import Counter
import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats
from fer_ros.data.faces.nested import covered_shares
from fer_ros.data.faces.types import FacePicture, FacePictures
from fer_ros.data.quality import percentiles

__all__ = ['FaceTable', 'people_error', 'roll_of', 'summary', 'summary_text', 'table_of']


@dataclasses.dataclass(frozen=True, eq=False)
class FaceTable:
    """All labels of a data set as columns.

    Attributes:
        pictures: (N,) index of the picture of each label.
        faces: (N,) index of the label in its picture.
        boxes: (N, 4) float32 pixels.
        landmarks: (N, 5, 2) float32 pixels.
        ignored: (N,) bool.
        scores: (N,) float32.
        sides: (N,) longer sides of the boxes in pixels.
        shares: (N,) the same in shorter sides of the picture.
        rolls: (N,) degrees, NaN where points are not known.
    """

    pictures: NDArray[np.int64]
    faces: NDArray[np.int64]
    boxes: Floats
    landmarks: Floats
    ignored: NDArray[np.bool_]
    scores: Floats
    sides: Floats
    shares: Floats
    rolls: Floats

    def __len__(self) -> int:
        return len(self.boxes)


def table_of(pictures: FacePictures) -> FaceTable:
    """Return the labels of all pictures in one table."""
    counts = [len(picture.labels) for picture in pictures.pictures]
    rows = np.repeat(np.arange(len(pictures)), counts)
    boxes = _joined([p.labels.boxes for p in pictures.pictures], (0, 4))
    landmarks = _joined([p.labels.landmarks for p in pictures.pictures], (0, 5, 2))
    scores = [np.ones(len(p.labels), np.float32) if p.scores is None else p.scores
              for p in pictures.pictures]
    shorter = np.array([min(p.width, p.height) for p in pictures.pictures], np.float32)
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0)
    return FaceTable(
        rows, np.concatenate([np.arange(count) for count in counts] or [rows]), boxes, landmarks,
        np.concatenate([p.labels.ignored for p in pictures.pictures] or [np.zeros(0, bool)]),
        _joined(scores, (0,)), sides, sides / shorter[rows], roll_of(landmarks))


def roll_of(landmarks: Floats) -> Floats:
    """Return by how much faces are turned in the picture.

    The line through the eyes and the line from the eyes to the mouth, turned by 90 degrees, are
    added as vectors, for in a profile the eyes are nearly one and their line means nothing.

    Args:
        landmarks: (N, 5, 2) in the order of `POINTS`.

    Returns:
        (N,) degrees in [-180, 180], 0 upright, positive if the face is turned clockwise as seen
        in the picture; NaN where a point is not known.
    """
    eyes = landmarks[:, 1] - landmarks[:, 0]
    down = (landmarks[:, 3:].sum(axis=1) - landmarks[:, :2].sum(axis=1)) / 2
    across = eyes + np.stack([down[:, 1], -down[:, 0]], axis=1)
    return np.asarray(np.degrees(np.arctan2(across[:, 1], across[:, 0])), np.float32)


def people_error(picture: FacePicture) -> Floats:
    """Return how far the labels are from the points of people.

    Each face of people is compared with the label whose points are nearest.

    Returns:
        (M,) float32 mean distance of the points known to both, in distances of the people's
        eyes; NaN where there is no label to compare with.
    """
    people, labels = picture.people, picture.labels
    if people is None or not len(labels):
        return np.full(0 if people is None else len(people), np.nan, np.float32)
    errors = np.full(len(people), np.nan, np.float32)
    for row, points in enumerate(people):
        away = np.linalg.norm(labels.landmarks - points, axis=2)
        known = np.isfinite(away)
        means = np.where(known, away, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        means[~known.any(axis=1)] = np.inf
        eyes = float(np.linalg.norm(points[1] - points[0]))
        if np.isfinite(means).any() and eyes > 0:
            errors[row] = means.min() / eyes
    return errors


def summary(pictures: FacePictures) -> dict[str, Any]:
    """Return counts, and the percentiles of sizes, angles and scores of the faces that count.

    `ignored_in_faces` are regions that lie by half or more in a larger face that counts.
    """
    table = table_of(pictures)
    counts = ~table.ignored
    in_picture = np.bincount(table.pictures[counts], minlength=len(pictures))
    people = np.concatenate([people_error(picture) for picture in pictures.pictures
                             if picture.people is not None] or [np.zeros(0, np.float32)])
    content: dict[str, Any] = {
        'pictures': len(pictures), 'faces': int(counts.sum()),
        'ignored': int(table.ignored.sum()),
        'ignored_in_faces': sum(
            int((p.labels.ignored & (covered_shares(p.labels) >= 0.5)).sum())
            for p in pictures.pictures),
        'without_landmarks': int(
            (~np.isfinite(table.landmarks[counts, :, 0]).any(axis=1)).sum()),
        'pictures_by_faces': {
            '0': int((in_picture == 0).sum()), '1': int((in_picture == 1).sum()),
            '2 to 5': int(((in_picture > 1) & (in_picture < 6)).sum()),
            '6 and more': int((in_picture > 5).sum())},
        'sources': dict(Counter(p.source for p in pictures.pictures).most_common()),
        'picture side': percentiles(np.array(
            [max(p.width, p.height) for p in pictures.pictures], float)),
        'face side': percentiles(table.sides[counts]),
        'face share': percentiles(table.shares[counts]),
        'roll': percentiles(table.rolls[counts]),
        'score': percentiles(table.scores[counts])}
    if len(people):
        content['people error'] = percentiles(people)
        content['people not labelled'] = int(np.isnan(people).sum())
    return content


def summary_text(splits: dict[str, dict[str, Any]]) -> str:
    """Return the figures of splits as tables.

    Args:
        splits: What `summary` gave, by the name of the split.
    """
    sources = list(dict.fromkeys(name for part in splits.values() for name in part['sources']))
    width = max([20, *map(len, sources)]) + 2
    lines = [' ' * width + ''.join(f'{name or "all":>10}' for name in splits)]

    def line(name: str, values: list[int]) -> None:
        lines.append(f'{name:<{width}}' + ''.join(f'{value:>10}' for value in values))

    for name in ('pictures', 'faces', 'ignored', 'ignored_in_faces', 'without_landmarks'):
        line(name.replace('_', ' '), [part[name] for part in splits.values()])
    for name in ('0', '1', '2 to 5', '6 and more'):
        line(f'{name} faces', [part['pictures_by_faces'][name] for part in splits.values()])
    for name in sources:
        line(name or 'no source', [part['sources'].get(name, 0) for part in splits.values()])
    marks = ('p1', 'p5', 'p25', 'p50', 'p75', 'p95', 'p99')
    for split, part in splits.items():
        lines += ['', f'{split or "all":<{width}}' + ''.join(f'{mark:>9}' for mark in marks)]
        for name, unit in (('picture side', ' (px)'), ('face side', ' (px)'), ('face share', ''),
                           ('roll', ' (degrees)'), ('score', ''), ('people error', '')):
            if part.get(name):
                lines.append(f'{name + unit:<{width}}' + ''.join(
                    f'{part[name][mark]:>9.2f}' for mark in marks))
    return '\n'.join(lines)


def _joined(arrays: list[Floats], empty: tuple[int, ...]) -> Floats:
    return np.concatenate([np.zeros(empty, np.float32), *arrays])
