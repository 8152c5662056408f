"""All that `fer evaluate detector --out` makes: figures, plots, contact sheets, the report."""

from __future__ import annotations

from collections.abc import Callable
import html
import json
from pathlib import Path
import re
from typing import Any

from fer_ros.evaluation.detector.comparison import Comparison
from fer_ros.evaluation.detector.plots import PICTURES
from fer_ros.evaluation.detector.sheets import KINDS, write_sheets
from fer_ros.evaluation.detector.subsets import Material, SUBSETS
from fer_ros.evaluation.detector.table import markdown, tables
from fer_ros.evaluation.report import html_table, page, Section, section_html
from fer_ros.training.files import write_text

__all__ = ['write_study']

_SHEETS = {
    'hits': ('finds', 'Faces that are found at 95 % precision, drawn at random.'),
    'misses': ('misses', 'Faces that are missed at 95 % precision, drawn at random.'),
    'false': ('false alarms', 'The surest detections where no face is labelled: at 95 % '
              'precision, and with its own threshold in pictures without a face. Some of them '
              'are faces without a label.'),
}
_DRAWN = 'Green: labels; grey: labels that count neither way; red: what is found, with points.'


def write_study(
    folder: Path, comparison: Comparison, material: Material, *, faces: bool = True,
    progress: Callable[[int, str], Any],
) -> None:
    """Write `metrics.json`, `table.md`, the plots, the contact sheets and `report.html`.

    Every file is either whole or not there; the report is written last. Those of an earlier
    comparison in the folder go first.

    Args:
        folder: Where to; made if need be.
        comparison: What came out.
        material: The data it was made of.
        faces: Whether to draw the sheets, which show faces.
        progress: As of `compare`.
    """
    result = comparison.result
    folder.mkdir(parents=True, exist_ok=True)
    for path in (*(folder / name for name in ('report.html', 'metrics.json', 'table.md')),
                 *(folder / f'{name}.png' for name in PICTURES),
                 *(path for kind in KINDS for path in folder.glob(f'{kind}_*.png'))):
        path.unlink(missing_ok=True)
    write_text(folder / 'metrics.json', json.dumps(result, indent=1) + '\n')
    write_text(folder / 'table.md', markdown(result))
    sections = []
    for name, (title, text, draw) in PICTURES.items():
        path = folder / f'{name}.png'
        if draw(result, path):
            sections.append(Section(title, text, path))
    if faces:
        sections += _sheets(folder, comparison, material, progress)
    parts = [f'<h1>{html.escape(" and ".join(result["names"]))}</h1>',
             f'<p>On {html.escape(", ".join(result["data"]["files"]))}.</p>']
    for table in tables(result):
        parts += [f'<h2>{html.escape(table.title)}</h2><p>{html.escape(table.text)}</p>',
                  html_table(table.head, table.rows)]
    parts += map(section_html, sections)
    files = ''.join(f'<br>{html.escape(name)} sha256 <code>{sha256}</code>'
                    for name, sha256 in result['networks'].items())
    parts.append('<h2>Made by</h2><p class="small">'
                 f'<code>{html.escape(result["command"])}</code><br>data sha256 '
                 f'<code>{result["data"]["sha256"]}</code>{files}</p>')
    write_text(folder / 'report.html', page('Face detectors', parts))


def _sheets(
    folder: Path, comparison: Comparison, material: Material,
    progress: Callable[[int, str], Any],
) -> list[Section]:
    result, sections = comparison.result, []
    with progress(len(result['names']) * len(comparison.answers), 'row of pictures') as step:
        for name in result['names']:
            stem = re.sub(r'[^A-Za-z0-9]+', '_', name).strip('_')
            subsets = {}
            for key, answers in comparison.answers.items():
                row = result['subsets'].get(key, {}).get('detectors', {}).get(name)
                # Without faces the detector's own threshold applies; everything has passed it.
                threshold = 0.0 if row is None else row['threshold']
                # A detector that is never precise enough is shown with all that it finds.
                subsets[key] = (SUBSETS[key].title, answers, threshold or 0.0)
            paths = write_sheets(
                folder, stem, name, subsets,
                lambda key, place: SUBSETS[key].make(material, place), seed=material.seed,
                step=step)
            for kind, path in paths.items():
                title, text = _SHEETS[kind]
                sections.append(Section(f'{name}: {title}', f'{text} {_DRAWN}', path, faces=True))
    return sections
