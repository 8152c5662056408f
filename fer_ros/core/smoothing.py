"""A time filter on each track's distribution, so that it follows the face and not the noise.

The filter works on logarithms of probabilities: what it averages is evidence (the logarithmic
opinion pool, Genest and Zidek 1986), so that several frames that are all unsure in another way
agree on what they have in common.
"""

from __future__ import annotations

from collections.abc import Iterable
import math

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Floats

__all__ = ['SMOOTHING', 'Smoother']

SMOOTHING = 0.3
"""Time constant in seconds, by default."""

# No frame is surer than this: else a single one would outweigh the seconds around it.
_FLOOR = 1e-3


class Smoother:
    """Exponential filter of log-probabilities with a time constant, whatever the frame rate.

    Args:
        time_constant: Seconds after which a step has reached 63 %, in [0, 60]; 0 switches the
            filter off.

    Raises:
        ConfigError: `time_constant` is out of range.
    """

    def __init__(self, time_constant: float = SMOOTHING) -> None:
        self._states: dict[int, tuple[float, NDArray[np.float64]]] = {}
        self.time_constant = time_constant

    @property
    def time_constant(self) -> float:
        """Seconds after which a step has reached 63 %."""
        return self._time_constant

    @time_constant.setter
    def time_constant(self, value: float) -> None:
        if not 0.0 <= value <= 60.0:
            raise ConfigError(
                f'smoothing is a time constant and must lie in [0, 60] s, got {value}')
        self._time_constant = value

    def update(self, track_id: int, probabilities: Floats, stamp: float) -> Floats:
        """Return the smoothed distribution of a track after a new observation.

        Args:
            track_id: The track.
            probabilities: (K,) distribution of this frame.
            stamp: Time of the frame in seconds; one that goes back counts as no time passed.

        Returns:
            (K,) float32, summing to 1. The first observation, and every one without smoothing,
            is returned as it is.
        """
        evidence = np.log(np.maximum(probabilities, _FLOOR), dtype=np.float64)
        known = self._states.get(track_id)
        if known is None or self._time_constant == 0:
            self._states[track_id] = stamp, evidence
            return probabilities
        last, state = known
        share = 1.0 - math.exp(-max(0.0, stamp - last) / self._time_constant)
        state = state + share * (evidence - state)
        self._states[track_id] = stamp, state
        powers = np.exp(state - state.max())
        smoothed: Floats = (powers / powers.sum()).astype(np.float32)
        return smoothed

    def keep(self, track_ids: Iterable[int]) -> None:
        """Forget all tracks but these."""
        kept = set(track_ids)
        self._states = {key: state for key, state in self._states.items() if key in kept}

    def reset(self) -> None:
        """Forget all tracks."""
        self._states = {}
