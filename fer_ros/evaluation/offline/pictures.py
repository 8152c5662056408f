"""Pictures of a run, drawn with matplotlib: what people look at first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.annotate import emotion_color
from fer_ros.core.types import UNKNOWN
from fer_ros.evaluation.offline.score import Scores
from fer_ros.evaluation.offline.tracks import Track
from fer_ros.evaluation.plots import pyplot, save_figure

__all__ = [
    'answers_picture', 'color_of', 'draw_timeline', 'sizes_picture', 'timeline_picture',
]

_TRACKS = 4  # faces with a curve of their own
_POINTS = 1500  # along the time, about the pixels of the picture
_GAP = 0.5  # seconds without a frame after which a strip is broken
_RIGHT, _WRONG, _NONE = '#1B9E77', '#D7301F', '#E8E8E8'

Strip = tuple[NDArray[Any], Sequence[str]]


def color_of(label: str) -> str:
    """Return the colour of a label on white paper."""
    if label == 'neutral':
        return '#BEBEBE'  # theirs is near-white, for dark panels
    blue, green, red = emotion_color(label)
    return f'#{red:02X}{green:02X}{blue:02X}'


def timeline_picture(scores: Scores, unit: int, path: Path) -> None:
    """Draw labels against answers over time, a pair of strips a person, and each face's curve.

    Args:
        scores: Of the run.
        unit: Number of the unit.
        path: Where to.
    """
    tracks = scores.tracks.of(unit)[:_TRACKS]
    pairs = _pairs(scores, unit)
    times, seen = scores.tracks.frames(unit)
    draw_timeline(path, scores.labels, tracks, times, seen, pairs)


def draw_timeline(
    path: Path, labels: Sequence[str], tracks: Sequence[Track], times: NDArray[Any],
    seen: NDArray[Any], pairs: Sequence[tuple[str, Strip, Strip]],
) -> None:
    """Draw the timeline of a recording.

    Args:
        path: Where to.
        labels: Names of the K emotions.
        tracks: The faces that get a curve of their own.
        times: (N,) seconds of all frames.
        seen: (N,) whether a face was found.
        pairs: Person, labels and answers of each labelled person.
    """
    plt = pyplot()
    heights = [0.62 * len(pairs) + 0.2] * bool(pairs) + [1.5] * len(tracks) + [0.28]
    figure, grid = plt.subplots(
        len(heights), 1, figsize=(11.0, 1.0 + sum(heights)), sharex=True, squeeze=False,
        height_ratios=heights)
    axes = list(grid[:, 0])
    used: set[str] = set()
    if pairs:
        used |= _draw_pairs(axes.pop(0), pairs)
    for panel, track in zip(axes, tracks, strict=False):
        used |= _draw_track(panel, track, labels)
    _draw_frames(axes[-1], times, seen)
    ends = (float(times[0]), float(times[-1])) if len(times) else (0.0, 1.0)
    axes[-1].set_xlim(ends[0], max(ends[1], ends[0] + 0.1))
    axes[-1].set_xlabel('seconds')
    order = [name for name in (*labels, UNKNOWN) if name in used]
    handles = [plt.Rectangle((0, 0), 1, 1, color=color_of(name)) for name in order]
    figure.legend(handles, order, ncols=len(order) or 1, loc='lower center', fontsize=8,
                  bbox_to_anchor=(0.5, 1.0), bbox_transform=grid[0, 0].transAxes, frameon=False)
    figure.subplots_adjust(hspace=0.18)
    save_figure(figure, path)


def answers_picture(metrics: dict[str, Any], path: Path) -> None:
    """Draw how often each emotion is labelled, and how often it is answered."""
    plt = pyplot()
    matrix = np.array(metrics['confusion']['matrix'])
    names = metrics['confusion']['labels']
    labelled = np.append(matrix.sum(axis=1), 0)
    answered = matrix.sum(axis=0)
    figure, axes = plt.subplots(figsize=(7.2, 3.2))
    places = np.arange(len(names))
    axes.bar(places - 0.2, labelled, 0.38, color='0.55', label='labels')
    axes.bar(places + 0.2, answered, 0.38, color='#0072B2', label='answers')
    axes.set_xticks(places, [*names[:-1], 'no answer'], rotation=30, ha='right')
    axes.set_ylabel('faces')
    axes.legend(frameon=False)
    axes.grid(alpha=0.3, axis='y')
    save_figure(figure, path)


def sizes_picture(scores: Scores, path: Path) -> None:
    """Draw right answers and confidence by the size of the face."""
    plt = pyplot()
    side, sure = scores.side, scores.probabilities.max(axis=1)
    seen = ~np.isnan(side)
    side, sure = side[seen], sure[seen]
    right = (scores.guess == scores.target)[seen]
    figure, (left, lower) = plt.subplots(1, 2, figsize=(9.6, 3.4))
    edges = np.unique(np.quantile(side, np.linspace(0, 1, 9))) if len(side) else np.array([0., 1.])
    place = np.clip(np.searchsorted(edges, side, side='right') - 1, 0, max(0, len(edges) - 2))
    for values, color, name in ((right, '#0072B2', 'right answers'),
                                (sure, '#D55E00', 'confidence')):
        points = [
            (float(np.median(side[place == bin_])), 100 * float(values[place == bin_].mean()))
            for bin_ in np.unique(place)]
        if points:
            left.plot(*zip(*points, strict=True), marker='o', color=color, label=name,
                      linestyle='--' if color == '#D55E00' else '-')
            left.legend(frameon=False)
    left.set_ylim(0, 100)
    left.set_xlabel('shorter side of the face (pixels)')
    left.set_ylabel('%')
    left.grid(alpha=0.3)
    bins = np.linspace(0, 1, 21)
    lower.hist([sure[right], sure[~right]], bins=bins, stacked=True, color=[_RIGHT, _WRONG],
               label=['right', 'wrong or unknown'])
    lower.set_xlabel('confidence')
    lower.set_ylabel('faces')
    lower.legend(frameon=False)
    save_figure(figure, path)


def _pairs(scores: Scores, unit: int) -> list[tuple[str, Strip, Strip]]:
    """Return person, labels and answers of each person of a unit."""
    mine = np.flatnonzero(scores.unit == unit)
    if not len(mine):
        return []
    segment, time = scores.segment[mine], scores.time[mine]
    target, guess = scores.target[mine], scores.guess[mine]
    missed = np.asarray(np.isnan(scores.probabilities[mine]).any(axis=1))
    people = np.array([scores.segments[s].person for s in segment], dtype=object)
    pairs: list[tuple[str, Strip, Strip]] = []
    for person in sorted(set(people.tolist())):
        rows = np.flatnonzero(people == person)
        answers = ['' if missed[r] else UNKNOWN if guess[r] < 0 else scores.labels[guess[r]]
                   for r in rows]
        pairs.append((person or 'face', (time[rows], [scores.labels[target[r]] for r in rows]),
                      (time[rows], answers)))
    return pairs


def _draw_pairs(axes: Any, pairs: Sequence[tuple[str, Strip, Strip]]) -> set[str]:
    used: set[str] = set()
    ticks, names = [], []
    for row, (person, labels, answers) in enumerate(pairs):
        base = 3.0 * row
        for place, (times, values), name in (
                (base, labels, f'{person}: label'), (base + 1, answers, 'answer')):
            used |= _strip(axes, place, times, values, 0.92)
            ticks.append(place + 0.46)
            names.append(name)
        marks = ['right' if a == b else 'wrong' for a, b in
                 zip(labels[1], answers[1], strict=True)]
        _strip(axes, base + 2, labels[0], marks, 0.4)
        ticks.append(base + 2.2)
        names.append('right / wrong')
    axes.set_yticks(ticks, names, fontsize=8)
    axes.set_ylim(3.0 * len(pairs) - 0.4, -0.1)
    axes.tick_params(axis='both', length=0)
    for side in ('top', 'right', 'left', 'bottom'):
        axes.spines[side].set_visible(False)
    return used


def _strip(
    axes: Any, place: float, times: NDArray[Any], values: Sequence[str], height: float,
) -> set[str]:
    """Draw a strip of colours; return the emotions in it."""
    bars: dict[str, list[tuple[float, float]]] = {}
    for start, end, value in _runs(times, values):
        if value:
            bars.setdefault(value, []).append((start, end - start))
    marks = {'right': _RIGHT, 'wrong': _WRONG}
    for value, spans in bars.items():
        axes.broken_barh(spans, (place, height), color=marks.get(value) or color_of(value),
                         linewidth=0)
    return set(bars) - set(marks)


def _runs(times: NDArray[Any], values: Sequence[str]) -> list[tuple[float, float, str]]:
    """Return start, end and value of stretches of equal values."""
    runs: list[tuple[float, float, str]] = []
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.1
    for index, (time, value) in enumerate(zip(times.tolist(), values, strict=True)):
        following = times[index + 1] if index + 1 < len(times) else time + step
        end = float(following) if following - time <= _GAP else time + step
        if runs and runs[-1][2] == value and time - runs[-1][1] < 1e-9:
            runs[-1] = runs[-1][0], end, value
        else:
            runs.append((time, end, value))
    return runs


def _draw_track(axes: Any, track: Track, labels: Sequence[str]) -> set[str]:
    times, probabilities = np.array(track.times), track.probabilities.astype(float)
    stride = max(1, len(times) // _POINTS)
    if stride > 1:
        whole = len(times) // stride * stride
        times = times[:whole:stride]
        probabilities = probabilities[:whole].reshape(-1, stride, len(labels)).mean(axis=1)
    # A gap falls to nothing instead of being bridged.
    breaks = np.flatnonzero(np.diff(times) > max(_GAP, 1.5 * stride * 0.1)) + 1
    for part in np.split(np.arange(len(times)), breaks):
        if len(part) > 1:
            axes.stackplot(times[part], probabilities[part].T,
                           colors=[color_of(label) for label in labels], linewidth=0)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1], ['0', '50', '100 %'], fontsize=7)
    axes.set_ylabel(f'track {track.number}' if track.number else 'face', fontsize=8)
    return {label for label, most in zip(labels, probabilities.max(axis=0), strict=True)
            if most > 0.05}


def _draw_frames(axes: Any, times: NDArray[Any], seen: NDArray[Any]) -> None:
    """Draw when a face was in view: dark to the share of the frames in which one was found."""
    bins = np.linspace(times[0], times[-1] + 1e-6, min(400, max(2, len(times) // 3))) \
        if len(times) else np.array([0.0, 1.0])
    every, _ = np.histogram(times, bins)
    found, _ = np.histogram(times[seen], bins)
    axes.bar(bins[:-1], (every > 0), np.diff(bins), align='edge', color=_NONE, linewidth=0)
    axes.bar(bins[:-1], found / np.maximum(1, every), np.diff(bins), align='edge', color='0.35',
             linewidth=0)
    axes.set_yticks([0.5], ['face in view'], fontsize=8)
    axes.tick_params(axis='y', length=0)
    axes.set_ylim(0, 1)
