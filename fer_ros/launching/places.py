"""Where things are installed, for launch files."""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import (
    get_package_prefix,
    get_package_share_directory,
    PackageNotFoundError,
)

__all__ = ['executable', 'is_installed', 'share']


def share(*parts: str) -> Path:
    """Return a path below the shared files of fer_ros."""
    return Path(get_package_share_directory('fer_ros'), *parts)


def executable(name: str) -> Path:
    """Return the path of an executable of fer_ros."""
    return Path(get_package_prefix('fer_ros')) / 'lib' / 'fer_ros' / name


def is_installed(package: str) -> bool:
    """Return whether a ROS package is there."""
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True
