"""`prepare` with settings for tests, and a source for it."""

import contextlib

from data_support import pattern
import numpy as np

from fer_ros.core.types import EMOTIONS
from fer_ros.data.collect import Labelling
from fer_ros.data.cropping import CropSettings
from fer_ros.data.prepare import prepare, PrepareSettings

__all__ = ['run', 'votes', 'write_fer']


@contextlib.contextmanager
def _silent(total, unit):
    yield lambda: None


def _settings(detector='none', labels=(), rename=None, pattern='', label_set='ferplus_votes',
              crops=None, **changes):
    return PrepareSettings(
        CropSettings(detector=detector, **(crops or {})),
        Labelling(label_set, labels, rename or {}, pattern), **changes)


def run(out, *sources, **changes):
    """Prepare sources, or pairs of a source and a split, with other settings than those here."""
    pairs = [source if isinstance(source, tuple) else (source, '') for source in sources]
    return prepare(pairs, out, _settings(**changes), _silent)


def votes(**counts):
    """Return a row of FER+ votes."""
    row = dict.fromkeys((*EMOTIONS, 'unknown', 'NF'), 0)
    row.update(counts)
    return list(row.values())


def write_fer(path, start=0, **changes):
    """Write five pictures as FER2013 with FER+ votes, with arrays of one's own."""
    arrays = {
        'images': np.stack([pattern(start + seed) for seed in range(5)]),
        'ferplus_votes': np.array([
            votes(fear=9), votes(happiness=5, neutral=5), votes(NF=10), votes(unknown=9),
            votes(anger=8, disgust=2)], np.uint8),
        'fer2013_label': np.array([2, 3, 6, 6, 0], np.uint8)}
    np.savez(path, **{**arrays, **changes})
    return path
