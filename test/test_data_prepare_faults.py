"""`prepare` when it is cut, when the disk is full, and when sources are wrong."""

import dataclasses
import errno

from data_support import write_pictures
import numpy as np
from prepare_support import run, write_fer
import pytest

from fer_ros.core.errors import ConfigError, DataError
from fer_ros.data import cropping
from fer_ros.data.cropping import CropSettings


def test_a_cut_run_goes_on_with_its_finished_shards(tmp_path, monkeypatch):
    source = write_pictures(tmp_path / 'faces', {'anger': 10})
    monkeypatch.setattr(cropping, '_SHARD', 4)
    read = []

    def reading(path, cut_at=9):
        read.append(path.name)
        if len(read) == cut_at:
            raise KeyboardInterrupt
        return genuine(path)

    genuine = cropping.read_image
    monkeypatch.setattr(cropping, 'read_image', reading)
    out = tmp_path / 'out.npz'
    with pytest.raises(KeyboardInterrupt):
        run(out, (source, 'train'))
    shards = sorted((tmp_path / 'out.npz.shards').iterdir())
    assert len(shards) == 2
    assert not out.exists()
    shards[1].write_bytes(b'torn')
    read.clear()
    monkeypatch.setattr(cropping, 'read_image', lambda path: reading(path, 0))
    prepared = run(out, (source, 'train'))
    assert len(prepared.samples) == 10
    assert len(read) == 6
    assert not (tmp_path / 'out.npz.shards').exists()


def test_shards_of_other_settings_are_not_taken(tmp_path):
    source = write_pictures(tmp_path / 'faces', {'anger': 3})
    folder = tmp_path / 'shards'
    from fer_ros.data.pictures import list_pictures

    pictures = list_pictures(source)
    way = CropSettings(detector='none')
    for side in (48, 32):
        crops = cropping.crop_pictures(
            pictures, dataclasses.replace(way, side=side), folder, False, lambda: None)
        assert crops.images.shape == (3, side, side)
    assert len(list(folder.iterdir())) == 2


def test_a_full_disk_is_told_and_keeps_what_is_finished(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, 'No space left on device')

    source = write_pictures(tmp_path / 'faces', {'anger': 3})
    monkeypatch.setattr(np, 'savez_compressed', full)
    with pytest.raises(DataError, match=r'out\.npz.*No space left.*same command'):
        run(tmp_path / 'out.npz', (source, 'train'))
    assert len(list((tmp_path / 'out.npz.shards').iterdir())) == 1
    assert {path.name for path in tmp_path.iterdir()} == {'faces', 'out.npz.shards'}


def index_of(tmp_path, *rows):
    source = write_pictures(tmp_path / 'faces', {'fear': 2})
    (source / 'index.csv').write_text('\n'.join(['file,emotion', *rows]) + '\n')
    return source / 'index.csv'


@pytest.mark.parametrize(('make', 'changes', 'words'), [
    (lambda t: write_pictures(t / 'a', {'angry': 1}), {}, ['angry', 'known', 'anger']),
    (lambda t: index_of(t, 'fear/0.png,fear', 'fear/1.png,feer'), {},
     ['index.csv, line 3', 'feer', 'known', 'fear']),
    (lambda t: write_pictures(t / 'a', {'anger': 5}),
     {'labels': ('anger', 'fear'), 'shares': (1, 0, 0)},
     ['no training picture of fear']),
    (lambda t: write_pictures(t / 'a', {'anger': 2}), {'detector': 'haar'},
     ['none of its 2 pictures', '--detector none']),
    (lambda t: t / 'missing', {}, ['missing', 'no such file']),
    (lambda t: write_fer(t / 'a.npz'), {'detector': 'haar'}, ['a.npz', '--detector none']),
    (lambda t: write_fer(t / 'a.npz', images=np.zeros((5, 48, 48))), {}, ['float64']),
    (lambda t: write_fer(t / 'a.npz', fer2013_label=np.zeros(4, np.uint8)), {}, ['4 rows']),
    (lambda t: write_pictures(t / 'a', {'anger': 2}), {'pattern': '('}, ['subject pattern']),
    (lambda t: write_pictures(t / 'a', {'anger': 2}), {'pattern': 's'}, ['group']),
    (lambda t: write_pictures(t / 'a', {'anger': 2}), {'shares': (1, 1, 0)}, ['sum to 1']),
    (lambda t: write_pictures(t / 'a', {'anger': 2}), {'crops': {'side': 8}}, ['16..512']),
    (lambda t: write_pictures(t / 'a', {'anger': 2}), {'labels': ('anger', 'anger')},
     ['different names']),
])
def test_what_cannot_be_prepared_is_named(tmp_path, make, changes, words):
    with pytest.raises((DataError, ConfigError)) as error:
        run(tmp_path / 'out.npz', make(tmp_path), **changes)
    assert all(word in str(error.value) for word in words), str(error.value)
    assert not (tmp_path / 'out.npz').exists()


def test_the_file_must_be_an_npz(tmp_path):
    with pytest.raises(ConfigError, match=r'an \.npz'):
        run(tmp_path / 'out.csv', write_fer(tmp_path / 'a.npz'))


def test_a_folder_in_the_place_of_the_file_is_refused_at_once(tmp_path):
    (tmp_path / 'out.npz').mkdir()
    with pytest.raises(ConfigError, match='is a folder'):
        run(tmp_path / 'out.npz', tmp_path / 'not_looked_for')
