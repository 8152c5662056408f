"""The label of a face: the most probable emotion, said steadily, or `unknown`.

A label that follows every small change of the distribution flickers where two emotions are about
equally probable, or where the confidence is about the threshold. So each change of a track's
label must be worth it: hysteresis, and a shortest time that a label stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import dataclasses

from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Floats, UNKNOWN

__all__ = ['LABEL_MARGIN', 'LABEL_MIN_DWELL', 'Labeller', 'UNKNOWN_HYSTERESIS']

LABEL_MARGIN = 0.1
"""Probability by which another emotion must lead, by default."""

LABEL_MIN_DWELL = 0.2
"""Seconds that a label stays at least, by default."""

UNKNOWN_HYSTERESIS = 0.05
"""Confidence below the threshold at which a label is kept, by default."""


@dataclasses.dataclass
class _State:
    """Label of a track (None: unknown), since when, and when it was last beyond doubt."""

    chosen: int | None
    since: float
    sure: float


class Labeller:
    """Chooses labels, a track at a time.

    Args:
        labels: Names of the K emotions.
        unknown_threshold: Confidence that an emotion must reach to become the label, in [0, 1].
        hysteresis: The label turns to `unknown` when the confidence is by this much below the
            threshold, in [0, 1]; 0 for none.
        margin: Another emotion becomes the label when it leads by this much probability, in
            [0, 1]; 0 for none.
        min_dwell: Seconds in [0, 60] that an emotion stays the label at least, and that the
            confidence must be too low before the label turns to `unknown`: else every change
            from one emotion to the next would pass through it. 0 for none. `unknown` may end at
            any time.

    Raises:
        ConfigError: A value is out of range.
    """

    def __init__(
        self, labels: Sequence[str], unknown_threshold: float, *,
        hysteresis: float = UNKNOWN_HYSTERESIS, margin: float = LABEL_MARGIN,
        min_dwell: float = LABEL_MIN_DWELL,
    ) -> None:
        self._labels = tuple(labels)
        self._states: dict[int, _State] = {}
        self.unknown_threshold = unknown_threshold
        self.hysteresis = hysteresis
        self.margin = margin
        self.min_dwell = min_dwell

    @property
    def unknown_threshold(self) -> float:
        """Confidence that an emotion must reach to become the label."""
        return self._unknown_threshold

    @unknown_threshold.setter
    def unknown_threshold(self, value: float) -> None:
        changed = value != getattr(self, '_unknown_threshold', value)
        self._unknown_threshold = _within('unknown_threshold', value, 1.0)
        if changed:
            # What was said by the former threshold must not hold out against this one.
            self.reset()

    @property
    def hysteresis(self) -> float:
        """How far below the threshold a label is kept."""
        return self._hysteresis

    @hysteresis.setter
    def hysteresis(self, value: float) -> None:
        self._hysteresis = _within('unknown_hysteresis', value, 1.0)

    @property
    def margin(self) -> float:
        """Probability by which another emotion must lead."""
        return self._margin

    @margin.setter
    def margin(self, value: float) -> None:
        self._margin = _within('label_margin', value, 1.0)

    @property
    def min_dwell(self) -> float:
        """Seconds that an emotion stays the label at least."""
        return self._min_dwell

    @min_dwell.setter
    def min_dwell(self, value: float) -> None:
        self._min_dwell = _within('label_min_dwell', value, 60.0)

    def choose(self, probabilities: Floats) -> tuple[str, float]:
        """Return the label of a distribution that stands for itself, and its confidence."""
        return self._told(self._best(probabilities), probabilities)

    def update(self, track_id: int, probabilities: Floats, stamp: float) -> tuple[str, float]:
        """Return the label of a track after a new distribution.

        Args:
            track_id: The track.
            probabilities: (K,) smoothed distribution.
            stamp: Time of the frame in seconds.

        Returns:
            The label, and its confidence: the probability of the label, or that of the most
            probable emotion where the label is `unknown`.
        """
        state = self._states.get(track_id)
        if state is None:
            state = self._states[track_id] = _State(None, stamp, stamp)
        wanted = self._next(state.chosen, probabilities)
        if wanted is not None:
            state.sure = stamp
        # Of a doubt and of a label alike: how long it has lasted.
        lasted = stamp - (state.sure if wanted is None else state.since)
        if wanted != state.chosen and (state.chosen is None or lasted >= self._min_dwell):
            state.chosen, state.since = wanted, stamp
        return self._told(state.chosen, probabilities)

    def keep(self, track_ids: Iterable[int]) -> None:
        """Forget all tracks but these."""
        kept = set(track_ids)
        self._states = {key: state for key, state in self._states.items() if key in kept}

    def reset(self) -> None:
        """Forget all tracks."""
        self._states = {}

    def _best(self, probabilities: Floats) -> int | None:
        best = int(probabilities.argmax())
        return best if probabilities[best] >= self._unknown_threshold else None

    def _next(self, present: int | None, probabilities: Floats) -> int | None:
        if present is None:
            return self._best(probabilities)
        top = probabilities.max()
        if top - probabilities[present] > self._margin:
            return self._best(probabilities)
        return present if top >= self._unknown_threshold - self._hysteresis else None

    def _told(self, chosen: int | None, probabilities: Floats) -> tuple[str, float]:
        if chosen is None:
            return UNKNOWN, float(probabilities.max())
        # Rounding may leave a sure emotion a little above 1.
        return self._labels[chosen], min(1.0, float(probabilities[chosen]))


def _within(name: str, value: float, largest: float) -> float:
    if not 0.0 <= value <= largest:
        raise ConfigError(f'{name} must lie in [0, {largest:g}], got {value}')
    return value
