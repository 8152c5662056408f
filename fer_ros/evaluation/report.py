"""The HTML report: one file with all its pictures inside, that asks nothing of the network."""

from __future__ import annotations

import base64
from collections.abc import Sequence
import dataclasses
import html
from pathlib import Path
from typing import Any

from fer_ros.training.files import write_text

__all__ = ['figure_rows', 'Section', 'write_report']

_STYLE = """
body { font-family: system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
       color: #222; line-height: 1.45; }
h1 { margin-bottom: 0.2rem; } h2 { margin-top: 2.2rem; border-bottom: 1px solid #ddd; }
table { border-collapse: collapse; margin: 0.8rem 0; }
th, td { padding: 0.25rem 0.8rem; text-align: right; border-bottom: 1px solid #e5e5e5; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; height: auto; } p { max-width: 48rem; }
code { background: #f3f3f3; padding: 0.1rem 0.3rem; overflow-wrap: anywhere; }
.small { color: #555; font-size: 0.9rem; }
"""


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes:
        title: Its title.
        text: What its picture shows.
        picture: A PNG file.
    """

    title: str
    text: str
    picture: Path


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
    figures = _table(('figure', 'value', '95 % interval'), figure_rows(metrics))
    emotions = _table(
        ('emotion', 'precision', 'recall', 'F1', 'AUC', 'average precision', 'images'),
        [(label, *(f'{100 * row[key]:.1f} %' for key in ('precision', 'recall', 'f1')),
          *('-' if row[key] is None else f'{row[key]:.3f}' for key in ('auc', 'ap')),
          str(row['n'])) for label, row in metrics['per_class'].items()])
    abstention, speed = metrics['abstention'], metrics['speed']
    share = abstention['accuracy_of_answers']
    answered = '' if share is None else f', and {100 * share:.2f} % of its other answers are right'
    parts = [
        f'<h1>{html.escape(title)}</h1>',
        f'<p>On {metrics["n"]} face crops of {html.escape(", ".join(data["files"]))}, '
        'forced choice.</p>',
        figures,
        f'<p>At its threshold of {abstention["threshold"]:g} the model answers '
        f'<code>unknown</code> on {abstention["unknown"]} of the images{answered}. The area under '
        f'the risk-coverage curve is {metrics["risk_coverage"]["aurc"]:.4f}. One face takes '
        f'{speed["median_ms"]:.2f} ms, in the 95th percentile {speed["p95_ms"]:.2f} ms: one at a '
        'time, one thread, on this machine as it was.</p>',
        '<h2>Emotions</h2>', emotions]
    for section in sections:
        picture = base64.b64encode(section.picture.read_bytes()).decode('ascii')
        parts.append(
            f'<h2>{html.escape(section.title)}</h2><p>{html.escape(section.text)}</p>'
            f'<img alt="{html.escape(section.title)}" src="data:image/png;base64,{picture}">')
    parts.append(
        '<h2>Made by</h2><p class="small">'
        f'<code>{html.escape(metrics["command"])}</code><br>model sha256 '
        f'<code>{model["sha256"]}</code><br>data sha256 <code>{data["sha256"]}</code></p>'
        '<p class="small">An expression is how a face looks, not what a person feels.</p>')
    write_text(path, (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n'
        + '\n'.join(parts) + '\n</body></html>\n'))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        return '<tr>' + ''.join(f'<{tag}>{html.escape(c)}</{tag}>' for c in cells) + '</tr>'

    return '<table>' + line('th', head) + ''.join(line('td', row) for row in rows) + '</table>'
