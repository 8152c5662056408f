"""Every recipe of config/training makes a network that learns."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml

from fer_ros.core.errors import ConfigError
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
    named = yaml.safe_load(Path('config/training/resnet_48.yaml').read_text())
    assert set(named) == {field.name for field in dataclasses.fields(TrainConfig)}


def write(folder, **recipes):
    for name, text in recipes.items():
        (folder / f'{name}.yaml').write_text(text)
    return folder


def test_a_recipe_takes_over_what_it_does_not_name_itself(tmp_path):
    """Over two steps, from another folder, and in the settings of a variation."""
    (tmp_path / 'below').mkdir()
    write(tmp_path, first='name: first\nepochs: 9\nseed: 4\n'
          'augmentation:\n  flip: {probability: 0.5}\n  blur: {probability: 0.2, sigma: 3}\n'
          '  tone: {contrast: 0.1}\n  noise: true\n')
    write(tmp_path / 'below', second='base: ../first.yaml\nname: second\nepochs: 5\n',
          third='base: second.yaml\nname: third\nseed: 7\naugmentation:\n'
          '  blur: {probability: 0.1}\n  tone: false\n  noise: {std: 3}\n')
    config = load_config(tmp_path / 'below' / 'third.yaml')
    assert (config.name, config.epochs, config.seed) == ('third', 5, 7)
    assert config.augmentation.settings == {
        'flip': {'probability': 0.5}, 'blur': {'probability': 0.1, 'sigma': 3}, 'tone': False,
        'noise': {'std': 3}}
    # What is recorded stands for itself.
    (tmp_path / 'flat.yaml').write_text(yaml.safe_dump(config.as_dict()))
    assert load_config(tmp_path / 'flat.yaml').as_dict() == config.as_dict()
    assert 'base' not in config.as_dict()
    assert load_config(tmp_path / 'below' / 'third.yaml', epochs=3).epochs == 3


@pytest.mark.parametrize(('recipes', 'told'), [
    ({'a': 'base: none.yaml\nname: a'}, r'none\.yaml, the base of .*a\.yaml: cannot be read'),
    ({'a': 'base: a.yaml\nname: a'}, r'a\.yaml has the base .*a\.yaml: it cannot be its own'),
    ({'a': 'base: b.yaml\nname: a', 'b': 'base: ./a.yaml'},
     r'a\.yaml has .*b\.yaml has .*a\.yaml'),
    ({'a': 'base: [b.yaml]\nname: a', 'b': ''}, r'a\.yaml: base must be the file'),
    ({'a': 'base: b.yaml\nname: a', 'b': '- 1'}, r'b\.yaml: expected settings'),
    ({'a': 'base: b.yaml\nname: a', 'b': 'epochs: 0'}, r'a\.yaml: epochs must lie in'),
    ({'a': 'base: b.yaml\nname: a', 'b': 'speed: 3'}, r'a\.yaml: unknown setting speed'),
], ids=['missing', 'itself', 'circle', 'no name', 'no settings', 'wrong', 'unknown'])
def test_a_wrong_base_is_named(tmp_path, recipes, told):
    with pytest.raises(ConfigError, match=told) as error:
        load_config(write(tmp_path, **recipes) / 'a.yaml')
    assert '\n' not in str(error.value)
