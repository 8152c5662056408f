"""Data sets of labelled faces: what is read, by whom, and which data are refused."""

from concurrent.futures import ThreadPoolExecutor
import json
import multiprocessing
import pickle
import subprocess
import sys

import cv2
from labelled_faces_support import BOX, entry, face, NOTHING, picture, POINTS, UPRIGHT, write_faces
import numpy as np
import pytest

from fer_ros.core.errors import DataError
from fer_ros.data.faces import read_backgrounds, read_faces


def test_a_folder_is_read(tmp_path):
    people = [[x + 1, y] for x, y in UPRIGHT]
    write_faces(tmp_path, [
        entry('a.png', face(), face(box=[80, 10, 100, 30], landmarks=None, score=0.4),
              human_landmarks=people),
        entry('b.png', split='val'),
        entry('c.png', {'box': BOX, 'ignored': True}, split='val')])
    data = read_faces(tmp_path)
    assert len(data) == 3
    assert data.splits == ('train', 'val')
    first = data.pictures[0]
    np.testing.assert_array_equal(first.labels.boxes, np.float32([BOX, [80, 10, 100, 30]]))
    np.testing.assert_array_equal(first.labels.landmarks, [POINTS, NOTHING])
    assert first.labels.ignored.tolist() == [False, True]
    assert first.labels.known.tolist() == [[True] * 5, [False] * 5]
    np.testing.assert_array_equal(first.people, np.float32([people]))
    np.testing.assert_allclose(first.scores, [0.9, 0.4], rtol=1e-6)
    assert data.pictures[1].people is None
    assert len(data.pictures[1].labels) == 0
    assert data.pictures[2].labels.ignored.tolist() == [True]
    np.testing.assert_array_equal(data.read(1), picture(1))
    val = data.select(split='val')
    assert [p.file for p in val.pictures] == ['b.png', 'c.png']
    np.testing.assert_array_equal(val.read(0), data.read(1))
    assert [p.file for p in data.select([2, 0]).pictures] == ['c.png', 'a.png']
    assert len(read_faces(tmp_path, 'train')) == 1


def test_an_index_elsewhere_finds_the_pictures_that_are_named(tmp_path):
    folder = write_faces(tmp_path / 'data', [entry('a.png', face())])
    index = tmp_path / 'corrected.json'
    index.write_text((folder / 'faces.json').read_text())
    with pytest.raises(DataError, match='images'):
        read_faces(index)
    assert read_faces(index, images=folder / 'images.zip').read(0).shape == (100, 120, 3)


def test_pictures_are_read_by_threads_and_processes(tmp_path):
    data = read_faces(write_faces(
        tmp_path, [entry(f'{number}.png', face()) for number in range(12)]))
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(data.read, list(range(12)) * 8))
    for number, image in enumerate(read):
        np.testing.assert_array_equal(image, picture(number % 12))
    again = pickle.loads(pickle.dumps(data))
    np.testing.assert_array_equal(again.read(3), picture(3))
    with multiprocessing.get_context('fork').Pool(2) as pool:
        for number, image in enumerate(pool.map(data.read, range(12))):
            np.testing.assert_array_equal(image, picture(number))


@pytest.mark.parametrize(('content', 'told'), [
    ('[]', 'lists no picture'), ('7', 'holds no labelled faces'), ('{', 'cannot read'),
    ('{"images": 1}', 'images: '), (json.dumps([entry('a.png')]), 'no face that counts'),
    (json.dumps([entry('a.png', face(score=0.5))]), 'no face that counts')])
def test_data_without_faces_are_refused(tmp_path, content, told):
    write_faces(tmp_path, [entry('a.png')])
    (tmp_path / 'faces.json').write_text(content)
    with pytest.raises(DataError, match=told):
        read_faces(tmp_path)


def test_a_folder_without_data_is_refused(tmp_path):
    with pytest.raises(DataError, match=r'faces\.json'):
        read_faces(tmp_path)
    with pytest.raises(DataError, match='cannot read'):
        read_faces(tmp_path / 'none.json')
    (tmp_path / 'images.zip').write_bytes(b'no zip')
    (tmp_path / 'faces.json').write_text(json.dumps([entry('a.png', face())]))
    with pytest.raises(DataError, match=r'images\.zip'):
        read_faces(tmp_path)


def test_only_the_asked_split_must_be_right(tmp_path):
    write_faces(tmp_path, [entry('a.png', face()),
                           entry('b.png', face(box=[0, 0, 0, 0]), split='val')])
    assert len(read_faces(tmp_path, 'train')) == 1
    with pytest.raises(DataError, match='picture 1'):
        read_faces(tmp_path, 'val')


def test_points_that_are_not_known_one_by_one(tmp_path):
    write_faces(tmp_path, [entry('a.png', face(landmarks=[*UPRIGHT[:3], None, None]))])
    [labels] = [p.labels for p in read_faces(tmp_path).pictures]
    assert labels.known.tolist() == [[True] * 3 + [False] * 2]


def test_backgrounds(tmp_path):
    assert len(read_backgrounds(tmp_path)) == 0
    (tmp_path / 'backgrounds').mkdir()
    cv2.imwrite(str(tmp_path / 'backgrounds' / 'wall.png'), picture(4))
    index = tmp_path / 'backgrounds.json'
    index.write_text(json.dumps([{'file': 'wall.png', 'split': 'val'}]))
    walls = read_backgrounds(tmp_path)
    np.testing.assert_array_equal(walls.read(0), picture(4))
    assert len(walls.select(split='train')) == len(read_backgrounds(tmp_path, 'train')) == 0
    for content, told in (('[{"file": "none.png"}]', 'no picture none.png'), ('[7]', r'\[0\]'),
                          ('{}', 'must be a list')):
        index.write_text(content)
        with pytest.raises(DataError, match=told):
            read_backgrounds(tmp_path)


def test_needs_neither_ros_nor_keras():
    code = ('import sys, fer_ros.data.faces; '
            'print([m for m in ("rclpy", "keras", "tensorflow", "torch", "matplotlib") '
            'if m in sys.modules])')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                          check=True)
    assert done.stdout.strip() == '[]'
