"""Cases in turn, again and again, so that what slows the machine slows all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import json
import subprocess
import sys
import time
from typing import Any

import numpy as np

from fer_ros.bench.machine import cores, on_cores
from fer_ros.bench.road import Road
from fer_ros.core.errors import FerError

__all__ = ['WARM_UP', 'measure', 'measure_start', 'percentiles']

WARM_UP = 3
"""Rounds that are not counted."""

_ALLOCATION_ROUNDS = 2
_STARTS = 3
# Roads that use several threads let OpenCV's pool form anew before they are timed.
_SETTLE = 2


def measure(
    roads: Sequence[Road], rounds: int, core: int, limits: dict[str, float],
    step: Callable[[], object] = lambda: None,
) -> dict[str, Any]:
    """Return what each case takes.

    Every round takes each road twice: by the clock, and by the processor time of the process,
    which counts other programs less.

    Args:
        roads: The cases.
        rounds: Frames of each by each clock.
        core: On which cases of one thread are kept.
        limits: What the machine can, of `measure_limits`.
        step: Called after each round.

    Returns:
        `cases`: a record a case, of its fields, `faces_found`, `loaded_mb`, `allocated` (bytes)
        and `stages` {stage: `wall_ms`, `cpu_ms` {`p50`, `p95`, `p99`}, `limit_ms` where it is
        known}; `yardstick_ms`: the processor time of a piece of work that is always the same.
    """
    clocks = {'wall_ms': time.perf_counter, 'cpu_ms': time.process_time}
    times: list[dict[str, list[dict[str, float]]]] = [
        {clock: [] for clock in clocks} for _ in roads]
    yardstick = []
    for turn in range(-WARM_UP, rounds):
        for index, road in enumerate(roads):
            with on_cores([core] if road.case.threads == 1 else cores()):
                for _ in range(_SETTLE if road.case.threads > 1 else 0):
                    road.walk(time.perf_counter, aside=False)
                for name, clock in clocks.items():
                    taken = road.walk(clock)
                    if turn >= 0:
                        times[index][name].append(taken)
        with on_cores([core]):
            yardstick.append(_yardstick())
        step()
    return {
        'yardstick_ms': percentiles([1e3 * seconds for seconds in yardstick]),
        'cases': [_record(road, taken, limits)
                  for road, taken in zip(roads, times, strict=True)]}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return `p50`, `p95` and `p99`."""
    found = np.percentile(values, (50, 95, 99))
    return {f'p{q}': round(float(value), 4) for q, value in zip((50, 95, 99), found, strict=True)}


def measure_start() -> dict[str, Any]:
    """Return what it takes from a process's start to its first result, in fresh processes.

    Returns:
        The medians of `fer_ros.bench.start`, one run after the other.

    Raises:
        FerError: A process failed.
    """
    rows = []
    for _ in range(_STARTS):
        done = subprocess.run(
            [sys.executable, '-m', 'fer_ros.bench.start'], capture_output=True, text=True)
        if done.returncode:
            raise FerError(f'the first result was not reached: {done.stderr.strip()[-300:]}')
        rows.append(json.loads(done.stdout))
    return {name: round(float(np.median([row[name] for row in rows])), 1) for name in rows[0]}


def _record(
    road: Road, times: dict[str, list[dict[str, float]]], limits: dict[str, float],
) -> dict[str, Any]:
    stages: dict[str, dict[str, Any]] = {
        stage: {clock: percentiles([1e3 * row[stage] for row in rows])
                for clock, rows in times.items()}
        for stage in next(iter(times.values()))[0]}
    for stage, seconds in road.limits(limits).items():
        stages[stage]['limit_ms'] = round(1e3 * seconds, 4)
    allocated = [road.allocated() for _ in range(_ALLOCATION_ROUNDS)][-1]
    return {**road.case.as_record(), 'faces_found': road.faces_found,
            'loaded_mb': road.loaded_mb, 'allocated': allocated, 'stages': stages}


def _yardstick() -> float:
    """Return the seconds of some arithmetic in NumPy and in Python, about a millisecond."""
    values = np.linspace(1.0, 2.0, 200_000, dtype=np.float32)
    begin = time.process_time()
    for _ in range(4):
        values = np.sqrt(values * values + np.float32(1.0)) - np.float32(0.5)
    total = 0
    for number in range(10_000):
        total += number & 3
    return time.process_time() - begin
