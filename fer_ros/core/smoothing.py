"""A time filter on each track's distribution, so that a label does not flicker."""

from __future__ import annotations

from collections.abc import Iterable
import math

from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Floats

__all__ = ['Smoother']


class Smoother:
    """Exponential filter with a time constant in seconds, whatever the frame rate.

    Args:
        time_constant: Seconds after which a step has reached 63 %; 0 switches the filter off.

    Raises:
        ConfigError: `time_constant` is negative or not finite.
    """

    def __init__(self, time_constant: float) -> None:
        self._states: dict[int, tuple[float, Floats]] = {}
        self.time_constant = time_constant

    @property
    def time_constant(self) -> float:
        """Seconds after which a step has reached 63 %."""
        return self._time_constant

    @time_constant.setter
    def time_constant(self, value: float) -> None:
        if not (math.isfinite(value) and value >= 0.0):
            raise ConfigError(f'smoothing must be a time constant >= 0 s, got {value}')
        self._time_constant = value

    def update(self, track_id: int, probabilities: Floats, stamp: float) -> Floats:
        """Return the smoothed distribution of a track after a new observation.

        Args:
            track_id: The track.
            probabilities: (K,) distribution of this frame.
            stamp: Time of the frame in seconds.
        """
        smoothed = probabilities
        if track_id in self._states and self._time_constant > 0:
            last, state = self._states[track_id]
            share = 1.0 - math.exp(-max(0.0, stamp - last) / self._time_constant)
            smoothed = state + share * (probabilities - state)
            smoothed = (smoothed / smoothed.sum()).astype(probabilities.dtype)
        self._states[track_id] = stamp, smoothed
        return smoothed

    def keep(self, track_ids: Iterable[int]) -> None:
        """Forget all tracks but these."""
        kept = set(track_ids)
        self._states = {key: state for key, state in self._states.items() if key in kept}

    def reset(self) -> None:
        """Forget all tracks."""
        self._states = {}
