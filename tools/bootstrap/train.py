"""The training environment: TensorFlow, Keras and what plots, away from the robot's."""

from __future__ import annotations

from pathlib import Path
import sys

import environments
from host import base_python, clean_environment, require_build_tools, require_wheels, say
from record import hash_files, Record

__all__ = ['prepare']

_LOCK = Path('tools/requirements/train.lock')


def prepare(venv: Path) -> bool:
    """Makes or mends the environment.

    The package is not copied into it: it runs from the source tree, where researchers edit it.

    Returns:
        Whether anything had to be done.

    Raises:
        BootstrapError: It cannot be made; the text says why.
    """
    record = Record(venv)
    inputs = f'{sys.version_info[:3]} {base_python()} {hash_files([_LOCK, Path(__file__)])}'
    damaged = record.damaged().get('packages')
    if record.done('packages', inputs) and not damaged:
        return False
    if damaged:
        say(f'{venv.name}/{damaged[0]} is gone or changed: mending')
    require_build_tools()
    require_wheels((3, 11), (3, 13), 'TensorFlow from wheels')
    say(f'installing TensorFlow and Keras into {venv.name} (minutes, the first time)')
    environment = clean_environment()
    environments.create(venv, environment)
    environments.install(venv, _LOCK, environment)
    root = Path.cwd()
    (environments.site_packages(venv) / 'fer_ros_source.pth').write_text(f'{root}\n')
    environments.write_command(venv)
    Record(venv).finish('packages', inputs)
    return True
