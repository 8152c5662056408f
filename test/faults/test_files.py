"""Full disks, and paths that lead where nobody asked for."""

import os
import resource
import subprocess
import sys

import cv2
import numpy as np
import pytest

from fer_ros.core.errors import DataError, FerError
from fer_ros.core.sources import write_image
from fer_ros.core.types import EMOTIONS
from fer_ros.evaluation.offline.labels.words import Words
from fer_ros.evaluation.offline.sources.layouts import read_pictures
from fer_ros.evaluation.offline.sources.pictures import LabelledPicture


def fer_with_room_for(size, *words):
    """Run `fer` where no file may become larger than `size` bytes, as on a full disk."""
    # Coverage's own file would be too large, too.
    env = {key: value for key, value in os.environ.items() if key != 'COVERAGE_PROCESS_START'}
    return subprocess.run(
        [sys.executable, '-m', 'fer_ros', *map(str, words)], capture_output=True, text=True,
        env=env, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file())


@pytest.mark.parametrize('kind', ['picture', 'json'])
def test_a_full_disk_is_told_and_leaves_the_older_file_as_it_was(photo, tmp_path, kind):
    target = tmp_path / ('astronaut_emotions.png' if kind == 'picture' else 'emotions.json')
    target.write_text('older')
    words = ['--out', tmp_path] if kind == 'picture' else ['--no-annotate', '--json', target]
    done = fer_with_room_for(100, 'image', photo, *words)
    assert done.returncode == 1
    assert 'File too large' in done.stderr
    assert 'Traceback' not in done.stderr
    assert files_of(tmp_path) == [target.name]
    assert target.read_text() == 'older'


def test_a_video_that_the_disk_has_no_room_for_is_told_and_not_left_in_part(clip, tmp_path):
    done = fer_with_room_for(2000, 'video', clip, '--out', tmp_path / 'annotated.mp4')
    assert done.returncode == 1
    assert 'fer: error' in done.stderr
    assert 'Traceback' not in done.stderr
    assert not [name for name in files_of(tmp_path) if name.endswith('.mp4')]


def index(folder, name):
    path = folder / 'index.csv'
    path.write_text(f'file,emotion\n{name},happiness\n')
    return path


@pytest.mark.parametrize('name', ['../secret.png', 'a/../../secret.png', '/etc/passwd'])
def test_labels_name_no_picture_outside_of_their_folder(tmp_path, name):
    inside = tmp_path / 'inside'
    inside.mkdir()
    cv2.imwrite(str(tmp_path / 'secret.png'), np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(DataError, match=r'line 2: .* is not within the folder of the CSV'):
        read_pictures(index(inside, name), 'auto', Words(EMOTIONS))
    path = inside / 'affectnet.csv'
    path.write_text(f'subDirectory_filePath,expression\n{name},1\n')
    with pytest.raises(DataError, match='is not within the folder'):
        read_pictures(path, 'auto', Words(EMOTIONS))


def test_pictures_within_and_below_the_folder_are_found(tmp_path):
    (tmp_path / 'sub').mkdir()
    cv2.imwrite(str(tmp_path / 'sub' / 'a..b.png'), np.zeros((9, 9, 3), np.uint8))
    (picture,), _ = read_pictures(index(tmp_path, './sub/a..b.png'), 'auto', Words(EMOTIONS))
    assert isinstance(picture, LabelledPicture)


@pytest.mark.parametrize('kind', ['pipe', 'device', 'long name'])
def test_labels_of_what_is_no_file_are_left_out(tmp_path, kind):
    cv2.imwrite(str(tmp_path / 'good.png'), np.zeros((9, 9, 3), np.uint8))
    name = 'x' * 300 if kind == 'long name' else 'odd.png'
    if kind == 'pipe':
        os.mkfifo(tmp_path / name)
    elif kind == 'device':
        (tmp_path / name).symlink_to('/dev/zero')
    path = index(tmp_path, name)
    path.write_text(path.read_text() + 'good.png,anger\n')
    odd, good = read_pictures(path, 'auto', Words(EMOTIONS))[0]
    assert odd.reason == 'missing file'
    assert isinstance(good, LabelledPicture)


def test_what_a_link_leads_to_is_not_overwritten(tmp_path, astronaut):
    precious = tmp_path / 'precious.png'
    precious.write_text('precious')
    target = tmp_path / 'out' / 'picture.png'
    target.parent.mkdir()
    target.symlink_to(precious)
    write_image(target, astronaut)
    assert precious.read_text() == 'precious'
    assert not target.is_symlink()


def test_a_folder_is_not_overwritten_by_a_picture(tmp_path, astronaut):
    (tmp_path / 'picture.png').mkdir()
    with pytest.raises(FerError, match='cannot be written'):
        write_image(tmp_path / 'picture.png', astronaut)
    assert files_of(tmp_path) == []
