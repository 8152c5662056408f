"""Perceptual hashes: 64 bits that stay nearly the same when a picture is saved anew.

The hash is the common "pHash": the signs, about their median, of the 8x8 lowest frequencies of
a discrete cosine transform of the picture at 32x32 pixels (Zauner, "Implementation and
Benchmarking of Perceptual Image Hash Functions", 2010, section 3.2.1).
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Image

__all__ = ['hamming', 'hashes_of', 'near_pairs']

Codes = NDArray[np.uint64]
Pairs = NDArray[np.int64]

_SIDE, _LOW, _BITS = 32, 8, 64
_CHUNK = 1024  # rows of a bucket that are compared at once: bounds the memory
_COUNTS = np.array([bin(value).count('1') for value in range(1 << 16)], np.uint8)


def hashes_of(images: Image) -> Codes:
    """Return the (N,) uint64 hashes of (N, H, W) grey or (N, H, W, 3) BGR uint8 pictures."""
    codes = np.zeros(len(images), np.uint64)
    for row, image in enumerate(images):
        grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        low = cv2.dct(small.astype(np.float32))[:_LOW, :_LOW].ravel()
        bits = low > np.median(low[1:])
        # The mean brightness says nothing about what is seen.
        bits[0] = False
        codes[row] = np.packbits(bits).view(np.uint64)[0]
    return codes


def hamming(one: Codes, other: Codes) -> NDArray[np.int64]:
    """Return in how many bits hashes differ; the arguments are broadcast."""
    different = np.bitwise_xor(one, other)
    words = np.ascontiguousarray(different)[..., np.newaxis].view(np.uint16)
    return np.asarray(_COUNTS[words].sum(axis=-1), np.int64)


def near_pairs(codes: Codes, limit: int) -> Pairs:
    """Return all pairs of hashes that differ in at most `limit` bits.

    Two hashes that differ in at most `limit` bits are equal in one of `limit + 1` bands at
    least, so that only hashes which share a band are compared. The result is exact.

    Args:
        codes: (N,) uint64.
        limit: Largest number of different bits, 0 to 16.

    Returns:
        (M, 2) int64 rows i < j, in ascending order.

    Raises:
        ConfigError: `limit` is out of range.
    """
    if not 0 <= limit <= 16:
        raise ConfigError(f'the Hamming distance of duplicates must lie in 0..16, got {limit}')
    edges = np.linspace(0, _BITS, limit + 2).round().astype(int)
    found: list[NDArray[np.int64]] = []
    for low, high in itertools.pairwise(edges):
        mask = np.uint64((1 << int(high - low)) - 1)
        keys = (codes >> np.uint64(low)) & mask
        order = np.argsort(keys, kind='stable')
        ends = np.flatnonzero(np.diff(keys[order])) + 1
        for bucket in np.split(order, ends):
            if len(bucket) > 1:
                found += _within(codes, bucket, limit)
    if not found:
        return np.empty((0, 2), np.int64)
    merged = np.unique(np.concatenate(found))
    return np.stack([merged // len(codes), merged % len(codes)], axis=1)


def _within(codes: Codes, bucket: NDArray[np.int64], limit: int) -> list[NDArray[np.int64]]:
    """Return the near pairs of a bucket, whose rows ascend, as i * N + j."""
    found = []
    part = codes[bucket]
    for start in range(0, len(bucket), _CHUNK):
        near = hamming(part[start:start + _CHUNK, np.newaxis], part[np.newaxis, start:]) <= limit
        i, j = np.nonzero(np.triu(near, 1))
        found.append(bucket[start + i] * len(codes) + bucket[start + j])
    return found
