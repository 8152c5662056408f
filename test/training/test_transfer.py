"""Fine-tuning, distillation and ensembles, with real Keras on tiny networks."""

import json

import keras
import numpy as np
import pytest
import yaml

from fer_ros.cli import main
from fer_ros.core.classifier import Classifier
from fer_ros.core.errors import ConfigError, ModelError
from fer_ros.core.model import load_model
from fer_ros.data.datasets import Dataset, load_dataset
from fer_ros.training.distil import blend, teacher_distributions
from fer_ros.training.ensemble import build_ensemble, fit_weights
from fer_ros.training.networks import build_network
from fer_ros.training.transfer import freeze, layer_rates, LayerwiseAdamW, replace_head
from fer_ros.training.weights import load_network

RECIPE = {
    'name': 'teacher', 'network': 'vgg', 'network_options': {'width': 0.125, 'depth': 0.3},
    'epochs': 2, 'batch_size': 16, 'warmup_epochs': 0, 'learning_rate': 0.01,
    'jit_compile': False}
OPTIONS = RECIPE['network_options']


def pictures(folder, labels, count=60, seed=0):
    """Write folders of pictures whose brightest quarter tells the label."""
    import cv2

    rng = np.random.default_rng(seed)
    for index, label in enumerate(labels):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            image = rng.integers(60, 140, (48, 48)).astype(np.uint8)
            y, x = divmod(index, 2)
            image[24 * y:24 * y + 24, 24 * x:24 * x + 24] += 90
            cv2.imwrite(str(folder / label / f'{number}.png'), image)
    return folder


@pytest.fixture(scope='module')
def work(tmp_path_factory):
    """Two trained models of three emotions, for all that follows."""
    folder = tmp_path_factory.mktemp('work')
    pictures(folder / 'faces', ('anger', 'happiness', 'neutral'))
    (folder / 'recipe.yaml').write_text(yaml.safe_dump(RECIPE))
    for seed in (0, 1):
        assert main(['train', '--data', str(folder / 'faces'), '--config',
                     str(folder / 'recipe.yaml'), '--seed', str(seed), '--name', f'model_{seed}',
                     '--run', str(folder / f'run_{seed}'), '--out',
                     str(folder / f'model_{seed}')]) == 0
    return folder


def test_weights_come_back_as_the_network_that_was_exported(work):
    network = load_network(work / 'model_0')
    data = load_dataset(work / 'faces')
    model = load_model(work / 'model_0')
    logits = network.predict(data.images[..., None].astype('f'), verbose=0)
    classified = Classifier(model).predict(data.images)
    assert (logits.argmax(1) == classified.argmax(1)).mean() > 0.98


def test_damaged_weights_are_refused(work, tmp_path):
    import shutil

    folder = shutil.copytree(work / 'model_0', tmp_path / 'damaged')
    data = bytearray((folder / 'weights.npz').read_bytes())
    data[len(data) // 2] ^= 1
    (folder / 'weights.npz').write_bytes(data)
    with pytest.raises(ModelError, match=r'weights\.npz: sha256'):
        load_network(folder)


def test_fine_tuning_begins_with_the_old_weights_and_learns_new_labels(work, tmp_path):
    pictures(tmp_path / 'new', ('bored', 'happiness', 'sleepy', 'wry'), seed=3)
    recipe = {**RECIPE, 'epochs': 3, 'freeze': 0.5, 'lowest_rate': 0.1}
    (tmp_path / 'recipe.yaml').write_text(yaml.safe_dump(recipe))
    assert main(['train', '--data', str(tmp_path / 'new'), '--from', str(work / 'model_0'),
                 '--config', str(tmp_path / 'recipe.yaml'), '--run', str(tmp_path / 'run'),
                 '--name', 'new', '--out', str(tmp_path / 'model')]) == 0
    manifest = json.loads((tmp_path / 'model' / 'manifest.json').read_text())
    assert manifest['labels'] == ['happiness', 'bored', 'sleepy', 'wry']
    origin = load_model(work / 'model_0').manifest
    assert manifest['training']['fine_tuned_from'] == {
        'name': 'model_0', 'version': origin.version, 'sha256': origin.sha256}
    assert manifest['metrics']['accuracy'] > 0.9
    old, new = load_network(work / 'model_0'), load_network(tmp_path / 'model')
    # The first convolution was frozen, the last layer is another.
    assert np.array_equal(old.get_weights()[0], new.get_weights()[0])
    assert old.output_shape[-1] == 3
    assert new.output_shape[-1] == 4


def test_a_head_of_equal_size_is_kept():
    source = build_network('vgg', side=48, classes=3, **OPTIONS)
    same = replace_head(source, 'vgg', OPTIONS, 3)
    assert all(map(np.array_equal, source.get_weights(), same.get_weights()))


def test_freezing_spares_the_last_layer_and_rates_rise_towards_it():
    model = build_network('vgg', side=48, classes=3, **OPTIONS)
    rates = list(layer_rates(model, 0.1).values())
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] == 1.0
    assert rates == sorted(rates)
    freeze(model, 1.0)
    assert len(model.trainable_variables) == 2
    with pytest.raises(ConfigError, match='freeze'):
        freeze(model, 1.5)


def test_layerwise_rates_move_the_first_layer_less():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(2)])
    before = [weight.copy() for weight in model.get_weights()]
    rates = layer_rates(model, 0.01)
    model.compile(LayerwiseAdamW(
        0.1, weight_decay=0.0, factors=[rates[v.path] for v in model.trainable_variables]),
        loss='mse')
    model.fit(np.ones((4, 2), 'f'), np.full((4, 2), 9, 'f'), verbose=0)
    moved = [np.abs(a - b).max() for a, b in zip(model.get_weights(), before, strict=True)]
    assert moved[0] == pytest.approx(0.001, rel=0.05)
    assert moved[2] == pytest.approx(0.1, rel=0.05)


def test_one_recipe_for_a_student_is_enough(work, capsys):
    recipe = 'config/training/mobile_48.yaml'
    assert main(['distil', '--teacher', str(work / 'model_0'), '--student', recipe, '--config',
                 recipe, '--data', str(work / 'faces')]) == 1
    assert 'give one of them' in capsys.readouterr().err


@pytest.mark.parametrize('form', ['float32', 'float16'])
def test_an_ensemble_gives_the_weighted_mean_and_runs_like_any_model(work, tmp_path, form):
    assert main(['ensemble', str(work / 'model_0'), str(work / 'model_1'), '--name', 'both',
                 '--validation', str(work / 'faces'), '--out', str(tmp_path / 'both'),
                 '--format', form]) == 0
    manifest = json.loads((tmp_path / 'both' / 'manifest.json').read_text())
    size = sum((work / name / 'model.tflite').stat().st_size for name in ('model_0', 'model_1'))
    assert ((tmp_path / 'both' / 'model.tflite').stat().st_size < 0.7 * size) == (
        form == 'float16')
    assert manifest['format'] == form
    weights = [member['weight'] for member in manifest['training']['members']]
    assert sum(weights) == pytest.approx(1, abs=1e-4)
    assert 'network' not in manifest
    data = load_dataset(work / 'faces')
    assert Classifier(load_model(tmp_path / 'both')).predict(data.images).shape == (180, 3)
    with pytest.raises(ModelError, match='holds no Keras weights'):
        load_network(tmp_path / 'both')


@pytest.mark.parametrize('mean', ['probabilities', 'logits'])
def test_the_mean_is_that_of_its_members(mean):
    members = [build_network('vgg', side=48, classes=3, **OPTIONS) for _ in range(2)]
    x = np.random.default_rng(0).uniform(0, 255, (5, 48, 48, 1)).astype('f')
    z = [member.predict(x, verbose=0) for member in members]
    together = build_ensemble(members, (0.25, 0.75), mean).predict(x, verbose=0)

    def softmax(values):
        powers = np.exp(values - values.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)

    wanted = 0.25 * softmax(z[0]) + 0.75 * softmax(z[1]) if mean == 'probabilities' \
        else softmax(0.25 * z[0] + 0.75 * z[1])
    assert np.allclose(softmax(together), wanted, atol=1e-5)


@pytest.mark.parametrize('mean', ['probabilities', 'logits'])
def test_a_member_that_knows_nothing_gets_little_weight(mean):
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 4, 500)
    good = 2.0 * np.eye(4)[targets] + rng.normal(0, 0.5, (500, 4))
    weights = fit_weights([good, rng.normal(0, 3, (500, 4))], targets, mean)
    assert weights[0] > 0.85


def test_distilling_asks_the_teachers_once_and_mixes_in_the_votes(work, tmp_path):
    command = ['distil', '--teacher', str(work / 'model_0'), '--teacher', str(work / 'model_1'),
               '--student', str(work / 'recipe.yaml'), '--data', str(work / 'faces'),
               '--name', 'student', '--run', str(tmp_path / 'run'), '--out',
               str(tmp_path / 'student')]
    assert main(command) == 0
    manifest = json.loads((tmp_path / 'student' / 'manifest.json').read_text())
    assert len(manifest['training']['teachers']) == 2
    assert manifest['metrics']['accuracy'] > 0.9
    changed = (tmp_path / 'run' / 'teachers.npz').stat().st_mtime_ns
    assert main(command) == 0
    assert (tmp_path / 'run' / 'teachers.npz').stat().st_mtime_ns == changed


def test_blending_is_by_share_and_temperature():
    data = Dataset(np.zeros((1, 8, 8), np.uint8), np.array([0]), ('a', 'b'), ())
    teaching = np.array([[0.2, 0.8]], np.float32)
    assert np.allclose(blend(data, teaching, share=0.5).distributions, [[0.6, 0.4]])
    sharp = blend(data, teaching, share=1.0, temperature=0.5).distributions
    assert np.allclose(sharp, [[0.04 / 0.68, 0.64 / 0.68]])
    with pytest.raises(ConfigError, match='share'):
        blend(data, teaching, share=2)


def test_a_teacher_of_other_labels_is_refused(work):
    data = Dataset(np.zeros((1, 48, 48), np.uint8), np.array([0]), ('a', 'b'), ())
    with pytest.raises(ConfigError, match='teacher model_0 knows'):
        teacher_distributions([work / 'model_0'], data)
