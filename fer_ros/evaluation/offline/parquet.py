"""`predictions.parquet`: the rows of `predictions.csv` with their types, for data frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib
from pathlib import Path
from types import TracebackType
from typing import Any

from fer_ros.core.errors import ConfigError
from fer_ros.training.files import replacing

__all__ = ['ParquetTable', 'pyarrow', 'read_rows']

_GROUP = 10_000  # rows that are held until they are written
_WORDS = ('recording', 'stream', 'name', 'truth', 'person', 'label')
_NUMBERS = ('frame', 'segment', 'track_id')
_EXACT = ('time', 'stamp')  # Unix time needs float64


def pyarrow() -> Any:
    """Return the library pyarrow.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        import pyarrow
    except ImportError:
        raise ConfigError("Parquet needs pyarrow: pip install 'fer_ros[parquet]' or pip install "
                          'pyarrow') from None
    return pyarrow


class ParquetTable:
    """Writes rows in groups, so that memory does not grow; a context manager.

    Args:
        path: The file, which is there when the block has succeeded.
        columns: Names of the columns: words, whole numbers, times, and float32 for the others.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        pa = pyarrow()
        import pyarrow.parquet as parquet

        kinds = {**dict.fromkeys(_WORDS, pa.string()), **dict.fromkeys(_NUMBERS, pa.int64()),
                 **dict.fromkeys(_EXACT, pa.float64())}
        self._schema = pa.schema([(name, kinds.get(name, pa.float32())) for name in columns])
        self._rows: list[Sequence[object]] = []
        self._stack = contextlib.ExitStack()
        partial = self._stack.enter_context(replacing(path))
        self._writer = self._stack.enter_context(parquet.ParquetWriter(partial, self._schema))

    def add(self, row: Sequence[object]) -> None:
        """Add a row; None is a missing value."""
        self._rows.append(row)
        if len(self._rows) >= _GROUP:
            self._flush()

    def __enter__(self) -> ParquetTable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._flush()
        self._stack.__exit__(kind, error, trace)

    def _flush(self) -> None:
        columns = zip(*self._rows, strict=True) if self._rows else ([] for _ in self._schema)
        self._writer.write_table(pyarrow().table(
            [list(column) for column in columns], schema=self._schema))
        self._rows.clear()


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a Parquet file as those of a CSV: as text, empty for a missing value.

    Raises:
        ConfigError: pyarrow is not installed.
        OSError: The file cannot be read.
        ValueError: It is no Parquet file.
    """
    pyarrow()
    import pyarrow.parquet as parquet

    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(_GROUP):
            for row in batch.to_pylist():
                yield {name: '' if value is None else str(value) for name, value in row.items()}
