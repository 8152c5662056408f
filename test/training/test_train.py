"""The road from labelled pictures to a model folder, with real Keras on a tiny network."""

import argparse
import dataclasses
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import yaml

from fer_ros import Pipeline
from fer_ros.cli import main
from fer_ros.commands import train as command
from fer_ros.core.errors import ConfigError, DataError
from fer_ros.core.types import EMOTIONS
from fer_ros.data.datasets import Dataset, load_dataset
from fer_ros.evaluation.model import evaluate_model
from fer_ros.training.config import load_config, TrainConfig
from fer_ros.training.networks import build_network
from fer_ros.training.record import command_line
from fer_ros.training.setup import compile_network, set_backend
from fer_ros.training.train import train

TINY = {
    'name': 'tiny', 'network': 'vgg', 'network_options': {'width': 0.125, 'depth': 0.3},
    'epochs': 4, 'batch_size': 16, 'warmup_epochs': 0.5, 'learning_rate': 0.01,
    'jit_compile': False, 'augmentation': {'affine': {'rotation': 0, 'shift': 0.02}}}


def patterns(path, count=480, seed=0):
    """Write an npz of two kinds of picture that any network can tell apart."""
    rng = np.random.default_rng(seed)
    images = rng.integers(90, 140, (count, 48, 48)).astype(np.uint8)
    targets = np.arange(count) % 2
    images[targets == 1, 28:44] += 90
    votes = np.zeros((count, 10), np.uint8)
    votes[np.arange(count), targets] = 9
    np.savez(path, images=images, ferplus_votes=votes)
    return path


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data')
    return patterns(folder / 'train.npz'), patterns(folder / 'validation.npz', 64, 1)


def options(*words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


def settings(path, **changes):
    path.write_text(yaml.safe_dump({**TINY, **changes}))
    return path


@pytest.fixture(scope='module')
def trained(data, tmp_path_factory):
    """Train through the command, once for all tests that look at the result."""
    folder = tmp_path_factory.mktemp('trained')
    words = [
        'train', '--data', data[0], '--validation', data[1], '--config',
        settings(folder / 'c.yaml'), '--run', folder / 'run', '--out', folder / 'tiny',
        '--data-license', 'made up here']
    assert main([str(word) for word in words]) == 0
    return folder


def test_the_exported_model_is_whole_and_right(trained, data):
    manifest = json.loads((trained / 'tiny' / 'manifest.json').read_text())
    assert manifest['training']['data'][0]['license'] == 'made up here'
    assert manifest['training']['data'][0]['n'] == 480
    assert sorted(path.name for path in (trained / 'tiny').iterdir()) == [
        'README.md', 'confusion.png', 'golden.json', 'manifest.json', 'model.tflite',
        'reliability.png', 'risk_coverage.png', 'weights.npz']
    metrics = evaluate_model(trained / 'tiny', load_dataset(data[1]))
    assert metrics['accuracy'] > 0.95
    assert metrics['accuracy'] == manifest['metrics']['accuracy']


def test_the_robot_side_loads_the_exported_model(trained, astronaut):
    pipeline = Pipeline.from_model(trained / 'tiny')
    assert pipeline.labels == EMOTIONS
    assert len(pipeline.process(astronaut).faces) == 1


def test_the_run_keeps_its_history_and_picture(trained):
    lines = (trained / 'run' / 'history.csv').read_text().splitlines()
    assert len(lines) == 5
    assert lines[0].startswith('epoch,loss')
    assert (trained / 'run' / 'history.png').stat().st_size > 1000
    assert not list((trained / 'run').glob('*partial*'))


def test_a_killed_run_goes_on_in_another_process(trained, data, tmp_path):
    words = [
        sys.executable, '-m', 'fer_ros', 'train', '--data', data[0], '--validation', data[1],
        '--config', trained / 'c.yaml', '--run', tmp_path / 'run', '--out', tmp_path / 'tiny',
        '--data-license', 'made up here']
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as first:
        assert any(line.startswith('epoch 2/4') for line in first.stdout)
        first.kill()
    assert not (tmp_path / 'tiny').exists()
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 'epoch 1/4' not in done.stdout
    for name in ('run/history.csv', 'tiny/golden.json'):
        assert (tmp_path / name).read_text() == (trained / name).read_text()


class CutError(Exception):
    pass


def cut_at_epoch(line):
    if line.startswith('epoch'):
        raise CutError


@pytest.mark.parametrize('changes', [
    {}, {'precision': 'mixed_float16'},
    {'optimizer': 'sgd', 'ema': 0.9, 'swa_epochs': 2, 'labels': 'draw',
     'augmentation': {'mixup': True, 'erase': True, 'tone': True}}])
def test_a_cut_run_goes_on_and_ends_as_if_it_had_not_been(data, tmp_path, changes):
    config = load_config(settings(tmp_path / 'c.yaml', epochs=3, **changes))
    training, validation = load_dataset(data[0]), load_dataset(data[1])
    whole = train(config, training, validation, tmp_path / 'whole', lambda line: None)
    for _ in range(2):
        with pytest.raises(CutError):
            train(config, training, validation, tmp_path / 'cut', cut_at_epoch)
    lines = []
    resumed = train(config, training, validation, tmp_path / 'cut', lines.append)
    assert lines[-1 - ('swa_epochs' in changes)].startswith('epoch 3/3')
    for name in ('history.csv', 'state.json'):
        assert (tmp_path / 'whole' / name).read_text() == (tmp_path / 'cut' / name).read_text()
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize('signal', [KeyboardInterrupt, SystemExit])
def test_an_interrupted_run_says_how_to_go_on(data, tmp_path, monkeypatch, signal):
    def interrupted(*_, **__):
        raise signal

    monkeypatch.setattr(keras.Model, 'fit', interrupted)
    config = load_config(settings(tmp_path / 'c.yaml'))
    lines = []
    with pytest.raises(signal):
        train(config, load_dataset(data[0]), load_dataset(data[1]), tmp_path / 'run', lines.append)
    assert lines[-1] == 'cut after 0 whole epochs; the same command goes on from there'


def test_a_run_with_other_settings_is_not_continued(trained, data, tmp_path):
    config = load_config(settings(tmp_path / 'c.yaml', seed=5))
    sets = load_dataset(data[0]), load_dataset(data[1])
    with pytest.raises(ConfigError, match='other settings'):
        train(config, *sets, trained / 'run', lambda line: None)


def test_a_run_of_an_earlier_version_has_the_defaults_of_newer_keys(trained, data, tmp_path):
    run = tmp_path / 'run'
    shutil.copytree(trained / 'run', run)
    known = yaml.safe_load((run / 'config.yaml').read_text())
    assert known.pop('mirror') is False
    (run / 'config.yaml').write_text(yaml.safe_dump(known))
    config = load_config(trained / 'c.yaml')
    sets = load_dataset(data[0]), load_dataset(data[1])
    train(config, *sets, run, lambda line: None)
    with pytest.raises(ConfigError, match='mirror'):
        train(dataclasses.replace(config, mirror=True), *sets, run, lambda line: None)


def test_a_mirroring_model_is_the_same_in_keras_and_on_the_robot(data, tmp_path):
    assert command.run(options(
        '--data', data[0], '--validation', data[1], '--epochs', 1, '--config',
        settings(tmp_path / 'c.yaml', mirror=True), '--run', tmp_path / 'run', '--out',
        tmp_path / 'mirrored')) == 0
    manifest = json.loads((tmp_path / 'mirrored' / 'manifest.json').read_text())
    assert manifest['input']['mirror'] is True
    crops = load_dataset(data[1]).images[:8]
    classify = Pipeline.from_model(tmp_path / 'mirrored').classify
    assert np.abs(classify(crops) - classify(crops[:, :, ::-1])).max() < 1e-5


def test_a_run_with_other_inputs_is_not_continued(trained, data, tmp_path):
    patterns(tmp_path / 'other.npz', seed=7)
    words = [
        'train', '--data', tmp_path / 'other.npz', '--validation', data[1], '--config',
        trained / 'c.yaml', '--run', trained / 'run', '--out', tmp_path / 'tiny']
    with pytest.raises(ConfigError, match=r'began with other inputs \(data\)'):
        command.run(options(*words[1:]))
    assert not (tmp_path / 'tiny').exists()


def test_a_run_of_an_earlier_version_goes_on(trained, data, tmp_path):
    run = shutil.copytree(trained / 'run', tmp_path / 'run')
    (run / 'inputs.json').unlink()
    config = load_config(trained / 'c.yaml')
    sets = load_dataset(data[0]), load_dataset(data[1])
    train(config, *sets, run, lambda line: None, inputs={'data': []})
    assert (run / 'inputs.json').exists()


@pytest.mark.parametrize('change', ['other', 'cut', 'flipped', 'average'])
def test_a_checkpoint_that_is_not_its_own_is_told(trained, data, tmp_path, change):
    config = load_config(settings(tmp_path / 'c.yaml', epochs=3, ema=0.9))
    sets = load_dataset(data[0]), load_dataset(data[1])
    with pytest.raises(CutError):
        train(config, *sets, tmp_path / 'run', cut_at_epoch)
    folder = tmp_path / 'run' / 'checkpoint-0001'
    path = folder / ('average.npz' if change == 'average' else 'network.keras')
    content = bytearray(path.read_bytes())
    if change == 'other':
        other = build_network('vgg', side=48, classes=8, width=0.25, depth=0.3)
        compile_network(other, config, sets[0])
        other.save(path)
    else:
        content[len(content) // 2] ^= 255
        path.write_bytes(content[:len(content) // 2] if change == 'cut' else content)
    with pytest.raises(ConfigError, match=r'run\b.*remove'):
        train(config, *sets, tmp_path / 'run', lambda line: None)


def test_the_manifest_tells_with_what_the_model_was_made(trained, monkeypatch):
    training = json.loads((trained / 'tiny' / 'manifest.json').read_text())['training']
    assert training['software']['backend'] == keras.backend.backend()
    assert training['software']['keras'] == keras.__version__
    monkeypatch.setattr(keras.backend, 'backend', lambda: 'torch')
    assert command_line(['train', '--name', 'a b']) == \
        "KERAS_BACKEND=torch fer train --name 'a b'"


def test_a_folder_that_is_no_model_is_not_overwritten(data, tmp_path):
    (tmp_path / 'precious').mkdir()
    (tmp_path / 'precious' / 'notes.txt').write_text('mine')
    with pytest.raises(DataError, match='no model folder'):
        command.run(options(
            '--data', data[0], '--validation', data[1], '--epochs', 1, '--config',
            settings(tmp_path / 'c.yaml'), '--run', tmp_path / 'run', '--out',
            tmp_path / 'precious'))
    assert (tmp_path / 'precious' / 'notes.txt').read_text() == 'mine'


def test_check_only_counts_and_stops(data, tmp_path, capsys):
    assert command.run(options(
        '--data', data[0], '--config', settings(tmp_path / 'c.yaml'), '--check-only')) == 0
    output = capsys.readouterr().out
    assert '432 images' in output
    assert '48 images' in output
    assert 'happiness 216' in output


def test_too_few_images_for_a_batch_are_refused(data, tmp_path):
    config = load_config(settings(tmp_path / 'c.yaml', batch_size=1000))
    sets = load_dataset(data[0]), load_dataset(data[1])
    with pytest.raises(DataError, match='480 training images are fewer'):
        train(config, *sets, tmp_path / 'run', lambda line: None)


def test_determinism_on_torch_sets_what_cuda_needs_for_it(monkeypatch):
    torch = pytest.importorskip('torch')
    asked = []
    monkeypatch.delenv('CUBLAS_WORKSPACE_CONFIG', raising=False)
    monkeypatch.setattr(keras.backend, 'backend', lambda: 'torch')
    monkeypatch.setattr(torch, 'use_deterministic_algorithms', asked.append)
    set_backend(TrainConfig('tiny'))
    assert asked == [True]
    assert os.environ['CUBLAS_WORKSPACE_CONFIG'] == ':4096:8'


def test_a_distribution_that_the_backend_has_not_is_refused(data, tmp_path):
    config = load_config(settings(tmp_path / 'c.yaml', distribution='data_parallel'))
    sets = load_dataset(data[0]), load_dataset(data[1])
    with pytest.raises(ConfigError, match='data_parallel does not work with the tensorflow'):
        train(config, *sets, tmp_path / 'run', lambda line: None)


def test_sets_with_other_labels_are_refused(data, tmp_path):
    training = load_dataset(data[0])
    other = Dataset(training.images, training.targets, ('a', 'b'), training.files)
    with pytest.raises(DataError, match='differ'):
        train(TrainConfig('tiny'), training, other, tmp_path, lambda line: None)


def test_the_shipped_settings_build_the_shipped_network():
    config = load_config(Path('config/training/resnet_48.yaml'))
    network = build_network(
        config.network, side=config.side, classes=8, **config.network_options)
    assert network.count_params() < 2_000_000
    assert isinstance(network, keras.Model)
