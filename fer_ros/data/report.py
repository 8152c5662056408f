"""What a user wants to know of labelled crops: counts, agreement, quality, as JSON and text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.types import Floats, Image
from fer_ros.data.crops import SPLITS
from fer_ros.data.prepare import count_reasons, Prepared
from fer_ros.data.quality import agreement, percentiles, quality_summary
from fer_ros.data.sheets import class_sheets
from fer_ros.training.files import write_text

__all__ = ['report_of', 'report_text', 'summary', 'write_report']


def summary(
    images: Image, targets: NDArray[np.int64], labels: Sequence[str],
    distributions: Floats | None, subjects: NDArray[np.str_] | None,
) -> dict[str, Any]:
    """Return the figures of one split.

    Args:
        images: (N, H, W) or (N, H, W, 3) uint8.
        targets: (N,) index into `labels`.
        labels: Names of the emotions.
        distributions: (N, K) shares of votes, or None.
        subjects: (N,) people, empty where unknown, or None.

    Returns:
        `images`, `counts` and `quality`; where known `agreement` and `subjects`.
    """
    counts = np.bincount(targets, minlength=len(labels))
    content: dict[str, Any] = {
        'images': len(targets),
        'counts': {label: int(n) for label, n in zip(labels, counts, strict=True)},
        'quality': quality_summary(images)}
    if distributions is not None:
        content['agreement'] = agreement(distributions, targets, tuple(labels))
    people = set() if subjects is None else set(subjects.tolist()) - {''}
    if people:
        content['subjects'] = len(people)
    return content


def report_of(prepared: Prepared) -> dict[str, Any]:
    """Return the content of report.json."""
    samples, duplicates = prepared.samples, prepared.duplicates
    splits = {}
    for split in SPLITS:
        part = samples.take(samples.splits == split)
        if len(part):
            splits[split] = summary(
                part.images, part.targets, part.labels, part.distributions, part.subjects)
    homes = prepared.read.splits[duplicates.pairs]
    across = homes[:, 0] != homes[:, 1]
    targets = prepared.read.targets[duplicates.pairs]
    content = {
        'sha256': prepared.sha256, 'images': len(samples), 'labels': list(samples.labels),
        'splits': splits, 'dropped': count_reasons(prepared.dropped),
        'duplicates': {
            'pairs': len(duplicates), 'exact': int(duplicates.exact.sum()),
            'near': int((~duplicates.exact).sum()),
            'mirrored': int(duplicates.mirrored.sum()),
            'across_splits': int(across.sum()),
            'exact_across_splits': int((across & duplicates.exact).sum()),
            'labels_differ': int((targets[:, 0] != targets[:, 1]).sum()),
            'removed': {split: int((prepared.read.splits[prepared.removed] == split).sum())
                        for split in SPLITS}},
        'subjects_in_several_splits': list(prepared.shared_subjects),
        'warnings': list(prepared.warnings)}
    sides = percentiles(samples.face_sides)
    if sides:
        content['face_side_pixels'] = sides
    return content


def report_text(splits: dict[str, dict[str, Any]]) -> str:
    """Return the figures of splits as tables.

    Args:
        splits: What `summary` gave, by the name of the split.
    """
    labels = list(dict.fromkeys(label for part in splits.values() for label in part['counts']))
    width = max([len('sharpness'), *map(len, labels)]) + 2
    lines = [' ' * width + ''.join(f'{name:>12}' for name in splits)]

    def line(name: str, values: Sequence[object]) -> None:
        lines.append(f'{name:<{width}}' + ''.join(f'{value!s:>12}' for value in values))

    for label in labels:
        line(label, [part['counts'].get(label, 0) for part in splits.values()])
    line('all', [part['images'] for part in splits.values()])
    if any('subjects' in part for part in splits.values()):
        line('people', [part.get('subjects', '-') for part in splits.values()])
    for name, part in splits.items():
        lines += ['', f'{name}: {"":<{max(0, width - len(name) - 2)}}'
                  + ''.join(f'{mark:>10}' for mark in ('p5', 'p25', 'p50', 'p75', 'p95'))]
        figures = dict(part['quality'])
        if 'agreement' in part:
            figures['vote share'] = part['agreement']['largest_share']
            figures['entropy'] = part['agreement']['entropy_bits']
        for figure, values in figures.items():
            lines.append(f'{figure:<{width}}' + ''.join(
                f'{values[mark]:>10.2f}' for mark in ('p5', 'p25', 'p50', 'p75', 'p95')))
    return '\n'.join(lines)


def write_report(prepared: Prepared, folder: Path, seed: int = 0) -> dict[str, Any]:
    """Write report.json, duplicates.csv, dropped.csv and a sheet an emotion; return the first."""
    folder.mkdir(parents=True, exist_ok=True)
    content = report_of(prepared)
    write_text(folder / 'report.json', json.dumps(content, indent=2) + '\n')
    write_text(folder / 'duplicates.csv', _csv(
        ('kind', 'correlation', 'removed', 'split_a', 'label_a', 'picture_a', 'split_b',
         'label_b', 'picture_b'), _pairs(prepared)))
    write_text(folder / 'dropped.csv', _csv(
        ('picture', 'reason', 'detail'),
        ((item.name, item.reason, item.detail) for item in prepared.dropped)))
    samples = prepared.samples
    class_sheets(folder, samples.images, samples.targets, samples.labels, samples.splits, seed)
    return content


def _pairs(prepared: Prepared) -> Iterator[tuple[object, ...]]:
    read, found = prepared.read, prepared.duplicates
    gone = set(prepared.removed.tolist())
    for (i, j), value, exact, mirrored in zip(
            found.pairs.tolist(), found.correlations.tolist(), found.exact.tolist(),
            found.mirrored.tolist(), strict=True):
        kind = ('exact' if exact else 'near') + (' mirrored' if mirrored else '')
        removed = ''.join(letter for letter, row in (('a', i), ('b', j)) if row in gone)
        sides = [(read.splits[row], read.labels[read.targets[row]], read.names[row])
                 for row in (i, j)]
        yield (kind, f'{value:.4f}', removed, *sides[0], *sides[1])


def _csv(header: Sequence[str], rows: Any) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
