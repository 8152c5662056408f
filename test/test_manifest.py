"""What all model folders have in common: how they are found, and what their manifests may say."""

import hashlib
import json
import math
import os
from pathlib import Path

import pytest

from fer_ros.core import manifest as module
from fer_ros.core.errors import ModelError
from fer_ros.core.manifest import (
    BaseManifest,
    common_fields,
    find_folder,
    installed_folders,
    load_folder,
    number,
    task_of,
)

NETWORK = b'the bytes of a network'
DIGEST = hashlib.sha256(NETWORK).hexdigest()
CONTENT = {
    'schema': 1, 'name': 'napper', 'version': '1.0', 'license': 'Apache-2.0',
    'description': 'It sleeps.', 'file': 'network.bin', 'sha256': DIGEST, 'parameters': 7,
    'training': {'seed': 3}, 'metrics': {'n': 2}}
WEIGHTS = {'options': {'width': 1.0}, 'file': 'weights.npz', 'sha256': 'ab'}


def made(folder, **changes):
    """Make a model folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'manifest.json').write_text(json.dumps({**CONTENT, **changes}))
    (folder / 'network.bin').write_bytes(NETWORK)
    return folder


def load(folder):
    return load_folder(
        folder, 'emotions', lambda content: BaseManifest(**common_fields(content)))


def refusal(folder):
    """Return why a folder is refused, without the path that all reasons begin with."""
    with pytest.raises(ModelError) as error:
        load(folder)
    assert str(error.value).startswith(f'{folder}/')
    return str(error.value).removeprefix(f'{folder}/')


def reason_not_found(model, task):
    with pytest.raises(ModelError) as error:
        find_folder(model, task)
    return str(error.value)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return the folder of models of a workspace: two for naps, one for emotions, one of junk."""
    models = tmp_path / 'share' / 'fer_ros' / 'models'
    for name, task in (('long', 'naps'), ('deep', 'naps'), ('napper', 'emotions')):
        made(models / name, task=task)
    (models / 'junk').mkdir()
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    return models


def test_a_model_is_what_its_folder_says(tmp_path):
    model = load(made(tmp_path / 'model'))
    assert (model.folder, model.data) == (tmp_path / 'model', NETWORK)
    content = {name: value for name, value in CONTENT.items() if name != 'schema'}
    assert model.manifest == BaseManifest(**content, network=None)


def test_weights_are_told_where_there_are_any(tmp_path):
    manifest = load(made(tmp_path, network=WEIGHTS)).manifest
    assert manifest.network == WEIGHTS
    for part in (manifest.network, manifest.training, manifest.metrics):
        with pytest.raises(TypeError):
            part['more'] = 1


@pytest.mark.parametrize(('name', 'value', 'words'), [
    ('options', [], 'network.options must be of type dict, got []'),
    ('sha256', 7, 'network.sha256 must be of type str, got 7'),
    ('file', '../w.npz', "network.file must be a name within the folder, got '../w.npz'")])
def test_weights_of_another_kind_are_refused(tmp_path, name, value, words):
    made(tmp_path, network={**WEIGHTS, name: value})
    assert refusal(tmp_path) == f'manifest.json: {words}'
    made(tmp_path, network={key: WEIGHTS[key] for key in WEIGHTS if key != name})
    assert refusal(tmp_path) == f"manifest.json: lacks the field 'network.{name}'"


@pytest.mark.parametrize(('name', 'value', 'words'), [
    ('name', '', "name must be a text that can be printed, got ''"),
    ('version', 'a\nb', r"version must be a text that can be printed, got 'a\nb'"),
    ('license', 7, 'license must be of type str, got 7'),
    ('description', None, 'description must be of type str, got None'),
    ('file', '..', "file must be a name within the folder, got '..'"),
    ('sha256', 'X' * 64, "sha256 must be 64 lower-case hex digits, got 'XXX"),
    ('sha256', 'A' * 64, "sha256 must be 64 lower-case hex digits, got 'AAA"),
    ('sha256', 'a' * 65, "sha256 must be 64 lower-case hex digits, got 'aaa"),
    ('parameters', 'many', "parameters must be of type int, got 'many'"),
    ('parameters', 0, 'parameters must lie in [1, '),
    ('parameters', 10**10 + 1, 'parameters must lie in [1, '),
    ('training', [], 'training must be of type dict, got []'),
    ('metrics', True, 'metrics must be of type dict, got True')])
def test_a_wrong_field_is_told_with_what_it_holds_and_what_it_may(tmp_path, name, value, words):
    assert refusal(made(tmp_path, **{name: value})).startswith(f'manifest.json: {words}')


@pytest.mark.parametrize('parameters', [1, 10**10])
def test_a_network_may_be_tiny_or_huge(tmp_path, parameters):
    assert load(made(tmp_path, parameters=parameters)).manifest.parameters == parameters


def test_a_number_may_lie_at_the_ends_of_its_range_and_not_beyond():
    for value in (-2, -2.0, 0.5, 3):
        given = number({'a': {'b': value}}, 'a.b', -2, 3)
        assert (type(given), given) == (float, value)
    for value, told in (
            (math.nextafter(-2, -3), '-2.00000'), (math.nextafter(3, 4), '3.00000'),
            (10**400, 'inf'), (-math.inf, '-inf'), (math.nan, 'nan')):
        with pytest.raises(ModelError, match=rf'^a\.b must lie in \[-2, 3\], got {told}'):
            number({'a': {'b': value}}, 'a.b', -2, 3)


@pytest.mark.parametrize('value', [True, '1', None, [1]])
def test_what_is_no_number_is_called_so(value):
    with pytest.raises(ModelError, match=r'^a must be of type number, got '):
        number({'a': value}, 'a', 0, 1)


@pytest.mark.parametrize(('data', 'words'), [
    (b'[]', 'expected a JSON object, got list'), (b'7', 'expected a JSON object, got int'),
    (b'{', 'not valid JSON (Expecting'), (b'"\xff"', 'not valid JSON ('),
    (b'[' * 10**5, 'not valid JSON (nested too deeply)'),
    (b'{"schema": 2}', 'schema is 2, this version of fer_ros reads schema 1')])
def test_a_manifest_that_is_none_is_told_why(tmp_path, data, words):
    (made(tmp_path) / 'manifest.json').write_bytes(data)
    assert refusal(tmp_path).startswith(f'manifest.json: {words}')


def test_another_network_than_that_of_the_manifest_is_told_with_both_digests(tmp_path):
    words = refusal(made(tmp_path, sha256='a' * 64))
    assert words.startswith(f'network.bin: sha256 is {DIGEST}, the manifest says {"a" * 64}')
    assert 'restore it or export the model again' in words


def test_a_network_that_is_no_file_is_told_why(tmp_path):
    network = made(tmp_path) / 'network.bin'
    network.unlink()
    advice = '; the manifest names it'
    assert refusal(tmp_path) == \
        f'network.bin: cannot be read (No such file or directory){advice}'
    os.mkfifo(network)
    assert refusal(tmp_path) == f'network.bin: cannot be read (not a regular file){advice}'


@pytest.mark.parametrize(('limit', 'file'), [
    ('_LARGEST_NETWORK', 'network.bin'), ('_LARGEST_MANIFEST', 'manifest.json')])
def test_a_file_may_be_as_large_as_the_limit_and_no_larger(tmp_path, monkeypatch, limit, file):
    size = (made(tmp_path) / file).stat().st_size
    monkeypatch.setattr(module, limit, size)
    assert load(tmp_path).data == NETWORK
    monkeypatch.setattr(module, limit, size - 1)
    assert refusal(tmp_path).startswith(
        f'{file}: cannot be read ({size} bytes, more than the {size - 1} that are taken)')


def test_installed_models_are_found_by_name_for_their_task(installed):
    assert installed_folders('naps') == [installed / 'deep', installed / 'long']
    assert installed / 'napper' in installed_folders('emotions')
    assert find_folder('long', 'naps') == installed / 'long'
    for task, known in (('naps', 'deep, long'), ('dreams', 'none')):
        assert reason_not_found('gone', task) == (
            "no model 'gone': neither a folder with a manifest.json nor an installed model "
            f'(installed: {known})')


def test_a_folder_at_hand_wins_over_an_installed_model_of_its_name(installed, monkeypatch):
    here = made(installed.parents[2] / 'here' / 'long', task='naps')
    monkeypatch.chdir(here.parent)
    assert find_folder('long', 'naps') == Path('long')
    monkeypatch.setenv('HOME', str(here.parent))
    assert find_folder('~/long', 'naps') == here


def test_a_model_for_something_else_is_refused(installed):
    folder = installed / 'long'
    assert reason_not_found(folder, 'emotions') == \
        f'{folder}: is a model for naps, not for emotions'
    assert reason_not_found(installed / 'junk', 'naps') == \
        f'{installed / "junk"}: holds no manifest.json, so it is no model folder'


@pytest.mark.parametrize(('text', 'task'), [
    ('{"task": "naps"}', 'naps'), ('{}', 'emotions'), ('[]', 'emotions'), ('{', 'emotions'),
    (None, 'emotions')])
def test_a_model_is_for_emotions_unless_it_says_otherwise(tmp_path, text, task):
    if text is not None:
        (tmp_path / 'manifest.json').write_text(text)
    assert task_of(tmp_path) == task


def test_a_name_is_told_and_cut_where_it_is_too_long():
    assert reason_not_found('~nobody_of_this_name/x', 'naps').startswith(
        "no model '~nobody_of_this_name/x': ")
    assert f"no model '{'x' * 200}': " in reason_not_found('x' * 200, 'naps')
    assert f"no model '{'x' * 200} [...]': " in reason_not_found('x' * 201, 'naps')
