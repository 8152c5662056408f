"""Making a virtual environment and filling it from a lock file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
import re
import shutil

from host import base_python, run

__all__ = ['LOGS', 'create', 'install', 'lock_entries', 'python_of', 'site_packages']

LOGS = Path('.build/log')


def python_of(venv: Path) -> Path:
    """The environment's interpreter."""
    return venv / 'bin' / 'python'


def site_packages(venv: Path) -> Path:
    """The folder of the environment's own packages."""
    return next((venv / 'lib').glob('python3.*/site-packages'))


def create(venv: Path, environment: Mapping[str, str], interpreter: str = '',
           options: Sequence[str] = ()) -> None:
    """Makes an empty environment in place of whatever is there."""
    shutil.rmtree(venv, ignore_errors=True)
    command = [interpreter or base_python(), '-m', 'venv', *options, str(venv)]
    run(command, LOGS / f'{venv.name}-venv.log', environment)


def lock_entries(lock: Path) -> dict[str, str]:
    """The entries of a lock file with their hashes, by the name of the package.

    A package with several versions for several Pythons has all of them in its entry.
    """
    blocks = re.split(r'\n(?=[A-Za-z0-9])', '\n' + lock.read_text())
    found = {}
    for block in blocks:
        name = re.match(r'\s*([A-Za-z0-9._-]+)', block)
        if name and '--hash' in block:
            key = name.group(1).lower()
            found[key] = f'{found[key]}\n{block}' if key in found else block
    return found


def install(venv: Path, lock: Path, environment: Mapping[str, str],
            only: Iterable[str] | None = None) -> None:
    """Installs a lock file, or only the packages named, checking every hash."""
    options: list[str | Path] = ['-r', lock]
    if only is not None:
        entries = lock_entries(lock)
        partial = LOGS.parent / f'{venv.name}-missing.lock'
        partial.write_text('\n'.join(entries[name] for name in only) + '\n')
        # What the ROS installation has satisfies the rest: nothing of it may be replaced.
        options = ['--no-deps', '-r', partial]
    run([python_of(venv), '-m', 'pip', 'install', '--disable-pip-version-check',
         '--quiet', '--require-hashes', *options],
        LOGS / f'{venv.name}-pip.log', environment)
