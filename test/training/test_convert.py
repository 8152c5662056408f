"""Exported formats give what Keras gives, say what they cost, and are refused otherwise."""

import importlib.util
import json
import subprocess
import sys

from ai_edge_litert.interpreter import Interpreter
import keras
import numpy as np
import pytest

from fer_ros.cli import main
from fer_ros.core.classifier import Classifier
from fer_ros.core.errors import ConfigError, DataError, ModelError
from fer_ros.core.model import load_model
from fer_ros.core.runtime import load_runtime
from fer_ros.data.datasets import load_dataset
from fer_ros.evaluation.golden import golden_crops, read_golden
from fer_ros.training import convert as conversion
from fer_ros.training import formats
from fer_ros.training.config import TrainConfig
from fer_ros.training.convert import convert, to_litert
from fer_ros.training.export import export_model
from fer_ros.training.formats import reformat_model
from fer_ros.training.networks import build_network
from fer_ros.training.tensors import as_batch
from fer_ros.training.weights import load_network

FORMATS = ('float32', 'float16', 'int8', 'onnx')
OPTIONS = {'width': 0.125, 'depth': 0.3, 'dropout': 0.0}


def patterns(path, count, seed):
    """Write an npz of two kinds of picture that a small network tells apart, not always."""
    rng = np.random.default_rng(seed)
    images = rng.integers(60, 200, (count, 48, 48)).astype(np.uint8)
    targets = np.arange(count) % 2
    images[targets == 1, 28:44] //= 2
    votes = np.zeros((count, 10), np.uint8)
    votes[np.arange(count), np.where(rng.random(count) < 0.05, 1 - targets, targets)] = 9
    np.savez(path, images=images, ferplus_votes=votes)
    return path


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Return a folder with two data sets and the model folder `tiny`, with Keras weights."""
    folder = tmp_path_factory.mktemp('convert')
    training = load_dataset(patterns(folder / 'train.npz', 256, 0))
    validation = load_dataset(patterns(folder / 'validation.npz', 96, 1))
    config = TrainConfig('tiny', network='vgg', network_options=OPTIONS)
    model = build_network('vgg', side=48, classes=8, **OPTIONS)
    model.compile(
        keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(as_batch(training.images, 48), training.targets, epochs=2, verbose=0)
    export_model(
        model, config, validation, folder / 'tiny', command='made in a test',
        data_records=[{'role': 'training', 'n': 256, 'license': 'made up here',
                       'files': ['train.npz'], 'sha256': '0' * 64}])
    return folder


@pytest.fixture(scope='module')
def exported(folder):
    """Export each format by the command, once for all tests that look at the results."""
    for form in FORMATS:
        words = [
            'export', folder / 'tiny', '--format', form, '--data', folder / 'train.npz',
            '--validation', folder / 'validation.npz', '--max-loss', 5, '--out', folder / form]
        assert main([str(word) for word in words]) == 0
    return folder


@pytest.fixture
def validation(folder):
    return load_dataset(folder / 'validation.npz')


@pytest.mark.parametrize(('form', 'allowed'), [
    ('float32', 1e-4), ('float16', 5e-3), ('int8', 0.2), ('onnx', 1e-4)])
def test_an_exported_model_answers_as_keras_does(exported, validation, form, allowed):
    network = load_network(exported / 'tiny')
    logits = network.predict(as_batch(validation.images, 48), verbose=0)
    converted = Classifier(load_model(exported / form))
    gaps = np.abs(converted.logits(validation.images) - logits)
    assert gaps.max() < allowed * max(1, np.abs(logits).max())
    assert (converted.predict(validation.images).argmax(1) == validation.targets).mean() > 0.8


@pytest.mark.parametrize('form', FORMATS)
def test_its_manifest_tells_origin_and_cost(exported, validation, form):
    manifest = json.loads((exported / form / 'manifest.json').read_text())
    origin = load_model(exported / 'tiny').manifest
    assert manifest['name'] == f'tiny_{form}'
    assert manifest['format'] == form
    assert manifest['derived_from'] == {
        'name': 'tiny', 'version': origin.version, 'sha256': origin.sha256}
    assert 'network' not in manifest
    record = manifest['export']
    assert record['format'] == form
    assert record['bytes'] == (exported / form / manifest['file']).stat().st_size
    assert record['ms'] > 0
    assert record['ms_ratio'] == pytest.approx(record['ms'] / record['source_ms'], rel=0.1)
    assert record['accuracy'] == pytest.approx(manifest['metrics']['accuracy'], abs=1e-5)
    assert record['accuracy_loss_points'] == pytest.approx(
        100 * (record['source_accuracy'] - record['accuracy']), abs=1e-2)
    assert record['parity']['crops'] == len(validation)
    assert ('calibration' in record) == (form == 'int8')


@pytest.mark.parametrize('form', FORMATS)
def test_its_folder_is_whole(exported, form):
    file = 'model.onnx' if form == 'onnx' else 'model.tflite'
    assert sorted(path.name for path in (exported / form).iterdir()) == sorted([
        'README.md', 'confusion.png', 'golden.json', 'manifest.json', file, 'reliability.png',
        'risk_coverage.png'])
    given = Classifier(load_model(exported / form)).predict(golden_crops(48))
    assert np.abs(given - read_golden(exported / form)).max() < 1e-4


def tensors(folder):
    interpreter = Interpreter(model_content=load_model(folder).data)
    return interpreter.get_tensor_details()


def test_float16_holds_half_the_bytes_a_weight(exported):
    kinds = {detail['dtype'] for detail in tensors(exported / 'float16')}
    assert np.float16 in kinds


def test_int8_computes_in_integers_with_a_scale_a_channel(exported):
    details = tensors(exported / 'int8')
    floats = [one for one in details if one['dtype'] == np.float32]
    # Input and output alone.
    assert len(floats) == 2
    kernels = [one for one in details if one['dtype'] == np.int8 and len(one['shape']) == 4
               and one['shape'][1:3].tolist() == [3, 3]]
    assert kernels
    assert all(len(one['quantization_parameters']['scales']) == one['shape'][0]
               for one in kernels)


def test_their_cost_is_measured_side_by_side(exported, tmp_path, capsys):
    folders = [str(exported / form) for form in FORMATS]
    words = ['bench', 'formats', *folders, '--faces', '2', '--rounds', '2', '--out', tmp_path]
    assert main([str(word) for word in words]) == 0
    assert 'tiny_int8' in capsys.readouterr().out
    result = json.loads((tmp_path / 'formats.json').read_text())
    assert list(result['models']) == folders
    for name, case in zip(folders, result['cases'], strict=True):
        manifest = load_model(name).manifest
        assert result['models'][name]['accuracy'] == manifest.metrics['accuracy']
        assert case['faces_found'] == 2
        assert case['stages']['classify']['cpu_ms']['p50'] > 0
    # The limit is that of floating-point arithmetic in files whose layers can be counted.
    counted = [case['stages']['classify'].get('limit_ms') for case in result['cases']]
    assert counted[0] == counted[1] > 0
    assert counted[2:] == [None, None]


@pytest.mark.parametrize('form', ['float16', 'int8', 'onnx'])
def test_the_benchmark_takes_an_exported_model(exported, capsys, form):
    words = ['bench', '--model', exported / form, '--model', 'mobile_48', '--rounds', '2']
    assert main([str(word) for word in words]) == 0
    _, limits = capsys.readouterr().out.split('times the limit')
    # It is told how far both are from the limit, not the shipped one alone.
    assert str(exported / form) in limits
    assert 'mobile_48' in limits


@pytest.mark.parametrize('form', ['int8', 'onnx'])
def test_batches_and_threads_do_not_change_the_answer(exported, validation, form):
    model = load_model(exported / form)
    crops = validation.images[:5]
    together = Classifier(model, num_threads=2).predict(crops)
    one = Classifier(model)
    singly = np.concatenate([one.predict(crop[np.newaxis]) for crop in crops])
    assert np.abs(together - singly).max() < 1e-5


def test_onnx_that_does_not_fit_the_manifest_is_refused(exported, tmp_path):
    target = tmp_path / 'model'
    target.mkdir()
    manifest = json.loads((exported / 'onnx' / 'manifest.json').read_text())
    (target / 'model.onnx').write_bytes((exported / 'onnx' / 'model.onnx').read_bytes())
    for change, words in (({'labels': ['a', 'b']}, '2 labels'),
                          ({'input': {**manifest['input'], 'width': 64}}, '48, 64, 1')):
        changed = {key: value for key, value in {**manifest, **change}.items()
                   if key not in ('priors', 'scaling')}
        (target / 'manifest.json').write_text(json.dumps(changed))
        with pytest.raises(ModelError, match=words):
            Classifier(load_model(target))


def test_bytes_that_are_no_onnx_are_refused():
    with pytest.raises(ModelError, match='not a network that ONNX Runtime can load'):
        load_runtime(b'no protobuf', 'model.onnx')


def test_weights_outside_the_hashed_file_are_not_read(exported, tmp_path, monkeypatch):
    import onnx

    network = onnx.load(exported / 'onnx' / 'model.onnx')
    onnx.save(network, tmp_path / 'model.onnx', save_as_external_data=True, location='weights')
    assert (tmp_path / 'weights').stat().st_size > 1000
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match='ONNX Runtime can load'):
        load_runtime((tmp_path / 'model.onnx').read_bytes(), 'model.onnx')


def test_a_network_that_differs_is_not_written(exported, validation, tmp_path, monkeypatch):
    monkeypatch.setattr(formats, 'TOLERANCES', {'float16': 0.0})
    with pytest.raises(ModelError, match='float16: the converted network differs'):
        reformat_model(exported / 'tiny', 'float16', tmp_path / 'out', validation)
    assert not list(tmp_path.iterdir())


def test_int8_that_loses_too_much_is_not_written(exported, validation, tmp_path):
    with pytest.raises(ModelError, match=r'int8 loses .* points'):
        reformat_model(
            exported / 'tiny', 'int8', tmp_path / 'out', validation,
            calibration_data=load_dataset(exported / 'train.npz'), max_loss=-100.0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(('source', 'out', 'data', 'error', 'words'), [
    ('tiny', 'new', None, ConfigError, 'int8 needs --data'),
    ('tiny', 'new', 'few.npz', DataError, '20 face crops are too few'),
    ('tiny', 'tiny', 'train.npz', ConfigError, 'is the model itself'),
    ('float16', 'new', 'train.npz', ModelError, 'no Keras weights'),
    ('tiny', 'other', 'train.npz', DataError, 'no model folder')])
def test_what_cannot_be_exported_is_told(
        exported, validation, source, out, data, error, words):
    patterns(exported / 'few.npz', 20, 2)
    (exported / 'other').mkdir(exist_ok=True)
    crops = load_dataset(exported / data) if data else None
    with pytest.raises(error, match=words):
        reformat_model(
            exported / source, 'int8', exported / out, validation, calibration_data=crops)
    assert not (exported / 'new').exists()


@pytest.mark.parametrize('network', ['resnet', 'wide_resnet', 'mobile'])
def test_a_network_of_mixed_precision_is_exported_in_full(folder, validation, tmp_path, network):
    config = TrainConfig(
        'mixed', network=network, network_options={'width': 0.25}, precision='mixed_bfloat16')
    keras.config.set_dtype_policy(config.precision)
    try:
        model = build_network(network, side=48, classes=8, **config.network_options)
    finally:
        keras.config.set_dtype_policy('float32')
    out = export_model(
        model, config, validation, tmp_path / 'mixed', command='made in a test',
        data_records=[{'role': 'training', 'n': 96, 'license': 'made up here',
                       'files': ['validation.npz'], 'sha256': '0' * 64}])
    full = load_network(out)
    assert full.compute_dtype == 'float32'
    wanted = full.predict(as_batch(validation.images, 48), verbose=0)
    given = Classifier(load_model(out)).logits(validation.images)
    assert np.abs(given - wanted).max() < 0.01 * max(1, np.abs(wanted).max())


def test_a_long_reason_of_a_converter_is_told_shortly(monkeypatch):
    def fail(*_):
        raise RuntimeError('no such operation ' + 'graph ' * 10_000)

    monkeypatch.setattr(conversion, '_to_litert', fail)
    with pytest.raises(ModelError, match='no such operation') as error:
        convert(build_network('vgg', side=48, classes=8, **OPTIONS), 'float32')
    assert len(str(error.value)) < 600


def test_other_backends_convert_in_a_second_python(validation, monkeypatch):
    model = build_network('vgg', side=48, classes=8, **OPTIONS)
    batch = as_batch(validation.images[:3], 48)
    expected = model.predict(batch, verbose=0)
    monkeypatch.setattr(conversion, '_backend', lambda: 'torch')
    given = load_runtime(to_litert(model), 'model.tflite').run(batch)
    assert np.abs(given - expected).max() < 1e-4


@pytest.mark.parametrize(('module', 'form', 'advice'), [
    ('tensorflow', 'float32', 'pip install tensorflow-cpu'),
    ('tf2onnx', 'onnx', 'pip install tf2onnx')])
def test_a_missing_converter_is_told_with_how_to_get_it(monkeypatch, module, form, advice):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, 'find_spec', lambda name, *rest: None if name == module else real(name))
    with pytest.raises(ConfigError, match=advice):
        convert(build_network('vgg', side=48, classes=8, **OPTIONS), form)


@pytest.mark.parametrize(('form', 'words'), [('int4', 'one of float32'), ('int8', 'face crops')])
def test_a_format_that_cannot_be_made_is_refused(form, words):
    with pytest.raises(ConfigError, match=words):
        convert(build_network('vgg', side=48, classes=8, **OPTIONS), form)


def test_the_second_python_tells_its_error_in_one_line(tmp_path):
    (tmp_path / 'bad.keras').write_bytes(b'no archive')
    done = subprocess.run(
        [sys.executable, '-m', 'fer_ros.training.convert', str(tmp_path / 'bad.keras'),
         str(tmp_path / 'out.tflite')], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith('error: ')
    assert not (tmp_path / 'out.tflite').exists()
