"""Getting units of work done: one after the other, in several processes, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import concurrent.futures
import contextlib
import multiprocessing
import os
from pathlib import Path
import signal
from typing import Any

from fer_ros.commands.processes import die_with_parent
from fer_ros.core.errors import ConfigError, FerError
from fer_ros.evaluation.offline.records import fingerprint, part_of, record_path
from fer_ros.evaluation.offline.settings import Settings
from fer_ros.evaluation.offline.sources.base import Unit
from fer_ros.evaluation.offline.sources.stored import absolute
from fer_ros.evaluation.offline.work import work_remotely, Worker

__all__ = ['in_processes', 'on_cluster', 'one_by_one']

Step = Callable[[int], object]
"""Called with the number of frames that were done."""

_POLL = 0.2  # seconds


def one_by_one(units: Sequence[Unit], settings: Settings, folder: Path, step: Step) -> None:
    """Do units in this process."""
    worker = Worker(settings)
    for unit in units:
        worker.do(unit, record_path(folder, unit), fingerprint(unit, settings.record()),
                  lambda: step(1))


def in_processes(
    units: Sequence[Unit], settings: Settings, folder: Path, step: Step, jobs: int,
) -> None:
    """Do units in `jobs` processes, each with a model of its own.

    Raises:
        FerError: A process was killed.
    """
    # Not forked: native threads of LiteRT and OpenCV do not survive it.
    context = multiprocessing.get_context('spawn')
    counter = context.Value('q', 0)
    executor = concurrent.futures.ProcessPoolExecutor(
        min(jobs, len(units)), context, _begin, (settings, counter))
    known = 0
    try:
        # The longest first, so that no process is alone at the end.
        waiting = {executor.submit(_do, unit, record_path(folder, unit),
                                   fingerprint(unit, settings.record()))
                   for unit in sorted(units, key=_size, reverse=True)}
        while waiting:
            done, waiting = concurrent.futures.wait(waiting, _POLL)
            with counter.get_lock():
                now = counter.value
            if now > known:
                step(now - known)
                known = now
            for future in done:
                future.result()
    except concurrent.futures.process.BrokenProcessPool:
        raise FerError(
            'a process was killed (is the memory full?); what is done is kept: give the same '
            'command again, perhaps with fewer --jobs') from None
    finally:
        # Processes that are within a unit leave what they have, as this one does.
        for process in list((getattr(executor, '_processes', None) or {}).values()):
            if waiting and process.is_alive():
                with contextlib.suppress(OSError):
                    os.kill(process.pid, signal.SIGTERM)
        executor.shutdown(wait=True, cancel_futures=True)


def on_cluster(
    units: Sequence[Unit], settings: Settings, folder: Path, step: Step, address: str,
) -> None:
    """Do units on the workers of a Dask cluster, which find the sources under the same paths.

    Work of a worker that is lost goes to another one.

    Raises:
        ConfigError: Dask is not installed, or there is no scheduler at the address.
        FerError: A machine has other data or another model.
    """
    try:
        from distributed import as_completed, Client
    except ImportError:
        raise ConfigError(
            '--scheduler needs Dask: pip install "dask[distributed]"') from None
    try:
        client = Client(address, timeout='10s', set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ConfigError(f'--scheduler {address}: no Dask scheduler there ({error})') from None
    with client:
        # A worker has a working directory of its own.
        everywhere = settings.absolute()
        futures: dict[Any, Unit] = {
            client.submit(
                work_remotely, absolute(unit), everywhere, fingerprint(unit, settings.record()),
                absolute(unit).files, pure=False, retries=2): unit
            for unit in units}
        for future in as_completed([*futures], loop=client.loop):
            # Whose future is forgotten, whose result the worker may forget.
            unit = futures.pop(future)
            path = record_path(folder, unit)
            part_of(path).write_bytes(future.result())
            os.replace(part_of(path), path)
            step(unit.count() or 1)


_worker: Worker
_counter: Any
_busy = False


def _begin(settings: Settings, counter: Any) -> None:
    """Prepare a process: Ctrl-C in the terminal is for its parent, which then ends it."""
    global _worker, _counter
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    _worker, _counter = Worker(settings), counter


def _leave(*_: object) -> None:
    """End the unit that is being done, and then the process."""
    if not _busy:
        os._exit(143)
    raise SystemExit(143)


def _do(unit: Unit, path: Path, mark: str) -> None:
    global _busy
    _busy = True
    try:
        _worker.do(unit, path, mark, _count)
    except SystemExit:
        # What was done of the unit is written; the pool would keep the process waiting.
        os._exit(143)
    finally:
        _busy = False


def _count() -> None:
    with _counter.get_lock():
        _counter.value += 1


def _size(unit: Unit) -> int:
    return sum(size for _, size, _ in unit.files)
