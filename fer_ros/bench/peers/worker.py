"""Serves one package: `python -m fer_ros.bench.peers.worker NAME FRAMES.npy`.

Says on a line of JSON how it was loaded; then, for each line that comes, takes the next frame and
says what that took.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import Any, TextIO

from fer_ros.bench.machine import resident_mb
from fer_ros.bench.peers.adapters import Ask, PEERS

__all__ = ['main']


def main(arguments: list[str]) -> int:
    """Serve until the input ends; return 0."""
    name, path = arguments
    # Libraries greet on stdout, which belongs to the answers.
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    begin = time.perf_counter(), time.process_time()
    ask = PEERS[name].load()
    loaded = _since(begin)
    import numpy as np

    frames = np.load(path)
    with contextlib.suppress(BrokenPipeError):
        _tell(answers, {'load': loaded, **_look(ask, frames[0])})
        for count, _ in enumerate(sys.stdin):
            _tell(answers, _look(ask, frames[count % len(frames)]))
    return 0


def _look(ask: Ask, frame: Any) -> dict[str, object]:
    begin = time.perf_counter(), time.process_time()
    labels = ask(frame)
    return {**_since(begin), 'labels': labels, 'resident_mb': resident_mb()}


def _since(begin: tuple[float, float]) -> dict[str, float]:
    return {'wall_ms': 1e3 * (time.perf_counter() - begin[0]),
            'cpu_ms': 1e3 * (time.process_time() - begin[1])}


def _tell(answers: TextIO, record: dict[str, object]) -> None:
    print(json.dumps(record), file=answers, flush=True)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
