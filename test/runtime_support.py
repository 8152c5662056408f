"""What a runtime takes of the machine."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np

from fer_ros.core.runtime import load_runtime

__all__ = ['threads_with']


def threads_with(*arguments) -> int:
    """Return how many threads a runtime has that was loaded with these and has run once."""
    gc.collect()
    before = _threads()
    runtime = load_runtime(*arguments)
    runtime.run(np.zeros((1, *(side or 32 for side in runtime.inputs[0].shape)), np.float32))
    return len(_threads() - before) + 1


def _threads() -> set[str]:
    return {path.name for path in Path('/proc/self/task').iterdir()}
