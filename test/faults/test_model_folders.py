"""Model folders that are tricks, or half there."""

import os
import resource
import subprocess
import sys

import pytest

from fer_ros.core.errors import ModelError
from fer_ros.core.model import load_model

NETWORK = 'model.tflite'


@pytest.mark.parametrize('kind', ['pipe', 'endless device', 'folder', 'socket'])
def test_a_network_that_is_no_file_is_refused_at_once(model_folder, kind):
    path = model_folder / NETWORK
    path.unlink()
    if kind == 'pipe':
        os.mkfifo(path)
    elif kind == 'endless device':
        path.symlink_to('/dev/zero')
    elif kind == 'folder':
        path.mkdir()
    else:
        import socket
        with socket.socket(socket.AF_UNIX) as server:
            # The address of a socket may have 107 characters.
            here = os.getcwd()
            os.chdir(model_folder)
            try:
                server.bind(NETWORK)
            finally:
                os.chdir(here)
    with pytest.raises(ModelError, match=rf'{NETWORK}: cannot be read'):
        load_model(model_folder)


@pytest.mark.parametrize('kind', ['pipe', 'endless device', 'folder'])
def test_a_manifest_that_is_no_file_is_refused_at_once(model_folder, kind):
    path = model_folder / 'manifest.json'
    path.unlink()
    if kind == 'pipe':
        os.mkfifo(path)
    elif kind == 'folder':
        path.mkdir()
    else:
        path.symlink_to('/dev/zero')
    with pytest.raises(ModelError, match=r'holds no manifest\.json'):
        load_model(model_folder)


def test_a_manifest_of_a_gigabyte_is_not_read(model_folder):
    with (model_folder / 'manifest.json').open('r+b') as file:
        file.truncate(2**30)  # takes no room on disk
    with pytest.raises(ModelError, match='1073741824 bytes, more than'):
        load_model(model_folder)


@pytest.mark.parametrize('name', [
    '../model.tflite', '/etc/passwd', '..', '.', 'a/b', '', 'model\0.tflite', 'a\nb'])
def test_a_manifest_names_no_file_outside_of_its_folder(edit_manifest, name):
    with pytest.raises(ModelError, match='file must be a name within the folder'):
        load_model(edit_manifest('file', name))


def test_a_link_in_place_of_the_network_must_lead_to_its_very_bytes(model_folder, tmp_path):
    network, elsewhere = model_folder / NETWORK, tmp_path / 'elsewhere'
    network.rename(elsewhere)
    network.symlink_to(elsewhere)
    assert load_model(model_folder).data == elsewhere.read_bytes()  # as installed by links
    network.unlink()
    network.symlink_to('/etc/passwd')
    with pytest.raises(ModelError, match='sha256 is') as error:
        load_model(model_folder)
    assert 'root:' not in str(error.value)


@pytest.mark.parametrize('share', [0.0, 0.3, 0.99])
@pytest.mark.parametrize('file', [NETWORK, 'manifest.json'])
def test_a_file_that_is_written_in_part_is_refused(model_folder, file, share):
    path = model_folder / file
    data = path.read_bytes()
    path.write_bytes(data[:int(share * len(data))])
    with pytest.raises(ModelError, match=file.replace('.', r'\.')):
        load_model(model_folder)


@pytest.mark.parametrize(('name', 'value'), [
    ('temperature', 10**400), ('alignment', {'yunet': {'points': [[10**400, 0]] * 5}}),
    ('labels', ['neutral', 'a\ud800']), ('labels', ['neutral', 'a\0b']), ('name', 'a\0b'),
    ('name', '\ud800'), ('version', 'a\nb'), ('priors', [10**400] * 8)])
def test_values_that_no_number_or_message_can_hold_are_refused(edit_manifest, name, value):
    with pytest.raises(ModelError, match=name):
        load_model(edit_manifest(name, value))


def test_a_manifest_of_endless_brackets_is_refused(model_folder):
    (model_folder / 'manifest.json').write_text('[' * 10**6)
    with pytest.raises(ModelError, match='nested too deeply'):
        load_model(model_folder)


@pytest.mark.parametrize('name', ['x' * 300, 'x' * 100_000, '~nobody_of_this_name/x', 'a\0b'])
def test_a_name_that_no_folder_can_have_is_refused(name):
    with pytest.raises(ModelError) as error:
        load_model(name)
    assert len(str(error.value)) < 1000


def test_a_model_that_vanishes_after_it_was_loaded_is_missed_by_nobody(
        model_folder, astronaut):
    from fer_ros import Pipeline

    pipeline = Pipeline.from_model(model_folder)
    before = pipeline.process(astronaut, 1.0).faces[0].label
    for path in model_folder.iterdir():
        if path.is_file():
            path.unlink()
    assert pipeline.process(astronaut, 1.1).faces[0].label == before


def test_without_memory_for_the_network_that_is_told(model_folder, photo):
    with (model_folder / NETWORK).open('r+b') as file:
        file.truncate(2**31)  # takes no room on disk
    done = subprocess.run(
        [sys.executable, '-m', 'fer_ros', 'image', str(photo), '--model', str(model_folder)],
        capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31)))
    assert done.returncode == 1
    assert 'there is not enough memory' in done.stderr
    assert 'Traceback' not in done.stderr
