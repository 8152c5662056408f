"""`prepare`: sources become one checked file; what is left out is told."""

import json

import cv2
from data_support import pattern, write_pictures
import numpy as np
from prepare_support import run, votes, write_fer
import pytest

from fer_ros.core.errors import DataError
from fer_ros.core.types import EMOTIONS
from fer_ros.data.datasets import load_dataset
from fer_ros.data.prepared import provenance_of
from fer_ros.data.report import write_report


def reasons(prepared):
    return sorted((item.name.split('/')[-1], item.reason) for item in prepared.dropped)


def test_a_folder_becomes_a_file_that_load_dataset_reads(tmp_path):
    source = write_pictures(tmp_path / 'faces', {'happiness': 20, 'anger': 10})
    out = tmp_path / 'out.npz'
    prepared = run(out, source, shares=(0.8, 0.2, 0), data_license='mine')
    train, validation = load_dataset(out), load_dataset(out, 'validation')
    assert train.counts == {'happiness': 16, 'anger': 8}
    assert validation.counts == {'happiness': 4, 'anger': 2}
    assert np.array_equal(np.sort(prepared.samples.images.sum(axis=(1, 2))), np.sort(
        [int(pattern(seed).sum()) for seed in range(30)]))
    assert provenance_of(out)['license'] == 'mine'
    assert not (tmp_path / 'out.npz.shards').exists()


def test_the_same_command_gives_the_same_bytes(tmp_path):
    source = write_pictures(tmp_path / 'faces', {'happiness': 10, 'anger': 10})
    one, other = (run(tmp_path / name, source).sha256 for name in ('a.npz', 'b.npz'))
    assert one == other
    assert run(tmp_path / 'c.npz', source, seed=1).sha256 != one


def test_faces_are_found_and_pictures_without_one_are_told(tmp_path, photo):
    folder = tmp_path / 'faces' / 'happiness'
    folder.mkdir(parents=True)
    image = cv2.imread(str(photo))
    cv2.imwrite(str(folder / 'face.png'), image)
    cv2.imwrite(str(folder / 'sky.png'), np.full((100, 100, 3), 200, np.uint8))
    (folder / 'torn.png').write_bytes(b'no image')
    prepared = run(tmp_path / 'out.npz', (folder.parent, 'train'), detector='',
                   crops={'color': 'bgr', 'side': 64})
    assert prepared.samples.images.shape == (1, 64, 64, 3)
    assert 'found no face in' not in ''.join(prepared.warnings)
    assert 60 < prepared.samples.face_sides[0] < 160
    assert reasons(prepared) == [('sky.png', 'no face'), ('torn.png', 'corrupt')]
    assert provenance_of(tmp_path / 'out.npz')['dropped'] == {'corrupt': 1, 'no face': 1}
    with pytest.raises(DataError, match=r'torn\.png.*--strict'):
        run(tmp_path / 'out2.npz', (folder.parent, 'train'), strict=True)


def test_crops_in_which_a_detector_finds_nothing_bring_a_hint(tmp_path, photo):
    source = write_pictures(tmp_path / 'faces', {'happiness': 5})
    cv2.imwrite(str(source / 'happiness' / 'face.png'), cv2.imread(str(photo)))
    prepared = run(tmp_path / 'out.npz', (source, 'train'), detector='haar')
    assert 'no face in 5 of 6' in prepared.warnings[0]
    assert '--detector none' in prepared.warnings[0]


def test_faces_as_large_as_their_pictures_bring_a_hint(tmp_path, photo):
    folder = tmp_path / 'faces' / 'happiness'
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / 'crop.png'), cv2.imread(str(photo))[70:170, 175:275])
    prepared = run(tmp_path / 'out.npz', (folder.parent, 'train'), detector='haar')
    assert len(prepared.samples) == 1
    assert 'fill their pictures' in prepared.warnings[0]
    assert '--detector none' in prepared.warnings[0]


def test_small_faces_in_large_pictures_are_found_where_they_are_looked_for(tmp_path, photo):
    folder = tmp_path / 'faces' / 'happiness'
    folder.mkdir(parents=True)
    scene = cv2.copyMakeBorder(
        cv2.imread(str(photo)), 400, 400, 400, 400, cv2.BORDER_CONSTANT, value=(90, 90, 90))
    cv2.imwrite(str(folder / 'scene.png'), scene)
    source = folder.parent, 'train'
    with pytest.raises(DataError, match='none of its 1 pictures'):
        run(tmp_path / 'out.npz', source, detector='haar')
    found = run(tmp_path / 'out.npz', source, detector='haar', crops={'min_face_size': 0.06})
    assert 60 < found.samples.face_sides[0] < 160
    assert found.warnings == ()


def test_flat_and_tiny_crops_are_no_faces(tmp_path):
    source = write_pictures(tmp_path / 'faces', {'anger': 3})
    cv2.imwrite(str(source / 'anger' / 'flat.png'), np.full((48, 48), 90, np.uint8))
    cv2.imwrite(str(source / 'anger' / 'tiny.png'), pattern(9, 12))
    prepared = run(tmp_path / 'out.npz', (source, 'train'))
    assert reasons(prepared) == [('flat.png', 'no face'), ('tiny.png', 'no face')]


def test_votes_are_kept_and_no_faces_dropped(tmp_path):
    path = write_fer(tmp_path / 'fer.npz')
    prepared = run(tmp_path / 'out.npz', (path, 'train'), detector='')
    assert reasons(prepared) == [('fer.npz#2', 'no face'), ('fer.npz#3', 'no agreement')]
    data = load_dataset(tmp_path / 'out.npz', 'train', 'ferplus_votes')
    assert np.allclose(data.distributions[2, [4, 5]], [0.8, 0.2])
    assert load_dataset(tmp_path / 'out.npz', 'train', 'ferplus').counts['happiness'] == 0
    assert len(load_dataset(tmp_path / 'out.npz', 'train', 'fer2013').labels) == 7


def test_the_published_csv_keeps_its_split(tmp_path):
    rows = [f'{label},{" ".join(map(str, pattern(label).ravel()))},{usage}' for label, usage in (
        (0, 'Training'), (3, 'Training'), (3, 'PublicTest'), (6, 'PrivateTest'))]
    rows += [f'6,{" ".join(["7"] * 2304)},Training', rows[0].replace('0,', '6,', 1),
             *(f'{n},{" ".join(map(str, pattern(20 + n).ravel()))},Training' for n in range(7))]
    path = tmp_path / 'fer2013.csv'
    path.write_text('\n'.join(['emotion, pixels, Usage', *rows]) + '\n')
    prepared = run(tmp_path / 'out.npz', tmp_path, detector='')
    # Line 3 and line 4 hold the same picture: the training side goes.
    assert reasons(prepared) == [('fer2013.csv:3', 'duplicate'), ('fer2013.csv:6', 'no face')]
    assert [int((prepared.samples.splits == name).sum())
            for name in ('train', 'validation', 'test')] == [9, 1, 1]
    assert len(load_dataset(tmp_path / 'out.npz', 'test')) == 1


def test_a_chosen_set_of_labels_takes_the_other_votes_away(tmp_path):
    path = write_fer(tmp_path / 'fer.npz')
    prepared = run(tmp_path / 'out.npz', (path, 'train'), detector='', labels=('anger', 'fear'))
    assert prepared.samples.labels == ('anger', 'fear')
    assert prepared.samples.targets.tolist() == [1, 0]
    assert prepared.samples.distributions.tolist() == [[0, 1], [1, 0]]
    assert ('fer.npz#1', 'other label') in reasons(prepared)


def test_votes_for_emotions_that_are_made_one_are_added(tmp_path):
    path = write_fer(tmp_path / 'fer.npz', ferplus_votes=np.array(
        [votes(neutral=4, anger=3, disgust=3)] * 5, np.uint8))
    prepared = run(tmp_path / 'out.npz', (path, 'train'), detector='',
                   rename={'disgust': 'anger'})
    assert len(prepared.samples.labels) == 7
    assert prepared.samples.targets[0] == prepared.samples.labels.index('anger')
    assert prepared.samples.distributions[0].max() == pytest.approx(0.6)


def test_sources_of_different_kinds_come_together(tmp_path):
    fer = write_fer(tmp_path / 'fer.npz')
    folder = write_pictures(tmp_path / 'faces', {'angry': 3}, start=50)
    prepared = run(tmp_path / 'out.npz', (fer, 'train'), (folder, 'test'), detector='none',
                   rename={'angry': 'anger'})
    assert prepared.samples.labels == EMOTIONS
    assert (prepared.samples.splits == 'test').sum() == 3
    assert prepared.samples.distributions[-1, EMOTIONS.index('anger')] == 1


def test_a_leak_is_removed_from_training_and_reported(tmp_path):
    train = write_pictures(tmp_path / 'train', {'anger': 5, 'fear': 5})
    held = write_pictures(tmp_path / 'held', {'anger': 1}, start=20)
    cv2.imwrite(str(held / 'anger' / 'copy.png'), pattern(2))
    sources = (train, 'train'), (held, 'validation')
    prepared = run(tmp_path / 'out.npz', *sources)
    assert reasons(prepared) == [('2.png', 'duplicate')]
    content = write_report(prepared, tmp_path / 'report')
    assert content['duplicates']['across_splits'] == 1
    assert content['duplicates']['removed'] == {'train': 1, 'validation': 0, 'test': 0}
    pairs = (tmp_path / 'report' / 'duplicates.csv').read_text().splitlines()
    assert pairs[1] == 'exact,1.0000,a,train,anger,train/anger/2.png,validation,anger,' \
        'held/anger/copy.png'
    assert 'train/anger/2.png,duplicate' in (tmp_path / 'report' / 'dropped.csv').read_text()
    kept = run(tmp_path / 'kept.npz', *sources, keep_duplicates=True)
    assert len(kept.samples) == len(prepared.samples) + 1


def test_the_report_counts_and_has_a_sheet_an_emotion(tmp_path):
    prepared = run(tmp_path / 'out.npz', (write_fer(tmp_path / 'fer.npz'), 'train'), detector='')
    content = json.loads(json.dumps(write_report(prepared, tmp_path / 'report')))
    train = content['splits']['train']
    assert train['counts']['fear'] == 1
    assert train['agreement']['largest_share']['p50'] == pytest.approx(0.8)
    assert train['quality']['brightness']['mean'] == pytest.approx(
        prepared.samples.images.mean(), abs=0.01)
    sheets = sorted(path.name for path in (tmp_path / 'report').glob('*.png'))
    assert len(sheets) == 8
    assert cv2.imread(str(tmp_path / 'report' / 'sheet_fear.png')).shape[1] == 673


def test_people_stay_in_one_split_and_may_be_read_from_names(tmp_path):
    folder = tmp_path / 'faces' / 'fear'
    folder.mkdir(parents=True)
    for number in range(30):
        cv2.imwrite(str(folder / f's{number % 10}_{number}.png'), pattern(number))
    prepared = run(tmp_path / 'out.npz', folder.parent, pattern=r'(s\d+)_')
    homes = {}
    for subject, split in zip(prepared.samples.subjects, prepared.samples.splits, strict=True):
        homes.setdefault(str(subject), set()).add(str(split))
    assert len(homes) == 10
    assert all(len(found) == 1 for found in homes.values())


@pytest.mark.parametrize(('pattern', 'known'), [(r'(no)_', 0), (r'^fear/([12])\.', 2)])
def test_pictures_whose_person_is_not_known_are_told(tmp_path, pattern, known):
    source = write_pictures(tmp_path / 'faces', {'fear': 10})
    prepared = run(tmp_path / 'out.npz', (source, 'train'), pattern=pattern)
    assert (prepared.samples.subjects != '').sum() == known
    assert f'of {10 - known} of 10 pictures' in prepared.warnings[0]
    assert pattern in prepared.warnings[0]
    assert run(tmp_path / 'out2.npz', (source, 'train')).warnings == ()


def test_people_in_two_splits_of_the_source_are_told(tmp_path):
    source = write_pictures(tmp_path / 'faces', {'fear': 2})
    (source / 'index.csv').write_text('file,emotion,subject,split\nfear/0.png,fear,ann,train\n'
                                      'fear/1.png,fear,ann,test\n')
    prepared = run(tmp_path / 'out.npz', source / 'index.csv')
    assert prepared.shared_subjects == ('ann',)
    assert 'ann' in prepared.warnings[0]
