"""The HTML report: one file with all its pictures inside, that asks nothing of the network."""

from __future__ import annotations

import base64
from collections.abc import Sequence
import dataclasses
import html
from pathlib import Path
import re
from typing import Any

from fer_ros.evaluation.provenance import TRAINED_ON
from fer_ros.training.files import write_text

__all__ = [
    'emotion_row', 'figure_rows', 'html_table', 'made_by', 'page', 'Section', 'section_html',
    'write_report',
]

_STYLE = """
:root { color-scheme: light dark; --text: #222; --page: #fff; --line: #ddd; --code: #f3f3f3; }
@media (prefers-color-scheme: dark) {
  :root { --text: #ddd; --page: #181818; --line: #444; --code: #2a2a2a; }
}
body { font-family: system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
       color: var(--text); background: var(--page); line-height: 1.45; }
h1 { margin-bottom: 0.2rem; } h2 { margin-top: 2.2rem; border-bottom: 1px solid var(--line); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 0.8rem 0; }
th, td { padding: 0.25rem 0.8rem; text-align: right; border-bottom: 1px solid var(--line); }
td { white-space: nowrap; } th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; height: auto; background: #fff; } p, li { max-width: 48rem; }
img.faces { min-width: 40rem; }
code { background: var(--code); padding: 0.1rem 0.3rem; overflow-wrap: anywhere; }
.small { font-size: 0.9rem; } .warning { border-left: 4px solid #d55e00; padding-left: 0.8rem; }
@media (max-width: 40rem) { th, td { padding: 0.25rem 0.4rem; } }
@media print {
  :root { color-scheme: light; --text: #000; --page: #fff; --line: #bbb; --code: #f3f3f3; }
  body { max-width: none; margin: 0; } section, img, table { break-inside: avoid; }
  h2 { break-after: avoid; } img { max-height: 11cm; } img.faces { min-width: 0; }
}
"""

_MEANING = {
    'accuracy': 'share of the faces whose answer is their label.',
    'macro recall': 'recall of each emotion, then the mean: rare emotions count as much as '
                    'frequent ones.',
    'macro F1': 'the same of F1, which is low where either precision or recall is.',
    'expected calibration error': 'how far the confidence is from the share of right answers, '
                                  'on average; 0 is best. Of few faces it comes out too high, '
                                  'which the interval allows for.',
    '95 % interval': 'other pictures of the same kind would give other figures, most likely in '
                     'this range.',
}
_EMOTION_TEXT = (
    'Precision: how many of the faces with this answer bear the label. Recall: how many of the '
    'faces with this label get the answer. AUC: how often a face of this emotion gets a higher '
    'probability of it than another face; 1 is best, 0.5 is chance. Of few images every figure '
    'is a rough one.')


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes:
        title: Its title.
        text: What its picture shows; words between backticks are set as code.
        picture: A PNG file.
        faces: Whether it is a sheet of small pictures or a long timeline, which small screens
            scroll.
    """

    title: str
    text: str
    picture: Path
    faces: bool = False


def emotion_row(row: dict[str, Any]) -> tuple[str, str, str]:
    """Return precision, recall and F1 of an entry of `per_class`, as text.

    An emotion that the data do not show has none of them, and 0 % would be a reproach.
    """
    if not row['n']:
        return '-', '-', '-'
    precision, recall, f1 = (f'{100 * row[key]:.1f} %' for key in ('precision', 'recall', 'f1'))
    return precision, recall, f1


def figure_rows(metrics: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (name, value, interval) of the main figures of `metrics.json`, as text."""
    rows = []
    for name, key in (('accuracy', 'accuracy'), ('macro recall', 'macro_recall'),
                      ('macro F1', 'macro_f1'), ('expected calibration error', 'ece')):
        low, high = metrics[f'{key}_ci']
        rows.append((name, f'{100 * metrics[key]:.2f} %',
                     f'{100 * low:.2f} to {100 * high:.2f} %'))
    return rows


def write_report(path: Path, metrics: dict[str, Any], sections: Sequence[Section]) -> None:
    """Write the report of a model.

    Args:
        path: The `.html` file.
        metrics: Content of `metrics.json`, with `speed`.
        sections: Its pictures.
    """
    model, data = metrics['model'], metrics['data']
    title = f'{model["name"]} {model["version"]}'
    figures = html_table(('figure', 'value', '95 % interval'), figure_rows(metrics))
    emotions = html_table(
        ('emotion', 'precision', 'recall', 'F1', 'AUC', 'average precision', 'images'),
        [(label, *emotion_row(row),
          *('-' if row[key] is None else f'{row[key]:.3f}' for key in ('auc', 'ap')),
          str(row['n'])) for label, row in metrics['per_class'].items()])
    abstention, speed = metrics['abstention'], metrics['speed']
    share = abstention['accuracy_of_answers']
    answered = '' if share is None else f', and {100 * share:.2f} % of its other answers are right'
    parts = [
        f'<h1>{html.escape(title)}</h1>',
        f'<p>On {metrics["n"]} face crops of {html.escape(", ".join(data["files"]))}; every face '
        'gets an answer, however unsure (forced choice).</p>',
        *([f'<p class="warning">Warning: {TRAINED_ON}.</p>'] if metrics['trained_on'] else []),
        figures,
        '<ul class="small">', *(f'<li>{name}: {text}</li>' for name, text in _MEANING.items()),
        '</ul>',
        f'<p>At its threshold of {abstention["threshold"]:g} the model answers '
        f'<code>unknown</code> on {abstention["unknown"]} of the images{answered}. The area under '
        f'the risk-coverage curve is {metrics["risk_coverage"]["aurc"]:.4f}. One face takes '
        f'{speed["median_ms"]:.2f} ms, in the 95th percentile {speed["p95_ms"]:.2f} ms: one at a '
        'time, one thread, on this machine as it was.</p>',
        '<h2>Emotions</h2>', f'<p>{_EMOTION_TEXT}</p>', emotions]
    parts += map(section_html, sections)
    parts.append(made_by(metrics))
    write_text(path, page(title, parts))


def made_by(result: dict[str, Any]) -> str:
    """Return how a report's figures came about, and what no figure says.

    Args:
        result: With `command`, `data` and, where there is one, `model`.
    """
    hashes = [('data', result['data']['sha256'])]
    if 'model' in result:
        hashes.insert(0, ('model', result['model']['sha256']))
    return (
        f'<h2>Made by</h2><p class="small"><code>{html.escape(result["command"])}</code>'
        + ''.join(f'<br>{what} sha256 <code>{value}</code>' for what, value in hashes)
        + '</p><p class="small">An expression is how a face looks, not what a person feels.</p>')


def section_html(section: Section) -> str:
    """Return a section with its picture inside."""
    picture = base64.b64encode(section.picture.read_bytes()).decode('ascii')
    text = re.sub(r'`(.*?)`', r'<code>\1</code>', html.escape(section.text))
    return (
        f'<section><h2>{html.escape(section.title)}</h2><p>{text}</p><div class="wide">'
        f'<img alt="{html.escape(section.title)}"{" class=faces" if section.faces else ""} '
        f'src="data:image/png;base64,{picture}"></div></section>')


def page(title: str, parts: Sequence[str]) -> str:
    """Return a whole page of HTML.

    Args:
        title: Its title, as plain text.
        parts: Its content, as HTML.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n'
        + '\n'.join(parts) + '\n</body></html>\n')


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table, which small screens scroll; the cells are plain text."""
    def line(tag: str, cells: Sequence[str]) -> str:
        return '<tr>' + ''.join(f'<{tag}>{html.escape(c)}</{tag}>' for c in cells) + '</tr>'

    body = ''.join(line('td', row) for row in rows)
    return f'<div class="wide"><table>{line("th", head)}{body}</table></div>'
