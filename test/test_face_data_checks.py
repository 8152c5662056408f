"""Wrong labels of faces: each fault is named, and its face, points or picture left out."""

import zipfile

import cv2
from labelled_faces_support import BOX, entry, face, NOTHING, picture, POINTS, UPRIGHT, write_faces
import numpy as np
import pytest

from fer_ros.core.errors import DataError
from fer_ros.data.faces import FaceLabels, inspect_faces, read_faces
from fer_ros.data.faces.checks import wrong_order

FAR = [[x + 60, y] for x, y in UPRIGHT]
EXCHANGED = [UPRIGHT[row] for row in (1, 0, 2, 3, 4)]


def turned(points, degrees):
    """Return points turned about (50, 50)."""
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return ((np.array(points) - 50) @ matrix + 50).tolist()


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
