"""The machine that is measured: its cores, its load, what a process takes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib
import datetime
import importlib.metadata
import os
from pathlib import Path
import platform
from typing import Any

from fer_ros import __version__

__all__ = [
    'cores', 'cpu_seconds', 'describe_machine', 'on_cores', 'pick_core', 'resident_mb',
]

_LIBRARIES = ('numpy', 'opencv-python-headless', 'opencv-python', 'ai-edge-litert', 'onnxruntime')


def cores() -> list[int]:
    """Return the numbers of the cores that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pick_core() -> int:
    """Return the core that has been idle most since the machine was started."""
    idle = {}
    with contextlib.suppress(OSError):
        for line in Path('/proc/stat').read_text().splitlines():
            name, *counts = line.split()
            if name[:3] == 'cpu' and name[3:].isdigit() and int(name[3:]) in cores():
                idle[int(name[3:])] = int(counts[3])
    return max(idle, key=lambda core: idle[core]) if idle else cores()[-1]


@contextlib.contextmanager
def on_cores(chosen: Sequence[int]) -> Iterator[None]:
    """Keep the calling thread, and those that it starts, on some cores; Linux only."""
    if not hasattr(os, 'sched_setaffinity'):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def resident_mb(process: int | str = 'self') -> float | None:
    """Return the resident memory of a process in MB (2^20 bytes); None if it is not known."""
    try:
        pages = int(Path(f'/proc/{process}/statm').read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return round(pages * os.sysconf('SC_PAGE_SIZE') / 2**20, 1)


def cpu_seconds(process: int) -> float:
    """Return the processor time that a process has taken so far, that of its threads included."""
    # Fields 14 and 15 of proc(5); the name before them may hold spaces.
    fields = Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def describe_machine() -> dict[str, Any]:
    """Return what a reader must know to judge the figures."""
    versions = {}
    for name in _LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        'processor': _processor(), 'cores': len(cores()), 'system': platform.platform(),
        'python': platform.python_version(), 'fer_ros': __version__, 'libraries': versions,
        'load': load(), 'date': datetime.date.today().isoformat()}


def load() -> float | None:
    """Return how many threads wanted a core, on average over the last minute."""
    return round(os.getloadavg()[0], 1) if hasattr(os, 'getloadavg') else None


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path('/proc/cpuinfo').read_text().splitlines():
            name, _, value = line.partition(':')
            if name.strip() in ('model name', 'Model'):
                return value.strip()
    return platform.processor() or platform.machine()
