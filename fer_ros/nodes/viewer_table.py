"""The live table of the viewer: in place on a terminal, else a line every second."""

from __future__ import annotations

import math
import time
from typing import TextIO

from fer_ros.core.types import FaceEmotion, FrameResult

__all__ = ['LiveTable']

_BAR_CELLS = 20
_ROWS = 4  # faces shown at once on a terminal
_TERMINAL_PERIOD = 0.1  # seconds
_LINE_PERIOD = 1.0  # seconds
_HEADER = (f'{"time":>8}  {"face":>4}  {"emotion":<10}  {"confidence":<{_BAR_CELLS + 6}}  '
           f'{"valence":>7}  {"latency":>8}')


class LiveTable:
    """Prints results as they come, no faster than one can read."""

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`; a terminal is updated in place."""
        self._stream = stream
        self._in_place = stream.isatty()
        self._period = _TERMINAL_PERIOD if self._in_place else _LINE_PERIOD
        encoding = (getattr(stream, 'encoding', None) or 'ascii').lower()
        self._cells = '█░' if encoding.replace('-', '').startswith('utf') else '#.'
        self._last = -math.inf
        self._drawn = False

    def show(
            self, result: FrameResult, elapsed: float, latency: float,
            valences: tuple[float, ...] = ()) -> None:
        """Show the result of a frame, unless the last one was only just shown.

        Args:
            result: The faces of the frame.
            elapsed: Seconds since the first frame.
            latency: Seconds from the stamp of the image to the arrival of its result.
            valences: Valence of each face in [-1, 1]; NaN or missing if it is not known.
        """
        now = time.monotonic()
        if now - self._last < self._period:
            return
        self._last = now
        head = f'{elapsed:6.1f} s'
        tail = f'{latency * 1000:5.1f} ms'
        rows = [
            f'{head}  {self._face(face, valence)}  {tail:>8}' for face, valence in zip(
                result.faces, (*valences, *(math.nan,) * len(result.faces)), strict=False)]
        if not rows:
            rows = [f'{head}  {"-":>4}  {"(no face)":<{_BAR_CELLS + 27}}  {tail:>8}']
        if self._in_place:
            self._redraw(rows)
        else:
            self._print_line(rows[0])

    def _face(self, face: FaceEmotion, valence: float) -> str:
        filled = round(face.confidence * _BAR_CELLS)
        bar = self._cells[0] * filled + self._cells[1] * (_BAR_CELLS - filled)
        mood = '' if math.isnan(valence) else f'{valence:+.2f}'
        return (f'{face.track_id or "-":>4}  {face.label:<10}  {bar} {face.confidence:>4.0%} '
                f'{mood:>8}')

    def _redraw(self, rows: list[str]) -> None:
        hidden = len(rows) - _ROWS
        rows = [*rows[:_ROWS], f'{"":10}(and {hidden} more)' if hidden > 0 else '']
        rows += [''] * (_ROWS + 1 - len(rows))
        if self._drawn:
            self._stream.write(f'\x1b[{_ROWS + 2}F')  # up to the header
        self._stream.write('\n'.join(row + '\x1b[K' for row in (_HEADER, *rows)) + '\n')
        self._stream.flush()
        self._drawn = True

    def _print_line(self, row: str) -> None:
        if not self._drawn:
            self._stream.write(_HEADER + '\n')
        self._stream.write(row.rstrip() + '\n')
        self._stream.flush()
        self._drawn = True
