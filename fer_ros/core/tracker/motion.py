"""Where a face will be: a Kalman filter on its box, in pixels and seconds.

The centre moves with a velocity that changes at random and decays (an Ornstein-Uhlenbeck process,
in tracking known from Singer 1970, "Estimating optimal tracking filter performance for manned
maneuvering targets"): a face that is out of sight is expected to go on, but not for ever. The
logarithm of the size is a random walk. All noise is proportional to the size of the box, for a
near face moves by more pixels; and all of it is a function of the time that has passed, so that
frames may come at any rate. Nothing is predicted step by step: after a gap the filter corrects
its velocity by what the gap shows.
"""

from __future__ import annotations

import dataclasses
import math

from fer_ros.core.types import Box

__all__ = ['BoxFilter', 'Prediction', 'SURE']

# Standard deviations; a side is the mean of width and height of the box.
_NOISE = 0.05  # of a detector's centre, in sides; docs/detection.md has that of Haar
_SIZE_NOISE = 0.1  # of a detector's size, in its logarithm
_SPEED = 3.0  # of a face in sides a second: somebody walks by at 7, a robot turns at as much
_SIZE_RATE = 0.4  # of the logarithm of the size, after a second
_MEMORY = 0.5  # seconds after which a velocity has decayed to 37 %


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Where the next detection is expected.

    Attributes:
        box: Left, top, width, height in pixels.
        spread: Standard deviation of a detection's centre about it, along x and along y, in
            sides.
        size_spread: Standard deviation of the logarithm of its size.
    """

    box: Box
    spread: float
    size_spread: float


SURE = Prediction((0.0, 0.0, 1.0, 1.0), _NOISE, _SIZE_NOISE)
"""Surer than any prediction can be."""


class BoxFilter:
    """The motion of one face.

    Args:
        box: The first detection.
    """

    def __init__(self, box: Box) -> None:
        self._x, self._y = _centre(box)
        self._vx = self._vy = 0.0
        self._width, self._height = math.log(box[2]), math.log(box[3])
        # Covariance of place and velocity, the same along x and y, in sides and seconds.
        self._xx, self._xv, self._vv = _NOISE ** 2, 0.0, _SPEED ** 2
        self._ss = _SIZE_NOISE ** 2

    def predict(self, seconds: float) -> Prediction:
        """Return what is expected `seconds` >= 0 after the last detection."""
        reach, _, xx, _, _, ss = self._forecast(seconds)
        width, height = math.exp(self._width), math.exp(self._height)
        return Prediction(
            (self._x + reach * self._vx - width / 2, self._y + reach * self._vy - height / 2,
             width, height),
            math.sqrt(xx + _NOISE ** 2), math.sqrt(ss + _SIZE_NOISE ** 2))

    def update(self, box: Box, seconds: float) -> None:
        """Learn from a detection `seconds` >= 0 after the last."""
        reach, decay, xx, xv, vv, ss = self._forecast(seconds)
        place_gain = xx / (xx + _NOISE ** 2)
        velocity_gain = xv / (xx + _NOISE ** 2)
        x, y = _centre(box)
        off_x, off_y = x - self._x - reach * self._vx, y - self._y - reach * self._vy
        self._x, self._y = x - (1 - place_gain) * off_x, y - (1 - place_gain) * off_y
        self._vx = decay * self._vx + velocity_gain * off_x
        self._vy = decay * self._vy + velocity_gain * off_y
        self._xx, self._xv = (1 - place_gain) * xx, (1 - place_gain) * xv
        self._vv = vv - velocity_gain * xv
        size_gain = ss / (ss + _SIZE_NOISE ** 2)
        self._width += size_gain * (math.log(box[2]) - self._width)
        self._height += size_gain * (math.log(box[3]) - self._height)
        self._ss = (1 - size_gain) * ss

    def _forecast(self, t: float) -> tuple[float, float, float, float, float, float]:
        """Return how far a velocity reaches, what is left of it, and the covariance by then."""
        decay = math.exp(-t / _MEMORY)
        reach = _MEMORY * (1 - decay)
        # Place, place and velocity, and velocity of the process that starts at rest.
        place = max(0.0, (_SPEED * _MEMORY) ** 2 * (
            2 * t / _MEMORY - 3 + 4 * decay - decay ** 2))
        cross = _SPEED ** 2 * _MEMORY * (1 - decay) ** 2
        velocity = _SPEED ** 2 * (1 - decay ** 2)
        return (
            reach, decay, self._xx + 2 * reach * self._xv + reach ** 2 * self._vv + place,
            decay * (self._xv + reach * self._vv) + cross, decay ** 2 * self._vv + velocity,
            self._ss + _SIZE_RATE ** 2 * t)


def _centre(box: Box) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2
