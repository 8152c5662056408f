"""The report of `fer data faces`: figures, tables, and pictures of what should be looked at."""

from __future__ import annotations

from collections.abc import Sequence
import csv
import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import DataError
from fer_ros.core.sources import write_image
from fer_ros.core.types import Image
from fer_ros.data.faces.drawing import close_up, draw_labels
from fer_ros.data.faces.leaks import Leaks
from fer_ros.data.faces.report import FaceReport
from fer_ros.data.faces.statistics import FaceTable
from fer_ros.data.faces.suspects import Suspect
from fer_ros.data.faces.types import FacePictures
from fer_ros.data.sheets import grid, text_strip
from fer_ros.training.files import write_text

__all__ = ['histograms', 'pair_sheet', 'random_sheet', 'suspect_sheet', 'write_face_report']

_SIDE = 128
_SHOWN = 80  # suspects a sheet
_PAIRS = 60
_TRAIN, _VAL, _INK = (180, 130, 70), (40, 110, 230), (30, 30, 30)  # blue and orange
_PANEL = (420, 210)
_FONT = cv2.FONT_HERSHEY_SIMPLEX

_TITLES = {
    'lowest_scores': 'faces of the lowest scores',
    'highest_ignored': 'ignored regions of the highest scores',
    'nested': 'faces inside a larger face (share of the box)',
    'smallest': 'the smallest faces (longer side in pixels)',
    'most_turned': 'faces turned by more than 45 degrees',
    'odd_points': 'faces whose nose is far from the middle between eyes and mouth',
    'against_people': 'points that differ from those of people (in distances of the eyes)',
    'unlabelled': 'found by the detector, without a label (score)',
    'not_found': 'labelled, not found by the detector (longer side in pixels)'}


def write_face_report(
    folder: Path, pictures: FacePictures, table: FaceTable, report: FaceReport,
    suspects: dict[str, list[Suspect]], leaks: Leaks | None, content: dict[str, Any],
    seed: int = 0,
) -> list[Path]:
    """Write all that there is to see of a data set.

    Args:
        folder: Where to; made if it is not there.
        pictures: The data set.
        table: Its labels.
        report: What is wrong in it.
        suspects: Places to look at, by kind.
        leaks: Near-duplicates, or None if they were not looked for.
        content: Of report.json.
        seed: Of the random pictures.

    Returns:
        The files.

    Raises:
        DataError: The folder cannot be written, or a picture cannot be read.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        texts = {'report.json': json.dumps(content, indent=2) + '\n', 'problems.csv': _csv(
            ('picture', 'file', 'face', 'kind', 'detail', 'effect'),
            [(p.picture, p.file, '' if p.face is None else p.face, p.kind, p.detail, p.effect)
             for p in report.problems])}
        if leaks is not None:
            texts['duplicates.csv'] = _csv(
                ('correlation', 'mirrored', 'file_a', 'split_a', 'source_a', 'file_b', 'split_b',
                 'source_b', 'moved'), _pair_rows(pictures, leaks))
        for name, text in texts.items():
            write_text(folder / name, text)
    except OSError as error:
        raise DataError(f'{folder}: cannot be written: {error.strerror or error}') from error
    images = {'histograms.png': histograms(pictures, table),
              'sheet_random.png': random_sheet(pictures, seed)}
    for kind, found in suspects.items():
        if found:
            images[f'sheet_{kind}.png'] = suspect_sheet(pictures, found, _TITLES[kind])
    if leaks is not None and leaks.across.any():
        images['sheet_duplicates.png'] = pair_sheet(pictures, leaks)
    for name, image in images.items():
        write_image(folder / name, image)
    return [folder / name for name in (*texts, *images)]


def suspect_sheet(pictures: FacePictures, suspects: Sequence[Suspect], title: str) -> Image:
    """Return close-ups of the first 80 suspects with their labels drawn."""
    tiles, captions = [], []
    for suspect in suspects[:_SHOWN]:
        picture = pictures.pictures[suspect.picture]
        tiles.append(close_up(
            pictures.read(suspect.picture), picture.labels, suspect.box, _SIDE))
        captions.append(f'{suspect.figure:.3g}  {picture.file}')
    return _titled(f'{title}: {len(tiles)} of {len(suspects)}', grid(tiles, 10, _SIDE, captions))


def random_sheet(pictures: FacePictures, seed: int = 0) -> Image:
    """Return 80 random pictures with their labels drawn."""
    rows = np.random.default_rng(seed).permutation(len(pictures))[:_SHOWN].tolist()
    tiles = [_whole(draw_labels(pictures.read(row), pictures.pictures[row].labels, 2))
             for row in rows]
    return _titled(f'{pictures.name}: {len(rows)} of {len(pictures)} pictures', grid(
        tiles, 10, _SIDE, [pictures.pictures[row].file for row in rows]))


def pair_sheet(pictures: FacePictures, leaks: Leaks) -> Image:
    """Return 60 near-duplicates across splits side by side, evenly from all that there are."""
    rows = np.flatnonzero(leaks.across)
    rows = rows[np.argsort(-leaks.pairs.correlations[rows], kind='stable')]
    shown = rows[np.linspace(0, len(rows) - 1, min(len(rows), _PAIRS)).round().astype(int)]
    tiles, captions = [], []
    for row in shown:
        for place, index in enumerate(leaks.pairs.pairs[row].tolist()):
            image = pictures.read(index)
            tiles.append(_whole(image[:, ::-1] if place and leaks.pairs.mirrored[row] else image))
            picture = pictures.pictures[index]
            captions.append(f'{leaks.pairs.correlations[row]:.3f}  {picture.split}  '
                            f'{picture.file}')
    return _titled(f'near-duplicates across splits: {len(shown)} of {len(rows)} pairs, by '
                   'correlation, mirrored ones turned back', grid(tiles, 10, _SIDE, captions))


def histograms(pictures: FacePictures, table: FaceTable) -> Image:
    """Return histograms of the faces: their sides, shares of the picture, rolls and scores."""
    splits = np.array([picture.split for picture in pictures.pictures])[table.pictures]
    counts = ~table.ignored
    parts = {split or 'all': (splits == split) for split in sorted(set(splits.tolist()))}
    panels = []
    for name, values, edges, chosen in (
            ('longer side of the faces in pixels', table.sides,
             np.array([4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024]),
             counts),
            ('the same in shorter sides of the picture', table.shares,
             np.linspace(0, 1.2, 25), counts),
            ('roll of the faces in degrees', table.rolls, np.arange(-90, 91, 7.5), counts),
            ('score of all labels', table.scores, np.linspace(0.3, 1, 29), counts | True)):
        panels.append(_panel(name, {split: values[rows & chosen]
                                    for split, rows in parts.items()}, edges))
    return np.vstack([np.hstack(panels[:2]), np.hstack(panels[2:])])


def _panel(
    title: str, parts: dict[str, NDArray[np.floating]], edges: NDArray[np.floating],
) -> Image:
    """Return bars of the share of each part's values by bin, the outermost bins open."""
    width, height = _PANEL
    panel = np.full((height, width, 3), 255, np.uint8)
    cv2.putText(panel, title, (10, 16), _FONT, 0.42, _INK, 1, cv2.LINE_AA)
    shares = {}
    for split, values in parts.items():
        values = np.clip(values[np.isfinite(values)], edges[0], edges[-1])
        shares[split] = np.histogram(values, edges)[0] / max(1, len(values))
    largest = max([float(share.max()) for share in shares.values()] or [0.0]) or 1.0
    left, right, base = 14, width - 14, height - 26
    step = (right - left) / (len(edges) - 1)
    for part, (split, share) in enumerate(shares.items()):
        colour = _VAL if split == 'val' else _TRAIN
        bar = step / len(shares)
        for column, value in enumerate(share):
            x = left + column * step + part * bar
            top = base - round((base - 40) * value / largest)
            cv2.rectangle(panel, (round(x), top), (round(x + bar) - 1, base), colour, -1)
        cv2.putText(panel, f'{split} {len(parts[split])}', (10 + 120 * part, 32), _FONT, 0.38,
                    colour, 1, cv2.LINE_AA)
    cv2.putText(panel, f'highest bar {100 * largest:.0f} %', (width - 140, 32), _FONT, 0.36, _INK,
                1, cv2.LINE_AA)
    for column in range(0, len(edges), max(1, len(edges) // 8)):
        x = round(left + column * step)
        cv2.line(panel, (x, base), (x, base + 4), _INK, 1)
        cv2.putText(panel, f'{edges[column]:g}'[:5], (x - 8, base + 17), _FONT, 0.33, _INK, 1,
                    cv2.LINE_AA)
    return panel


def _whole(image: Image) -> Image:
    """Return a picture as a square, its shape kept."""
    side = max(image.shape[:2])
    square = np.full((side, side, 3), 235, np.uint8)
    square[:image.shape[0], :image.shape[1]] = image
    return square


def _titled(title: str, sheet: Image) -> Image:
    return np.vstack([text_strip(title, sheet.shape[1], 26, 0.5), sheet])


def _pair_rows(pictures: FacePictures, leaks: Leaks) -> list[tuple[object, ...]]:
    moved = set(leaks.moved.tolist())
    rows: list[tuple[object, ...]] = []
    for (i, j), value, mirrored in zip(
            leaks.pairs.pairs.tolist(), leaks.pairs.correlations.tolist(),
            leaks.pairs.mirrored.tolist(), strict=True):
        sides = [(pictures.pictures[row].file, pictures.pictures[row].split,
                  pictures.pictures[row].source) for row in (i, j)]
        gone = ''.join(letter for letter, row in (('a', i), ('b', j)) if row in moved)
        rows.append((f'{value:.4f}', int(mirrored), *sides[0], *sides[1], gone))
    return rows


def _csv(header: Sequence[str], rows: Sequence[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
