"""What this machine has: Python, a compiler, a ROS installation; and running commands on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import importlib.util
import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys
import sysconfig

__all__ = [
    'BootstrapError',
    'NoWheelsError',
    'SourcedRos',
    'base_python',
    'clean_environment',
    'find_sourced_ros',
    'leave_environment',
    'require_build_tools',
    'require_wheels',
    'run',
    'say',
]

# Set by ROS's and colcon's setup files; an embedded environment must not see another one's.
_ROS_VARIABLES = (
    'AMENT_CURRENT_PREFIX',
    'AMENT_PREFIX_PATH',
    'CMAKE_PREFIX_PATH',
    'COLCON_PREFIX_PATH',
    'LD_LIBRARY_PATH',
    'PYTHONHOME',
    'PYTHONPATH',
    '_ROS_WHEELS_BOOTSTRAP_COMPLETE',
)
_LINES_OF_LOG = 25


class BootstrapError(Exception):
    """What failed and what to do about it, in one line or with the end of a log."""


class NoWheelsError(BootstrapError):
    """There are no wheels for this Python or machine."""


@dataclass(frozen=True)
class SourcedRos:
    """A ROS installation whose setup file was sourced.

    Attributes:
        prefixes: folders of AMENT_PREFIX_PATH, the nearest overlay first.
        site_folders: folders that a child environment does not see by itself.
    """

    prefixes: tuple[str, ...]
    site_folders: tuple[str, ...]

    def has(self, package: str) -> bool:
        """Whether the package is installed with its CMake configuration."""
        folders = (Path(prefix) / 'share' / package / 'cmake' for prefix in self.prefixes)
        return any(folder.is_dir() for folder in folders)


def say(text: str) -> None:
    """Tells the user what happens, at once."""
    print(f'fer_ros: {text}', flush=True)


def base_python() -> str:
    """The interpreter below any virtual environment that runs this."""
    return os.path.realpath(getattr(sys, '_base_executable', sys.executable))


def leave_environment(venv: Path) -> None:
    """Goes on with the base interpreter if this runs in the environment to be made."""
    if Path(sys.prefix).resolve() == venv.resolve() and sys.prefix != sys.base_prefix:
        os.execv(base_python(), [base_python(), *sys.argv])


def clean_environment() -> dict[str, str]:
    """This process's environment without traces of a ROS or another virtual environment."""
    hidden = (*_ROS_VARIABLES, 'VIRTUAL_ENV')
    return {name: value for name, value in os.environ.items() if name not in hidden}


def find_sourced_ros(venv: Path) -> SourcedRos | None:
    """The sourced ROS installation whose rclpy this Python can import, if any.

    An overlay on the environment itself is none: its rclpy lies in the environment.
    """
    prefixes = tuple(
        prefix
        for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
        if prefix and Path(prefix).resolve() != venv.resolve()
    )
    if not prefixes:
        return None
    found = subprocess.run(
        [sys.executable, '-c', 'import rclpy; print(rclpy.__file__)'],
        capture_output=True,
        text=True,
        check=False,
        cwd='/',
    )
    location = found.stdout.strip()
    if found.returncode or not location or venv.resolve() in Path(location).resolve().parents:
        return None
    in_venv = sys.prefix != sys.base_prefix
    sites = {sysconfig.get_path('purelib'), sysconfig.get_path('platlib')} if in_venv else set()
    return SourcedRos(prefixes, tuple(sorted(sites)))


def _apt(missing: Sequence[str]) -> str:
    return f'install it with: sudo apt-get install {" ".join(missing)}'


def require_build_tools() -> None:
    """Checks what wheels cannot bring.

    Raises:
        BootstrapError: naming the packages to install.
    """
    missing, what = [], []
    if not any(importlib.util.find_spec(name) for name in ('ensurepip',)):
        missing.append('python3-venv')
        what.append("Python's venv module")
    if not (shutil.which('c++') or shutil.which('g++') or shutil.which('clang++')):
        missing.append('g++')
        what.append('a C++ compiler')
    if not Path(sysconfig.get_path('include'), 'Python.h').is_file():
        missing.append('python3-dev')
        what.append("Python's C headers")
    if missing:
        raise BootstrapError(f'{" and ".join(what)} missing; {_apt(missing)}')


def require_wheels(oldest: tuple[int, int], newest: tuple[int, int], what: str) -> None:
    """Checks that the wheels of `what` exist for this machine.

    Args:
        oldest: first Python version with wheels.
        newest: last Python version with wheels.
        what: their name, for the message.

    Raises:
        NoWheelsError: if there are none.
    """
    version = sys.version_info[:2]
    if not oldest <= version <= newest or sys.implementation.name != 'cpython':
        raise NoWheelsError(
            f'{what} needs CPython {oldest[0]}.{oldest[1]} to {newest[0]}.{newest[1]}, '
            f'this is {sys.implementation.name} {platform.python_version()}; name another one: '
            f'make PYTHON=python3.{newest[1] - 1}'
        )
    if sys.platform != 'linux' or platform.machine() != 'x86_64':
        raise NoWheelsError(
            f'{what} has wheels for x86-64 Linux only, this is {platform.machine()} '
            f'{sys.platform}; source a ROS 2 installation first'
        )


def run(
    command: Sequence[str | Path],
    log: Path,
    environment: Mapping[str, str],
    folder: Path | None = None,
) -> None:
    """Runs a command with its output in a log file.

    Raises:
        BootstrapError: with the end of the log, if the command fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('w') as output:
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            check=False,
        )
    if done.returncode:
        lines = log.read_text(errors='replace').splitlines()
        lines = [line for line in lines if not line.startswith('WARNING: ')]
        end = '\n'.join(lines[-_LINES_OF_LOG:])
        raise BootstrapError(f'a command failed; the end of {log}:\n{end}')
