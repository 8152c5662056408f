"""What was aimed at, and what was reached, of the figures of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import dataclasses
from typing import Any

from fer_ros.bench.cases import BASE, Case
from fer_ros.bench.node.command import overheads
from fer_ros.bench.tables import markdown

__all__ = ['node_targets_table', 'targets_table']

_Row = tuple[str, float, float, str]  # what, at most, found, unit


def targets_table(result: Mapping[str, Any]) -> str:
    """Return the targets of the pipeline, by processor time; those whose cases were measured."""
    return _table(_pipeline(result))


def node_targets_table(result: Mapping[str, Any]) -> str:
    """Return the targets of the node."""
    return _table(_node(result))


def _pipeline(result: Mapping[str, Any]) -> Iterator[_Row]:
    stages = {case['name']: case['stages'] for case in result['cases']}

    def find(case: Case, stage: str) -> float | None:
        found = stages.get(case.name)
        return None if found is None else float(found[stage]['cpu_ms']['p50'])

    small = dataclasses.replace(BASE, width=320, height=240)
    rows = [
        ('640x480, one face, whole', 8.0, find(BASE, 'whole')),
        ('640x480, five faces, whole', 16.0, find(dataclasses.replace(BASE, faces=5), 'whole')),
        ('320x240, detection', 5.0, find(small, 'detect'))]
    yield from ((what, most, found, 'ms') for what, most, found in rows if found is not None)
    whole = find(dataclasses.replace(BASE, width=3840, height=2160), 'whole')
    base = find(BASE, 'whole')
    if whole is not None and base is not None:
        yield '3840x2160, one face, whole', 2.0, whole / base, 'times 640x480'
    yield ('import of the pipeline', 0.3, result['start']['import cpu_ms'] / 1e3,
           's of processor time')


def _node(result: Mapping[str, Any]) -> Iterator[_Row]:
    row = next(row for row in result['rows'] if row['subject'] == 'emotion_node')
    _, own, echo, work = next(overheads(result))
    yield 'p95 of latency, above echo and pipeline', 2.0, own - echo - work, 'ms'
    yield 'start to first result', 2.0, row['start_s'], 's by the clock'
    yield 'resident memory', 250.0, row['resident_mb'], 'MB'
    yield 'idle, images flowing', 1.0, 100 * row['idle'], '% of a core'


def _table(rows: Iterator[_Row]) -> str:
    return markdown(
        ['what', 'at most', 'found', 'unit', 'reached'],
        [[what, f'{most:g}', f'{found:.2f}', unit, 'yes' if found <= most else 'no']
         for what, most, found, unit in rows])
