"""Where the time goes: a bar a case, a colour a stage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer_ros.bench.road import STAGES
from fer_ros.evaluation.plots import EMOTION_COLORS, pyplot, save_figure

__all__ = ['stage_chart']


def stage_chart(result: Mapping[str, Any], path: Path) -> None:
    """Draw the median processor time of each stage, and what the core could do at best.

    Args:
        result: Of `fer bench`.
        path: PNG file.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    plt = pyplot()
    cases = result['cases']
    figure, axes = plt.subplots(figsize=(9.0, 1.2 + 0.36 * len(cases)))
    for row, case in enumerate(cases):
        left = 0.0
        for stage, color in zip(STAGES, EMOTION_COLORS[1:], strict=False):
            times = case['stages'].get(stage)
            if times is None:
                continue
            width = times['cpu_ms']['p50']
            axes.barh(row, width, left=left, height=0.6, color=color,
                      label=stage if row == 0 else None)
            if times.get('limit_ms'):
                axes.barh(row, times['limit_ms'], left=left, height=0.6, color='none',
                          edgecolor='black', hatch='////', linewidth=0.8,
                          label='limit of the core' if (row, stage) == (0, 'detect') else None)
            left += width
        high = case['stages']['whole']['cpu_ms']['p95']
        axes.plot([high, high], [row - 0.3, row + 0.3], color='0.3', linewidth=1.5,
                  label='whole, p95' if row == 0 else None)
        axes.text(max(left, high), row, f'  {left:.1f}', va='center', fontsize=8)
    axes.set_yticks(range(len(cases)), [case['name'] for case in cases], fontsize=8)
    axes.set_ylim(len(cases) - 0.4, -0.6)
    axes.set_xlim(0, 1.08 * axes.get_xlim()[1])
    axes.set_xlabel('milliseconds of processor time a frame, median')
    axes.grid(axis='x', alpha=0.3)
    axes.legend(fontsize=8, ncols=5, loc='lower center', bbox_to_anchor=(0.4, 1.0))
    save_figure(figure, path)
