"""The shipped detector: what it finds, whatever it is shown, and what it refuses."""

import json

import cv2
import numpy as np
import pytest

from fer_ros.core.detector import create_detector, FerFaceDetector
from fer_ros.core.errors import ConfigError, ImageError, ModelError
from fer_ros.core.face_model import available_face_models, load_face_model
from fer_ros.core.resources import resource_folders
from fer_ros.core.runtime import load_runtime
from fer_ros.evaluation.golden import golden_scene

EYES = np.array([[208, 113], [247, 113]])
"""Where the astronaut's eyes lie, as anybody can see."""


@pytest.fixture(scope='module')
def detector():
    return FerFaceDetector()


def test_the_shipped_one_is_small_and_named():
    model = load_face_model()
    assert model.folder in available_face_models()
    assert model.manifest.parameters <= 150_000
    assert len(model.data) < 1_000_000


def test_it_gives_the_outputs_that_it_records():
    model = load_face_model()
    golden = json.loads((model.folder / 'golden.json').read_text())
    picture = golden_scene()
    given = load_runtime(model.data, model.manifest.file).run(
        picture[np.newaxis].astype(np.float32))[0]
    assert np.abs(given - np.array(golden['outputs'])).max() < 1e-3
    shifted = load_runtime(model.data, model.manifest.file).run(
        np.roll(picture, 5, axis=1)[np.newaxis].astype(np.float32))[0]
    assert np.abs(given - shifted).max() > 1e-2


@pytest.mark.parametrize('scale', [0.3, 0.5, 1.0, 3.0])
def test_a_face_is_found_with_its_points_at_any_size(detector, astronaut, scale):
    frame = cv2.resize(astronaut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    faces = detector.detect(frame)
    assert len(faces) == 1
    x, y, width, height = faces[0].box
    middle = (x + width / 2) / scale, (y + height / 2) / scale
    assert middle == pytest.approx((227, 120), abs=20)
    between = np.linalg.norm(EYES[1] - EYES[0])
    gaps = np.linalg.norm(faces[0].landmarks[:2] / scale - EYES, axis=1)
    assert gaps.max() < 0.45 * between


@pytest.mark.parametrize('roll', [-30, -15, 15, 30])
def test_a_turned_face_is_found_and_its_points_turn_along(detector, astronaut, roll):
    matrix = cv2.getRotationMatrix2D((225, 120), roll, 0.8)
    turned = cv2.warpAffine(astronaut, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    surest = max(detector.detect(turned), key=lambda face: face.score)
    x, y, width, height = surest.box
    assert (abs(x + width / 2 - 225) < 20) & (abs(y + height / 2 - 120) < 20)
    along = surest.landmarks[1] - surest.landmarks[0]
    # OpenCV turns against the clock, image angles run with it.
    assert np.degrees(np.arctan2(along[1], along[0])) == pytest.approx(-roll, abs=14)


@pytest.mark.parametrize('size', [(1, 1), (1, 900), (31, 33), (4320, 7680)])
def test_a_frame_without_a_face_gives_none_whatever_its_size(detector, size):
    assert detector.detect(np.full((*size, 3), 90, np.uint8)) == []


def test_noise_grey_and_a_hundred_faces_do_no_harm(detector, astronaut):
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    assert len(detector.detect(noise)) <= 1
    grey = np.repeat(cv2.cvtColor(astronaut, cv2.COLOR_BGR2GRAY)[..., np.newaxis], 3, axis=2)
    assert len(detector.detect(grey)) == 1
    face = cv2.resize(astronaut[40:200, 150:310], (64, 64), interpolation=cv2.INTER_AREA)
    crowd = FerFaceDetector(min_face_size=16.0).detect(np.tile(face, (10, 10, 1)))
    assert 80 <= len(crowd) <= 120
    assert len(FerFaceDetector(min_face_size=16.0, max_faces=7).detect(
        np.tile(face, (10, 10, 1)))) == 7


def test_a_higher_threshold_leaves_the_surer_faces(astronaut):
    all_scores = [face.score for face in FerFaceDetector(score_threshold=0.01).detect(astronaut)]
    few = [face.score for face in FerFaceDetector(score_threshold=0.5).detect(astronaut)]
    assert len(few) <= len(all_scores)
    assert min(few) >= 0.5


def test_what_it_cannot_take_is_refused(detector):
    with pytest.raises(ImageError, match=r'\(H, W, 3\) BGR uint8'):
        detector.detect(np.zeros((10, 10), np.uint8))
    with pytest.raises(ConfigError, match='score_threshold'):
        FerFaceDetector(score_threshold=1.5)
    with pytest.raises(ModelError, match='no model'):
        create_detector('fer_face', model_path='gone')


def test_a_changed_network_is_not_run(tmp_path):
    folder = resource_folders('models')[0] / 'fer_face'
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    network = tmp_path / 'model.tflite'
    data = bytearray(network.read_bytes())
    data[len(data) // 2] ^= 1
    network.write_bytes(data)
    with pytest.raises(ModelError, match='sha256'):
        FerFaceDetector(tmp_path)
    network.unlink()
    with pytest.raises(ModelError, match='cannot be read'):
        FerFaceDetector(tmp_path)
