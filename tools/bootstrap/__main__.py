"""Makes and mends the environments of the Makefile; needs nothing but Python's own library.

Run as `python3 tools/bootstrap robot|train --venv FOLDER`. Prints nothing and changes nothing
where the environment is as it should be.
"""

from __future__ import annotations

import argparse
import fcntl
import os
from pathlib import Path
import sys
import time

from host import BootstrapError, leave_environment, NoWheelsError, say
import robot
import train


def _lock(build: Path) -> object:
    """Waits until no other bootstrap works in this clone; held until the result is closed."""
    build.mkdir(exist_ok=True)
    handle = (build / 'bootstrap.lock').open('w')
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say('waiting for another make in this folder')
        fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def main() -> int:
    """Parses the command line and prepares one environment; returns the exit status."""
    parser = argparse.ArgumentParser(prog='tools/bootstrap', description=__doc__)
    parser.add_argument('kind', choices=('robot', 'train'))
    parser.add_argument('--venv', type=Path, required=True, help='folder of the environment')
    parser.add_argument('--distro', default='jazzy', help='ROS 2 release, where none is sourced')
    parser.add_argument(
        '--optional', action='store_true',
        help='say so and succeed where there are no wheels for this Python')
    args = parser.parse_args()
    venv = Path(os.path.abspath(args.venv))
    try:
        leave_environment(venv)
        held = _lock(Path('.build'))
        start = time.monotonic()
        changed = (
            robot.prepare(venv, args.distro) if args.kind == 'robot' else train.prepare(venv)
        )
        held.close()
    except NoWheelsError as error:
        print(f'fer_ros: {"left out" if args.optional else "error"}: {error}', file=sys.stderr)
        return 0 if args.optional else 1
    except BootstrapError as error:
        print(f'fer_ros: error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('fer_ros: stopped; the next make goes on', file=sys.stderr)
        return 130
    if changed:
        say(f'{venv.name} is ready ({time.monotonic() - start:.0f} s)')
    return 0


if __name__ == '__main__':
    os.chdir(Path(__file__).resolve().parents[2])
    sys.exit(main())
