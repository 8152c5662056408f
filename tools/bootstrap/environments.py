"""Making a virtual environment and filling it from a lock file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
import re
import shutil

from host import base_python, BootstrapError, run
from record import Record

__all__ = ['LOGS', 'create', 'install', 'lock_entries', 'python_of', 'site_packages',
           'write_command']

LOGS = Path('.build/log')


def python_of(venv: Path) -> Path:
    """The environment's interpreter."""
    return venv / 'bin' / 'python'


def site_packages(venv: Path) -> Path:
    """The folder of the environment's own packages."""
    return next((venv / 'lib').glob('python3.*/site-packages'))


def create(venv: Path, environment: Mapping[str, str], interpreter: str = '',
           options: Sequence[str] = ()) -> None:
    """Makes an empty environment in place of an older one of the same making.

    Raises:
        BootstrapError: There is a folder that make has not made.
    """
    if venv.exists() and not Record(venv).exists:
        raise BootstrapError(f'{venv} was not made by make; move it away')
    shutil.rmtree(venv, ignore_errors=True)
    # From now on it is known as ours, also if this is interrupted.
    Record(venv).begin('packages')
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
    entries = lock_entries(lock)
    names = list(entries if only is None else only)
    # First what builds the one package that has no wheel; fetched without hash otherwise.
    for part in (['setuptools'] if 'setuptools' in names else [], names):
        if not part:
            continue
        partial = LOGS.parent / f'{venv.name}.lock'
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text('\n'.join(entries[name] for name in part) + '\n')
        # The lock is complete; and what a ROS installation has must not be replaced.
        _pip(venv, ['--no-deps', '--no-build-isolation', '-r', partial], environment)


def _pip(venv: Path, options: Sequence[str | Path], environment: Mapping[str, str]) -> None:
    run([python_of(venv), '-m', 'pip', 'install', '--disable-pip-version-check',
         '--quiet', '--require-hashes', *options],
        LOGS / f'{venv.name}-pip.log', environment)


def write_command(venv: Path) -> None:
    """Puts `fer` into the environment's bin, run by the environment's interpreter.

    colcon's own scripts are run by the interpreter that runs colcon, which may be ROS's.
    """
    command = venv / 'bin' / 'fer'
    command.unlink(missing_ok=True)
    command.write_text(
        f'#!{python_of(venv)}\nimport sys\n\nfrom fer_ros.cli import main\n\n'
        'sys.exit(main())\n')
    command.chmod(0o755)
