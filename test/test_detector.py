"""Detectors find faces where they are, refuse what they cannot use, and repeat themselves."""

import cv2
import numpy as np
import pytest

from fer_ros.core import detector as module
from fer_ros.core.detector import (
    CASCADES,
    create_detector,
    DEFAULT_DETECTOR,
    DETECTORS,
    FaceDetector,
    FerFaceDetector,
    HaarDetector,
    MIN_FACE_SIZE,
    YuNetDetector,
)
from fer_ros.core.errors import ConfigError, ImageError, ModelError

# The astronaut's face in the 512x512 photograph, by hand: from hairline to chin.
FACE = (180, 65, 90, 95)
CENTRE = (225, 115)


def holds(box, point):
    return box[0] < point[0] < box[0] + box[2] and box[1] < point[1] < box[1] + box[3]


def frame_with(faces, size=(640, 480)):
    """Return a grey frame with pictures pasted at (x, y)."""
    frame = np.full((size[1], size[0], 3), 120, np.uint8)
    for picture, x, y in faces:
        part = picture[max(0, -y):size[1] - y, max(0, -x):size[0] - x]
        frame[max(0, y):max(0, y) + part.shape[0], max(0, x):max(0, x) + part.shape[1]] = part
    return frame


@pytest.fixture(scope='module')
def portrait(astronaut):
    """Return (240, 220, 3): the face with its hair and shoulders; the face is 95 pixels high."""
    return astronaut[0:240, 120:340]


@pytest.fixture(scope='module')
def haar():
    return HaarDetector()


def test_haar_keeps_the_protocol(haar):
    assert isinstance(haar, FaceDetector)
    assert haar.box_convention == 'haar'


def test_the_astronaut_is_one_face_at_her_place(haar, astronaut):
    faces = haar.detect(astronaut)
    assert len(faces) == 1
    face = faces[0]
    assert holds(face.box, CENTRE)
    assert 75 < face.box[2] < 125
    assert face.box[2] == pytest.approx(face.box[3], abs=1)
    assert face.score > 0.9
    assert face.landmarks is None


@pytest.mark.parametrize('frame', [
    np.zeros((480, 640, 3), np.uint8),
    np.full((480, 640, 3), 255, np.uint8),
    np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8),
], ids=['black', 'white', 'noise'])
def test_no_face_is_an_empty_list(haar, frame):
    assert haar.detect(frame) == []


@pytest.mark.parametrize('shape', [
    (1, 1), (1, 640), (480, 1), (19, 19), (20, 20), (21, 300), (48, 48)])
def test_images_about_as_small_as_the_window_are_no_trouble(haar, shape):
    assert haar.detect(np.full((*shape, 3), 90, np.uint8)) == []


def test_many_faces_come_largest_first(haar, portrait):
    half = cv2.resize(portrait, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    frame = frame_with([(half, 20, 250), (portrait, 200, 20), (half, 440, 280)])
    faces = haar.detect(frame)
    assert len(faces) == 3
    areas = [face.area for face in faces]
    assert areas == sorted(areas, reverse=True)
    assert holds(faces[0].box, (305, 135))


@pytest.mark.parametrize(('max_faces', 'expected'), [(0, 3), (1, 1), (2, 2), (9, 3)])
def test_max_faces_keeps_the_largest(portrait, max_faces, expected):
    half = cv2.resize(portrait, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    frame = frame_with([(half, 20, 250), (portrait, 200, 20), (half, 440, 280)])
    faces = HaarDetector(max_faces=max_faces).detect(frame)
    assert len(faces) == expected
    assert holds(faces[0].box, (305, 135))


@pytest.mark.parametrize(('x', 'y'), [(-50, 100), (460, 100), (200, -52), (200, 320)])
def test_a_face_at_the_border_is_found_in_its_place(haar, portrait, x, y):
    faces = haar.detect(frame_with([(portrait, x, y)]))
    assert [holds(face.box, (x + 105, y + 115)) for face in faces] == [True]


@pytest.mark.parametrize('cut', [20, 60, 120])
def test_a_face_cut_by_the_border_never_gives_a_broken_box(haar, portrait, cut):
    for x, y in ((-105 + cut - 47, 100), (200, -115 + cut - 47)):
        for face in haar.detect(frame_with([(portrait, x, y)])):
            assert np.isfinite(face.box).all()
            assert min(face.box[2:]) > 0


@pytest.mark.parametrize('scale', [0.5, 1.0, 2.0, 5.0])
def test_boxes_are_in_pixels_of_the_frame_at_any_resolution(haar, astronaut, scale):
    faces = haar.detect(cv2.resize(astronaut, None, fx=scale, fy=scale))
    box = faces[0].box
    middle = np.array([box[0] + box[2] / 2, box[1] + box[3] / 2]) / scale
    assert np.abs(middle - CENTRE).max() < 15
    assert 75 < box[2] / scale < 125


def test_smaller_faces_than_asked_for_are_not_reported(astronaut):
    # The face takes 19 % of the picture's side.
    assert len(HaarDetector(min_face_size=0.15).detect(astronaut)) == 1
    assert HaarDetector(min_face_size=0.35).detect(astronaut) == []


def test_the_smallest_face_at_640x480_is_44_pixels(haar, portrait):
    # A margin of 15 % above the 43 pixels of the class: windows come in steps.
    scale = 50 / 95
    small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    faces = haar.detect(frame_with([(small, 300, 200)]))
    assert [holds(face.box, (300 + 105 * scale, 200 + 115 * scale)) for face in faces] == [True]


def test_the_score_rises_with_the_agreement_and_the_threshold_cuts(astronaut):
    [(_, count)] = HaarDetector().candidates(astronaut)
    assert count > 5
    [face] = HaarDetector(score_threshold=0.95).detect(astronaut)
    assert face.score >= 0.95
    assert HaarDetector(score_threshold=1.0).detect(astronaut) == []


@pytest.mark.parametrize('threads', [1, 2, 4])
def test_the_result_is_the_same_every_time_and_with_any_threads(haar, portrait, threads):
    frame = frame_with([(portrait, 10, 20), (portrait, 240, 200), (portrait, 420, 10)])
    before = cv2.getNumThreads()
    expected = [(face.box, face.score) for face in haar.detect(frame)]
    try:
        cv2.setNumThreads(threads)
        for _ in range(3):
            assert [(face.box, face.score) for face in haar.detect(frame)] == expected
        assert cv2.getNumThreads() == threads
    finally:
        cv2.setNumThreads(before)


def test_the_frame_is_left_alone_and_a_view_of_it_will_do(haar, astronaut):
    before = astronaut.copy()
    [face] = haar.detect(astronaut[:, ::-1])
    np.testing.assert_array_equal(astronaut, before)
    assert holds(face.box, (511 - CENTRE[0], CENTRE[1]))


@pytest.mark.parametrize('cascade', CASCADES)
def test_every_cascade_finds_the_astronaut(astronaut, cascade):
    faces = HaarDetector(cascade=cascade).detect(astronaut)
    assert any(holds(face.box, CENTRE) for face in faces)


@pytest.mark.parametrize(('frame', 'told'), [
    (np.zeros((48, 64), np.uint8), r'\(48, 64\) uint8'),
    (np.zeros((48, 64, 4), np.uint8), r'\(48, 64, 4\)'),
    (np.zeros((48, 64, 3), np.float32), 'float32'),
    (np.zeros((0, 64, 3), np.uint8), r'\(0, 64, 3\)'),
    (None, 'NoneType'),
])
def test_a_frame_of_another_kind_is_refused_by_its_kind(haar, frame, told):
    with pytest.raises(ImageError, match=told):
        haar.detect(frame)


@pytest.mark.parametrize(('options', 'told'), [
    ({'min_face_size': 0.0}, 'min_face_size'),
    ({'min_face_size': 1.5}, 'min_face_size'),
    ({'min_face_size': float('nan')}, 'min_face_size'),
    ({'score_threshold': -0.1}, 'score_threshold'),
    ({'score_threshold': 1.1}, 'score_threshold'),
    ({'max_faces': -1}, 'max_faces'),
    ({'name': 'hog'}, 'choose one of fer_face, haar, yunet'),
    ({'name': 'yunet'}, 'set model_path'),
    ({'name': 'yunet', 'model_path': 'x.onnx', 'max_faces': -1}, 'max_faces'),
])
def test_an_option_of_no_sense_is_refused_by_its_name(options, told):
    with pytest.raises(ConfigError, match=told):
        create_detector(**options)


ASKED = {'min_face_size': 0.2, 'input_size': 320, 'tiles': 2, 'score_threshold': 0.4,
         'max_faces': 3, 'num_threads': 2}
ALIKE = {'min_face_size': MIN_FACE_SIZE, 'input_size': 0, 'tiles': 1, 'max_faces': 0}


@pytest.mark.parametrize(('name', 'made', 'model', 'defaults'), [
    ('fer_face', 'FerFaceDetector', ('folder',), {'score_threshold': None, 'num_threads': 1}),
    ('haar', 'HaarDetector', (), {'score_threshold': 0.0}),
    ('yunet', 'YuNetDetector', ('folder',), {'score_threshold': 0.6})])
def test_a_detector_is_made_as_it_was_asked_for_and_else_by_its_own_defaults(
        monkeypatch, name, made, model, defaults):
    monkeypatch.setattr(module, made, lambda *given, **options: (given, options))
    asked = {key: ASKED[key] for key in {**ALIKE, **defaults}}
    assert create_detector(name, model_path='folder', **ASKED) == (model, asked)
    assert create_detector(name, model_path='folder') == (model, {**ALIKE, **defaults})
    assert create_detector(name)[0] == (('',) if model else ())


def test_the_default_detector_is_our_own():
    assert DETECTORS[0] == DEFAULT_DETECTOR == 'fer_face'
    assert isinstance(create_detector(), FerFaceDetector)


def test_a_missing_network_is_told_by_its_path(tmp_path):
    with pytest.raises(ModelError, match=r'no YuNet network at .*gone\.onnx'):
        YuNetDetector(tmp_path / 'gone.onnx')


@pytest.mark.parametrize('content', [b'', b'this is no network', bytes(range(256)) * 40])
def test_a_file_that_is_no_network_is_told_by_its_path(tmp_path, content):
    path = tmp_path / 'broken.onnx'
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r'broken\.onnx is not a YuNet'):
        YuNetDetector(path)
