"""The classifier gives calibrated distributions, the recorded ones, and refuses bad networks."""

import dataclasses
import hashlib

import numpy as np
import pytest

from fer_ros.core import classifier as module
from fer_ros.core.classifier import Classifier, softmax
from fer_ros.core.errors import ConfigError, ImageError, ModelError
from fer_ros.core.model import load_model
from fer_ros.core.runtime import Port
from fer_ros.evaluation.golden import golden_crops


@pytest.fixture(scope='module')
def classifier():
    return Classifier(load_model())


@pytest.mark.parametrize('count', [1, 2, 5, 3])
def test_a_batch_gives_what_single_crops_give(classifier, count):
    crops = golden_crops(48)[:count]
    single = np.concatenate([classifier.predict(crop[np.newaxis]) for crop in crops])
    assert np.abs(classifier.predict(crops) - single).max() < 1e-5


def test_no_crops_give_no_rows(classifier):
    rows = classifier.predict(np.empty((0, 48, 48), np.uint8))
    assert (rows.shape, rows.dtype) == ((0, 8), np.float32)


def test_colour_and_other_sizes_are_converted(classifier):
    crops = golden_crops(48)
    colour = np.repeat(crops[..., np.newaxis], 3, axis=3)
    assert np.abs(classifier.predict(colour) - classifier.predict(crops)).max() < 1e-5
    large = crops.repeat(4, axis=1).repeat(4, axis=2)
    assert np.abs(classifier.predict(large) - classifier.predict(crops)).max() < 1e-5


@pytest.mark.parametrize('threads', [1, 2])
def test_the_number_of_threads_does_not_change_the_answer(classifier, threads):
    crops = golden_crops(48)
    other = Classifier(load_model(), num_threads=threads).predict(crops)
    assert np.abs(other - classifier.predict(crops)).max() < 1e-5


@pytest.mark.parametrize('threads', [0, -1, 65])
def test_an_impossible_number_of_threads_is_refused(threads):
    with pytest.raises(ConfigError, match=rf'num_threads must lie in \[1, 64\], got {threads}'):
        Classifier(load_model(), num_threads=threads)


@pytest.mark.parametrize(('given', 'passed'), [((), 1), ((1,), 1), ((64,), 64)])
def test_the_runtime_gets_the_threads_that_it_may_use(monkeypatch, given, passed):
    seen = []
    load = module.load_runtime
    monkeypatch.setattr(
        module, 'load_runtime', lambda data, file, threads: seen.append(threads) or load(
            data, file, 1))
    Classifier(load_model(), *given)
    assert seen == [passed]


@pytest.mark.parametrize('crops', [
    np.zeros((48, 48), np.uint8), np.zeros((1, 48, 48), np.float32),
    np.zeros((1, 48, 48, 2), np.uint8), np.zeros((1, 0, 48), np.uint8)])
def test_crops_of_another_kind_are_refused(classifier, crops):
    with pytest.raises(ImageError, match='crops must be'):
        classifier.predict(crops)


def test_temperature_softens_without_changing_the_order():
    logits = np.array([[2.0, 1.0, 0.0]], np.float32)
    cold, warm = softmax(logits, 1.0)[0], softmax(logits, 3.0)[0]
    assert cold == pytest.approx(np.exp([2, 1, 0]) / np.exp([2, 1, 0]).sum(), abs=1e-6)
    assert warm[0] < cold[0]
    assert warm.argmax() == 0
    assert softmax(logits) == pytest.approx(softmax(logits, 1.0))


def test_each_row_has_its_own_distribution_however_large_its_logits():
    rows = softmax(np.array([[1e4, -1e4], [-1e4, -1e4], [1e4, 1e4 + 1]], np.float32))
    assert rows.dtype == np.float32
    assert rows == pytest.approx(np.array([[1, 0], [0.5, 0.5], [0.268941, 0.731059]]), abs=1e-6)


def test_the_manifests_temperature_is_used(edit_manifest, classifier):
    crops = golden_crops(48)
    softer = Classifier(load_model(edit_manifest('temperature', 5.0))).predict(crops)
    assert softer.max() < classifier.predict(crops).max()


def test_scaling_comes_before_the_temperature(edit_manifest, classifier):
    factors, summands = [1.5, 1, 1, 1, 1, 1, 1, 0.5], [0, 0, 1, 0, 0, 0, -1, 0]
    edit_manifest('temperature', 2.0)
    folder = edit_manifest('scaling', {'factors': factors, 'summands': summands})
    crops = golden_crops(48)
    scaled = Classifier(load_model(folder)).predict(crops)
    expected = softmax(classifier.logits(crops) * factors + summands, 2.0)
    assert np.abs(scaled - expected).max() < 1e-6
    assert np.abs(scaled - softmax(classifier.logits(crops), 2.0)).max() > 1e-3


def test_a_mirroring_model_answers_alike_to_a_face_and_its_mirror_image(edit_manifest):
    crops = golden_crops(48)
    one = Classifier(load_model(edit_manifest('input.mirror', False)))
    both = Classifier(load_model(edit_manifest('input.mirror', True)))
    plain, turned = one.logits(crops), one.logits(crops[:, :, ::-1])
    assert np.abs(plain - turned).max() > 0.1
    assert np.abs(both.logits(crops) - (plain + turned) / 2).max() < 1e-4
    assert np.abs(both.predict(crops) - both.predict(crops[:, :, ::-1])).max() < 1e-5


def test_a_mirror_that_is_no_switch_is_refused(edit_manifest):
    with pytest.raises(ModelError, match='mirror must be true or false'):
        load_model(edit_manifest('input.mirror', 'left'))


def test_balanced_decisions_divide_by_the_priors(edit_manifest, classifier):
    priors = [0.3, 0.3, 0.2, 0.1, 0.05, 0.02, 0.02, 0.01]
    model = load_model(edit_manifest('priors', priors))
    crops = golden_crops(48)
    natural = Classifier(model).predict(crops)
    assert np.array_equal(natural, classifier.predict(crops))
    balanced = Classifier(model, priors='balanced').predict(crops)
    assert balanced.dtype == np.float32
    assert np.abs(balanced.sum(axis=1) - 1).max() < 1e-6
    ratios = balanced / natural * priors
    assert np.allclose(ratios, ratios[:, :1], rtol=1e-4)


def test_a_model_that_tells_no_priors_cannot_be_balanced(edit_manifest):
    edit_manifest('priors', [0.125] * 8)
    model = load_model(edit_manifest('priors'))
    with pytest.raises(ConfigError, match='use natural'):
        Classifier(model, priors='balanced')


def test_other_priors_are_refused():
    with pytest.raises(ConfigError, match='natural, balanced'):
        Classifier(load_model(), priors='fair')


def test_a_network_file_without_runtime_is_refused(model_folder, edit_manifest):
    (model_folder / 'model.tflite').rename(model_folder / 'model.bin')
    with pytest.raises(ModelError, match='suffix'):
        Classifier(load_model(edit_manifest('file', 'model.bin')))


class MadeUpNetwork:
    """A network of other ports, which keeps what it was last asked."""

    def __init__(self, inputs, outputs):
        self.inputs, self.outputs = inputs, outputs

    def run(self, batch):
        self.asked = batch
        return np.zeros((len(batch), 8), np.float32)


FACE, LOGITS = Port((48, 48, 1), 'float32'), Port((8,), 'float32')


@pytest.mark.parametrize(('inputs', 'outputs', 'words'), [
    ((FACE, FACE), (LOGITS,), 'the manifest says one input float32 (N, 48, 48, 1), the network '
     'takes float32 (N, 48, 48, 1) and float32 (N, 48, 48, 1)'),
    ((Port((48, 48, 3), 'float32'),), (LOGITS,), 'takes float32 (N, 48, 48, 3)'),
    ((Port((48, 48), 'float32'),), (LOGITS,), 'takes float32 (N, 48, 48)'),
    ((Port((48, 48, 1), 'uint8'),), (LOGITS,), 'takes uint8 (N, 48, 48, 1)'),
    ((FACE,), (LOGITS, LOGITS), 'the manifest names 8 labels, the network gives float32 (N, 8) '
     'and float32 (N, 8)'),
    ((FACE,), (Port((7,), 'float32'),), 'gives float32 (N, 7)'),
    ((FACE,), (Port((8,), 'int8'),), 'gives int8 (N, 8)'),
    ((FACE,), (Port((8, 1), 'float32'),), 'gives float32 (N, 8, 1)')])
def test_a_network_of_other_ports_is_refused_by_its_file(monkeypatch, inputs, outputs, words):
    monkeypatch.setattr(module, 'load_runtime', lambda *_: MadeUpNetwork(inputs, outputs))
    model = load_model()
    with pytest.raises(ModelError) as error:
        Classifier(model)
    assert str(error.value).startswith(f'{model.folder / model.manifest.file}: the manifest ')
    assert str(error.value).endswith(words)


@pytest.mark.parametrize(('color', 'side', 'channels'), [
    ('grey', 48, 1), ('bgr', 48, 3), ('grey', None, 1)])
def test_a_network_gets_pictures_of_its_kind(monkeypatch, color, side, channels):
    network = MadeUpNetwork((Port((side, side, channels), 'float32'),), (LOGITS,))
    monkeypatch.setattr(module, 'load_runtime', lambda *_: network)
    model = load_model()
    manifest = dataclasses.replace(
        model.manifest, color=color, mirror=False, standardize=False, scale=1.0, offset=0.0)
    classifier = Classifier(dataclasses.replace(model, manifest=manifest))
    assert network.asked.shape == (1, 48, 48, channels)
    blue = np.zeros((2, 48, 48, 3), np.uint8)
    blue[..., 0] = 200
    classifier.predict(blue)
    assert network.asked.shape == (2, 48, 48, channels)
    # Grey by the weights of ITU-R BT.601: blue counts 0.114.
    assert np.unique(network.asked.reshape(-1, channels), axis=0).tolist() == \
        ([[200, 0, 0]] if color == 'bgr' else [[23]])


def test_labels_that_do_not_match_the_outputs_are_refused(edit_manifest):
    edit_manifest('scaling', {'factors': [1.0] * 3, 'summands': [0.0] * 3})
    edit_manifest('priors', [0.3, 0.3, 0.4])
    model = load_model(edit_manifest('labels', ['a', 'b', 'c']))
    with pytest.raises(ModelError, match='3 labels'):
        Classifier(model)


def test_an_input_of_another_size_is_refused(edit_manifest):
    with pytest.raises(ModelError, match='48, 64, 1'):
        Classifier(load_model(edit_manifest('input.width', 64)))


def test_bytes_that_are_no_network_are_refused(model_folder, edit_manifest):
    (model_folder / 'model.tflite').write_bytes(b'not a flatbuffer')
    digest = hashlib.sha256(b'not a flatbuffer').hexdigest()
    with pytest.raises(ModelError, match='not a network'):
        Classifier(load_model(edit_manifest('sha256', digest)))


def test_outputs_that_are_not_finite_are_refused(model_folder, edit_manifest):
    path = model_folder / 'model.tflite'
    data = path.read_bytes()
    # The largest buffers hold the weights; NaN weights give NaN outputs.
    middle = len(data) // 2 // 4 * 4
    broken = data[:middle] + np.full(2000, np.nan, np.float32).tobytes() + data[middle + 8000:]
    path.write_bytes(broken)
    with pytest.raises(ModelError, match='NaN or infinite'):
        Classifier(load_model(edit_manifest('sha256', hashlib.sha256(broken).hexdigest())))
