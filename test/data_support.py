"""Labelled pictures made in the test, for the tests of data preparation."""

import cv2
import numpy as np


def pattern(seed, side=48):
    """Return a smooth random grey picture, alike to no other seed's: (side, side) uint8."""
    rough = np.random.default_rng(seed).integers(0, 256, (8, 8), dtype=np.uint8)
    return cv2.resize(rough, (side, side), interpolation=cv2.INTER_CUBIC)


def write_pictures(root, counts, start=0):
    """Write pictures into one sub-folder an emotion; return the root."""
    number = start
    for label, count in counts.items():
        (root / label).mkdir(parents=True, exist_ok=True)
        for _ in range(count):
            cv2.imwrite(str(root / label / f'{number}.png'), pattern(number))
            number += 1
    return root
