"""A limit on how often something is done."""

from __future__ import annotations

__all__ = ['RateLimit']

_EARLY = 0.1  # periods: images that jitter about the rate itself all pass


class RateLimit:
    """Lets through what keeps below a rate, by times that are given in seconds."""

    def __init__(self) -> None:
        self._due: float | None = None

    def admits(self, now: float, rate: float) -> bool:
        """Return whether something may be done at `now`, at most `rate` times a second.

        Args:
            now: Time in seconds; a clock that jumps back begins anew.
            rate: In 1/s; 0 admits all.
        """
        if rate <= 0.0:
            return True
        period = 1.0 / rate
        due = self._due
        if due is not None and due - 2 * period < now < due - _EARLY * period:
            return False
        # The next one is due a period after this one was, so that the rate holds in the mean.
        late = due is None or not due - period < now < due + period
        self._due = (now if late or due is None else due) + period
        return True

    def reset(self) -> None:
        """Admit the next one."""
        self._due = None
