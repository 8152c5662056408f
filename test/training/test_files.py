"""Files and folders are replaced as a whole, and a full disk is told by name."""

import errno

import pytest

from fer_ros.core.errors import DataError
from fer_ros.training.files import replacing, replacing_folder


def write(folder, text):
    with replacing_folder(folder) as partial:
        (partial / 'a').write_text(text)


def test_a_folder_takes_the_place_of_the_old_one(tmp_path):
    for text in ('one', 'two'):
        write(tmp_path / 'model', text)
        assert (tmp_path / 'model' / 'a').read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ['model']


def test_a_folder_that_was_put_aside_by_a_killed_process_comes_back(tmp_path):
    write(tmp_path / '.model.old', 'one')
    with pytest.raises(ValueError, match='no network'), replacing_folder(tmp_path / 'model'):
        raise ValueError('no network')
    assert (tmp_path / 'model' / 'a').read_text() == 'one'
    assert [path.name for path in tmp_path.iterdir()] == ['model']


@pytest.mark.parametrize('replace', [replacing, replacing_folder])
def test_a_full_disk_is_told_with_what_found_no_room(tmp_path, replace):
    write(tmp_path / 'model', 'one')
    with pytest.raises(DataError, match='model could not be written: No space left'), \
            replace(tmp_path / 'model'):
        raise OSError(errno.ENOSPC, 'No space left on device')
    assert [path.name for path in tmp_path.iterdir()] == ['model']
    assert (tmp_path / 'model' / 'a').read_text() == 'one'


def test_other_errors_of_the_system_are_not_renamed(tmp_path):
    with pytest.raises(PermissionError), replacing(tmp_path / 'file'):
        raise PermissionError(errno.EACCES, 'Permission denied')
