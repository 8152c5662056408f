"""What config/fastdds.xml changes of Fast DDS for images between processes."""

from __future__ import annotations

from collections.abc import MutableMapping
import os
from pathlib import Path
import sys

from fer_ros.core.resources import resource_folders

__all__ = ['make_room_for_images']

# Fast DDS 2 (Jazzy) reads the first; Fast DDS 3 (Kilted) the second, and warns of the first.
_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
_LIBRARIES_OF_3 = ('lib/libfastdds.so*', 'lib/*/libfastdds.so*')
_PROFILES = 'fastdds.xml'


def make_room_for_images(environment: MutableMapping[str, str] = os.environ) -> None:
    """Choose the profile for a process with image topics; call it before `rclpy.init`.

    Whoever has set profiles, or uses another middleware, keeps what he has.
    """
    middleware = environment.get('RMW_IMPLEMENTATION') or 'rmw_fastrtps_cpp'
    if 'fastrtps' not in middleware or any(name in environment for name in _VARIABLES):
        return
    for folder in resource_folders('config'):
        if (folder / _PROFILES).is_file():
            environment[_variable(environment)] = str(folder / _PROFILES)
            return


def _variable(environment: MutableMapping[str, str]) -> str:
    prefixes = environment.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    newer = any(any(Path(prefix).glob(pattern))
                for prefix in (*filter(None, prefixes), sys.prefix) for pattern in _LIBRARIES_OF_3)
    return _VARIABLES[newer]
