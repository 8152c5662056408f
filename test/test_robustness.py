"""Disturbed pictures are what they are called, and the curves begin with the untouched ones."""

import numpy as np
import pytest

from fer_ros.core.classifier import Classifier
from fer_ros.core.model import load_model
from fer_ros.evaluation.golden import golden_crops
from fer_ros.evaluation.robustness import disturb, DISTURBANCES, robustness


@pytest.mark.parametrize('name', DISTURBANCES)
@pytest.mark.parametrize('color', [False, True])
def test_every_strength_changes_the_picture_and_keeps_its_form(name, color):
    image = golden_crops(48)[3]
    image = np.stack([image] * 3, axis=-1) if color else image
    kept = image.copy()
    for strength in DISTURBANCES[name].strengths:
        worse = disturb(image, name, strength, np.random.default_rng(0))
        assert (worse.shape, worse.dtype) == (image.shape, np.uint8)
        assert not np.array_equal(worse, image)
    assert np.array_equal(image, kept)


@pytest.mark.parametrize(('name', 'strength', 'check'), [
    ('darkness', 0.2, lambda image, worse: worse.mean() == pytest.approx(image.mean() / 5, abs=1)),
    ('noise', 20, lambda image, worse: (worse - image.astype(float)).std()
        == pytest.approx(20, abs=2)),
    ('occlusion', 0.25, lambda image, worse: (worse == 128).sum() >= 24 * 24),
    ('low resolution', 8, lambda image, worse: np.abs(np.diff(worse.astype(int))).mean()
        < np.abs(np.diff(image.astype(int))).mean()),
    ('blur', 2, lambda image, worse: worse.std() < image.std()),
])
def test_the_strength_is_what_it_says(name, strength, check):
    image = golden_crops(48)[3]
    assert check(image, disturb(image, name, strength, np.random.default_rng(0)))


def test_curves_are_repeatable_and_begin_untouched():
    classifier = Classifier(load_model())
    images = golden_crops(48)
    guesses = classifier.predict(images).argmax(axis=1)
    steps = []
    result = robustness(classifier, images, guesses, 8, step=lambda: steps.append(1))
    assert result == robustness(classifier, images, guesses, 8)
    assert result['n'] == 8
    assert set(result['curves']) == set(DISTURBANCES)
    assert len(steps) == 1 + sum(len(kind.strengths) for kind in DISTURBANCES.values())
    for curve in result['curves'].values():
        assert curve['accuracy'][0] == 1.0
        assert len(curve['accuracy']) == len(curve['strengths']) == len(curve['confidence'])
