"""The report of a run: figures in words, pictures inside, one file that loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
import html
from pathlib import Path
from typing import Any

from fer_ros.evaluation.compare import interval_text
from fer_ros.evaluation.offline.sources.base import Excluded
from fer_ros.evaluation.report import (
    emotion_row,
    html_table,
    made_by,
    page,
    Section,
    section_html,
)
from fer_ros.training.files import write_text

__all__ = ['figure_table', 'write_run_report']

_LISTED = 40  # exclusions in the report; the others are in exclusions.csv

_MEANING = (
    'Accuracy, macro recall and macro F1 are over all labelled faces; a face that was not found '
    'and <code>unknown</code> count as wrong. Macro: the mean over the emotions that occur, so '
    'that rare ones count as much as frequent ones. Kappa: agreement of answers and labels beyond '
    'chance, 1 is best, 0 is chance (Cohen 1960). ECE: how far the confidence of the answers is '
    'from the share of right ones. Coverage: share of the labelled faces that get an answer. '
    'Chance guesses any emotion of the model; majority always gives the most frequent label.')


def figure_table(metrics: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Return (figure, value, interval, chance, majority) of the main figures, as text."""
    chance, majority = metrics['baselines']['chance'], metrics['baselines']['majority']
    rows = []
    for name, key in (('accuracy', 'accuracy'), ('macro recall', 'macro_recall'),
                      ('macro F1', 'macro_f1'), ('kappa', 'kappa'), ('ECE', 'ece'),
                      ('coverage', 'coverage')):
        low, high = metrics[f'{key}_ci']
        if key == 'kappa':
            cells = f'{metrics[key]:.3f}', f'{low:.3f} to {high:.3f}', '0', '0'
        else:
            cells = (_percent(metrics[key]), f'{100 * low:.1f} to {100 * high:.1f} %',
                     _percent(chance.get(key)), _percent(majority.get(key)))
        rows.append((name, *cells))
    return rows


def write_run_report(
    path: Path, metrics: dict[str, Any], sections: Sequence[Section],
    excluded: Sequence[Excluded],
) -> None:
    """Write the report.

    Args:
        path: The `.html` file.
        metrics: Content of `metrics.json`.
        sections: Its pictures.
        excluded: What was left out.
    """
    model, data, frames = metrics['model'], metrics['data'], metrics['frames']
    title = f'{model["name"]} {model["version"]} on {_names(data["files"])}'
    what = 'pictures' if metrics['kind'] == 'images' else 'frames'
    parts = [
        f'<h1>{html.escape(title)}</h1>',
        f'<p>{frames["evaluated"]} {what}, a face in {_percent(1 - frames["no_face_rate"])} of '
        f'them; {metrics["n"]} labelled faces in {frames["labelled"]} {what}.</p>']
    if metrics['partial']:
        parts.append(
            f'<p class="warning">This run was interrupted: {metrics["units"]["done"]} of '
            f'{metrics["units"]["all"]} parts are complete. The figures are of what was done; '
            'the same command goes on.</p>')
    parts += [f'<p class="warning">{html.escape(text)}</p>' for text in metrics['warnings']]
    if metrics['n']:
        parts += _figures(metrics)
    parts += map(section_html, sections)
    parts.append(_exclusions(metrics, excluded))
    parts.append(made_by(metrics))
    write_text(path, page(title, parts))


def _figures(metrics: dict[str, Any]) -> list[str]:
    parts = [
        html_table(('figure', 'value', '95 % interval', 'chance', 'majority'),
                   figure_table(metrics)),
        f'<p class="small">{_MEANING} {interval_text(metrics["intervals"])}</p>',
        '<h2>Emotions</h2>',
        html_table(
            ('emotion', 'precision', 'recall', 'F1', 'labels'),
            [(label, *emotion_row(row), str(row['n']))
             for label, row in metrics['per_class'].items()])]
    if 'segments' in metrics:
        parts += ['<h2>Over time</h2>', '<ul>', *(
            f'<li>{text}</li>' for text in over_time(metrics)), '</ul>']
    people = metrics['subjects']
    if people['n'] > 1:
        parts += [
            '<h2>People</h2>',
            f'<p>Every person counts the same: accuracy {_percent(people["accuracy"])}, macro '
            f'recall {_percent(people["macro_recall"])}.</p>',
            html_table(('person', 'accuracy', 'macro recall', 'labelled faces'), [
                (name, _percent(row['accuracy']), _percent(row['macro_recall']), str(row['n']))
                for name, row in people['each'].items()])]
    return parts


def over_time(metrics: dict[str, Any]) -> list[str]:
    """Return what is to be said about a recording, a line each."""
    segments, stability, delay = metrics['segments'], metrics['stability'], metrics['delay']
    lines = [
        f'Of {segments["n"]} labelled segments, {_percent(segments["accuracy"])} get the right '
        f'answer most of the time (macro recall {_percent(segments["macro_recall"])}).']
    if stability['flips_per_minute'] is not None:
        lines.append(
            f'A label changes {stability["flips_per_minute"]:.1f} times a minute, over '
            f'{stability["seconds"]:.0f} s of {stability["tracks"]} tracks.')
    if delay['changes']:
        lines.append(
            f'{delay["reached"]} of {delay["changes"]} changes of the label are followed'
            + (f', after {delay["median_s"]:.2f} s in the median and {delay["p90_s"]:.2f} s in '
               'the 90th percentile.' if delay['reached'] else '.'))
    if 'annotators' in metrics:
        annotators = metrics['annotators']
        alpha = annotators['alpha']
        lines.append(
            f'{len(annotators["names"])} annotators'
            + ('' if alpha is None else f", Krippendorff's alpha {alpha:.2f}")
            + f'; the label is what most of them say, and {annotators["disputed"] / 10:.1f} s on '
            'which they are even bear none.')
    return lines


def _exclusions(metrics: dict[str, Any], excluded: Sequence[Excluded]) -> str:
    text = '<h2>What was left out</h2>'
    unlabelled = metrics['frames']['unlabelled']
    if unlabelled and metrics['kind'] != 'images':
        text += f'<p>{unlabelled} frames bear no label and do not count in the figures.</p>'
    if not excluded:
        return text + '<p>Nothing else.</p>'
    text += html_table(('reason', 'how many'), [
        (reason, str(n)) for reason, n in metrics['excluded'].items()])
    text += html_table(('reason', 'where', 'what'), [
        (item.reason, item.where, item.detail) for item in excluded[:_LISTED]])
    if len(excluded) > _LISTED:
        text += (f'<p class="small">The first {_LISTED} of {len(excluded)}; all are in '
                 '<code>exclusions.csv</code>.</p>')
    return text


def _percent(value: float | None) -> str:
    return '-' if value is None else f'{100 * value:.1f} %'


def _names(files: Sequence[str]) -> str:
    return ', '.join(files) if len(files) < 4 else f'{files[0]} and {len(files) - 1} more'
