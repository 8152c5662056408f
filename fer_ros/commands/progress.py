"""How far a long command is: a bar in a terminal, a line now and then in a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import sys
import time

__all__ = ['progress']

_PERIOD = 10.0  # seconds between the lines of a log


@contextlib.contextmanager
def progress(total: int | None, unit: str) -> Iterator[Callable[..., object]]:
    """Show on stderr how far a command is; call what it yields after each unit.

    With a number, the call stands for so many units.

    Args:
        total: Number of units, None if it is not known.
        unit: What is counted, in the singular.
    """
    if sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(total=total, unit=unit, leave=False) as bar:
            yield bar.update
        return
    done, due = 0, time.monotonic() + _PERIOD

    def step(count: int = 1) -> None:
        nonlocal done, due
        done += count
        if time.monotonic() >= due:
            due = time.monotonic() + _PERIOD
            share = f' of {total}' if total else ''
            print(f'{unit} {done}{share}', file=sys.stderr, flush=True)

    yield step
