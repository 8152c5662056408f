"""The shipped detector: what it finds, whatever it is shown, and what it refuses."""

import dataclasses
import json
import time

import cv2
import numpy as np
import pytest

from fer_ros.core.detector import create_detector, FerFaceDetector
from fer_ros.core.detectors import fer_face
from fer_ros.core.errors import ConfigError, ImageError, ModelError
from fer_ros.core.face_grid import grid, OUTPUTS
from fer_ros.core.face_model import available_face_models, load_face_model
from fer_ros.core.resources import resource_folders
from fer_ros.core.runtime import load_runtime, Port
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


class ScriptedNetwork:
    """A network whose cells see nothing, but for those that were told what to say."""

    def __init__(self):
        self.inputs = (Port((None, None, 3), 'float32'),)
        self.outputs = (Port((None, OUTPUTS), 'float32'),)
        self.cells = {}
        self.asked = []

    def run(self, batch):
        self.asked.append(batch.shape)
        outputs = np.zeros((1, len(grid(*batch.shape[1:3])), self.outputs[0].shape[1]), np.float32)
        outputs[..., 0] = -30
        for cell, values in self.cells.items():
            outputs[0, cell, :len(values)] = values
        return outputs


FRAME = np.zeros((64, 64, 3), np.uint8)
COARSE = 8 * 8 + 4 * 4
"""The first of the four cells of 32 pixels of such a frame; their centres are 16 and 48."""


@pytest.fixture
def network(monkeypatch):
    network = ScriptedNetwork()
    monkeypatch.setattr(fer_face, 'load_runtime', lambda *_: network)
    return network


def test_a_score_is_the_probability_that_the_calibration_gives(network):
    manifest = load_face_model().manifest
    network.cells = {COARSE: [1.0]}
    [face] = FerFaceDetector().detect(FRAME)
    assert face.box == pytest.approx((0, 0, 32, 32))
    assert face.score == pytest.approx(1 / (1 + np.exp(-manifest.slope - manifest.intercept)))


@pytest.mark.parametrize('score', [np.nan, np.inf])
def test_scores_that_are_not_finite_are_refused_by_the_network_file(network, score):
    detector = FerFaceDetector()
    network.cells = {COARSE: [score]}
    with pytest.raises(ModelError) as error:
        detector.detect(FRAME)
    file = detector.model.folder / detector.model.manifest.file
    assert str(error.value) == f'{file}: the network gave NaN or infinite outputs'


@pytest.mark.parametrize('place', [1, 4, 5, OUTPUTS - 1])
@pytest.mark.parametrize('number', [np.nan, np.inf])
def test_a_face_at_no_place_is_left_out_and_the_others_stay(network, place, number):
    nowhere = np.zeros(OUTPUTS)
    nowhere[[0, place]] = 3.0, number
    network.cells = {COARSE: nowhere, COARSE + 3: [2.0]}
    faces = FerFaceDetector().detect(FRAME)
    there = [face for face in faces if face.box[:2] == (32, 32)]
    assert len(there) == 1
    assert len(faces) == 1 or (place == 4 and number == np.inf)  # a size has a largest value


@pytest.mark.parametrize(('width', 'limit', 'count'), [(1.5, 0.4, 2), (3, 0.4, 1), (3, 0.6, 2)])
def test_boxes_that_overlap_as_the_manifest_says_are_one_face(
        network, monkeypatch, width, limit, count):
    """Boxes 1.5 and 3 strides wide, a stride apart, share 0.2 and 0.5."""
    model = load_face_model()
    model = dataclasses.replace(
        model, manifest=dataclasses.replace(model.manifest, overlap=limit))
    monkeypatch.setattr(fer_face, 'load_face_model', lambda _: model)
    network.cells = {
        COARSE: [3.0, 0, 0, np.log(width)], COARSE + 1: [2.0, 0, 0, np.log(width)]}
    assert len(FerFaceDetector().detect(FRAME)) == count


@pytest.mark.parametrize(('threshold', 'count'), [(0.0, 84), (1.0, 0), (None, 0), (0.5, 1)])
def test_any_threshold_can_be_asked_for_the_ends_too(network, threshold, count):
    manifest = load_face_model().manifest
    # One cell says 0.55, and without calibration it would not.
    network.cells = {cell: [-1.0, 0, 0, -3, -3] for cell in range(84)}
    network.cells[COARSE] = [(np.log(0.55 / 0.45) - manifest.intercept) / manifest.slope]
    assert len(FerFaceDetector(score_threshold=threshold).detect(FRAME)) == count


def test_before_the_first_frame_there_are_no_figures_and_then_its_own(network):
    detector = FerFaceDetector()
    assert (detector.timings, detector.input_shape) == ({}, (0, 0))
    begin = time.process_time()
    detector.detect(np.zeros((48, 80, 3), np.uint8))
    assert tuple(detector.timings) == ('preprocess', 'network', 'decode')
    assert min(detector.timings.values()) >= 0
    assert sum(detector.timings.values()) <= time.process_time() - begin
    assert detector.input_shape == (64, 96)


@pytest.mark.parametrize(('options', 'shapes'), [
    ({'min_face_size': 1.0}, [(32, 32)]), ({'input_size': 96}, [(96, 96)]),
    ({'input_size': 64, 'tiles': 2}, [(64, 64)] + [(96, 96)] * 4)])
def test_it_looks_as_closely_as_it_is_told_to(network, options, shapes):
    detector = FerFaceDetector(**options)
    network.asked.clear()
    detector.detect(np.zeros((512, 512, 3), np.uint8))
    assert network.asked == [(1, *shape, 3) for shape in shapes]


@pytest.mark.parametrize(('options', 'threads'), [({}, 1), ({'num_threads': 3}, 3)])
def test_the_runtime_gets_the_threads_that_it_may_use(network, monkeypatch, options, threads):
    seen = []
    monkeypatch.setattr(fer_face, 'load_runtime', lambda *given: seen.append(given) or network)
    detector = FerFaceDetector(**options)
    file = detector.model.folder / detector.model.manifest.file
    assert seen == [(detector.model.data, str(file), threads)]


PICTURE, CELLS = Port((None, None, 3), 'float32'), Port((None, OUTPUTS), 'float32')


@pytest.mark.parametrize(('inputs', 'outputs', 'words'), [
    ((PICTURE, PICTURE), (CELLS,), 'it takes float32 (N, ?, ?, 3) and float32 (N, ?, ?, 3) and '
     'gives float32 (N, ?, 15)'),
    ((PICTURE,), (CELLS, CELLS), 'gives float32 (N, ?, 15) and float32 (N, ?, 15)'),
    ((Port((None, None, 3), 'int8'),), (CELLS,), 'it takes int8 (N, ?, ?, 3) and gives'),
    ((PICTURE,), (Port((None, OUTPUTS), 'int8'),), 'gives int8 (N, ?, 15)'),
    ((Port((None, None, 1), 'float32'),), (CELLS,), 'it takes float32 (N, ?, ?, 1) and gives'),
    ((Port((4, None, 3, 1), 'float32'),), (CELLS,), 'it takes float32 (N, 4, ?, 3, 1) and'),
    ((PICTURE,), (Port((None, 14), 'float32'),), 'gives float32 (N, ?, 14)')])
def test_a_network_of_other_ports_is_refused_by_its_file_and_not_run(
        network, inputs, outputs, words):
    network.inputs, network.outputs = inputs, outputs
    with pytest.raises(ModelError) as error:
        FerFaceDetector()
    model = load_face_model()
    assert str(error.value).startswith(
        f'{model.folder / model.manifest.file}: not a face detector: it takes ')
    assert words in str(error.value)
    # What it gives, and not only that it gives numbers, shows when it is run.
    assert bool(network.asked) == (outputs[0].shape == (None, 14))
