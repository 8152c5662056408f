"""The report of a comparison: differences with intervals, in one HTML file that loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
import html
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.evaluation.compare import interval_text, p_text
from fer_ros.evaluation.examples import sheet
from fer_ros.evaluation.plots import comparison_picture
from fer_ros.evaluation.report import html_table, made_by, page, Section, section_html
from fer_ros.training.files import write_text

__all__ = ['difference_rows', 'disagreeing_crops', 'Disagreement', 'SHOWN', 'verdict',
           'write_comparison']

_OUTPUTS = ('report.html', 'comparison.json', 'comparison.png', 'disagreements.png')

SHOWN = 30
"""Faces in the contact sheet, one half for each of the two being right."""

Disagreement = tuple[Any, str, bool]
"""A face that only one of the two got right: its picture, its caption, whether B is right."""


def difference_rows(comparison: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Return (figure, A, B, difference, interval), as text: accuracy, macro recall, recalls."""
    rows = {'accuracy': comparison['accuracy'], 'macro recall': comparison['macro_recall'],
            **{f'recall of {label}': row for label, row in comparison['per_class'].items()}}
    result = []
    for name, row in rows.items():
        low, high = (100 * value for value in row['difference_ci'])
        result.append((
            name, f'{100 * row["first"]:.2f} %', f'{100 * row["second"]:.2f} %',
            f'{100 * row["difference"]:+.2f}', f'{low:+.2f} to {high:+.2f}'))
    return result


def disagreeing_crops(
    images: NDArray[np.uint8], truths: Sequence[str], first: Sequence[str], second: Sequence[str],
) -> list[Disagreement]:
    """Return face crops that only one of two models got right, spread over the data.

    Args:
        images: (N, H, W) or (N, H, W, 3) uint8.
        truths: (N,) labels.
        first: (N,) answers of A.
        second: (N,) answers of B.
    """
    right = np.array([[a == truth, b == truth]
                      for truth, a, b in zip(truths, first, second, strict=True)])
    chosen: list[int] = []
    for one, other in ((1, 0), (0, 1)):
        rows = np.flatnonzero(right[:, one] & ~right[:, other])
        places = np.linspace(0, len(rows) - 1, min(len(rows), SHOWN // 2)).round().astype(int)
        chosen += rows[places].tolist()
    return [(images[row], f'{truths[row]}:\n{first[row]}\n{second[row]}', bool(right[row, 1]))
            for row in chosen]


def write_comparison(
    folder: Path, comparison: dict[str, Any], shown: Sequence[Disagreement], *, pictures: bool,
) -> None:
    """Write `comparison.json`, the pictures and `report.html`.

    Args:
        folder: Where to; made if need be.
        comparison: What `paired_comparison` returns, with `models`, `data` and `command`.
        shown: Faces on which the two disagree, for the contact sheet.
        pictures: Whether to draw the pictures and to write the report.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in _OUTPUTS:
        (folder / name).unlink(missing_ok=True)
    write_text(folder / 'comparison.json', json.dumps(comparison, indent=2) + '\n')
    if not pictures:
        return
    comparison_picture(comparison, folder / 'comparison.png')
    sections = [Section(
        'Differences', 'Dots are the differences, lines their intervals: blue where B is better, '
        'orange where A is, grey where these data show no difference. In brackets, how many '
        'labels there are.', folder / 'comparison.png')]
    if shown:
        images, captions, right = zip(*shown, strict=True)
        sheet(folder / 'disagreements.png', images, captions, right)
        sections.append(Section(
            'Where they disagree', 'Faces that only one of the two got right: the label, then the '
            'answers of A and of B; green where B is right, red where A is.',
            folder / 'disagreements.png', faces=True))
    write_text(folder / 'report.html', page(_title(comparison), _parts(comparison, sections)))


def _title(comparison: dict[str, Any]) -> str:
    first, second = (f'{model["name"]} {model["version"]}' for model in comparison['models'])
    return f'{second} against {first}'


def _parts(comparison: dict[str, Any], sections: Sequence[Section]) -> list[str]:
    test, data = comparison['mcnemar'], comparison['data']
    what = 'faces' if 'runs' in comparison else 'face crops'
    trials = test.get('over', 'images')
    runs = comparison.get('runs', ('', ''))
    models = html_table(('', 'model', 'sha256', *(['run'] if 'runs' in comparison else [])), [
        (letter, f'{model["name"]} {model["version"]}', model['sha256'][:12],
         *([run] if 'runs' in comparison else []))
        for letter, model, run in zip('AB', comparison['models'], runs, strict=True)])
    parts = [
        f'<h1>{html.escape(_title(comparison))}</h1>',
        f'<p>{comparison["n"]} labelled {what} of {html.escape(", ".join(data["files"]))}.</p>',
        models, *(f'<p class="warning">Warning: {html.escape(text)}.</p>'
                  for text in comparison['warnings']),
        f'<p><strong>{html.escape(verdict(comparison))}</strong></p>',
        html_table(('figure', 'A', 'B', 'B - A', '95 % interval'), difference_rows(comparison)),
        f'<p class="small">{_meaning(comparison["intervals"], trials)}</p>',
        f'<p>Only A is right on {test["only_first"]} of the {trials}, only B on '
        f"{test['only_second']}. McNemar's exact test: {html.escape(p_text(test['p']))}.</p>"]
    if comparison.get('unpaired'):
        parts.append(f'<p>{comparison["unpaired"]} labelled faces are in one of the runs only, '
                     'and do not count.</p>')
    parts += map(section_html, sections)
    return [*parts, made_by(comparison)]


def _meaning(intervals: dict[str, Any], trials: str) -> str:
    return (
        f'Differences are B less A, in points of per cent. {interval_text(intervals)} The samples '
        "are the same for both. McNemar's exact test asks how likely two equally good models "
        f'differ at least as much on so many {trials}.')


def verdict(comparison: dict[str, Any]) -> str:
    """Return what the interval of the accuracy says."""
    row, intervals = comparison['accuracy'], comparison['intervals']
    low, high = (100 * value for value in row['difference_ci'])
    few = '' if intervals['groups'] >= 10 else \
        f' {intervals["groups"]} {intervals["over"]} are too few to be sure.'
    if low > 0:
        return f'B is right more often than A: {100 * row["difference"]:+.2f} points ' \
               f'({low:+.2f} to {high:+.2f}).{few}'
    if high < 0:
        return f'A is right more often than B: {-100 * row["difference"]:+.2f} points ' \
               f'({-high:+.2f} to {-low:+.2f}).{few}'
    return f'These data show no difference of the accuracy ({low:+.2f} to {high:+.2f} points).'
