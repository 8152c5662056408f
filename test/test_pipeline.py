"""The whole road, on a photograph and on made-up frames."""

import dataclasses
import subprocess
import sys

import cv2
import numpy as np
import pytest

from fer_ros import EMOTIONS, Face, Pipeline
from fer_ros.core import pipeline as module
from fer_ros.core.classifier import Classifier
from fer_ros.core.errors import ConfigError, FerError, ImageError, ModelError
from fer_ros.core.head_pose import project
from fer_ros.core.model import load_model
from fer_ros.core.types import HeadPose


class FixedDetector:
    """Finds the boxes that it was told."""

    box_convention = 'haar'

    def __init__(self, *boxes):
        self.boxes = list(boxes)

    def detect(self, bgr):
        return [Face(box, 0.9) for box in self.boxes]


@pytest.fixture(scope='module')
def pipeline():
    return Pipeline.from_model()


def test_a_photograph_gives_one_face_with_distributions_that_sum_to_one(astronaut):
    pipeline = Pipeline.from_model()
    result = pipeline.process(astronaut)
    assert len(result.faces) == 1
    face = result.faces[0]
    # The astronaut's face lies about (225, 110), as anybody can see.
    x, y, w, h = face.box
    assert x < 225 < x + w
    assert y < 110 < y + h
    for probabilities in (face.probabilities, face.raw_probabilities):
        assert probabilities.shape == (8,)
        assert probabilities.sum() == pytest.approx(1.0, abs=1e-5)
    assert face.label == 'happiness'
    assert result.labels == pipeline.labels == EMOTIONS
    assert (result.width, result.height) == (512, 512)
    assert 0 < result.timings['detect'] < result.timings['total']


def test_a_pipeline_of_own_parts_tracks_all_faces_of_every_frame(astronaut):
    detector = FixedDetector((20, 60, 100, 100), (170, 60, 110, 110))
    pipeline = Pipeline(load_model(), detector)
    assert pipeline.detector is detector
    for stamp in (1.0, 1.5):
        result = pipeline.process(astronaut[:400], stamp)
        assert [face.track_id for face in result.faces] == [1, 2]
        assert (result.width, result.height, result.stamp) == (512, 400, stamp)
    assert [face.track_age for face in result.faces] == [0.5, 0.5]


def test_a_frame_without_a_stamp_has_none_and_time_goes_on(astronaut):
    pipeline = Pipeline.from_model(detector=FixedDetector((170, 60, 110, 110)))
    assert pipeline.process(astronaut).stamp is None
    assert 0 < pipeline.process(astronaut).faces[0].track_age < 60


def test_each_stage_is_timed_by_the_clock(astronaut):
    pipeline = Pipeline.from_model(detector=FixedDetector((170, 60, 110, 110)))
    pipeline.clock = iter([100, 101, 103, 107, 115, 131]).__next__
    assert pipeline.process(astronaut, 0.0).timings == {
        'detect': 1, 'track': 2, 'crop': 4, 'classify': 8, 'smooth': 16, 'total': 31}


def test_a_face_is_classified_alike_at_every_distance(astronaut, pipeline):
    near = Pipeline.from_model(tracking=False).process(cv2.resize(astronaut, (1024, 1024)))
    far = Pipeline.from_model(tracking=False).process(cv2.resize(astronaut, (400, 400)))
    assert near.faces[0].label == far.faces[0].label == 'happiness'


def test_a_frame_without_face_gives_no_faces(pipeline):
    assert pipeline.process(np.full((240, 320, 3), 127, np.uint8)).faces == ()


def test_faces_are_ordered_by_size_and_limited(astronaut):
    detector = FixedDetector((0, 0, 50, 50), (200, 60, 100, 100), (100, 100, 70, 70))
    pipeline = Pipeline.from_model(detector=detector, tracking=False)
    widths = [face.box[2] for face in pipeline.process(astronaut).faces]
    assert widths == [100, 70, 50]
    pipeline.max_faces = 2
    assert [face.box[2] for face in pipeline.process(astronaut).faces] == [100, 70]


@pytest.mark.parametrize(('limits', 'heights'), [
    ((0, 0), [100, 70, 50]), ((50, 100), [100, 70, 50]), ((50.1, 99.9), [70]),
    ((70, 70), [70]), ((0, 70), [70, 50]), ((71, 0), [100])])
def test_faces_are_classified_from_the_smallest_to_the_largest_height(
        astronaut, limits, heights):
    detector = FixedDetector((0, 0, 50, 50), (200, 60, 100, 100), (100, 100, 70, 70))
    pipeline = Pipeline(load_model(), detector, tracking=False, face_height=limits)
    result = pipeline.process(astronaut)
    assert [face.box[3] for face in result.faces] == heights
    assert sorted(face.box[3] for face in result.unclassified) == sorted(
        {50, 70, 100} - set(heights))


@pytest.mark.parametrize('limits', [(-1, 0), (0, -1), (50, 49)])
def test_heights_of_no_face_are_refused(limits):
    with pytest.raises(ConfigError, match=r'face_height must be two .*, got \('):
        Pipeline(load_model(), FixedDetector(), face_height=limits)


class WatchedClassifier:
    """Keeps the crops that it was shown, and always gives the same answer."""

    def __init__(self, *probabilities):
        self.probabilities = np.array(probabilities or [0.125] * 8, np.float32)

    def predict(self, crops):
        self.crops = crops
        return np.tile(self.probabilities, (len(crops), 1))


@pytest.mark.parametrize(('options', 'threads'), [({}, 1), ({'num_threads': 3}, 3)])
def test_the_classifier_gets_the_threads_that_it_may_use(monkeypatch, options, threads):
    seen = []
    monkeypatch.setattr(module, 'Classifier', lambda *given: seen.append(given[1:]))
    Pipeline(load_model(), FixedDetector(), **options)
    Pipeline.from_model(detector=FixedDetector(), **options)
    assert seen == [(threads, 'natural')] * 2


@pytest.mark.parametrize(('color', 'shape', 'pixel'), [
    ('grey', (1, 32, 40), 23), ('bgr', (1, 32, 40, 3), [200, 0, 0])])
def test_crops_have_the_size_and_the_colours_that_the_model_takes(color, shape, pixel):
    model = load_model()
    manifest = dataclasses.replace(model.manifest, width=40, height=32, color=color)
    classifier = WatchedClassifier()
    pipeline = Pipeline(
        dataclasses.replace(model, manifest=manifest), FixedDetector((100, 100, 90, 90)),
        classifier=classifier)
    blue = np.zeros((300, 300, 3), np.uint8)
    blue[..., 0] = 200
    pipeline.process(blue)
    assert (classifier.crops.shape, classifier.crops.dtype) == (shape, np.uint8)
    # Grey by the weights of ITU-R BT.601: blue counts 0.114.
    assert np.all(classifier.crops == pixel)


@pytest.mark.parametrize('priors', ['natural', 'balanced'])
def test_priors_reach_the_classifier(astronaut, priors):
    crop = astronaut[np.newaxis, 60:170, 170:280]
    expected = Classifier(load_model(), priors=priors).predict(crop)
    detector = FixedDetector()
    for pipeline in (Pipeline.from_model(detector=detector, priors=priors),
                     Pipeline(load_model(), detector, priors=priors)):
        assert pipeline.classify(crop) == pytest.approx(expected)


def test_a_pipeline_goes_on_with_the_people_of_the_one_that_it_replaces(astronaut):
    detector = FixedDetector((170, 60, 110, 110))
    former = Pipeline.from_model(detector=detector)
    detector.boxes.insert(0, (20, 60, 100, 100))
    former.process(astronaut, 1.0)
    detector.boxes.pop(0)
    later = Pipeline.from_model(
        detector=detector, track_max_gap=7.0, track_start_score=0.95, smoothing=5.0)
    later.follow_on(former)
    assert (later.tracker.max_gap, later.tracker.start_score) == (7.0, 0.95)
    assert later.track_count == 2
    face = later.process(astronaut, 1.2).faces[0]
    assert (face.track_id, face.track_age) == (1, pytest.approx(0.2))
    # They may be those of another model.
    assert np.array_equal(face.probabilities, face.raw_probabilities)


def test_a_pipeline_without_tracking_goes_on_with_nobody(astronaut):
    detector = FixedDetector((170, 60, 110, 110))
    former = Pipeline.from_model(detector=detector)
    former.process(astronaut, 1.0)
    later = Pipeline.from_model(detector=detector, tracking=False)
    later.follow_on(former)
    assert later.process(astronaut, 1.2).faces[0].track_id == 0


def test_tracking_numbers_people_and_smooths(astronaut):
    detector = FixedDetector((170, 60, 110, 110))
    pipeline = Pipeline.from_model(detector=detector, smoothing=1.0)
    first = pipeline.process(astronaut, 10.0).faces[0]
    second = pipeline.process(np.zeros_like(astronaut), 10.1).faces[0]
    assert (first.track_id, second.track_id) == (1, 1)
    assert second.track_age == pytest.approx(0.1)
    assert not np.allclose(second.probabilities, second.raw_probabilities, atol=1e-3)
    assert np.abs(second.probabilities - first.probabilities).sum() \
        < np.abs(second.raw_probabilities - first.probabilities).sum()
    pipeline.reset()
    fresh = pipeline.process(np.zeros_like(astronaut), 10.2).faces[0]
    assert np.allclose(fresh.probabilities, fresh.raw_probabilities)


def test_a_face_of_low_score_is_reported_when_it_is_seen_again(astronaut):
    detector = FixedDetector((170, 60, 110, 110))
    pipeline = Pipeline.from_model(detector=detector, track_start_score=0.95)
    boxes, detector.boxes = detector.boxes, []
    assert pipeline.process(astronaut, 0.9).faces == ()
    detector.boxes = boxes
    first = pipeline.process(astronaut, 1.0)
    # Not reported, but known: it must not escape who hides faces.
    assert first.faces == ()
    assert [face.box for face in first.unclassified] == detector.boxes
    second = pipeline.process(astronaut, 1.1)
    assert [face.track_id for face in second.faces] == [1]
    assert second.unclassified == ()
    assert second.timings['track'] > 0


def test_a_single_picture_shows_all_its_faces(astronaut):
    detector = FixedDetector((170, 60, 110, 110))
    pipeline = Pipeline.from_model(detector=detector, track_start_score=0.95)
    assert len(pipeline.process(astronaut).faces) == 1


def test_who_is_not_among_the_largest_for_a_moment_keeps_the_number(astronaut):
    detector = FixedDetector((170, 60, 110, 110), (20, 60, 100, 100))
    pipeline = Pipeline.from_model(detector=detector, max_faces=1, track_max_gap=0.5)
    assert pipeline.process(astronaut, 0.0).faces[0].track_id == 1
    for index in range(1, 10):
        pipeline.process(astronaut, 0.1 * index)
    detector.boxes[0] = (172, 62, 95, 95)
    assert pipeline.process(astronaut, 1.0).faces[0].track_id == 2
    assert pipeline.track_count == 2


def test_a_label_is_held_by_its_settings(astronaut):
    detector = FixedDetector((170, 60, 110, 110))
    pipeline = Pipeline.from_model(
        detector=detector, smoothing=0.0, unknown_threshold=0.0, label_min_dwell=1.0)
    blank = np.full_like(astronaut, 127)
    assert pipeline.process(astronaut, 0.0).faces[0].label == 'happiness'
    held = pipeline.process(blank, 0.5).faces[0]
    assert held.label == 'happiness'
    assert held.confidence == pytest.approx(
        float(held.probabilities[EMOTIONS.index('happiness')]))
    assert pipeline.process(blank, 1.5).faces[0].label != 'happiness'


def test_without_tracking_every_image_stands_for_itself(astronaut):
    detector = FixedDetector((170, 60, 110, 110))
    pipeline = Pipeline.from_model(detector=detector, tracking=False)
    pipeline.process(np.zeros_like(astronaut), 1.0)
    face = pipeline.process(astronaut, 1.1).faces[0]
    assert (face.track_id, face.track_age) == (0, 0.0)
    assert np.array_equal(face.probabilities, face.raw_probabilities)


def test_below_the_threshold_the_label_is_unknown(astronaut):
    pipeline = Pipeline.from_model(unknown_threshold=1.0)
    face = pipeline.process(astronaut).faces[0]
    assert face.label == 'unknown'
    assert face.confidence < 1.0
    pipeline.unknown_threshold = 0.0
    assert pipeline.process(astronaut).faces[0].label == 'happiness'


@pytest.mark.parametrize('box', [
    (-40, -40, 100, 100), (460, 460, 100, 100), (-200, 100, 150, 150), (0, 0, 2000, 2000)])
def test_faces_cut_by_the_border_or_beyond_it_are_classified(astronaut, box):
    pipeline = Pipeline.from_model(detector=FixedDetector(box), tracking=False)
    face = pipeline.process(astronaut).faces[0]
    assert face.probabilities.sum() == pytest.approx(1.0, abs=1e-5)


def test_classify_takes_crops_without_detection(pipeline, astronaut):
    crop = astronaut[60:170, 170:280]
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    both = pipeline.classify(np.stack([grey, grey]))
    assert both.shape == (2, 8)
    assert both.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert np.abs(pipeline.classify(crop[np.newaxis]) - both[:1]).max() < 0.02


@pytest.mark.parametrize('frame', [
    np.zeros((480, 640), np.uint8), np.zeros((480, 640, 3), np.float32),
    np.zeros((480, 640, 4), np.uint8), np.zeros((0, 640, 3), np.uint8), [[1, 2, 3]], None])
def test_a_frame_of_another_kind_is_refused(pipeline, frame):
    with pytest.raises(ImageError) as error:
        pipeline.process(frame)
    what = f'{frame.shape} {frame.dtype}' if isinstance(frame, np.ndarray) \
        else type(frame).__name__
    assert str(error.value) == f'a frame must be (H, W, 3) BGR uint8, got {what}'


@pytest.mark.parametrize(('options', 'error'), [
    ({'unknown_threshold': 1.5}, ConfigError), ({'max_faces': -1}, ConfigError),
    ({'smoothing': -1.0}, ConfigError), ({'num_threads': 0}, ConfigError),
    ({'align': 'always'}, ConfigError), ({'max_yaw': -1}, ConfigError),
    ({'max_yaw': float('nan')}, ConfigError), ({'detect_every': 0}, ConfigError),
    ({'label_margin': 1.5}, ConfigError),
    ({'label_min_dwell': -1.0}, ConfigError), ({'unknown_hysteresis': 2.0}, ConfigError),
    ({'track_max_gap': 61.0}, ConfigError), ({'track_start_score': -0.1}, ConfigError),
    ({'detector': 'magic'}, ConfigError), ({'model': 'magic'}, ModelError)])
def test_impossible_options_are_refused(options, error):
    with pytest.raises(error):
        Pipeline.from_model(**options)


@pytest.mark.parametrize(('options', 'words'), [
    ({'align': 'always'}, "align must be one of auto, never, got 'always'"),
    ({'max_yaw': 91}, 'max_yaw must lie in [0, 90] degrees, got 91'),
    ({'max_faces': -1}, 'max_faces must be 0 (all) or more, got -1'),
    ({'detector': 'yunet', 'detector_model': 'a/gone.onnx'}, 'a/gone.onnx')])
def test_what_is_refused_is_named(options, words):
    with pytest.raises(FerError) as error:
        Pipeline.from_model(**options)
    assert words in str(error.value)


def test_boxes_that_the_model_cannot_frame_are_refused():
    detector = FixedDetector()
    detector.box_convention = 'head'
    with pytest.raises(ConfigError, match="the boxes of haar, yunet, not those of 'head'"):
        Pipeline.from_model(detector=detector)


class LandmarkDetector:
    """Finds the astronaut, with landmarks that were placed by hand; turned with the picture."""

    box_convention = 'yunet'

    def __init__(self, roll=0.0, yaw=0.0):
        pose = HeadPose(roll, yaw, 0.0)
        self.landmarks = (project(pose) * 115 + (225, 116)).astype(np.float32)
        self.asked = 0

    def detect(self, bgr):
        self.asked += 1
        return [Face((178.0, 62.0, 92.0, 106.0), 0.9, self.landmarks)]


def test_landmarks_turn_the_crop_and_tell_the_pose(astronaut):
    detector = LandmarkDetector(roll=30)
    face = Pipeline.from_model(detector=detector, tracking=False).process(astronaut).faces[0]
    assert (face.pose.roll, face.pose.yaw) == pytest.approx((30, 0), abs=0.5)
    assert face.crop.roll == pytest.approx(30, abs=0.5)
    upright = Pipeline.from_model(
        detector=detector, tracking=False, align='never').process(astronaut).faces[0]
    assert upright.crop.roll == 0
    assert upright.pose == face.pose
    assert not np.allclose(face.probabilities, upright.probabilities)


def test_a_turned_picture_is_answered_like_the_upright_one_where_landmarks_tell(astronaut):
    matrix = cv2.getRotationMatrix2D((225, 116), -35, 1)
    turned = cv2.warpAffine(astronaut, matrix, (512, 512), borderMode=cv2.BORDER_REFLECT)
    straight = Pipeline.from_model(
        detector=LandmarkDetector(), tracking=False).process(astronaut).faces[0]
    aligned = Pipeline.from_model(
        detector=LandmarkDetector(roll=35), tracking=False).process(turned).faces[0]
    assert np.abs(aligned.probabilities - straight.probabilities).max() < 0.05


def test_without_landmarks_there_is_no_pose_and_an_upright_crop(astronaut):
    face = Pipeline.from_model(
        detector=FixedDetector((178, 62, 92, 106)), tracking=False).process(astronaut).faces[0]
    assert face.pose is None
    assert face.crop.roll == 0


def test_a_model_that_knows_no_alignment_gets_upright_crops(astronaut):
    model = load_model()
    old = dataclasses.replace(
        model, manifest=dataclasses.replace(model.manifest, alignment={}))
    face = Pipeline(old, LandmarkDetector(30), tracking=False).process(astronaut).faces[0]
    assert face.crop.roll == 0


@pytest.mark.parametrize(('max_yaw', 'label'), [
    (90, 'happiness'), (50, 'happiness'), (30, 'unknown'), (0, 'unknown')])
def test_heads_turned_aside_too_far_are_unknown(astronaut, max_yaw, label):
    pipeline = Pipeline.from_model(
        detector=LandmarkDetector(yaw=-40), tracking=False, max_yaw=max_yaw,
        unknown_threshold=0.0, align='never')
    face = pipeline.process(astronaut).faces[0]
    assert face.pose.yaw == pytest.approx(-40, abs=1)
    assert face.label == label
    assert face.confidence == pytest.approx(face.probabilities.max())


def test_a_head_turned_aside_as_far_as_the_limit_is_answered(astronaut):
    pipeline = Pipeline.from_model(
        detector=LandmarkDetector(yaw=40), tracking=False, unknown_threshold=0.0)
    pipeline.max_yaw = pipeline.process(astronaut).faces[0].pose.yaw
    assert pipeline.process(astronaut).faces[0].label != 'unknown'
    pipeline.max_yaw = np.nextafter(pipeline.max_yaw, 0)
    assert pipeline.process(astronaut).faces[0].label == 'unknown'


def test_the_confidence_of_a_head_turned_aside_is_that_of_its_likeliest_emotion(astronaut):
    pipeline = Pipeline.from_model(
        detector=LandmarkDetector(yaw=-40), smoothing=0.0, unknown_threshold=0.0,
        label_min_dwell=10.0, align='never')
    held = pipeline.process(astronaut, 0.0).faces[0].label
    pipeline.max_yaw = 30.0
    face = pipeline.process(np.full_like(astronaut, 127), 0.1).faces[0]
    assert face.probabilities.argmax() != EMOTIONS.index(held)
    assert face.label == 'unknown'
    assert face.confidence == pytest.approx(face.probabilities.max())


def test_a_confidence_is_one_at_most_whatever_float32_makes_of_a_sum(astronaut):
    sure = float(np.nextafter(np.float32(1), np.float32(2)))
    pipeline = Pipeline(
        load_model(), LandmarkDetector(yaw=40), tracking=False, max_yaw=30.0,
        classifier=WatchedClassifier(sure, *[0.0] * 7))
    assert pipeline.process(astronaut).faces[0].confidence == 1.0


def test_detection_every_third_frame_keeps_person_and_pose(astronaut):
    detector = LandmarkDetector()
    pipeline = Pipeline.from_model(detector=detector, detect_every=3)
    for frame in range(7):
        [face] = pipeline.process(astronaut, frame / 30).faces
        assert face.track_id == 1
        assert face.pose is not None
    assert detector.asked == 3
    pipeline.reset()
    pipeline.process(astronaut, 1.0)
    assert detector.asked == 4


def test_detecting_every_kth_frame_needs_tracking():
    with pytest.raises(ConfigError, match='tracking'):
        Pipeline.from_model(tracking=False, detect_every=2)


def test_the_core_imports_neither_ros_nor_tensorflow():
    code = (
        'import sys, numpy as np\n'
        'from fer_ros import Pipeline\n'
        'Pipeline.from_model().process(np.zeros((240, 320, 3), np.uint8))\n'
        'import fer_ros.core.annotate, fer_ros.core.image, fer_ros.core.sources\n'
        'bad = {"rclpy", "tensorflow", "keras", "sensor_msgs", "cv_bridge", "matplotlib"}\n'
        'print(sorted(bad & set(sys.modules)))\n')
    output = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout
    assert output.strip().splitlines()[-1] == '[]'
