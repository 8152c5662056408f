"""Composed scenes are what they say, and so are the figures of `fer evaluate crop`."""

import json
import zipfile

import cv2
import numpy as np
import pytest

from fer_ros.core.crop import crop_face, CropConvention, FER_FRAMING, frame_of
from fer_ros.core.detector import HaarDetector
from fer_ros.core.errors import DataError
from fer_ros.core.types import Face
from fer_ros.data.faces import FaceLabels, read_backgrounds, read_faces
from fer_ros.evaluation import crop_fit
from fer_ros.evaluation.detector.framing import match_faces
from fer_ros.evaluation.detector.scenes import SceneSet, without_sources
from fer_ros.evaluation.detector.score_fit import score_calibration

YUNET = FER_FRAMING['yunet']


@pytest.fixture(scope='module')
def folder(tmp_path_factory, astronaut):
    """Return a data set: the astronaut twice, once mirrored, and a picture of a wall."""
    folder = tmp_path_factory.mktemp('faces')
    face = {'box': [183, 60, 269, 175], 'score': 0.9}
    blurred = {'box': [400, 400, 450, 450], 'score': 0.4}
    entries = []
    with zipfile.ZipFile(folder / 'images.zip', 'w') as archive:
        for name, picture, faces in (
                ('a.png', astronaut, [face, blurred]),
                ('b.png', astronaut[:, ::-1], [{'box': [243, 60, 329, 175], 'score': 0.9}])):
            archive.writestr(name, cv2.imencode('.png', picture)[1].tobytes())
            entries.append({'file': name, 'source': f'photo/{name}', 'split': 'val',
                            'width': 512, 'height': 512, 'faces': faces})
    (folder / 'faces.json').write_text(json.dumps(entries))
    (folder / 'backgrounds').mkdir()
    cv2.imwrite(str(folder / 'backgrounds' / 'wall.png'), np.full((90, 120, 3), 70, np.uint8))
    (folder / 'backgrounds.json').write_text(
        json.dumps([{'file': 'wall.png', 'source': 'wall', 'split': 'val'}]))
    return folder


def scene_set(folder, **options):
    return SceneSet(read_faces(folder, 'val'), read_backgrounds(folder, 'val'), **options)


def labels(*boxes):
    """Return labels of boxes left, top, width, height that are to be found."""
    rows = np.array(boxes, np.float32).reshape(-1, 4)
    rows[:, 2:] += rows[:, :2]
    return FaceLabels(rows, np.full((len(rows), 5, 2), np.nan, np.float32),
                      np.zeros(len(rows), bool))


def test_boxes_of_different_conventions_meet_in_the_frame():
    truth = (100, 100, 40, 50)
    x, y, side, _ = frame_of(truth, YUNET)
    haar = FER_FRAMING['haar']
    box = side / haar.margin
    face = Face((x + side / 2 - box * (0.5 + haar.offset_x),
                 y + side / 2 - box * (0.5 + haar.offset_y), box, box), 0.9)
    assert frame_of(face.box, haar) == pytest.approx((x, y, side, side))
    assert match_faces([face], labels(truth), 'haar').hits.all()
    assert not match_faces([Face((200, 100, 40, 50), 0.9)], labels(truth), 'haar').hits.any()


def test_an_honest_score_has_slope_one_and_intercept_zero():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.02, 0.98, 20000)
    honest = score_calibration(list(zip(scores, rng.uniform(size=20000) < scores, strict=True)))
    assert honest['slope'] == pytest.approx(1, abs=0.05)
    assert honest['intercept'] == pytest.approx(0, abs=0.05)
    bold = score_calibration(
        list(zip(scores, rng.uniform(size=20000) < 0.25 + scores / 2, strict=True)))
    assert bold['slope'] < 0.7


def test_scenes_hold_the_face_at_the_size_and_place_of_its_label(folder):
    scenes = list(scene_set(folder, face_sizes=(60, 100)).scenes(10))
    assert len(scenes) == 2
    haar = HaarDetector()
    for scene in scenes:
        assert scene.image.shape == (480, 640, 3)
        [counted] = np.flatnonzero(~scene.labels.ignored)
        box = scene.labels.boxes[counted]
        assert 60 <= box[3] - box[1] <= 100
        matches = match_faces(haar.detect(scene.image), scene.labels, 'haar')
        assert matches.finder[counted] >= 0


def test_scenes_are_the_same_every_time(folder):
    scenes = scene_set(folder)
    for first, second in zip(scenes.scenes(2), scenes.scenes(2), strict=True):
        np.testing.assert_array_equal(first.image, second.image)
    [first, second] = scenes.empty_scenes(2)
    assert len(first.labels) == len(second.labels) == 0
    assert (first.image == 70).all()


def test_sources_are_left_out_by_their_beginning(folder):
    faces = read_faces(folder, 'val')
    assert len(without_sources(faces, ['photo/a'])) == 1
    assert len(without_sources(faces, [])) == 2
    with pytest.raises(DataError, match='source of every picture'):
        without_sources(faces, ['photo'])


def test_no_scene_is_made_of_faces_that_are_too_small_for_it(folder):
    assert len(scene_set(folder, face_sizes=(200, 300))) == 0
    assert list(scene_set(folder, face_sizes=(200, 300)).scenes(3)) == []


def test_a_crop_of_known_margin_is_measured_as_such(astronaut):
    detector = HaarDetector(min_face_size=0.15)
    box = detector.detect(astronaut)[0].box
    medians = [
        np.nanmedian(crop_fit.measure(detector, [crop_face(
            astronaut, box, CropConvention(margin, offset_y=offset))] * 6), axis=(0, 1))
        for margin, offset in ((1.0, 0.0), (1.3, 0.0), (1.3, 0.1))]
    assert medians[0][0] == pytest.approx(1.0, abs=0.12)
    assert medians[1][0] == pytest.approx(1.3, abs=0.15)
    assert medians[2][2] - medians[1][2] == pytest.approx(0.1, abs=0.05)


class Unsteady:
    """A detector whose boxes about the canvas's middle scatter as `DetectorJitter` would."""

    box_convention = 'haar'

    def __init__(self, shift, scale):
        self.shift, self.scale = shift, scale
        self.rng = np.random.default_rng(0)

    def detect(self, bgr):
        size, x, y = self.rng.standard_normal(3)
        side = 200 * np.exp(self.scale * size)
        middle = 240 + 200 * self.shift * np.array([x, y])
        return [Face((*(middle - side / 2), side, side), 0.9)]


def test_the_jitter_of_a_detector_is_measured_as_the_augmentation_takes_it(monkeypatch):
    monkeypatch.setattr(crop_fit, 'frame_side', lambda index: 200)
    images = [np.full((48, 48), 90, np.uint8)] * 120
    jitter = crop_fit.fit_crop(Unsteady(0.04, 0.1), images)['jitter']
    assert jitter == {'images': {'shift': pytest.approx(0.04, rel=0.2),
                                 'scale': pytest.approx(0.1, rel=0.2)}}


def test_pictures_without_faces_fit_nothing():
    blank = [np.full((48, 48), 90, np.uint8)] * 12
    with pytest.raises(DataError, match='nothing to fit'):
        crop_fit.fit_crop(HaarDetector(min_face_size=0.15), blank)
