"""Every recipe of config/training makes a network that learns."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from fer_ros.data.datasets import Dataset
from fer_ros.training.config import load_config, TrainConfig
from fer_ros.training.networks import build_network
from fer_ros.training.train import train

RECIPES = sorted(Path('config/training').glob('*.yaml'))


def faces(count, side):
    rng = np.random.default_rng(0)
    targets = np.arange(count) % 3
    images = rng.integers(60, 200, (count, side, side)).astype(np.uint8)
    shares = np.full((count, 3), 0.1, np.float32)
    shares[np.arange(count), targets] = 0.8
    return Dataset(images, targets, ('anger', 'fear', 'neutral'), (), shares)


@pytest.mark.parametrize('recipe', RECIPES, ids=lambda path: path.stem)
def test_a_recipe_trains_for_one_epoch(recipe, tmp_path):
    config = dataclasses.replace(
        load_config(recipe), epochs=1, warmup_epochs=0, batch_size=8, jit_compile=False)
    data = faces(16, config.side)
    lines = []
    network = train(config, data, data, tmp_path / 'run', lines.append)
    assert lines[-1].startswith('epoch 1/1: loss')
    assert np.isfinite(network.predict(data.images[..., None].astype('f'), verbose=0)).all()


@pytest.mark.parametrize(('recipe', 'limit'), [
    ('resnet_48', 2_000_000), ('mobile_48', 100_000)])
def test_the_networks_keep_their_promised_size(recipe, limit):
    config = load_config(f'config/training/{recipe}.yaml')
    network = build_network(
        config.network, side=config.side, classes=8, **config.network_options)
    assert network.count_params() <= limit


def test_the_first_recipe_names_every_key():
    import yaml

    named = yaml.safe_load(Path('config/training/resnet_48.yaml').read_text())
    assert set(named) == {field.name for field in dataclasses.fields(TrainConfig)}
