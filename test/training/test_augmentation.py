"""Variations of face crops: what they change, by how much, and that chance is repeatable."""

import numpy as np
import pytest

from fer_ros.core.errors import ConfigError
from fer_ros.training.augmentation import Augmentation
from fer_ros.training.augmentation.mixing import MIXTURES
from fer_ros.training.augmentation.variations import VARIATIONS

IMAGES = np.random.default_rng(1).integers(0, 256, (6, 48, 48), dtype=np.uint8)
FLAT = np.full((40, 48, 48), 128, np.uint8)


def vary(images=IMAGES, seed=0, **settings):
    return Augmentation(settings)(images, np.random.default_rng(seed))


def test_nothing_is_varied_when_nothing_is_named():
    assert np.array_equal(vary(), IMAGES)
    assert np.array_equal(vary(flip=False), IMAGES)


def test_a_certain_flip_mirrors_exactly():
    assert np.array_equal(vary(flip={'probability': 1.0}), IMAGES[:, :, ::-1])


@pytest.mark.parametrize('name', VARIATIONS)
@pytest.mark.parametrize('shape', [(4, 48, 48), (4, 48, 48, 3)])
def test_each_variation_keeps_shape_and_type_and_is_repeatable(name, shape):
    images = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
    kept = images.copy()
    one = vary(images, **{name: {'probability': 1.0}})
    assert one.shape == shape
    assert one.dtype == np.uint8
    assert np.array_equal(images, kept)
    assert np.array_equal(one, vary(images, **{name: {'probability': 1.0}}))
    if name not in ('grey', 'cast') or len(shape) == 4:
        assert not np.array_equal(one, images)


def test_tone_stays_within_its_limit():
    means = vary(FLAT, tone={'brightness': 30, 'contrast': 0}).mean(axis=(1, 2))
    assert means.min() >= 98
    assert means.max() <= 158
    assert np.ptp(means) > 10


def test_erasing_changes_at_most_its_share():
    shares = (vary(FLAT, erase={'probability': 1.0, 'area': 0.2}) != 128).mean(axis=(1, 2))
    assert shares.min() > 0.01
    assert shares.max() < 0.22


def test_detector_jitter_moves_by_its_spread():
    images = np.zeros((400, 48, 48), np.uint8)
    images[:, 20:28, 20:28] = 255
    moved = vary(images, detector_jitter={'shift': 0.05, 'scale': 0}).astype(float)
    centres = (moved.sum(axis=1) @ np.arange(48)) / moved.sum(axis=(1, 2))
    assert centres.std() == pytest.approx(0.05 * 48, rel=0.15)
    assert centres.mean() == pytest.approx(23.5, abs=0.4)


def test_low_resolution_takes_detail_away():
    assert vary(low_resolution={'probability': 1.0, 'smallest': 0.2}).std() < IMAGES.std()


def test_probability_is_the_share_of_pictures():
    changed = (vary(np.repeat(IMAGES, 200, 0), flip={'probability': 0.25})
               != np.repeat(IMAGES, 200, 0)).any(axis=(1, 2))
    assert changed.mean() == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize('name', MIXTURES)
def test_a_mixture_mixes_targets_as_it_mixes_pictures(name):
    images = np.repeat(np.array([0, 200], np.uint8), 8)[:, None, None] \
        * np.ones((1, 48, 48), np.uint8)
    targets = np.repeat(np.eye(2, dtype=np.float32), 8, 0)
    mixed, mixed_targets = Augmentation({name: {'probability': 1.0, 'alpha': 1.0}}).mix(
        images, targets, np.random.default_rng(3))
    assert mixed.dtype == np.uint8
    assert np.allclose(mixed_targets.sum(axis=1), 1)
    assert np.allclose(mixed.mean(axis=(1, 2)) / 200, mixed_targets[:, 1], atol=0.01)
    assert not np.array_equal(mixed_targets, targets)


@pytest.mark.parametrize(('settings', 'words'), [
    ({'spin': True}, 'unknown variation spin; known: flip'),
    ({'flip': {'probability': 1.5}}, r'augmentation.flip.probability must lie in \[0, 1\]'),
    ({'affine': {'rotation': -1}}, 'augmentation.affine.rotation'),
    ({'affine': {'turn': 5}}, 'affine has the settings probability, rotation'),
    ({'erase': 'often'}, 'augmentation.erase expects settings'),
    ({'erase': {'probability': 'often'}}, 'probability must lie'),
])
def test_impossible_settings_are_refused_by_name(settings, words):
    with pytest.raises(ConfigError, match=words):
        Augmentation(settings)
