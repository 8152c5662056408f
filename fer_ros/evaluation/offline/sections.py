"""The pictures of a run, each with the words that explain it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fer_ros.evaluation import plots
from fer_ros.evaluation.offline import failures, pictures
from fer_ros.evaluation.offline.score import Scores
from fer_ros.evaluation.offline.sources.base import Selection
from fer_ros.evaluation.report import Section

__all__ = ['draw_sections']

_TIMELINES = 12  # recordings with a picture of their own


def draw_sections(
    out: Path, scores: Scores, metrics: dict[str, Any], selection: Selection, *, faces: bool,
) -> list[Section]:
    """Draw the pictures of a run.

    Args:
        out: Folder of the results.
        scores: Of the run.
        metrics: Content of `metrics.json`.
        selection: Of the run.
        faces: Whether pictures of faces may be drawn.

    Returns:
        The sections of the report, in its order.
    """
    sections = []
    timed = [n for n, unit in enumerate(scores.units)
             if unit.tracking and len(scores.tracks.frames(n)[0])]
    for number in timed[:_TIMELINES]:
        unit = scores.units[number]
        path = out / f'timeline_{unit.name}.png'
        pictures.timeline_picture(scores, number, path)
        sections.append(Section(
            f'{unit.recording} {unit.stream}'.strip(),
            'Above, for each labelled person, the label, the answer, and green where they '
            'agree; white where no face was found. Below, the probabilities of the faces in '
            'view for longest, by the number of their track.', path, faces=True))
    if not metrics['n']:
        return sections
    todo: list[tuple[str, str, str, Callable[[Path], None]]] = [
        ('confusion', 'Confusion',
         'Rows are the labels, columns the answers; each row adds up to 100 %. Faces that '
         'were not found stand under `unknown`, too.',
         lambda path: plots.confusion_picture(metrics, path)),
        ('answers', 'Labels and answers', 'How often each emotion is labelled, and how often '
         'it is answered.', lambda path: pictures.answers_picture(metrics, path)),
        ('reliability', 'Calibration',
         'Bars at the dashed line: the confidence says how often the answer is right; bars '
         'below it: the model is too sure of itself. Pale bars are of fewer than ten faces.',
         lambda path: plots.reliability_picture(metrics, path)),
        ('risk_coverage', 'Abstention',
         'The share of wrong answers if only the surest of the faces that were found are '
         'answered. The dot is the threshold for `unknown`.',
         lambda path: plots.risk_coverage_picture(
             {**metrics, 'n': max(1, metrics['n'] - metrics['no_face'])}, path)),
        ('sizes', 'Size and confidence',
         'Left, right answers and mean confidence of small and large faces, in bins of '
         'equally many. Right, how often each confidence occurs.',
         lambda path: pictures.sizes_picture(scores, path))]
    found = metrics['n'] - metrics['no_face']
    for name, title, text, draw in todo:
        if found or name in ('confusion', 'answers'):
            draw(out / f'{name}.png')
            sections.append(Section(title, text, out / f'{name}.png'))
    rows = failures.failure_rows(scores) if faces else []
    if rows:
        failures.failure_sheet(scores, rows, selection, out / 'failures.png')
        sections.append(Section(
            'What went wrong', 'The surest wrong answers first: label, then answer and '
            'confidence. Some may be errors of the labels.', out / 'failures.png', True))
    return sections
