"""Data of every format are read, and bad ones refused by file and line."""

import csv

import cv2
import numpy as np
import pytest

from fer_ros.core.errors import DataError
from fer_ros.core.types import EMOTIONS
from fer_ros.data.datasets import load_dataset, majority, own_splits, split_dataset

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (4, 48, 48), dtype=np.uint8)


def votes(**counts):
    row = dict.fromkeys((*EMOTIONS, 'unknown', 'NF'), 0)
    row.update(counts)
    return list(row.values())


@pytest.mark.parametrize(('counts', 'expected'), [
    ({'happiness': 10}, 'happiness'),
    ({'happiness': 6, 'neutral': 4}, 'happiness'),
    ({'happiness': 5, 'neutral': 5}, None),
    ({'happiness': 5, 'neutral': 4, 'fear': 1}, 'happiness'),
    ({'sadness': 4, 'neutral': 3, 'fear': 3}, None),
    ({'unknown': 9, 'neutral': 1}, None),
    ({'NF': 10}, None),
    ({'neutral': 1, 'fear': 1}, None),
    ({}, None),
])
def test_majority_needs_more_than_half_of_the_votes_that_are_no_noise(counts, expected):
    kept, targets = majority(np.array([votes(**counts)]))
    assert kept.tolist() == [expected is not None]
    if expected:
        assert EMOTIONS[targets[0]] == expected


def write_npz(path, **changes):
    arrays = {
        'images': PIXELS,
        'ferplus_votes': np.array(
            [votes(happiness=9), votes(neutral=9), votes(NF=10), votes(fear=8)], np.uint8)}
    np.savez(path, **{**arrays, **changes})
    return path


def write_csv(folder, pixels=None, tags=True, emotion='3'):
    usages = ['Training', 'PublicTest', 'Training', 'PrivateTest']
    with (folder / 'fer2013.csv').open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['emotion', 'pixels', 'Usage'])
        for index, usage in enumerate(usages):
            text = ' '.join(map(str, PIXELS[index].ravel()))
            writer.writerow([emotion, pixels if pixels and index == 2 else text, usage])
    if tags:
        with (folder / 'fer2013new.csv').open('w', newline='') as file:
            writer = csv.writer(file)
            writer.writerow(['Usage', 'Image name', *EMOTIONS, 'unknown', 'NF'])
            rows = votes(surprise=9), votes(anger=9), votes(unknown=9), votes(fear=9)
            for usage, row in zip(usages, rows, strict=True):
                writer.writerow([usage, 'x.png', *row])
    return folder / 'fer2013.csv'


def tags_in_another_order(folder):
    path = write_csv(folder)
    tags = folder / 'fer2013new.csv'
    head, *rows = tags.read_text().splitlines(keepends=True)
    tags.write_text(''.join([head, *sorted(rows, reverse=True)]))
    return path


def test_npz_keeps_what_the_taggers_agree_on(tmp_path):
    data = load_dataset(write_npz(tmp_path / 'a.npz'))
    assert len(data) == 3
    assert data.counts == {**dict.fromkeys(EMOTIONS, 0), 'happiness': 1, 'neutral': 1, 'fear': 1}
    assert np.array_equal(data.images, PIXELS[[0, 1, 3]])
    assert 'happiness 1' in str(data)
    assert 'a.npz' in str(data)


@pytest.mark.parametrize(('split', 'label', 'row'), [
    ('train', 'surprise', 0), ('validation', 'anger', 1), ('test', 'fear', 3)])
def test_csv_of_fer_plus_is_read_by_its_usage(tmp_path, split, label, row):
    data = load_dataset(write_csv(tmp_path), split)
    assert {k for k, n in data.counts.items() if n} == {label}
    assert np.array_equal(data.images[0], PIXELS[row])


def test_csv_without_votes_gives_the_seven_labels_of_fer2013(tmp_path):
    data = load_dataset(write_csv(tmp_path, tags=False).parent)
    assert len(data.labels) == 7
    assert data.counts['happiness'] == 2


def write_folder(root, emotions=('happiness', 'anger'), count=10):
    for emotion in emotions:
        (root / emotion).mkdir(parents=True)
        for index in range(count):
            cv2.imwrite(str(root / emotion / f'{index}.png'), PIXELS[index % 4])
    return root


def test_folder_gives_one_label_a_sub_folder(tmp_path):
    data = load_dataset(write_folder(tmp_path, ('bored', 'anger', 'happiness')))
    assert data.labels == ('happiness', 'anger', 'bored')
    assert data.counts == {'happiness': 10, 'anger': 10, 'bored': 10}


def test_folder_with_splits_is_read_by_split(tmp_path):
    write_folder(tmp_path / 'train', count=4)
    write_folder(tmp_path / 'validation', count=2)
    assert len(load_dataset(tmp_path, 'train')) == 8
    assert len(load_dataset(tmp_path, 'validation')) == 4


def test_split_holds_back_the_share_of_each_emotion_and_repeats(tmp_path):
    data = load_dataset(write_folder(tmp_path))
    rest, held = split_dataset(data, 0.2, seed=1)
    assert held.counts == {'happiness': 2, 'anger': 2}
    assert len(rest) == 16
    assert np.array_equal(held.images, split_dataset(data, 0.2, seed=1)[1].images)


def write_prepared(path, drop=(), **changes):
    arrays = {
        'images': PIXELS, 'targets': np.array([0, 1, 1, 0]),
        'labels': np.array(['anger', 'bored']),
        'split': np.array(['train', 'train', 'validation', 'train']),
        'subjects': np.array(['a', 'b', 'c', ''])}
    arrays.update(changes)
    np.savez(path, **{name: array for name, array in arrays.items() if name not in drop})
    return path


def write_index(folder, *rows, header='file,emotion,subject'):
    for index in range(4):
        cv2.imwrite(str(folder / f'{index}.png'), PIXELS[index])
    (folder / 'index.csv').write_text('\n'.join([header, *rows]) + '\n')
    return folder / 'index.csv'


def test_a_prepared_file_is_read_by_split(tmp_path):
    path = write_prepared(tmp_path / 'a.npz')
    data = load_dataset(path)
    assert data.counts == {'anger': 2, 'bored': 1}
    assert data.subjects.tolist() == ['a', 'b', '']
    assert np.array_equal(load_dataset(path, 'validation').images, PIXELS[2:3])
    assert own_splits(path) == ('train', 'validation')


def test_a_prepared_file_may_be_in_colour_and_without_splits(tmp_path):
    images = np.repeat(PIXELS[..., np.newaxis], 3, axis=3)
    path = write_prepared(tmp_path / 'a.npz', drop={'split'}, images=images)
    assert load_dataset(path, 'validation').images.shape == (4, 48, 48, 3)
    assert own_splits(path) == ()


def test_votes_in_a_prepared_file_are_read_by_the_label_set(tmp_path):
    table = np.array([votes(fear=9), votes(fear=5, neutral=5), votes(anger=9), votes(fear=9)],
                     np.uint8)
    path = write_prepared(
        tmp_path / 'a.npz', drop={'subjects'}, labels=np.array(EMOTIONS), ferplus_votes=table,
        targets=np.array([6, 0, 4, 6]))
    assert len(load_dataset(path, 'train', 'ferplus')) == 2
    assert len(load_dataset(path, 'train', 'ferplus_votes')) == 3


def test_an_index_gives_files_emotions_and_people(tmp_path):
    path = write_index(tmp_path, '0.png,bored,x', '3.png,anger,')
    data = load_dataset(path)
    assert data.labels == ('anger', 'bored')
    assert data.targets.tolist() == [1, 0]
    assert data.subjects.tolist() == ['x', '']
    assert np.array_equal(data.images, PIXELS[[0, 3]])
    assert own_splits(path) == ()


def test_an_index_with_splits_is_read_by_split(tmp_path):
    path = write_index(
        tmp_path, '0.png,fear,train', '1.png,fear,test', header='file,emotion,split')
    assert len(load_dataset(path, 'test')) == 1
    assert own_splits(path) == ('train', 'test')
    with pytest.raises(DataError, match='split validation'):
        load_dataset(path, 'validation')


@pytest.mark.parametrize(('make', 'expected'), [
    (lambda t: write_csv(t), ('train', 'validation', 'test')),
    (lambda t: write_folder(t), ()),
    (lambda t: write_folder(t / 'validation').parent, ('validation',)),
    (lambda t: write_npz(t / 'a.npz'), ()),
])
def test_data_tell_which_splits_they_have(tmp_path, make, expected):
    assert own_splits(make(tmp_path)) == expected


def empty_class(root):
    write_folder(root, count=1)
    (root / 'fear').mkdir()
    return root


def broken_folder(root):
    write_folder(root, count=1)
    (root / 'anger' / 'bad.png').write_bytes(b'no image')
    return root


def text_in_folder(root):
    write_folder(root, count=1)
    (root / 'anger' / 'notes.txt').write_text('x')
    return root


def object_array(path):
    np.savez(path, images=PIXELS, ferplus_votes=np.array([{}, {}], object))
    return path


@pytest.mark.parametrize(('make', 'words'), [
    (lambda t: t / 'missing.npz', ['missing.npz', 'no such file']),
    (lambda t: write_npz(t / 'a.npz', ferplus_votes=np.zeros((3, 10), np.uint8)),
     ['a.npz', '4 images', '3 rows']),
    (lambda t: write_npz(t / 'a.npz', ferplus_votes=np.zeros((4, 7), np.uint8)), ['(N, 10)']),
    (lambda t: write_npz(t / 'a.npz', images=PIXELS.astype(float)), ['uint8', 'float64']),
    (lambda t: object_array(t / 'a.npz'), ['a.npz', 'not a readable']),
    (lambda t: write_csv(t, pixels='1 2 3'), ['fer2013.csv, line 4', '2304']),
    (lambda t: write_csv(t, pixels=' '.join(['256'] * 2304)), ['line 4', '0..255']),
    (lambda t: write_csv(t, emotion='9', tags=False), ['line 2', 'emotion']),
    (tags_in_another_order, ['fer2013new.csv, line 4', 'PublicTest', 'same order']),
    (lambda t: write_index(t, '0.png;fear', header='file;emotion'),
     ['index.csv', 'file,emotion', 'fer2013.csv', 'file;emotion']),
    (lambda t: write_index(t, header=''), ['columns', 'file,emotion']),
    (broken_folder, ['bad.png', 'decoded']),
    (text_in_folder, ['notes.txt', 'not an image']),
    (lambda t: t, ['sub-folder']),
    (empty_class, ['fear', 'holds no picture']),
    (lambda t: write_prepared(t / 'a.npz', drop={'targets'}), ['a.npz', 'lacks', 'targets']),
    (lambda t: write_prepared(t / 'a.npz', drop={'labels'}), ['a.npz', 'lacks', 'labels']),
    (lambda t: write_prepared(t / 'a.npz', targets=np.array([0, 1, 1, 2])),
     ['a.npz', '0..1', '0..2']),
    (lambda t: write_prepared(t / 'a.npz', targets=np.array([0, 1, 1])), ['4 images', 'targets']),
    (lambda t: write_prepared(t / 'a.npz', targets=np.zeros(4)), ['targets', 'whole numbers']),
    (lambda t: write_prepared(t / 'a.npz', targets=np.zeros(4, int)), ['no training', 'bored']),
    (lambda t: write_prepared(t / 'a.npz', labels=np.array(['a', 'a'])), ['different names']),
    (lambda t: write_prepared(t / 'a.npz', split=np.array(['test'] * 4)), ['train', 'test']),
    (lambda t: write_prepared(t / 'a.npz', split=np.array(['dev'] * 4)), ["'dev'"]),
    (lambda t: write_prepared(t / 'a.npz', distributions=np.zeros((4, 3), np.float32)),
     ['a.npz', 'distributions', '(3, 3)']),
    (lambda t: write_index(t, '0.png,fear,x', '9.png,fear,x'), ['index.csv, line 3', '9.png']),
    (lambda t: write_index(t, '0.png,,x'), ['line 2', 'empty']),
    (lambda t: write_index(t, '0.png,fear,dev', header='file,emotion,split'), ["'dev'"]),
    (lambda t: write_index(t), ['lists no picture']),
])
def test_bad_data_are_refused_by_name(tmp_path, make, words):
    with pytest.raises(DataError) as error:
        load_dataset(make(tmp_path))
    assert all(word in str(error.value) for word in words), str(error.value)


def test_a_file_that_is_no_npz_is_refused(tmp_path):
    (tmp_path / 'a.npz').write_bytes(b'PK\x03\x04 torn')
    with pytest.raises(DataError, match=r'a\.npz: not a readable'):
        load_dataset(tmp_path / 'a.npz')
