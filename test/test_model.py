"""A model folder is used only if everything about it is right."""

import hashlib
import json
import math

import pytest

from fer_ros.core.alignment import FER_ALIGNMENT
from fer_ros.core.crop import CropConvention
from fer_ros.core.errors import ModelError
from fer_ros.core.face_model import load_face_model
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


@pytest.mark.parametrize(('name', 'low', 'high'), [
    ('input.width', 8, 1024), ('input.height', 8, 1024), ('input.scale', 1e-9, 1e3),
    ('input.offset', -1e6, 1e6), ('crop.haar.margin', 0.1, 10.0),
    ('crop.haar.offset_x', -5.0, 5.0), ('crop.haar.offset_y', -5.0, 5.0),
    ('temperature', 1e-3, 1e3), ('thresholds.unknown', 0.0, 1.0)])
def test_a_number_may_lie_at_the_ends_of_its_range_and_not_beyond(edit_manifest, name, low, high):
    whole = isinstance(low, int)
    for value in (low, high):
        load_model(edit_manifest(name, value))
    for value in ((low - 1, high + 1) if whole
                  else (math.nextafter(low, -math.inf), math.nextafter(high, math.inf))):
        with pytest.raises(ModelError, match=rf'json: {name} must lie in \['):
            load_model(edit_manifest(name, value))


@pytest.mark.parametrize(('name', 'low', 'high'), [
    ('priors', 1e-9, 1.0), ('scaling.factors', -100, 100), ('scaling.summands', -100, 100)])
def test_each_label_has_its_number_in_range(edit_manifest, name, low, high):
    edit_manifest('scaling', {'factors': [1.0] * 8, 'summands': [0.0] * 8})
    given = [low, high, 0.5, 1, 1, 1, 1, 1]
    manifest = load_model(edit_manifest(name, given)).manifest
    held = {'priors': manifest.priors, 'scaling.factors': manifest.scaling[0],
            'scaling.summands': manifest.scaling[1]}[name]
    assert held == tuple(given)
    assert {type(value) for value in held} == {float}
    for wrong in ([*given[1:], math.nextafter(low, -math.inf)],
                  [*given[1:], math.nextafter(high, math.inf)],
                  given[1:], [*given, 0.5], [*given[1:], True], [*given[1:], '1']):
        with pytest.raises(ModelError) as error:
            load_model(edit_manifest(name, wrong))
        assert str(error.value).endswith(
            f'{name} must hold a number in [{low:g}, {high:g}] for each label')


def test_a_manifest_is_read_field_by_field(edit_manifest):
    edit_manifest('input', {
        'width': 40, 'height': 32, 'color': 'bgr', 'scale': 2.0, 'offset': -3, 'mirror': True})
    edit_manifest('crop', {'haar': {'margin': 1.5, 'offset_x': 0.25, 'offset_y': -0.5},
                           'yunet': {'margin': 2, 'offset_x': 0, 'offset_y': 1}})
    edit_manifest('scaling', {'factors': [2] * 8, 'summands': [-1] * 8})
    manifest = load_model(edit_manifest('thresholds.unknown', 0.25)).manifest
    assert (manifest.width, manifest.height, manifest.size) == (40, 32, (40, 32))
    assert (manifest.color, manifest.scale, manifest.offset) == ('bgr', 2.0, -3.0)
    assert (manifest.standardize, manifest.mirror) == (False, True)
    assert manifest.crop == {'haar': CropConvention(1.5, 0.25, -0.5),
                             'yunet': CropConvention(2.0, 0.0, 1.0)}
    assert manifest.scaling == ((2.0,) * 8, (-1.0,) * 8)
    assert manifest.thresholds == {'unknown': 0.25}


def test_what_a_manifest_may_leave_out_means_none(edit_manifest):
    for name in ('alignment', 'scaling', 'priors', 'network', 'input.standardize'):
        edit_manifest(name)
    manifest = load_model(edit_manifest('input.mirror')).manifest
    assert manifest.alignment == {}  # upright crops
    assert (manifest.scaling, manifest.priors, manifest.network) == (None, None, None)
    assert (manifest.standardize, manifest.mirror) == (False, False)


def test_a_loaded_manifest_cannot_be_changed(edit_manifest):
    manifest = load_model().manifest
    bare = load_model(edit_manifest('alignment')).manifest
    for part in (manifest.crop, manifest.alignment, manifest.thresholds, bare.alignment):
        with pytest.raises(TypeError):
            part['more'] = 1


def test_two_labels_are_enough(edit_manifest):
    for name in ('scaling', 'priors'):
        edit_manifest(name)
    manifest = load_model(edit_manifest('labels', ['awake', 'asleep'])).manifest
    assert manifest.labels == ('awake', 'asleep')


@pytest.mark.parametrize(('name', 'value', 'words'), [
    ('labels', ['one'], "labels must be at least two names, got ['one']"),
    ('labels', ['one', 7], "labels must be at least two names, got ['one', 7]"),
    ('labels', ['one', ''], "labels must be at least two names, got ['one', '']"),
    ('labels', ['one', 'one'], "labels must differ and not be 'unknown', got ['one', 'one']"),
    ('crop', {}, 'crop must hold a framing for at least one box convention'),
    ('alignment', {'yunet': {'points': [[1, 2]]}},
     'alignment.yunet.points must be five [x, y] of a face (eyes, nose tip, mouth corners), got '
     '[[1, 2]]'),
    ('scaling', {}, "lacks the field 'scaling.factors'"),
    ('scaling', {'factors': [1] * 8}, "lacks the field 'scaling.summands'"),
    ('priors', 0.125, 'priors must be of type list, got 0.125'),
    ('input.standardize', 1, 'input.standardize must be true or false, got 1'),
    ('input.mirror', None, 'input.mirror must be true or false, got None'),
    ('input.color', 'pink', "input.color must be one of grey, bgr, got 'pink'"),
    ('input.color', None, 'input.color must be of type str, got None'),
    ('input.height', 48.0, 'input.height must be of type int, got 48.0'),
    ('input.width', 48.0, 'input.width must be of type int, got 48.0'),
    ('network.family', 7, 'network.family must be of type str, got 7')])
def test_a_wrong_field_is_told_with_what_it_holds_and_what_it_may(
        edit_manifest, name, value, words):
    with pytest.raises(ModelError) as error:
        load_model(edit_manifest(name, value))
    assert str(error.value).endswith(f'manifest.json: {words}')


def test_a_face_detector_is_no_model_of_emotions():
    folder = load_face_model().folder
    assert folder not in available_models()
    with pytest.raises(ModelError, match=r'is a model for face detection, not for emotions$'):
        load_model(folder)


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
