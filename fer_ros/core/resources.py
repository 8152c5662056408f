"""Where files lie: the package's own (source tree, ROS workspace, Python prefix), and users'."""

from __future__ import annotations

import os
from pathlib import Path
import sys

__all__ = ['resource_folders', 'user_path']


def resource_folders(name: str) -> list[Path]:
    """Return the existing folders called `name` (`models`, `config`), in order of precedence.

    The source tree that the code runs from comes first, then `share/fer_ros` of every prefix of
    a sourced ROS workspace, then that of the Python environment, then that of where pip put the
    package, which can be elsewhere (`--user`, `--target`, Debian's /usr/local).
    """
    prefixes = [
        Path(prefix) for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
        if prefix]
    # Above an installed package lies site-packages, where a `models` would be somebody else's.
    here = Path(__file__).resolve().parents
    source = here[2]
    candidates = [source / name] if (source / 'package.xml').is_file() else []
    # PREFIX/lib/python3.x/site-packages/fer_ros/core, or TARGET/fer_ros/core.
    own = [here[depth] for depth in (5, 2) if depth < len(here)]
    candidates += [
        prefix / 'share' / 'fer_ros' / name for prefix in (*prefixes, Path(sys.prefix), *own)]
    return [folder for folder in dict.fromkeys(candidates) if folder.is_dir()]


def user_path(path: str | os.PathLike[str]) -> Path:
    """Return a path with `~` and `~user` filled in; as it is where there is no such user."""
    try:
        return Path(path).expanduser()
    except (RuntimeError, ValueError):
        return Path(path)
