"""`fer data faces`: near-duplicates move to one side, and what is suspicious is found."""

import csv
import json

import cv2
from labelled_faces_support import BOX, entry, face, picture, UPRIGHT, write_faces
import numpy as np
import pytest

from fer_ros.cli import main
from fer_ros.core.errors import DataError
from fer_ros.core.types import Face
from fer_ros.data.faces import FaceLabels, read_backgrounds, read_faces
from fer_ros.data.faces.backgrounds import background_summary
from fer_ros.data.faces.drawing import close_up, draw_labels, moved
from fer_ros.data.faces.leaks import divided, find_leaks, thumbnails
from fer_ros.data.faces.nested import covered_shares
from fer_ros.data.faces.statistics import people_error, roll_of, summary, table_of
from fer_ros.data.faces.suspects import compared, suspects_of
from fer_ros.data.faces.write import write_index

POINTS = np.array(UPRIGHT, np.float32)


def jpeg(image):
    return cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 40])[1].tobytes()


@pytest.fixture
def leaky(tmp_path):
    """Return data with a copy in val, a mirrored one, and a copy of that one."""
    names = ['a', 'b', 'c', 'copy', 'mirror', 'own', 'own2']
    splits = ['train', 'train', 'train', 'val', 'val', 'val', 'val']
    entries = [entry(f'{name}.jpg', face(), split=split, source=f's/{name}')
               for name, split in zip(names, splits, strict=True)]
    pictures = {f'{name}.jpg': jpeg(picture(seed)) for seed, name in enumerate(names)}
    pictures['copy.jpg'] = jpeg(np.clip(picture(0) * 0.8 + 20, 0, 255).astype(np.uint8))
    pictures['mirror.jpg'] = jpeg(picture(1)[:, ::-1])
    pictures['own2.jpg'] = jpeg(picture(5))
    return write_faces(tmp_path / 'data', entries, pictures)


def test_validation_copies_of_training_pictures_move(leaky):
    data = read_faces(leaky)
    leaks = find_leaks(data, thumbnails(data))
    assert {tuple(pair) for pair in leaks.pairs.pairs.tolist()} == {(0, 3), (1, 4), (5, 6)}
    assert leaks.across.tolist() == [True, True, False]
    assert leaks.moved.tolist() == [3, 4]
    assert leaks.sources == {'s/copy': (1, 1), 's/mirror': (1, 1), 's/own': (1, 0),
                             's/own2': (1, 0)}
    corrected = leaks.corrected(data)
    assert [p.split for p in corrected.pictures] == ['train'] * 5 + ['val'] * 2
    assert not find_leaks(corrected, thumbnails(corrected)).across.any()


def test_a_copy_of_a_copy_moves_too(tmp_path):
    """The second validation picture is like the first, and only the first like the train one."""
    first = picture(3).astype(float)
    other = picture(8).astype(float)
    blends = [((1 - share) * first + share * other).astype(np.uint8)
              for share in (0, 0.25, 0.45)]
    entries = [entry(f'{row}.jpg', face(), split=split)
               for row, split in enumerate(('train', 'val', 'val'))]
    data = read_faces(write_faces(
        tmp_path, entries, {f'{row}.jpg': jpeg(image) for row, image in enumerate(blends)}))
    leaks = find_leaks(data, thumbnails(data))
    assert [0, 2] not in leaks.pairs.pairs.tolist()
    assert leaks.moved.tolist() == [1, 2]


def test_sources_move_as_a_whole(leaky):
    data = read_faces(leaky)
    assert find_leaks(data, thumbnails(data), to_train=['s/own']).moved.tolist() == [3, 4, 5]
    with pytest.raises(DataError, match='no source'):
        find_leaks(data, thumbnails(data), to_train=['s/none'])


def test_data_without_splits_are_divided_by_groups(tmp_path):
    entries = [entry(f'{row}.jpg', face(), split='') for row in range(30)]
    pictures = {f'{row}.jpg': jpeg(picture(row // 3)) for row in range(30)}
    data = read_faces(write_faces(tmp_path, entries, pictures))
    small = thumbnails(data)
    parted = divided(data, small, 0.3, seed=1)
    splits = np.array([p.split for p in parted.pictures]).reshape(10, 3)
    assert (splits == splits[:, :1]).all()
    assert (splits == 'val').sum() == 9
    assert not find_leaks(parted, small).across.any()
    with pytest.raises(DataError, match='divided already'):
        divided(parted, small, 0.3)
    with pytest.raises(DataError, match='between 0 and 1'):
        divided(data, small, 1.5)


@pytest.mark.parametrize('degrees', [-170, -45, 0, 30, 90])
def test_roll(degrees):
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = ((POINTS - 50) @ turn + 50).astype(np.float32)
    profile = np.float32([[41, 40], [40, 40], [34, 50], [42, 60], [41, 60]])
    assert roll_of(turned[np.newaxis])[0] == pytest.approx(degrees, abs=0.1)
    assert abs(roll_of(profile[np.newaxis])[0]) < 5


def test_summary_counts_what_is_there(tmp_path):
    people = [[x + 2, y] for x, y in UPRIGHT]
    data = read_faces(write_faces(tmp_path, [
        entry('a.png', face(), face(box=[0, 0, 20, 20], landmarks=None),
              face(box=[90, 50, 110, 75], landmarks=None, score=0.4), human_landmarks=people),
        entry('b.png', human_landmarks=people)]))
    content = summary(data)
    assert (content['pictures'], content['faces'], content['ignored']) == (2, 2, 1)
    assert content['without_landmarks'] == 1
    assert content['ignored_in_faces'] == 0
    inner = read_faces(write_faces(tmp_path / 'inner', [
        entry('a.png', face(), face(box=[50, 30, 72, 40], landmarks=None, score=0.4))]))
    assert summary(inner)['ignored_in_faces'] == 1
    assert content['pictures_by_faces'] == {'0': 1, '1': 0, '2 to 5': 1, '6 and more': 0}
    assert content['face side']['mean'] == pytest.approx((50 + 20) / 2)
    assert content['face share']['p99'] == pytest.approx(0.5, abs=0.01)
    assert people_error(data.pictures[0])[0] == pytest.approx(2 / 20)
    assert content['people error']['mean'] == pytest.approx(0.1)
    assert content['people not labelled'] == 1


def test_a_face_inside_another_is_found():
    def labels(*boxes, ignored=()):
        marks = np.array([row in ignored for row in range(len(boxes))])
        return FaceLabels(np.float32(boxes), np.full((len(boxes), 5, 2), np.nan, np.float32),
                          marks)

    eye, half = [35, 30, 45, 40], [60, 30, 80, 40]
    assert covered_shares(labels(BOX, eye, half)).tolist() == [0, 1, 0.5]
    assert covered_shares(labels(BOX, eye, ignored=[0])).tolist() == [0, 0]
    assert covered_shares(labels(BOX, eye, ignored=[1])).tolist() == [0, 1]
    assert covered_shares(labels(BOX, BOX)).tolist() == [0, 0]
    assert covered_shares(FaceLabels.empty()).tolist() == []


def test_backgrounds_are_counted_and_compared(tmp_path):
    (tmp_path / 'backgrounds').mkdir()
    red = picture(1) // 2 + np.uint8([0, 0, 90])
    for name, image in (('a', picture(0)), ('b', red), ('c', picture(0)[:, ::-1])):
        cv2.imwrite(str(tmp_path / 'backgrounds' / f'{name}.png'), image)
    (tmp_path / 'backgrounds.json').write_text(json.dumps([
        {'file': f'{name}.png', 'split': split, 'source': name}
        for name, split in (('a', 'train'), ('b', 'val'), ('c', 'val'))]))
    assert background_summary(read_backgrounds(tmp_path)) == {
        'pictures': 3, 'splits': {'train': 1, 'val': 2}, 'grey': 2,
        'sources': {'a': 1, 'b': 1, 'c': 1}, 'across_splits': [['a.png', 'c.png']]}


class Told:
    """A detector that finds what it is told to."""

    box_convention = 'yunet'

    def __init__(self, *results):
        self.results = list(results)

    def detect(self, bgr):
        return self.results.pop(0)


def test_a_detector_shows_what_has_no_label_and_what_it_does_not_find(tmp_path):
    data = read_faces(write_faces(tmp_path, [
        entry('a.png', face()), entry('b.png', face(), face(box=[0, 0, 12, 12], score=0.9,
                                                            landmarks=None)),
        entry('c.png', face(score=0.5))]))
    right = Face((30, 25, 40, 50), 0.9)
    found = compared(data, Told(
        [right, Face((90, 60, 20, 20), 0.85), Face((90, 10, 20, 20), 0.5)], [],
        [Face((35, 30, 10, 10), 0.95)]))
    assert [(s.picture, s.box.tolist()) for s in found['unlabelled']] == [
        (0, [90, 60, 110, 80])]
    assert [(s.picture, s.figure) for s in found['not_found']] == [(1, 50)]


def test_suspects_come_worst_first(tmp_path):
    people = [[x + 9, y] for x, y in UPRIGHT]
    data = read_faces(write_faces(tmp_path, [
        entry('a.png', face(score=0.9), face(box=[35, 30, 45, 40], landmarks=None, score=0.71)),
        entry('b.png', face(score=0.75), face(box=[80, 5, 100, 25], landmarks=None, score=0.6),
              human_landmarks=people)]))
    found = suspects_of(data, table_of(data))
    assert [(s.picture, round(s.figure, 2)) for s in found['lowest_scores']] == [
        (0, 0.71), (1, 0.75), (0, 0.9)]
    assert [(s.picture, round(s.figure, 2)) for s in found['highest_ignored']] == [(1, 0.6)]
    assert [s.figure for s in found['smallest']] == [10, 50, 50]
    assert [(s.picture, s.figure) for s in found['nested']] == [(0, 1)]
    assert [(s.picture, round(s.figure, 2)) for s in found['against_people']] == [(1, 0.45)]
    assert found['most_turned'] == found['odd_points'] == []


def test_labels_are_drawn_where_they_are():
    image = np.zeros((100, 120, 3), np.uint8)
    labels = FaceLabels(np.float32([BOX, [80, 10, 100, 30]]),
                        np.stack([POINTS, np.full((5, 2), np.nan, np.float32)]),
                        np.array([False, True]))
    drawn = draw_labels(image, labels)
    assert not image.any()
    assert drawn[25, 50].any()  # the box's upper side
    assert drawn[40, 40].argmax() == 0  # the left eye is blue
    assert drawn[40, 60].argmax() == 2  # the right one red
    assert drawn[20, 90].any()  # the cross of the ignored region
    assert not drawn[90:].any()
    shifted = moved(labels, 2.0, 10, 20)
    assert shifted.boxes[0].tolist() == [40, 10, 120, 110]
    assert shifted.landmarks[0, 0].tolist() == [60, 40]


@pytest.mark.parametrize('box', [BOX, [-20, -20, 10, 10], [100, 90, 400, 300], [1, 1, 2, 2]])
def test_a_close_up_is_made_of_any_box(box):
    tile = close_up(picture(1), FaceLabels.empty(), np.float32(box), 64)
    assert tile.shape == (64, 64, 3)


def test_an_index_is_written_as_it_was_read(tmp_path):
    folder = write_faces(tmp_path / 'data', [
        entry('a.png', face(), face(box=[80, 10, 100, 30], landmarks=[*UPRIGHT[:4], None],
                                    score=0.4), human_landmarks=UPRIGHT),
        entry('b.png', {'box': [1, 2, 30, 40], 'ignored': True, 'score': 1.0}, split='val')])
    data = read_faces(folder)
    write_index(data, tmp_path / 'again.json')
    again = read_faces(tmp_path / 'again.json', images=folder / 'images.zip')
    for one, other in zip(data.pictures, again.pictures, strict=True):
        assert (one.file, one.source, one.split) == (other.file, other.source, other.split)
        np.testing.assert_array_equal(one.labels.boxes, other.labels.boxes)
        np.testing.assert_array_equal(one.labels.landmarks, other.labels.landmarks)
        np.testing.assert_array_equal(one.labels.ignored, other.labels.ignored)
        np.testing.assert_array_equal(one.scores, other.scores)
        assert (one.people is None) == (other.people is None)
    with pytest.raises(DataError, match='cannot be written'):
        write_index(data, tmp_path / 'none' / 'again.json')


def test_the_command(leaky, tmp_path, capsys):
    out, index = tmp_path / 'report', tmp_path / 'corrected.json'
    assert main(['data', 'faces', str(leaky), '--out', str(out), '--write-index', str(index),
                 '--to-train', 's/own2', '--ignore-nested', '--detector', 'haar']) == 0
    told = capsys.readouterr().out
    assert '3 pairs (1 mirrored), 2 across splits; 3 validation pictures' in told
    splits = [p['split'] for p in json.loads(index.read_text())]
    assert splits == ['train'] * 5 + ['val', 'train']
    content = json.loads((out / 'report.json').read_text())
    assert content['duplicates']['moved'] == 3
    assert content['splits']['val']['pictures'] == 4
    assert content['suspects']['not_found'] == 7
    rows = list(csv.DictReader((out / 'duplicates.csv').open()))
    assert [row['moved'] for row in rows] == ['b', 'b', 'b']
    for name in ('histograms', 'sheet_random', 'sheet_duplicates', 'sheet_lowest_scores',
                 'sheet_not_found'):
        assert cv2.imread(str(out / f'{name}.png')).std() > 5


def test_the_command_writes_no_index_of_wrong_data_unasked(tmp_path, capsys):
    folder = write_faces(tmp_path / 'data', [
        entry('a.png', face()), entry('b.png', face(box=[5, 5, 5, 5]))])
    index, out = tmp_path / 'index.json', tmp_path / 'report'
    command = ['data', 'faces', str(folder), '--write-index', str(index), '--out', str(out)]
    assert main(command) != 0
    assert 'picture 1 (b.png), face 0: box without area' in capsys.readouterr().out
    assert not index.exists()
    [problem] = csv.DictReader((out / 'problems.csv').open())
    assert (problem['file'], problem['kind']) == ('b.png', 'box without area')
    assert main([*command, '--skip-bad']) == 0
    assert json.loads(index.read_text())[1]['faces'] == []


@pytest.mark.parametrize(('options', 'told'), [
    (['--to-train', 'x'], 'no source'), (['--hash-distance', '17'], '0..16'),
    (['--val-share', '0.2'], 'divided already'), (['--ignore-nested'], '--write-index'),
    (['--detector', 'yunet'], 'yunet')])
def test_wrong_options_are_named(leaky, capsys, options, told):
    assert main(['data', 'faces', str(leaky), *options]) != 0
    assert told in capsys.readouterr().err
