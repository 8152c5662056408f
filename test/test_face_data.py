"""Data sets of labelled faces: each format gives the same labels, and each fault is named."""

from concurrent.futures import ThreadPoolExecutor
import json
import multiprocessing
import pickle
import subprocess
import sys
import zipfile

import cv2
from labelled_faces_support import BOX, entry, face, picture, UPRIGHT, write_faces
import numpy as np
import pytest

from fer_ros.core.errors import DataError
from fer_ros.data.faces import FaceLabels, inspect_faces, read_backgrounds, read_faces
from fer_ros.data.faces.checks import wrong_order

POINTS = np.array(UPRIGHT, np.float32)
NOTHING = np.full((5, 2), np.nan, np.float32)


def turned(points, degrees):
    """Return points turned about (50, 50)."""
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return ((np.array(points) - 50) @ matrix + 50).tolist()


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


@pytest.mark.parametrize(('kind', 'broken'), [
    ('boxes', (np.zeros((2, 4), np.float32), np.zeros((2, 5, 2), np.float32), [False] * 2)),
    ('boxes', (np.ones((1, 4)), np.zeros((1, 5, 2), np.float32), [False])),
    ('landmarks', (np.float32([BOX]), np.zeros((1, 4, 2), np.float32), [False])),
    ('landmark', (np.float32([BOX]), np.full((1, 5, 2), np.inf, np.float32), [False])),
    ('landmark', (np.float32([BOX]), np.full((1, 5, 2), [1, np.nan], np.float32), [False])),
    ('ignored', (np.float32([BOX]), np.zeros((1, 5, 2), np.float32), [0])),
], ids=['flat', 'float64', 'four points', 'infinite', 'half a point', 'not bool'])
def test_labels_check_themselves(kind, broken):
    boxes, landmarks, ignored = broken
    with pytest.raises(ValueError, match=kind):
        FaceLabels(boxes, landmarks, np.array(ignored))


def test_labels_are_taken_by_place_and_by_mark():
    labels = FaceLabels(np.float32([BOX, [1, 1, 2, 2]]), np.stack([POINTS, NOTHING]),
                        np.array([False, True]))
    assert labels.take(~labels.ignored).boxes.tolist() == [BOX]
    assert labels.take([1, 1]).ignored.tolist() == [True, True]
    assert len(labels.take([])) == len(FaceLabels.empty()) == 0


@pytest.mark.parametrize('degrees', [0, 45, 90, 135, 180, -60])
def test_the_order_of_points_is_told_at_any_roll(degrees):
    upright = turned(UPRIGHT, degrees)
    eyes = [upright[row] for row in (1, 0, 2, 3, 4)]
    mouth = [upright[row] for row in (0, 1, 2, 4, 3)]
    both = [upright[row] for row in (1, 0, 2, 4, 3)]
    upside_down = [upright[row] for row in (3, 4, 2, 0, 1)]
    assert wrong_order(np.array([upright, eyes, mouth, both, upside_down])).tolist() == [
        [False, False], [True, False], [False, True], [True, True], [True, True]]


def test_a_profile_is_not_taken_for_an_exchange():
    profile = [[41, 40], [40, 40], [34, 50], [42, 60], [41, 60]]
    assert not wrong_order(np.array([profile])).any()


FAR = [[x + 60, y] for x, y in UPRIGHT]
EXCHANGED = [UPRIGHT[row] for row in (1, 0, 2, 3, 4)]


@pytest.mark.parametrize(('broken', 'kind', 'effect', 'left'), [
    (face(box=[200, 10, 240, 60]), 'box outside the picture', 'face left out', (2, 2)),
    (face(box=[-300, -300, 400, 400]), 'box outside the picture', 'face left out', (2, 2)),
    (face(box=[30, 25, 30, 75]), 'box without area', 'face left out', (2, 2)),
    (face(box=[70, 25, 30, 75]), 'box without area', 'face left out', (2, 2)),
    (face(box=[30, float('nan'), 70, 75]), 'box not finite', 'picture left out', (1, 1)),
    (face(box=[1, 2, 3]), 'malformed box', 'picture left out', (1, 1)),
    (face(box='30 25 70 75'), 'malformed box', 'picture left out', (1, 1)),
    ({'landmarks': UPRIGHT}, 'malformed box', 'picture left out', (1, 1)),
    ('face', 'malformed box', 'picture left out', (1, 1)),
    (face(landmarks=[]), 'malformed landmarks', 'points', (2, 3)),
    (face(landmarks=UPRIGHT[:4]), 'malformed landmarks', 'points', (2, 3)),
    (face(landmarks=[[float('nan')] * 2] * 5), 'landmark not finite', 'points', (2, 3)),
    (face(landmarks=[*UPRIGHT[:4], [1e60, 2]]), 'landmark not finite', 'points', (2, 3)),
    (face(landmarks=EXCHANGED), 'landmarks in wrong order', 'points', (2, 3)),
    (face(landmarks=FAR), 'landmarks outside the box', 'points', (2, 3)),
    (face(landmarks=[[50, 50]] * 5), 'mouth at the eyes', 'points', (2, 3)),
    (face(score=float('nan')), 'malformed score', 'face ignored', (2, 3)),
    (face(score=None), 'malformed score', 'face ignored', (2, 3)),
], ids=lambda value: None)
def test_a_wrong_face_is_named_and_left_out(tmp_path, broken, kind, effect, left):
    """The first picture is right, and the second has a right face before the wrong one."""
    write_faces(tmp_path, [entry('a.png', face()), entry('b.png', face(), broken)])
    data, report = inspect_faces(tmp_path)
    [problem] = report.problems
    assert (problem.picture, problem.file, problem.face) == (1, 'b.png', 1)
    assert problem.kind == kind
    assert effect in problem.effect
    assert report.counts() == {kind: 1}
    assert (len(data), sum(len(p.labels) for p in data.pictures)) == left
    if left == (2, 3):
        wrong = data.pictures[1].labels
        assert wrong.ignored[1] if 'score' in kind else not wrong.known[1].any()
    with pytest.raises(DataError, match=rf'1 problems \({kind} 1\)(.|\n)*picture 1 \(b.png\)'):
        read_faces(tmp_path)
    assert len(read_faces(tmp_path, skip_bad=True)) == left[0]


BROKEN_PICTURES = [
    (entry('b.png', width=0), None, 'another size'),
    (entry('b.png', width=100), None, 'another size'),
    ({'file': 'b.png', 'faces': 7}, None, 'malformed entry'),
    ({'faces': []}, None, 'malformed entry'),
    ({'file': 7, 'faces': []}, None, 'malformed entry'),
    (entry('a.png', face()), None, 'listed twice'),
    (entry('b.png', face()), b'no picture', 'unreadable'),
    (entry('b.png', face()), b'', 'unreadable'),
    (entry('b.jpg', face()), cv2.imencode('.jpg', picture(1))[1].tobytes()[:-900], 'unreadable'),
    (entry('b.png', human_landmarks=[1, 2]), None, 'human_landmarks'),
]


@pytest.mark.parametrize(('broken', 'content', 'kind'), BROKEN_PICTURES)
def test_a_wrong_picture_is_named_and_left_out(tmp_path, broken, content, kind):
    pictures = {} if content is None else {broken['file']: content}
    write_faces(tmp_path, [entry('a.png', face()), broken], pictures)
    data, report = inspect_faces(tmp_path)
    [problem] = report.problems
    assert problem.picture == 1
    assert problem.face is None
    assert kind in problem.kind
    assert len(data) == (2 if 'human' in kind else 1)
    assert f'{problem.kind}: 1' in report.text()
    with pytest.raises(DataError, match='leave out'):
        report.require()
    report.require(skip_bad=True)


def test_a_missing_picture_is_found_without_decoding(tmp_path):
    write_faces(tmp_path, [entry('a.png', face()), entry('b.png')])
    with zipfile.ZipFile(tmp_path / 'images.zip', 'w') as archive:
        archive.writestr('a.png', cv2.imencode('.png', picture(0))[1].tobytes())
    with pytest.raises(DataError, match=r'missing picture(.|\n)*b\.png'):
        read_faces(tmp_path)


@pytest.mark.parametrize('size', [
    {'width': 0}, {'height': -3}, {'width': None}, {'width': '9'}, {'height': 1e999}])
def test_a_size_that_no_picture_has_is_named(tmp_path, size):
    write_faces(tmp_path, [entry('a.png', face(), **size)])
    with pytest.raises(DataError, match='malformed size'):
        read_faces(tmp_path)


def test_a_picture_that_has_changed_is_refused_when_it_is_read(tmp_path):
    write_faces(tmp_path, [entry('a.png', face(), width=200)])
    with pytest.raises(DataError, match=r'a\.png is 120 x 100 pixels, .* 200 x 100'):
        read_faces(tmp_path).read(0)


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


# --- WIDER FACE


def images_of(folder, *names):
    for seed, name in enumerate(names):
        (folder / 'images' / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / 'images' / name), picture(seed))


def test_wider_with_landmarks(tmp_path):
    images_of(tmp_path, '0--Parade/a.png', 'b c.png', 'd.png')
    points = ' '.join(f'{x} {y} 0.0' for x, y in UPRIGHT)
    (tmp_path / 'label.txt').write_text(
        f'# 0--Parade/a.png\n30 25 40 50 {points} 0.82\n5 5 10 12 {"-1 -1 -1 " * 5}0.1\n'
        '# b c.png\n1 2 30 40\n# d.png\n')
    for path in (tmp_path, tmp_path / 'label.txt'):
        data = read_faces(path, 'train')
        assert [p.file for p in data.pictures] == ['0--Parade/a.png', 'b c.png', 'd.png']
        labels = data.pictures[0].labels
        assert labels.boxes.tolist() == [BOX, [5, 5, 15, 17]]
        np.testing.assert_array_equal(labels.landmarks, [POINTS, NOTHING])
        assert not labels.ignored.any()
        assert data.pictures[1].labels.boxes.tolist() == [[1, 2, 31, 42]]
        assert len(data.pictures[2].labels) == 0
        assert (data.pictures[0].width, data.pictures[0].height) == (120, 100)


def test_wider_as_published(tmp_path):
    images_of(tmp_path / 'WIDER_train', '0/a.png', 'b.png')
    (tmp_path / 'split').mkdir()
    index = tmp_path / 'split' / 'wider_face_train_bbx_gt.txt'
    index.write_text(
        '0/a.png\n3\n30 25 40 50 0 0 0 0 0 0\n5 5 10 12 2 0 0 1 0 0\n7 7 10 12 0 0 0 0 2 0\n'
        'b.png\n0\n0 0 0 0 0 0 0 0 0 0\n')
    data = read_faces(index)
    assert data.pictures[0].labels.boxes.tolist() == [BOX, [5, 5, 15, 17], [7, 7, 17, 19]]
    assert data.pictures[0].labels.ignored.tolist() == [False, True, True]
    assert len(data.pictures[1].labels) == 0


@pytest.mark.parametrize(('text', 'told'), [
    ('# a.png\n1 2 3\n# b.png\n30 25 40 50\n', {0: 'line 2'}),
    ('# a.png\n1 2 3 x\n# b.png\n30 25 40 50\n', {0: 'line 2'}),
    ('a.png\n1 2 3 4\nb.png\n1\n30 25 40 50\n', {0: 'number of faces'}),
    ('a.png\n2\n30 25 40 50\nb.png\n1\n30 25 40 50\n', {0: 'fewer'}),
    ('a.png\n1\n30 25 40 50\n30 25 40 50\nb.png\n1\n30 25 40 50\n', {0: 'more faces'}),
])
def test_wrong_lines_of_wider_are_named(tmp_path, text, told):
    images_of(tmp_path, 'a.png', 'b.png')
    (tmp_path / 'label.txt').write_text(text)
    data, report = inspect_faces(tmp_path)
    assert [p.file for p in data.pictures] == ['b.png']
    assert {problem.picture for problem in report.problems} == set(told)
    for problem in report.problems:
        assert told[problem.picture] in problem.detail


@pytest.mark.parametrize('content', ['', '\n \n'])
def test_an_empty_text_file_is_refused(tmp_path, content):
    (tmp_path / 'label.txt').write_text(content)
    with pytest.raises(DataError, match='lists no picture'):
        read_faces(tmp_path)


# --- COCO


def coco(tmp_path, annotations, categories=None, pictures=('a.png',)):
    images_of(tmp_path, *pictures)
    path = tmp_path / 'labels.json'
    path.write_text(json.dumps({
        'images': [{'id': 5 + row, 'file_name': name, 'width': 120, 'height': 100}
                   for row, name in enumerate(pictures)],
        'annotations': annotations,
        'categories': [{'id': 1, 'name': 'face'}] if categories is None else categories}))
    return path


def annotation(points=UPRIGHT, **more):
    return {'image_id': 5, 'category_id': 1, 'bbox': [30, 25, 40, 50],
            'keypoints': [value for x, y in points for value in (x, y, 2)], **more}


def test_coco(tmp_path):
    hidden = annotation()
    hidden['keypoints'][14] = 0
    path = coco(tmp_path, [
        annotation(), hidden, annotation(iscrowd=1), annotation([]),
        annotation(category_id=2), annotation(image_id=99)],
        [{'id': 2, 'name': 'cup'}, {'id': 1, 'name': 'Human face'}])
    data, report = inspect_faces(path)
    assert not report.problems
    [labels] = [p.labels for p in data.pictures]
    assert labels.boxes.tolist() == [BOX] * 4
    assert labels.ignored.tolist() == [False, False, True, False]
    np.testing.assert_array_equal(labels.landmarks[0], POINTS)
    assert labels.known[1].tolist() == [True] * 4 + [False]
    assert not labels.known[3].any()
    assert '1 annotations of pictures that are not listed' in report.text()


def test_coco_pictures_of_the_same_id_are_told(tmp_path):
    path = coco(tmp_path, [annotation()], pictures=('a.png', 'b.png'))
    path.write_text(path.read_text().replace('"id": 6', '"id": 5'))
    data, report = inspect_faces(path)
    assert [picture.file for picture in data.pictures] == ['b.png']
    assert '1 pictures whose id comes again' in report.text()


def test_coco_points_are_found_by_name_and_side(tmp_path):
    """The file names sides as the person has them, among more points than five."""
    names = ['nose', 'left_eye', 'right_eye', 'left_eyebrow', 'mouth_left', 'mouth_right']
    points = [UPRIGHT[row] for row in (2, 1, 0, 0, 4, 3)]
    path = coco(tmp_path, [annotation(points)],
                [{'id': 1, 'name': 'face', 'keypoints': names}])
    data, report = inspect_faces(path)
    np.testing.assert_array_equal(data.pictures[0].labels.landmarks[0], POINTS)
    assert "the person's" in report.text()
    assert not report.problems


@pytest.mark.parametrize('categories', [
    [{'id': 1, 'name': 'person'}], [{'id': 1, 'name': 'cat'}, {'id': 2, 'name': 'dog'}]])
def test_coco_without_a_category_of_faces_is_refused(tmp_path, categories):
    with pytest.raises(DataError, match='one category of faces'):
        read_faces(coco(tmp_path, [annotation()], categories))


def test_wrong_annotations_of_coco_are_named(tmp_path):
    path = coco(tmp_path, [
        annotation(bbox=[30, 25, 0, 50]), annotation(), annotation(keypoints=[1, 2, 2]),
        annotation(bbox=None, image_id=6)], pictures=('a.png', 'b.png'))
    _, report = inspect_faces(path)
    assert [(p.picture, p.face, p.kind) for p in report.problems] == [
        (0, 0, 'box without area'), (0, 2, 'malformed landmarks'), (1, 0, 'malformed box')]


# --- backgrounds, and what the package needs


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
