"""Contact sheets of what a detector finds, misses and makes up, drawn with OpenCV alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import dataclasses
from pathlib import Path

import cv2
import numpy as np

from fer_ros.core.crop import crop_face, CropConvention
from fer_ros.core.sources import write_image
from fer_ros.core.types import Floats, Image
from fer_ros.data.sheets import grid, text_strip
from fer_ros.evaluation.detector.answers import Answers, Found, verdicts
from fer_ros.evaluation.detector.scenes import Scene

__all__ = ['KINDS', 'write_sheets']

KINDS = ('hits', 'misses', 'false')
"""The sheets of a detector."""

_TILE = 96
_COLUMNS = 12
_AROUND = 2.2  # side of a tile in longer sides of the box
_LEAST = 48.0  # pixels that a tile shows at least
_LABEL, _FOUND, _POINT = (80, 200, 80), (60, 60, 230), (230, 200, 40)


@dataclasses.dataclass(frozen=True, eq=False)
class _Example:
    picture: int
    box: Floats
    score: float


def write_sheets(
    folder: Path, stem: str, name: str, subsets: Mapping[str, tuple[str, Answers, float]],
    make: Callable[[str, int], Scene], *, seed: int = 0, step: Callable[[], object] = lambda: None,
) -> dict[str, Path]:
    """Write the sheets of a detector: a row a subset, of random examples or the surest alarms.

    Args:
        folder: Where to.
        stem: Name of the detector in file names.
        name: Name of the detector in the answers.
        subsets: {name: (title, answers, score from which a face counts as found)}.
        make: Returns a picture by the name of its subset and its number.
        seed: Of the choice.
        step: Called after each subset.

    Returns:
        {one of `KINDS`: its file}; a sheet that would show nothing is left out.
    """
    parts: dict[str, list[Image]] = {kind: [] for kind in KINDS}
    for subset, (title, answers, threshold) in subsets.items():
        examples = _examples(answers, name, threshold)
        rng = np.random.default_rng(seed)
        for kind, found in examples.items():
            if not found:
                continue
            if kind == 'false':
                chosen = sorted(found, key=lambda one: -one.score)[:_COLUMNS]
            else:
                chosen = [found[row] for row in sorted(rng.permutation(len(found))[:_COLUMNS])]
            tiles = [_tile(make(subset, one.picture), one,
                           answers.found[name][one.picture].from_score(threshold))
                     for one in chosen]
            row = grid(tiles, _COLUMNS, _TILE, [_caption(one) for one in chosen])
            total = sum(map(len, (examples['hits'], examples['misses'])))
            told = f'{len(found)}' if kind == 'false' else f'{len(found)} of {total}'
            line = f'{title}: {told}' + (f', from score {threshold:.2f}' if threshold else '')
            parts[kind] += [text_strip(line, row.shape[1]), row]
        step()
    paths = {}
    for kind, rows in parts.items():
        if rows:
            paths[kind] = folder / f'{kind}_{stem}.png'
            write_image(paths[kind], np.vstack(rows))
    return paths


def _examples(answers: Answers, name: str, threshold: float) -> dict[str, list[_Example]]:
    result: dict[str, list[_Example]] = {kind: [] for kind in KINDS}
    matches, _ = verdicts(answers, name)
    for picture, (one, found, matched) in enumerate(zip(
            answers.pictures, answers.found[name], matches, strict=True)):
        labels = one.labels
        for face in np.flatnonzero(~labels.ignored):
            finder = matched.finder[face]
            score = float(found.scores[finder]) if finder >= 0 else 0.0
            kind = 'hits' if finder >= 0 and score >= threshold else 'misses'
            result[kind].append(_Example(picture, labels.boxes[face], score))
        wrong = matched.counts & ~matched.hits & (found.scores >= threshold)
        result['false'] += [
            _Example(picture, found.boxes[row], float(found.scores[row]))
            for row in np.flatnonzero(wrong)]
    return result


def _caption(example: _Example) -> str:
    side = float((example.box[2:] - example.box[:2]).max())
    return f'{side:.0f} px, score {example.score:.2f}'


def _tile(scene: Scene, example: _Example, found: Found) -> Image:
    """Return the surroundings of an example with the labels and all findings drawn in."""
    box = example.box
    side = max(_LEAST, _AROUND * float((box[2:] - box[:2]).max()))
    scale = _TILE / side
    corner = ((box[:2] + box[2:]) / 2 - side / 2).astype(np.float32)
    tile = crop_face(scene.image, (float(corner[0]), float(corner[1]), side, side),
                     CropConvention(margin=1.0), (_TILE, _TILE), grey=False)
    for boxes, colour in ((scene.labels.boxes[~scene.labels.ignored], _LABEL),
                          (scene.labels.boxes[scene.labels.ignored], (170, 170, 170)),
                          (found.boxes, _FOUND)):
        for row in ((boxes.reshape(-1, 2, 2) - corner) * scale).round().astype(int).tolist():
            cv2.rectangle(tile, row[0], row[1], colour, 1)
    for point in _points(found, corner, scale):
        cv2.circle(tile, point, 1, _POINT, -1)
    return tile


def _points(found: Found, corner: Floats, scale: float) -> Sequence[tuple[int, int]]:
    points = (found.landmarks.reshape(-1, 2) - corner) * scale
    points = points[np.isfinite(points).all(axis=1)].clip(-_TILE, 2 * _TILE)
    return [(int(x), int(y)) for x, y in points.round()]
