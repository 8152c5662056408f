"""Pictures of the figures of a comparison, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fer_ros.evaluation.plots import pyplot, save_figure

__all__ = ['PICTURES']

# Told apart by the colour-blind too: Okabe and Ito 2008.
_COLORS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000')
_STAGE_COLORS = ('#56B4E9', '#0072B2', '#E69F00', '#7F7F7F')
_ROLLS = ((0, 'upright_large'), (15, 'roll_15_large'), (30, 'roll_30_large'),
          (45, 'roll_45_large'), (60, 'roll_60_large'))
_LANDMARK_PANELS = (
    'upright_large', 'roll_30_large', 'roll_45_large', 'drawn_masks', 'small')
_COLUMNS = 4


def _style(names: list[str], name: str) -> dict[str, Any]:
    place = names.index(name)
    return {'color': _COLORS[place % len(_COLORS)],
            'linestyle': ('-', '--', '-.', ':')[place % 4]}


def _curves(result: dict[str, Any], path: Path) -> bool:
    subsets, names = result['subsets'], result['names']
    if not subsets:
        return False
    plt = pyplot()
    rows = -(-(len(subsets) + 1) // _COLUMNS)
    figure, grid = plt.subplots(rows, _COLUMNS, figsize=(3.2 * _COLUMNS, 2.9 * rows),
                                squeeze=False, sharex=True, sharey=True)
    for axes, subset in zip(grid.flat, subsets.values(), strict=False):
        for name in names:
            row = subset['detectors'][name]
            axes.plot(*row['curve'], **_style(names, name))
        axes.axhline(result['precision'], color='0.6', linewidth=0.8, linestyle=':')
        axes.set_title(f'{subset["title"]} ({subset["faces"]})', fontsize=8)
        axes.set_xlim(0, 1.01)
        axes.set_ylim(0.4, 1.01)
        axes.grid(alpha=0.3)
    handles = [plt.Line2D([], [], **_style(names, name)) for name in names]
    for axes in list(grid.flat)[len(subsets):]:
        axes.axis('off')
    grid.flat[-1].legend(handles, names, loc='center')
    figure.supxlabel('recall')
    figure.supylabel('precision')
    figure.tight_layout()
    save_figure(figure, path)
    return True


def _sizes(result: dict[str, Any], path: Path) -> bool:
    sizes, names = result['sizes'], result['names']
    if not sizes:
        return False
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(6.4, 4.2))
    edges = np.array(sizes['edges'])
    middles = np.sqrt(edges[1:] * edges[:-1])
    counts = sizes['detectors'][names[0]]['faces']
    for name in names:
        recall = [np.nan if share is None else 100 * share
                  for share in sizes['detectors'][name]['recall']]
        axes.plot(middles, recall, marker='o', markersize=4, label=name, **_style(names, name))
    axes.set_xscale('log')
    axes.set_xticks(middles, [f'{low:.0f}-{high:.0f}\n({count})' for low, high, count in zip(
        edges[:-1], edges[1:], counts, strict=True)], fontsize=7)
    axes.minorticks_off()
    axes.set_ylim(0, 101)
    axes.set_xlabel('longer side of the face in px (faces)')
    axes.set_ylabel(f'recall in % at {100 * result["precision"]:.0f} % precision over all sizes')
    axes.grid(alpha=0.3)
    axes.legend()
    save_figure(figure, path)
    return True


def _rolls(result: dict[str, Any], path: Path) -> bool:
    names = result['names']
    known = [(angle, result['subsets'][key]['detectors']) for angle, key in _ROLLS
             if key in result['subsets']]
    if len(known) < 2:
        return False
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(5.6, 4.2))
    angles = [angle for angle, _ in known]
    for name in names:
        style = _style(names, name)
        low, high = (100 * np.array([rows[name]['recall_ci'][end] for _, rows in known])
                     for end in (0, 1))
        axes.fill_between(angles, low, high, color=style['color'], alpha=0.15, linewidth=0)
        axes.plot(angles, [100 * rows[name]['recall'] for _, rows in known], marker='o',
                  markersize=4, label=name, **style)
    axes.set_xticks(angles, [f'±{angle}°' if angle else '0°' for angle in angles])
    axes.set_ylim(0, 101)
    axes.set_xlabel('roll; faces of 48 px and more')
    axes.set_ylabel(f'recall in % at {100 * result["precision"]:.0f} % precision')
    axes.grid(alpha=0.3)
    axes.legend()
    save_figure(figure, path)
    return True


def _landmarks(result: dict[str, Any], path: Path) -> bool:
    subsets, names = result['subsets'], result['names']
    panels = [(f'{subsets[key]["title"]}:\nagainst the labels', subsets[key]['landmarks'])
              for key in _LANDMARK_PANELS if key in subsets and subsets[key]['landmarks']]
    if result['people']:
        panels.append(("against people's points", result['people']))
    if not panels:
        return False
    plt = pyplot()
    rows = -(-len(panels) // 3)
    figure, grid = plt.subplots(rows, 3, figsize=(11.0, 3.2 * rows), squeeze=False, sharex=True,
                                sharey=True)
    for axes, (title, errors) in zip(grid.flat, panels, strict=False):
        for name, row in errors.items():
            style = _style(names, name) if name in names else {'color': '0.4', 'linestyle': ':'}
            values = 100 * np.array(row['errors'])
            axes.plot(values, np.arange(1, len(values) + 1) / len(values) * 100,
                      label=f'{name} {100 * row["median"]:.1f}', **style)
        axes.set_title(title, fontsize=8)
        axes.legend(fontsize=7, loc='lower right', title='median', title_fontsize=7)
        axes.grid(alpha=0.3)
        axes.set_xlim(0, 30)
        axes.set_ylim(0, 101)
    for axes in list(grid.flat)[len(panels):]:
        axes.axis('off')
    figure.supxlabel('error in % of the distance between the eyes', fontsize=9)
    figure.supylabel('% of the faces found', fontsize=9)
    figure.tight_layout()
    save_figure(figure, path)
    return True


def _speed(result: dict[str, Any], path: Path) -> bool:
    sizes, names = result['speed'], result['names']
    if not sizes:
        return False
    plt = pyplot()
    figure, grid = plt.subplots(1, len(sizes), figsize=(3.6 * len(sizes), 0.9 + 0.5 * len(names)),
                                squeeze=False, sharey=True)
    stages = [*result['stages'], 'whole']
    for axes, (size, rows) in zip(grid.flat, sizes.items(), strict=True):
        for place, name in enumerate(names):
            row = rows[name]
            parts = row['stages'] or {'whole': row['ms_median']}
            left = 0.0
            for stage, color in zip(stages, _STAGE_COLORS, strict=True):
                axes.barh(place, parts.get(stage, 0.0), left=left, color=color)
                left += parts.get(stage, 0.0)
            axes.text(left, place, f' {row["ms_median"]:.1f}', va='center', fontsize=8)
        axes.set_title(f'{size}', fontsize=9)
        axes.set_xlabel('ms of one core')
        axes.margins(x=0.2)
        axes.set_yticks(range(len(names)), names)
    grid.flat[0].invert_yaxis()
    handles = [plt.Rectangle((0, 0), 1, 1, color=color) for color in _STAGE_COLORS]
    figure.legend(handles, stages, fontsize=8, ncols=len(stages), loc='upper center',
                  bbox_to_anchor=(0.5, 0.0))
    figure.tight_layout()
    save_figure(figure, path)
    return True


PICTURES: dict[str, tuple[str, str, Callable[[dict[str, Any], Path], bool]]] = {
    'precision_recall': (
        'Precision and recall',
        'Each kind of pictures, with the number of faces. Up and right is better; the dotted line '
        'is the precision at which recalls are compared.', _curves),
    'recall_by_size': (
        'Recall by size', 'Upright faces of the pictures as they are and shrunk, at one threshold '
        'for all sizes.', _sizes),
    'recall_by_roll': (
        'Recall by roll', 'Heads turned to a shoulder; the bands are 95 % intervals.', _rolls),
    'landmark_errors': (
        'Landmarks', 'How many of the faces found have at most this error. Up and left is '
        'better.', _landmarks),
    'speed': ('Time', 'Medians; `whole` where the stages are not told apart.', _speed),
}
"""{name of the file: (title, text, draws it and tells whether there was anything to draw)}."""
