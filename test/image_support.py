"""Small pictures of noise, and what they are in 8 bits, worked out with integers."""

from __future__ import annotations

import numpy as np

__all__ = ['ALPHA', 'BGR', 'GREY', 'WIDE', 'grey3', 'scaled', 'stretched']

_RNG = np.random.default_rng(7)
_HEIGHT, _WIDTH = 6, 8
BGR = _RNG.integers(0, 256, (_HEIGHT, _WIDTH, 3), dtype=np.uint8)
GREY = _RNG.integers(0, 256, (_HEIGHT, _WIDTH), dtype=np.uint8)
WIDE = _RNG.integers(1, 65536, (_HEIGHT, _WIDTH), dtype=np.uint16)
ALPHA = _RNG.integers(0, 256, (_HEIGHT, _WIDTH, 1), dtype=np.uint8)


def grey3(grey):
    """Return the BGR of a grey picture."""
    return np.repeat(np.asarray(grey)[..., np.newaxis], 3, axis=2)


def scaled(wide):
    """65535 becomes 255, rounded."""
    return ((wide.astype(np.int64) * 2 * 255 + 65535) // (2 * 65535)).astype(np.uint8)


def stretched(wide):
    """Smallest and largest value, of which none is 0, become 0 and 255."""
    low, high = int(wide.min()), int(wide.max())
    return ((wide.astype(np.int64) - low) * 255 // (high - low)).astype(np.uint8)
