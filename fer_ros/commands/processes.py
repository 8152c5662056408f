"""Child processes that never outlive their parent, and whose last words are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import contextlib
import ctypes
from pathlib import Path
import signal
import subprocess
import sys

__all__ = ['Child', 'die_with_parent']

_PR_SET_PDEATHSIG = 1  # prctl(2)
_TAIL_LINES = 6
_FATAL = '[FATAL] '
_COMPLAINTS = ('[WARN', '[ERROR', _FATAL)


class Child:
    """A process that runs a module of this package with this Python.

    It gets a session of its own, so that a Ctrl-C in the terminal reaches the parent alone,
    which then ends its children in order. If the parent is killed, the kernel ends the child.

    Attributes:
        name: For messages.
    """

    def __init__(
            self, module: str, arguments: Sequence[str], environment: Mapping[str, str],
            log: Path | None = None) -> None:
        """Start `python -m module arguments`; what it prints goes to `log`, if given."""
        self.name = module.rpartition('.')[2]
        self._log = log
        self._interrupted = False
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(log.open('wb')) if log else None
            self._process = subprocess.Popen(
                [sys.executable, '-m', module, *arguments], env=dict(environment),
                stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT if log else None, start_new_session=True,
                preexec_fn=die_with_parent)

    @property
    def code(self) -> int | None:
        """Exit code; None while it runs, negative if a signal killed it."""
        return self._process.poll()

    def interrupt(self) -> None:
        """Ask it to end, as Ctrl-C does; once, for a second time would cut its last work off."""
        if not self._interrupted and self._process.poll() is None:
            self._interrupted = True
            self._process.send_signal(signal.SIGINT)

    def wait(self, seconds: float) -> int | None:
        """Return the exit code once it has ended, None if it has not within that time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.code

    def end(self, seconds: float) -> int:
        """Make it end, by force after that time, and return its exit code."""
        self.interrupt()
        if self.wait(seconds) is None:
            self._process.kill()
        return self._process.wait()

    def _last_words(self) -> str:
        """Return why it ended: its last fatal message, or else its last lines."""
        lines = self._lines()
        fatal = [line for line in lines if line.startswith(_FATAL)]
        if fatal:
            return fatal[-1].removeprefix(_FATAL)
        return '\n'.join(lines[-_TAIL_LINES:])

    def complaints(self) -> str:
        """Return its last warnings and errors."""
        return '\n'.join(
            [line for line in self._lines() if line.startswith(_COMPLAINTS)][-_TAIL_LINES:])

    def _lines(self) -> list[str]:
        if self._log is None:
            return []
        text = self._log.read_text(errors='replace')
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    def epitaph(self) -> str:
        """Return how it ended and, if by itself, why."""
        code = self.code
        if code is None:
            return f'{self.name} is still running'
        if code < 0:
            return f'{self.name} was killed by {signal.Signals(-code).name}'
        words = self._last_words()
        return f'{self.name} ended with exit code {code}' + (f': {words}' if words else '')


def die_with_parent() -> None:
    """Ask the kernel, in a child, for a SIGTERM when its parent dies; Linux only."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
