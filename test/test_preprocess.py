"""Every picture reaches the network in the same way, whatever the light was."""

import dataclasses

import numpy as np
import pytest

from fer_ros.core.errors import ModelError
from fer_ros.core.model import load_model
from fer_ros.core.preprocess import network_input, standardize

FACE = np.random.default_rng(0).normal(120, 40, (2, 48, 48, 1)).clip(0, 255).astype(np.float32)


def test_mean_and_contrast_become_equal():
    even = standardize(FACE)
    assert even.dtype == np.float32
    assert even.mean(axis=(1, 2, 3)) == pytest.approx(127.5, abs=1.5)
    assert even.std(axis=(1, 2, 3)) == pytest.approx(55, abs=2)
    assert even.min() >= 0
    assert even.max() <= 255


@pytest.mark.parametrize('gain', [0.2, 0.5, 0.9])
def test_a_darker_picture_is_the_same_picture(gain):
    assert np.abs(standardize(FACE * np.float32(gain)) - standardize(FACE)).max() < 0.1


def test_a_picture_of_nothing_is_not_blown_up():
    flat = np.full((1, 48, 48, 1), 90, np.float32)
    assert np.all(standardize(flat) == 127.5)
    noise = flat + np.random.default_rng(0).normal(0, 0.5, flat.shape).astype(np.float32)
    assert standardize(noise).std() < 10


def test_the_manifest_decides():
    manifest = load_model().manifest
    crops = FACE[..., 0].astype(np.uint8)
    plain = network_input(crops, dataclasses.replace(manifest, standardize=False))
    even = network_input(crops, dataclasses.replace(manifest, standardize=True))
    assert np.array_equal(plain[..., 0], crops)
    assert np.allclose(even, standardize(plain))


def test_a_manifest_that_says_something_else_is_refused(model_folder):
    import json

    path = model_folder / 'manifest.json'
    content = json.loads(path.read_text())
    content['input']['standardize'] = 'yes'
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r'input\.standardize must be true or false'):
        load_model(model_folder)
