"""The figures of `fer evaluate detector` and `fer evaluate crop` mean what they say."""

import argparse
import json
import zipfile

import cv2
import numpy as np
import pytest

from fer_ros.core.crop import crop_face, CropConvention, FER_FRAMING, frame_of
from fer_ros.core.detector import HaarDetector
from fer_ros.core.errors import ConfigError, DataError
from fer_ros.core.types import Face
from fer_ros.evaluation import crop_fit, detection
from fer_ros.evaluation.matching import match
from fer_ros.evaluation.scenes import Scene, SceneSet, Truth
from fer_ros.evaluation.score_fit import score_calibration

YUNET = FER_FRAMING['yunet']


class Scripted:
    """A detector that returns what it was told to, frame by frame."""

    box_convention = 'yunet'

    def __init__(self, *results):
        self.results = list(results)

    def detect(self, bgr):
        return self.results.pop(0)


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


@pytest.mark.parametrize(('faces', 'found', 'right'), [
    ([], [False, False], []),
    ([Face((0, 0, 40, 50), 0.9)], [True, False], [True]),
    ([Face((90, 0, 40, 50), 0.9)], [False, False], [False]),
    ([Face((200, 200, 40, 50), 0.9)], [False, False], [None]),
    # The second finding of a face is wrong, and it is the less sure of the two.
    ([Face((2, 2, 40, 50), 0.3), Face((0, 0, 40, 50), 0.9)], [True, False], [False, True]),
], ids=['none', 'right', 'wrong', 'ignored', 'twice'])
def test_match(faces, found, right):
    truths = [Truth((0, 0, 40, 50), True), Truth((200, 200, 40, 50), False)]
    assert match(faces, truths, YUNET) == (found, right)


def test_boxes_of_different_conventions_meet_in_the_frame():
    truth = Truth((100, 100, 40, 50), True)
    x, y, side, _ = frame_of(truth.box, YUNET)
    haar = FER_FRAMING['haar']
    box = side / haar.margin
    face = Face((x + side / 2 - box * (0.5 + haar.offset_x),
                 y + side / 2 - box * (0.5 + haar.offset_y), box, box), 0.9)
    assert frame_of(face.box, haar) == pytest.approx((x, y, side, side))
    assert match([face], [truth], haar) == ([True], [True])


def test_figures_of_a_scripted_detector():
    image = np.zeros((120, 160, 3), np.uint8)
    truth = Truth((10, 10, 40, 50), True)
    scenes = [Scene(image, (truth,)) for _ in range(4)]
    hit, miss = Face((10, 10, 40, 50), 0.9), Face((90, 60, 40, 50), 0.6)
    figures = detection.evaluate_detector(
        Scripted([hit], [hit, miss], [hit], [], [miss], []), scenes, [Scene(image, ())] * 2)
    assert figures['recall'] == 0.75
    assert figures['precision'] == 0.75
    assert figures['false_per_frame'] == 0.25
    assert figures['false_per_empty_frame'] == 0.5
    assert figures['recall_by_size']['40-56 px'] == 0.75
    assert figures['recall_by_size']['80-112 px'] is None
    assert (figures['frames'], figures['faces'], figures['empty_frames']) == (4, 4, 2)


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
    scenes = list(SceneSet(folder, face_sizes=(60, 100)).scenes(10))
    assert len(scenes) == 2
    haar = HaarDetector()
    for scene in scenes:
        assert scene.image.shape == (480, 640, 3)
        counted = [truth for truth in scene.truths if truth.counts]
        assert len(counted) == 1
        assert 60 <= counted[0].box[3] <= 100
        found, _ = match(haar.detect(scene.image), scene.truths, FER_FRAMING['haar'])
        assert found[scene.truths.index(counted[0])]


def test_scenes_are_the_same_every_time(folder):
    scenes = SceneSet(folder)
    for first, second in zip(scenes.scenes(2), scenes.scenes(2), strict=True):
        np.testing.assert_array_equal(first.image, second.image)
    [first, second] = scenes.empty_scenes(2)
    assert first.truths == second.truths == ()
    assert (first.image == 70).all()


def test_sources_are_left_out_by_their_beginning(folder):
    assert len(list(SceneSet(folder, skip_sources=['photo/a']).scenes(9))) == 1
    with pytest.raises(DataError, match='no picture'):
        SceneSet(folder, skip_sources=['photo'])


@pytest.mark.parametrize(('content', 'told'), [
    (None, 'cannot read .*faces.json'), ('{', 'cannot read .*faces.json'),
    ('[{"file": "a"}]', 'must be .file'), ('[]', 'lists no picture')])
def test_a_broken_index_is_refused_by_its_name(tmp_path, content, told):
    (tmp_path / 'images').mkdir()
    if content is not None:
        (tmp_path / 'faces.json').write_text(content)
    with pytest.raises(DataError, match=told):
        SceneSet(tmp_path)


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


@pytest.mark.parametrize('option', ['colour=1', 'min_face_size', 'min_windows=many'])
def test_a_wrong_row_is_refused_with_the_names(folder, option):
    with pytest.raises(ConfigError, match='write NAME=VALUE'):
        detection.run(arguments(['--data', str(folder), '--haar', option]))


def test_the_command_prints_a_table(folder, capsys):
    threads = cv2.getNumThreads()
    try:
        assert detection.run(arguments(
            ['--data', str(folder), '--frames', '2', '--haar', 'cascade=alt,equalize=1'])) == 0
    finally:
        cv2.setNumThreads(threads)
    out = capsys.readouterr().out
    assert '2 faces in 2 frames' in out
    assert '| haar cascade=alt,equalize=1 |' in out


def arguments(argv):
    parser = argparse.ArgumentParser()
    detection.add_arguments(parser)
    return parser.parse_args(argv)
