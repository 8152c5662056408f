"""Configuration and calibration, each by itself."""

import keras
import numpy as np
import pytest
import yaml

from fer_ros.core.classifier import softmax
from fer_ros.core.errors import ConfigError
from fer_ros.training.average import MovingAverage
from fer_ros.training.calibrate import Calibration, fit_calibration, fit_priors, fit_temperature
from fer_ros.training.config import load_config
from fer_ros.training.networks import build_network


@pytest.mark.parametrize('true', [0.5, 1.0, 2.5])
def test_calibration_finds_the_temperature_that_made_the_labels(true):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20_000, 4)).astype(np.float32)
    cumulated = softmax(logits, true).cumsum(axis=1)
    targets = (rng.random((len(logits), 1)) > cumulated).sum(axis=1).clip(0, 3)
    assert fit_temperature(logits, targets) == pytest.approx(true, rel=0.05)


SHARES = np.array([0.6, 0.3, 0.08, 0.02])


def sorted_out(tilt, count=8000):
    """Return logits that presuppose SHARES ** tilt of faces that occur by SHARES, and these."""
    rng = np.random.default_rng(0)
    targets = rng.choice(4, count, p=SHARES)
    # The log likelihoods of a point that lies around the corner of its emotion.
    point = 2 * np.eye(4)[targets] + rng.normal(0, 1, (count, 4))
    return (2 * point + tilt * np.log(SHARES)).astype(np.float32), targets


@pytest.mark.parametrize('tilt', [1.0, 0.5, 0.0], ids=['natural', 'half', 'balanced'])
def test_priors_are_those_that_the_probabilities_presuppose(tilt):
    logits, targets = sorted_out(tilt)
    wanted = SHARES ** tilt / (SHARES ** tilt).sum()
    assert fit_priors(softmax(logits), targets) == pytest.approx(wanted, rel=0.15)


@pytest.mark.parametrize('tilt', [1.0, 0.5, 0.0], ids=['natural', 'half', 'balanced'])
def test_balanced_answers_are_the_same_however_it_was_trained(tilt):
    logits, targets = sorted_out(tilt)
    # Vector scaling brings the shares of the validation data back into a balanced network.
    p = fit_calibration(logits, targets).apply(logits)
    balanced = (p / fit_priors(p, targets)).argmax(axis=1)
    assert (balanced == sorted_out(0.0)[0].argmax(axis=1)).mean() > 0.97


@pytest.mark.parametrize('targets', [[0], [0, 0, 1], [2] * 50])
def test_priors_of_few_images_remain_shares(targets):
    p = Calibration(0.05).apply(np.eye(3, dtype=np.float32)[[0] * len(targets)])
    priors = fit_priors(p, np.array(targets))
    assert priors.sum() == pytest.approx(1, abs=1e-4)
    assert (priors >= 1e-6).all()


@pytest.mark.parametrize(('content', 'words'), [
    ({'name': 'x', 'speed': 3}, 'unknown setting speed'),
    ({'name': 'x', 'epochs': 'many'}, 'epochs must be of type int'),
    ({'name': 'x', 'epochs': True}, 'epochs must be of type int'),
    ({'name': 'x', 'epochs': 0}, r'epochs must lie in \[1'),
    ({'name': '../x'}, 'name must consist'),
    ({'name': 'x', 'network': 'huge'}, 'network must be one of resnet'),
    ({'name': 'x', 'augmentation': {'spin': 1}}, 'unknown variation spin'),
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
    with pytest.raises(ConfigError, match='cannot be read as YAML') as error:
        load_config(path)
    assert '\n' not in str(error.value)


def test_a_moving_average_takes_the_weights_from_where_jax_keeps_them(monkeypatch):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    average = MovingAverage(model, 0.5)
    monkeypatch.setattr(
        model, 'jax_state_sync', lambda: model.set_weights([np.ones((2, 1)), np.ones(1)]),
        raising=False)
    average.on_train_batch_end(0)
    with average.applied():
        assert model.get_weights()[1][0] == pytest.approx(1 - 1 / 11)


def test_options_that_a_network_does_not_take_are_refused():
    with pytest.raises(ConfigError, match='network resnet'):
        build_network('resnet', side=48, classes=8, stem=3)
