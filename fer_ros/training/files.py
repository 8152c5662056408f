"""Files that are either whole or not there."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
from pathlib import Path

__all__ = ['replacing', 'write_text']


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield another name to write to; the file takes its place when the block has succeeded.

    The other name keeps the suffix, which says to many libraries what to write.
    """
    partial = path.with_name(f'.{path.stem}.partial{path.suffix}')
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        # A full disk does not say which file it had no room for.
        if error.errno and error.filename is None:
            error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file as a whole."""
    with replacing(path) as partial:
        partial.write_text(text, encoding='utf-8')
