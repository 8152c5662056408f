"""Makes a virtual environment an ament prefix that needs no sourcing.

Copied into the environment and run by each of its Python processes at start: without it ROS finds
neither the packages (AMENT_PREFIX_PATH) nor the message libraries (LD_LIBRARY_PATH) in it.
"""

import os
import sys


def _first(variable: str, path: str) -> bool:
    """Puts the path first in a variable unless it is there already; True if it was put."""
    known = [part for part in os.environ.get(variable, '').split(os.pathsep) if part]
    if path in known:
        return False
    os.environ[variable] = os.pathsep.join([path, *known])
    return True


_first('AMENT_PREFIX_PATH', sys.prefix)
_first('PATH', os.path.join(sys.prefix, 'bin'))
# The dynamic linker reads its variable only when a process starts.
if _first('LD_LIBRARY_PATH', os.path.join(sys.prefix, 'lib')) and sys.orig_argv:
    # The wheels' own start-up code does the same, for the libraries of the wheels.
    os.environ.pop('_ROS_WHEELS_BOOTSTRAP_COMPLETE', None)
    os.execve(sys.executable, sys.orig_argv, os.environ)
