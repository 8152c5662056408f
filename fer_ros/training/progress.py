"""How far a training run is, and how long it will take."""

from __future__ import annotations

import sys
from typing import Any

import keras
from tqdm import tqdm

__all__ = ['RunProgress']


class RunProgress:
    """A bar over all steps of a run with the time left; nothing is shown in a log file.

    Args:
        epochs: Epochs of the run.
        steps: Steps an epoch.
        done: Epochs that are done already.
    """

    def __init__(self, epochs: int, steps: int, done: int) -> None:
        self._bar = tqdm(
            total=epochs * steps, initial=done * steps, unit='step', leave=False,
            smoothing=0.02, disable=not sys.stderr.isatty())

    def __enter__(self) -> RunProgress:
        """Return the bar."""
        return self

    def __exit__(self, *ignored: object) -> None:
        """Remove the bar."""
        self._bar.close()

    def callback(self) -> keras.callbacks.Callback:
        """Return what Keras must call while it fits."""
        return _Advance(self._bar)


class _Advance(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, bar: tqdm[Any]) -> None:
        super().__init__()
        self._bar = bar

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._bar.update()
        if logs and batch % 10 == 0:
            self._bar.set_postfix(
                {name: f'{float(value):.3f}' for name, value in logs.items()}, refresh=False)
