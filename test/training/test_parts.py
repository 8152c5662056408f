"""Configuration, augmentation and calibration, each by itself."""

import numpy as np
import pytest
import yaml

from fer_ros.core.classifier import softmax
from fer_ros.core.errors import ConfigError
from fer_ros.training.augmentation import Augmentation
from fer_ros.training.calibrate import fit_temperature
from fer_ros.training.config import load_config
from fer_ros.training.networks import build_network

STILL = {'flip': 0, 'rotation': 0, 'scale': 0, 'shift': 0, 'brightness': 0, 'contrast': 0,
         'erase': 0}
IMAGES = np.random.default_rng(1).integers(0, 256, (6, 48, 48), dtype=np.uint8)


def vary(images=IMAGES, seed=0, **changes):
    return Augmentation(**{**STILL, **changes})(images, np.random.default_rng(seed))


def test_nothing_is_varied_when_everything_is_off():
    assert np.array_equal(vary(), IMAGES)


def test_a_certain_flip_mirrors_exactly():
    assert np.array_equal(vary(flip=1.0), IMAGES[:, :, ::-1])


def test_the_same_seed_gives_the_same_pictures_and_another_others():
    limits = {'rotation': 20, 'shift': 0.1, 'contrast': 0.3, 'erase': 1.0}
    assert np.array_equal(vary(**limits), vary(**limits))
    assert not np.array_equal(vary(**limits), vary(seed=1, **limits))


def test_brightness_stays_within_its_limit():
    grey = np.full((20, 48, 48), 128, np.uint8)
    means = vary(grey, brightness=30).mean(axis=(1, 2))
    assert means.min() >= 98
    assert means.max() <= 158
    assert np.ptp(means) > 10


def test_erasing_changes_at_most_its_share():
    flat = np.full((20, 48, 48), 128, np.uint8)
    shares = (vary(flat, erase=1.0, erase_area=0.2) != 128).mean(axis=(1, 2))
    assert shares.min() > 0.01
    assert shares.max() < 0.22


@pytest.mark.parametrize(('name', 'value'), [
    ('flip', 1.5), ('rotation', -1), ('scale', 1.0), ('erase', 'often')])
def test_impossible_limits_are_refused_by_name(name, value):
    with pytest.raises(ConfigError, match=f'augmentation.{name}'):
        Augmentation(**{name: value})


@pytest.mark.parametrize('true', [0.5, 1.0, 2.5])
def test_calibration_finds_the_temperature_that_made_the_labels(true):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20_000, 4)).astype(np.float32)
    cumulated = softmax(logits, true).cumsum(axis=1)
    targets = (rng.random((len(logits), 1)) > cumulated).sum(axis=1).clip(0, 3)
    assert fit_temperature(logits, targets) == pytest.approx(true, rel=0.05)


@pytest.mark.parametrize(('content', 'words'), [
    ({'name': 'x', 'speed': 3}, 'unknown setting speed'),
    ({'name': 'x', 'epochs': 'many'}, 'epochs must be of type int'),
    ({'name': 'x', 'epochs': True}, 'epochs must be of type int'),
    ({'name': 'x', 'epochs': 0}, r'epochs must lie in \[1'),
    ({'name': '../x'}, 'name must consist'),
    ({'name': 'x', 'network': 'huge'}, 'small_resnet'),
    ({'name': 'x', 'augmentation': {'spin': 1}}, 'unknown setting spin'),
    ({}, 'name'),
    ([1], 'expected settings'),
])
def test_wrong_settings_are_refused_with_file_and_reason(tmp_path, content, words):
    path = tmp_path / 'settings.yaml'
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError, match=words) as error:
        load_config(path)
    assert 'settings.yaml' in str(error.value)


@pytest.mark.parametrize('text', ['a: [', '\tx', None])
def test_a_file_that_is_no_yaml_is_refused(tmp_path, text):
    path = tmp_path / 'settings.yaml'
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match='cannot be read as YAML'):
        load_config(path)


def test_options_that_a_network_does_not_take_are_refused():
    with pytest.raises(ConfigError, match='network small_resnet'):
        build_network('small_resnet', side=48, classes=8, depth=3)
