"""A picture of a scene over time: what each person shows, and what was said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fer_ros.core.types import UNKNOWN
from fer_ros.evaluation.plots import EMOTION_COLORS, pyplot, save_figure
from fer_ros.evaluation.tracking.identity import IdentityScore, MIN_VISIBLE
from fer_ros.evaluation.tracking.study import Answers, framing, Observation

__all__ = ['timeline_picture']

_UNKNOWN_COLOR = '#DDDDDD'
_SHOWN = 4  # people, at most

# (begin, end, label, number of the track or of the expression)
_Span = tuple[float, float, str, float]


def timeline_picture(
    observations: Sequence[Observation], answers: Mapping[str, Sequence[Answers]],
    labels: tuple[str, ...], convention: str, path: Path,
) -> None:
    """Draw for each person the expression, and the labels that the first and the last way give.

    Where a person gets another number, it stands in the bar.

    Args:
        observations: The frames of a scene.
        answers: What each way reported.
        labels: Names of the true labels.
        convention: The box convention of the detector.
        path: Where to.
    """
    plt = pyplot()
    names = list(answers)
    ways = {name: _spans(observations, answers[name], convention)
            for name in (names[0], names[-1])}
    truth = _true_spans(observations, labels)
    people = sorted(truth)[:_SHOWN]
    figure, grid = plt.subplots(
        len(people), 1, figsize=(12.0, 0.6 + 1.3 * len(people)), sharex=True, squeeze=False)
    colors = dict(zip(labels, EMOTION_COLORS, strict=False)) | {UNKNOWN: _UNKNOWN_COLOR}
    for axes, person in zip(grid[:, 0], people, strict=True):
        rows = {'shown': truth[person],
                **{name: spans.get(person, []) for name, spans in ways.items()}}
        for place, (name, spans) in enumerate(rows.items()):
            _bars(axes, place, spans, colors, numbers=name != 'shown')
        axes.set_yticks(range(len(rows)), [name.replace(', ', ',\n', 1) for name in rows],
                        fontsize=7)
        axes.tick_params(axis='y', length=0)
        axes.set_xlim(observations[0].stamp, observations[-1].stamp)
        axes.invert_yaxis()
        axes.set_ylabel(f'person {person}', fontsize=8)
    grid[-1, 0].set_xlabel('seconds (gaps: hidden or not found)')
    seen = {span[2] for spans in (truth, *ways.values()) for row in spans.values()
            for span in row}
    handles = [plt.Rectangle((0, 0), 1, 1, color=color)
               for label, color in colors.items() if label in seen]
    grid[0, 0].legend(handles, [label for label in colors if label in seen], ncol=9, fontsize=7,
                      loc='lower center', bbox_to_anchor=(0.5, 1.0), frameon=False)
    save_figure(figure, path)


def _bars(
    axes: Any, place: int, spans: Sequence[_Span], colors: Mapping[str, str], *, numbers: bool,
) -> None:
    last = None
    for begin, end, label, number in spans:
        axes.barh(place, end - begin, left=begin, height=0.8, color=colors.get(label, 'white'))
        if numbers and number != last:
            axes.text(begin, place, f'{number:.0f}', fontsize=7, va='center', ha='left',
                      bbox={'boxstyle': 'round,pad=0.15', 'facecolor': 'white', 'linewidth': 0})
            last = number


def _spans(
    observations: Sequence[Observation], answers: Sequence[Answers], convention: str,
) -> dict[int, list[_Span]]:
    identity = IdentityScore(framing(convention))
    frames: dict[int, list[tuple[float, str, float]]] = {}
    for seen, faces in zip(observations, answers, strict=True):
        for person, face in identity.add(seen.people, faces).items():
            frames.setdefault(person, []).append((seen.stamp, face.label, face.track_id))
    return {person: _join(rows, _step(observations)) for person, rows in frames.items()}


def _true_spans(
    observations: Sequence[Observation], labels: tuple[str, ...],
) -> dict[int, list[_Span]]:
    frames: dict[int, list[tuple[float, str, float]]] = {}
    for observation in observations:
        for seen in observation.people:
            if seen.visible >= MIN_VISIBLE:
                frames.setdefault(seen.number, []).append(
                    (observation.stamp, labels[seen.label], seen.since))
    return {person: _join(rows, _step(observations)) for person, rows in frames.items()}


def _step(observations: Sequence[Observation]) -> float:
    return observations[1].stamp - observations[0].stamp if len(observations) > 1 else 1.0


def _join(rows: Sequence[tuple[float, str, float]], step: float) -> list[_Span]:
    """Join frames that follow each other with the same label and number."""
    spans: list[_Span] = []
    for stamp, label, number in rows:
        if spans and spans[-1][2:] == (label, number) and stamp - spans[-1][1] < 0.5 * step:
            spans[-1] = (spans[-1][0], stamp + step, label, number)
        else:
            spans.append((stamp, stamp + step, label, number))
    return spans
