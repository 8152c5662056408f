"""Labelled faces as WIDER FACE and COCO write them: the same labels, and each fault named."""

import json

import cv2
from labelled_faces_support import BOX, NOTHING, picture, POINTS, UPRIGHT
import numpy as np
import pytest

from fer_ros.core.errors import DataError
from fer_ros.data.faces import inspect_faces, read_faces


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
