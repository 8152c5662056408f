"""Files that are either whole or not there."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import errno
import os
from pathlib import Path
import shutil

from fer_ros.core.errors import DataError

__all__ = ['replacing', 'replacing_folder', 'room_for', 'write_text']


@contextlib.contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Tell which file found no room; the system tells only that there is none.

    Raises:
        DataError: The disk or the quota is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DataError(
            f'{path} could not be written: {os.strerror(error.errno)}; what was there before '
            'is still valid: make room and give the same command again') from error


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield another name to write to; the file takes its place when the block has succeeded.

    The other name keeps the suffix, which says to many libraries what to write.
    """
    partial = path.with_name(f'.{path.stem}.partial{path.suffix}')
    try:
        with room_for(path):
            yield partial
            os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder that takes the place of `folder` when the block has succeeded."""
    partial, old = (folder.with_name(f'.{folder.name}.{word}') for word in ('partial', 'old'))
    if old.exists() and not folder.exists():
        # A process was killed between the two renamings below.
        os.replace(old, folder)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with room_for(folder):
            partial.mkdir(parents=True)
            yield partial
            shutil.rmtree(old, ignore_errors=True)
            if folder.exists():
                # Removing it takes a while, in which there would be no model.
                os.replace(folder, old)
            os.replace(partial, folder)
    finally:
        for rest in (partial, old):
            shutil.rmtree(rest, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file as a whole."""
    with replacing(path) as partial:
        partial.write_text(text, encoding='utf-8')
