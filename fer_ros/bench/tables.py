"""Figures as tables in Markdown, which can be read in a terminal, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fer_ros.bench.cases import BASE, quick_cases
from fer_ros.bench.road import ASIDE, STAGES

__all__ = ['against_table', 'cases_table', 'limits_table', 'machine_line', 'markdown',
           'ms', 'start_table']

_MANY = 12  # cases


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table whose columns are aligned: the first to the left, numbers to the right."""
    lines = [list(map(str, head)), *(list(map(str, row)) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    texts = [
        '| ' + ' | '.join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))) + ' |'
        for line in lines]
    rule = '|' + '|'.join(
        '-' * (width + 2) if i == 0 else '-' * (width + 1) + ':'
        for i, width in enumerate(widths)) + '|'
    return '\n'.join([texts[0], rule, *texts[1:]])


def machine_line(result: Mapping[str, Any]) -> str:
    """Return where and when the figures were taken."""
    machine = result['machine']
    limits = result.get('limits')
    probes = '' if limits is None else (
        f'; a core copies {limits["copy_gb_s"]:g} GB/s and does {limits["gflop_s"]:g} GFLOP/s')
    return (f'{machine["processor"]}, {machine["cores"]} cores, load {machine["load"]}, '
            f'Python {machine["python"]}, {machine["date"]}{probes}.')


def cases_table(result: Mapping[str, Any]) -> str:
    """Return milliseconds of processor time by case and stage, and the whole by the clock, too."""
    stages = [stage for stage in (*STAGES, *ASIDE)
              if any(stage in case['stages'] for case in result['cases'])]
    names = [case['name'] for case in result['cases']]
    base = result['cases'][names.index(BASE.name) if BASE.name in names else 0]
    base_ms = base['stages']['whole']['cpu_ms']['p50']
    rows = []
    for case in result['cases']:
        whole = case['stages']['whole']
        rows.append([
            case['name'],
            *(ms(case['stages'][stage]['cpu_ms']['p50']) if stage in case['stages'] else ''
              for stage in stages if stage in STAGES),
            *(ms(whole['cpu_ms'][q]) for q in ('p50', 'p95', 'p99')),
            f'{whole["cpu_ms"]["p50"] / base_ms:.2f}', ms(whole['wall_ms']['p50']),
            *(ms(case['stages'][stage]['cpu_ms']['p50']) for stage in stages if stage in ASIDE),
            f'{case["allocated"]["peak"] / 1e6:.1f}'])
    return markdown(
        ['case', *(stage for stage in stages if stage in STAGES), 'whole', 'p95', 'p99', 'ratio',
         'clock', *(stage for stage in stages if stage in ASIDE), 'MB'], rows)


def limits_table(result: Mapping[str, Any]) -> str:
    """Return how far the stages are from what the core could do at best.

    Of many cases, those that differ in one thing from the base.
    """
    cases = result['cases']
    if len(cases) > _MANY:
        cases = [case for case in cases if case['name'] in _plain_names()] or cases
    return markdown(
        ['case', 'stage', 'ms', 'limit', 'times the limit'],
        [[case['name'], stage, ms(times['cpu_ms']['p50']), ms(times['limit_ms']),
          f'{times["cpu_ms"]["p50"] / times["limit_ms"]:.1f}']
         for case in cases for stage, times in case['stages'].items()
         if times.get('limit_ms')])


def _plain_names() -> set[str]:
    return {case.name for case in quick_cases()}


def start_table(result: Mapping[str, Any]) -> str:
    """Return what a fresh process takes up to its first result."""
    start = result['start']
    return markdown(
        ['', 'processor, ms', 'clock, ms'],
        [[name, ms(start[f'{name} cpu_ms']), ms(start[f'{name} wall_ms'])]
         for name in ('import', 'load', 'first frame', 'whole')])


def against_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the ratios of `compare`."""
    stages = list(dict.fromkeys(stage for row in rows for stage in row['ratios']))
    return markdown(
        ['this / other', *stages],
        [[row['name'], *(f'{row["ratios"][stage]:.2f}' if stage in row['ratios'] else ''
                         for stage in stages)] for row in rows])


def ms(value: float) -> str:
    """Return milliseconds as text of three digits, or of one after the point."""
    return f'{value:.1f}' if value >= 10 else f'{value:.2f}'
