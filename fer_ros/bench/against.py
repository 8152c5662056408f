"""Two results of `fer bench`: how many times as long one takes as the other."""

from __future__ import annotations

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from fer_ros.core.errors import ConfigError

__all__ = ['KINDS', 'compare', 'read_any', 'read_result']

KINDS = ('pipeline', 'node', 'peers', 'formats', 'memory')
"""Kinds of results."""

_LEAST_MS = 0.05  # below, a stage is noise


def read_any(path: Path) -> dict[str, Any]:
    """Return a result that `fer bench` has written, of any `kind`.

    Raises:
        ConfigError: The file cannot be read, or holds something else.
    """
    try:
        result = json.loads(path.read_text(encoding='utf-8'))
        if result['kind'] in KINDS:
            return dict(result)
        raise ValueError(f'kind {result["kind"]!r}')
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f'{path}: no result of `fer bench` ({error})') from error


def read_result(path: Path, kind: str) -> dict[str, Any]:
    """Return a result that `fer bench` has written.

    Args:
        path: Its JSON file.
        kind: One of `KINDS`.

    Raises:
        ConfigError: The file cannot be read, or holds something else.
    """
    result = read_any(path)
    if result['kind'] != kind:
        raise ConfigError(f'{path}: holds a result of kind {result["kind"]!r}, not {kind!r}')
    return result


def compare(result: Mapping[str, Any], other: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ratios of the median processor times, this to the other, case by case.

    Each time is first divided by that of the yardstick of its run, a piece of work that is
    always the same, so that a machine which is slower today does not look like slower code.

    Returns:
        `name` and `ratios` {stage: ratio} of the cases that both have.

    Raises:
        ConfigError: They have no case in common.
    """
    unit = result['yardstick_ms']['p50'] / other['yardstick_ms']['p50']
    known = {case['name']: case['stages'] for case in other['cases']}
    rows = []
    for case in result['cases']:
        former = known.get(case['name'])
        if former is None:
            continue
        rows.append({'name': case['name'], 'ratios': {
            stage: round(times['cpu_ms']['p50'] / former[stage]['cpu_ms']['p50'] / unit, 3)
            for stage, times in case['stages'].items()
            if stage in former and (
                stage == 'whole' or former[stage]['cpu_ms']['p50'] >= _LEAST_MS)}})
    if not rows:
        raise ConfigError('the two results have no case in common')
    return rows
