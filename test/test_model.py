"""A model folder is used only if everything about it is right."""

import hashlib
import json

import pytest

from fer_ros.core.alignment import FER_ALIGNMENT
from fer_ros.core.errors import ModelError
from fer_ros.core.model import available_models, DEFAULT_MODEL, load_model


def test_the_default_model_is_found_by_name_by_path_and_without_either():
    model = load_model()
    assert model.manifest.name == DEFAULT_MODEL
    assert load_model(DEFAULT_MODEL).data == model.data
    assert load_model(model.folder).data == model.data
    assert load_model('').folder == model.folder
    assert model.folder in available_models()
    assert hashlib.sha256(model.data).hexdigest() == model.manifest.sha256


def test_an_installed_model_is_found_in_a_workspace(tmp_path, model_folder, monkeypatch):
    place = tmp_path / 'share' / 'fer_ros' / 'models'
    place.mkdir(parents=True)
    model_folder.rename(place / 'other')
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    assert load_model('other').folder == place / 'other'


def test_an_unknown_name_lists_those_that_exist():
    with pytest.raises(ModelError, match=f'nonsense.*{DEFAULT_MODEL}'):
        load_model('nonsense')


def test_a_folder_without_manifest_is_no_model(tmp_path):
    with pytest.raises(ModelError, match=r'holds no manifest\.json'):
        load_model(tmp_path)


def test_one_flipped_bit_is_noticed(model_folder):
    path = model_folder / 'model.tflite'
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r'model\.tflite: sha256 is .* the manifest says'):
        load_model(model_folder)


def test_a_missing_network_is_named(model_folder):
    (model_folder / 'model.tflite').unlink()
    with pytest.raises(ModelError, match=r'model\.tflite: cannot be read'):
        load_model(model_folder)


@pytest.mark.parametrize(('text', 'words'), [
    ('{', 'not valid JSON'), ('[]', 'expected a JSON object'), ('{}', 'schema is None')])
def test_a_manifest_that_is_none_is_refused(model_folder, text, words):
    (model_folder / 'manifest.json').write_text(text)
    with pytest.raises(ModelError, match=words):
        load_model(model_folder)


@pytest.mark.parametrize(('name', 'value', 'words'), [
    ('schema', 2, 'schema is 2'),
    ('name', 7, 'name must be of type str'),
    ('file', '../model.tflite', 'within the folder'),
    ('file', '', 'within the folder'),
    ('sha256', 'abc', '64 lower-case hex'),
    ('labels', ['happiness'], 'at least two'),
    ('labels', ['a', 'a'], 'must differ'),
    ('labels', ['a', 'unknown'], 'must differ'),
    ('labels', 'happiness', 'of type list'),
    ('parameters', True, 'parameters'),
    ('parameters', 1.5, 'parameters'),
    ('input.color', 'pink', 'grey, bgr'),
    ('input.width', 0, 'input.width'),
    ('input.width', 48.5, 'input.width'),
    ('input.scale', 0, 'input.scale'),
    ('input.offset', 'x', 'input.offset'),
    ('crop', {}, 'at least one'),
    ('crop', {'haar': {'margin': -1, 'offset_x': 0, 'offset_y': 0}}, 'crop.haar.margin'),
    ('crop', {'haar': {'margin': 1}}, 'crop.haar.offset_x'),
    ('alignment', [], 'alignment must be of type dict'),
    ('alignment', {'yunet': {}}, 'alignment.yunet.points'),
    ('alignment', {'yunet': {'points': [[0, 0]] * 5}}, 'alignment.yunet.points must be five'),
    ('alignment', {'yunet': {'points': [[1, 2, 3]] * 5}}, 'alignment.yunet.points'),
    ('alignment', {'yunet': {'points': ['x'] * 5}}, 'alignment.yunet.points'),
    ('temperature', 0, 'temperature'),
    ('temperature', float('nan'), 'temperature'),
    ('thresholds.unknown', 1.5, 'thresholds.unknown'),
    ('metrics', [], 'metrics'),
])
def test_a_wrong_field_is_refused_by_its_name(edit_manifest, name, value, words):
    with pytest.raises(ModelError) as error:
        load_model(edit_manifest(name, value))
    assert words in str(error.value)
    assert 'manifest.json' in str(error.value)


@pytest.mark.parametrize('name', [
    'schema', 'name', 'version', 'license', 'description', 'file', 'sha256', 'parameters',
    'labels', 'input', 'input.height', 'crop', 'temperature', 'thresholds', 'training',
    'metrics'])
def test_every_field_is_needed(edit_manifest, name):
    with pytest.raises(ModelError, match=name.split('.')[0]):
        load_model(edit_manifest(name))


def test_a_manifest_without_alignment_means_upright_crops(edit_manifest):
    assert load_model(edit_manifest('alignment')).manifest.alignment == {}


def test_the_shipped_models_know_where_landmarks_lie():
    for name in {folder.name for folder in available_models()}:
        alignment = load_model(name).manifest.alignment
        assert alignment == dict(FER_ALIGNMENT)


def test_the_shipped_manifest_tells_origin_and_figures():
    manifest = load_model().manifest
    assert manifest.license == 'Apache-2.0'
    assert manifest.parameters < 2_000_000
    assert 'fer ' in manifest.training['command']
    assert all(record['license'] for record in manifest.training['data'])
    assert manifest.metrics['accuracy'] >= 0.80
    folder = load_model().folder
    assert json.loads((folder / 'golden.json').read_text())['probabilities']
    assert (folder / 'README.md').read_text().startswith(f'# {manifest.name}')
