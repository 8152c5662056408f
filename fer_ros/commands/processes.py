"""Child processes that never outlive their parent, and whose last words are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import contextlib
import ctypes
import importlib.util
import os
from pathlib import Path
import signal
import subprocess
import sys

from fer_ros.core.errors import FerError

__all__ = ['Child', 'check_ros', 'die_with_parent', 'node_environment', 'ros_arguments']

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
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

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


def check_ros(what: str) -> None:
    """Fail if ROS 2 or the built messages are not importable; an unbuilt folder is not enough.

    Args:
        what: What needs them, for people.

    Raises:
        FerError: They are not.
    """
    for name, remedy in (
            ('rclpy', 'source a ROS 2 installation or use the environment that `make` sets up'),
            ('fer_msgs.msg', 'build fer_msgs with colcon and source its workspace, or use the '
                             'environment that `make` sets up')):
        try:
            spec = importlib.util.find_spec(name)
        except ImportError:
            spec = None
        if spec is None or spec.origin is None:
            raise FerError(f'{what} needs {name.partition(".")[0]}: {remedy}')


def node_environment(scratch: Path) -> dict[str, str]:
    """Return the environment of the nodes: on this machine, in a domain of their own."""
    environment = dict(os.environ)
    defaults = {
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        # Domains up to 101 have their ports below the ephemeral ones of Linux.
        'ROS_DOMAIN_ID': str(1 + os.getpid() % 101),
        'ROS_LOG_DIR': str(scratch / 'log'),
    }
    for key, value in defaults.items():
        environment.setdefault(key, value)
    environment['RCUTILS_CONSOLE_OUTPUT_FORMAT'] = '[{severity}] {message}'
    environment['RCUTILS_COLORIZED_OUTPUT'] = '0'
    # The nodes must be those of the running code, wherever the command is started.
    source = str(Path(__file__).resolve().parents[2])
    environment['PYTHONPATH'] = os.pathsep.join(
        filter(None, [source, environment.get('PYTHONPATH')]))
    return environment


def ros_arguments(
    namespace: str, parameters: Mapping[str, object], remap: Mapping[str, str] | None = None,
) -> list[str]:
    """Return the command line of a node."""
    arguments = ['--ros-args', '-r', f'__ns:={namespace}']
    for topic, target in (remap or {}).items():
        arguments += ['-r', f'{topic}:={target}']
    for key, value in parameters.items():
        arguments += ['-p', f'{key}:={_yaml(value)}']
    return arguments


def _yaml(value: object) -> str:
    """Return a parameter value as `-p` reads it; quotes keep a text a text."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, list):
        return f'[{", ".join(map(_yaml, value))}]'
    return str(value).lower() if isinstance(value, bool) else str(value)
