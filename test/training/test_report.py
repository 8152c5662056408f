"""The report, the heat maps and the card, of models made in the test."""

import json
import re
import shutil

import cv2
import keras
from model_support import changed_model
import numpy as np
import pytest

from fer_ros.cli import main
from fer_ros.core.errors import ModelError
from fer_ros.core.model import available_models, load_model
from fer_ros.core.preprocess import network_input
from fer_ros.core.types import EMOTIONS
from fer_ros.evaluation.examples import most_certain, most_wrong, saliency_rows
from fer_ros.evaluation.explain import grad_cam
from fer_ros.evaluation.golden import golden_crops
from fer_ros.training.card import write_card
from fer_ros.training.networks import build_network
from fer_ros.training.weights import save_network

MODELS = sorted({folder.name for folder in available_models()})
FAMILY, OPTIONS = 'vgg', {'width': 0.125, 'depth': 0.3}
PICTURES = {'confusion', 'reliability', 'risk_coverage', 'class_curves', 'robustness'}
FACES = {'most_wrong', 'most_certain', 'saliency'}


@pytest.fixture(scope='module')
def network():
    return build_network(FAMILY, side=48, classes=8, **OPTIONS)


@pytest.fixture(scope='module')
def with_weights(network, tmp_path_factory):
    """Return the default model's folder, with weights of another network beside it."""
    folder = tmp_path_factory.mktemp('models') / 'explained'
    return changed_model(folder, lambda manifest: manifest.update(
        network=save_network(network, FAMILY, OPTIONS, folder)))


@pytest.fixture(scope='module')
def without_weights(tmp_path_factory):
    return changed_model(
        tmp_path_factory.mktemp('models') / 'bare', lambda manifest: manifest.pop('network', None))


@pytest.fixture(scope='module')
def faces(tmp_path_factory):
    folder = tmp_path_factory.mktemp('faces')
    for index, crop in enumerate(golden_crops(48)):
        emotion = EMOTIONS[index % 3]
        (folder / emotion).mkdir(exist_ok=True)
        cv2.imwrite(str(folder / emotion / f'{index}.png'), crop)
    return folder


def evaluate(model, faces, out, *words):
    assert main(['evaluate', 'model', str(model), str(faces), '--out', str(out), *words]) == 0
    return json.loads((out / 'metrics.json').read_text())


def test_the_report_holds_everything_in_one_file(with_weights, faces, tmp_path):
    metrics = evaluate(with_weights, faces, tmp_path / 'out', '--robustness-images', '3')
    assert {path.stem for path in (tmp_path / 'out').glob('*.png')} == PICTURES | FACES
    assert not list((tmp_path / 'out').glob('.*'))
    assert metrics['robustness']['n'] == 3
    assert metrics['speed']['median_ms'] > 0
    assert metrics['saliency']['methods'] == ['Grad-CAM', 'occlusion sensitivity']
    text = (tmp_path / 'out' / 'report.html').read_text()
    assert text.count('src="data:image/png;base64,') == len(PICTURES | FACES)
    assert not re.search(r'(src|href)="(?!data:)|@import|<script|url\(', text)
    assert metrics['data']['sha256'] in text
    # For people who do not know the words, and on screens that are narrower than the tables.
    assert 'share of the faces whose answer is their label' in text
    assert '`' not in text
    assert text.count('<div class="wide"><table>') == text.count('<table>')
    assert '<td>fear</td><td>-</td><td>-</td><td>-</td>' in text
    assert 'trained on some' not in text


def test_a_report_without_faces_or_robustness(without_weights, faces, tmp_path):
    metrics = evaluate(
        without_weights, faces, tmp_path, '--no-faces', '--robustness-images', '0')
    assert {path.stem for path in tmp_path.glob('*.png')} == PICTURES - {'robustness'}
    assert 'robustness' not in metrics


def test_nothing_of_an_earlier_report_stays(without_weights, faces, tmp_path):
    for name in ('saliency.png', 'most_wrong.png', 'robustness.png', 'notes.txt'):
        (tmp_path / name).write_bytes(b'earlier')
    evaluate(without_weights, faces, tmp_path, '--no-faces', '--robustness-images', '0')
    assert {path.name for path in tmp_path.iterdir()} == {
        'metrics.json', 'report.html', 'notes.txt',
        *(f'{name}.png' for name in PICTURES - {'robustness'})}


def test_without_weights_the_report_says_why_there_is_no_grad_cam(
    without_weights, faces, tmp_path,
):
    metrics = evaluate(without_weights, faces, tmp_path, '--robustness-images', '0')
    assert metrics['saliency']['methods'] == ['occlusion sensitivity']
    assert 'holds no Keras weights' in (tmp_path / 'report.html').read_text()


def test_an_interruption_leaves_no_half_file(without_weights, faces, tmp_path, monkeypatch):
    from fer_ros.evaluation import plots

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(plots, 'risk_coverage_picture', interrupt)
    words = ['evaluate', 'model', str(without_weights), str(faces), '--out', str(tmp_path)]
    assert main([*words, '--robustness-images', '0']) == 130
    assert {path.name for path in tmp_path.iterdir()} \
        == {'metrics.json', 'confusion.png', 'reliability.png'}


def test_grad_cam_is_where_the_logit_comes_from(network, with_weights):
    """The feature maps weighted by the last layer sum to the logit, less the bias."""
    crops = golden_crops(48)[:4]
    targets = np.array([0, 1, 2, 7])
    heat = grad_cam(with_weights, crops, targets)
    assert heat.shape[0] == 4
    assert heat.shape[1] == heat.shape[2] < 48
    assert (heat >= 0).all()
    assert (heat <= 1).all()
    inner = keras.Model(network.input, network.get_layer('features').input)
    batch = network_input(crops, load_model(with_weights).manifest)
    maps = keras.ops.convert_to_numpy(inner(batch, training=False))
    layer = network.get_layer('logits')
    kernel, bias = (keras.ops.convert_to_numpy(value) for value in (layer.kernel, layer.bias))
    logits = keras.ops.convert_to_numpy(network(batch, training=False))
    for row, target in enumerate(targets):
        raw = maps[row] @ kernel[:, target]
        assert raw.mean() + bias[target] == pytest.approx(logits[row, target], abs=1e-3)
        cut = np.maximum(raw, 0.0)
        # The folder holds the weights in half precision.
        np.testing.assert_allclose(
            heat[row], cut / cut.max() if cut.max() > 0 else cut, atol=0.02)


def test_grad_cam_needs_weights(without_weights):
    with pytest.raises(ModelError, match='holds no Keras weights'):
        grad_cam(without_weights, golden_crops(48), np.zeros(8, np.int64))


def test_examples_are_what_they_are_called():
    targets = np.array([0, 0, 0, 1, 1])
    probabilities = np.array(
        [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.8, 0.2], [0.45, 0.55]], np.float32)
    assert most_wrong(targets, probabilities, 5).tolist() == [3, 2]
    assert most_wrong(targets, probabilities, 1).tolist() == [3]
    assert most_certain(probabilities, 0, 2).tolist() == [0, 3]
    assert saliency_rows(targets, probabilities, 0, 0) == [('surest', 0), ('any', 1), ('error', 2)]
    assert saliency_rows(targets, probabilities, 1, 0) == [('surest', 4), ('error', 3)]


def test_the_comparison_is_drawn(without_weights, with_weights, faces, tmp_path):
    assert main(['compare', str(without_weights), str(with_weights), '--data', str(faces),
                 '--out', str(tmp_path)]) == 0
    comparison = json.loads((tmp_path / 'comparison.json').read_text())
    assert comparison['accuracy']['difference'] == 0.0
    assert cv2.imread(str(tmp_path / 'comparison.png')) is not None


def card(folder, tmp_path, **changes):
    shutil.copytree(folder, tmp_path / 'card')
    path = tmp_path / 'card' / 'manifest.json'
    manifest = json.loads(path.read_text())
    for name, value in changes.items():
        manifest[name] = {**manifest[name], **value} if isinstance(value, dict) \
            and name in manifest else value
    path.write_text(json.dumps(manifest))
    write_card(tmp_path / 'card')
    return (tmp_path / 'card' / 'README.md').read_text()


def test_the_card_links_only_what_lies_beside_it(without_weights, faces, tmp_path, capsys):
    assert main(['evaluate', 'model', str(without_weights), str(faces), '--json']) == 0
    metrics = json.loads(capsys.readouterr().out)
    text = card(without_weights, tmp_path, metrics=metrics, priors=[0.125] * 8,
                scaling={'factors': [1.0] * 8, 'summands': [0.0] * 8})
    links = re.findall(r'\]\((.*?)\)', text)
    assert {'confusion.png', 'reliability.png', 'risk_coverage.png'} <= set(links)
    assert all((tmp_path / 'card' / link).is_file() for link in links)
    assert 'neutral 12.5 %' in text
    assert 'scaled and shifted' in text


def test_the_card_claims_only_what_is_known(without_weights, faces, tmp_path, capsys):
    assert main(['evaluate', 'model', str(without_weights), str(faces), '--json']) == 0
    metrics = json.loads(capsys.readouterr().out)
    mine = [{'role': role, 'n': 8, 'files': ['faces'], 'sha256': '0' * 64, 'license': 'mine'}
            for role in ('training', 'validation')]
    text = card(without_weights, tmp_path, metrics=metrics, training={'data': mine})
    assert '| fear | - | - | - | 0 |' in text
    weak = re.search(r'fewer than half of: (.*?)\.', text, re.DOTALL)[1]
    assert 'fear' not in weak
    assert re.search(r'not\s+measured\s+on: .*fear', text, re.DOTALL)
    # Faces of a stranger's folder are not those of FER2013.
    assert 'found on the web' not in text
    assert re.search(r'the\s+command\s+measures\s+both', text)
    prose = [line for line in text.splitlines() if not line.startswith(('|', '-', '!', ' '))]
    assert max(map(len, prose)) < 99


def test_the_card_of_an_older_manifest_goes_without_the_new_pictures(without_weights, tmp_path):
    manifest = json.loads((without_weights / 'manifest.json').read_text())
    old = {key: value for key, value in manifest['metrics'].items()
           if key not in ('reliability', 'risk_coverage')}
    shutil.copytree(without_weights, tmp_path / 'old')
    (tmp_path / 'old' / 'manifest.json').write_text(json.dumps({**manifest, 'metrics': old}))
    for picture in ('reliability.png', 'risk_coverage.png'):
        (tmp_path / 'old' / picture).unlink(missing_ok=True)
    write_card(tmp_path / 'old')
    text = (tmp_path / 'old' / 'README.md').read_text()
    assert 'risk_coverage.png' not in text
    assert 'found on the web' in ' '.join(text.split())
    assert not (tmp_path / 'old' / 'reliability.png').exists()


@pytest.mark.parametrize(('training', 'words'), [
    ({'members': [{'name': 'one', 'version': '1', 'sha256': '0', 'weight': 0.25}],
      'mean': 'probabilities'}, 'one 1, weight 0.250'),
    ({'fine_tuned_from': 'models/mine', 'seed': 3, 'epochs': 2}, 'from the weights of'),
    ({'teachers': ['big', 'wide'], 'seed': 3, 'epochs': 2}, 'taught by big, wide'),
    ({'teachers': [{'name': 'big', 'version': '2', 'sha256': '0'}], 'seed': 3, 'epochs': 2},
     'taught by big 2'),
    ({'software': {'backend': 'torch', 'keras': '3.14', 'torch': '2.9'}, 'seed': 3, 'epochs': 2},
     'Keras 3.14 on torch 2.9'),
])
def test_the_card_says_how_the_network_came_to_be(training, words, without_weights, tmp_path):
    text = card(without_weights, tmp_path, training=training)
    assert words in ' '.join(text.split())


@pytest.mark.parametrize('name', MODELS)
def test_the_card_of_a_shipped_model_is_what_its_manifest_says(name, tmp_path):
    shipped = load_model(name).folder
    shutil.copytree(shipped, tmp_path / name)
    write_card(tmp_path / name)
    assert (tmp_path / name / 'README.md').read_text() == (shipped / 'README.md').read_text()
