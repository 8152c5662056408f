"""The parts of the detector's training: labels that move, scenes, targets, loss, settings."""

import dataclasses
import os

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

from drawn_faces import write_faces
import numpy as np
import pytest

from fer_ros.core.errors import ConfigError
from fer_ros.core.face_grid import grid
from fer_ros.data.faces import FaceLabels, read_backgrounds, read_faces
from fer_ros.evaluation.detector.curves import Judged
from fer_ros.training.augmentation import Augmentation
from fer_ros.training.detector.config import DetectorConfig, load_detector_config
from fer_ros.training.detector.covers import cover
from fer_ros.training.detector.measured import Measured
from fer_ros.training.detector.placing import (
    mirror,
    move_labels,
    paste,
    placement,
    visible_share,
)
from fer_ros.training.detector.scenes import Composition, SceneMaker
from fer_ros.training.detector.softening import blur, soften
from fer_ros.training.detector.targets import assign


def one_face(box=(20.0, 10.0, 60.0, 70.0)):
    left, top, right, bottom = box
    x, y = (left + right) / 2, (top + bottom) / 2
    points = [[x - 8, y - 8], [x + 8, y - 8], [x, y], [x - 6, y + 10], [x + 6, y + 10]]
    return FaceLabels(np.array([box], np.float32), np.array([points], np.float32),
                      np.array([False]))


def test_the_mirror_image_exchanges_left_and_right():
    image = np.arange(100 * 3, dtype=np.uint8).reshape(1, 100, 3)
    turned, labels = mirror(image, one_face())
    assert (turned[0, 0] == image[0, -1]).all()
    assert labels.boxes[0].tolist() == [40, 10, 80, 70]
    eyes = labels.landmarks[0, :2, 0]
    assert eyes.tolist() == [52, 68]
    again, back = mirror(turned, labels)
    assert (again == image).all()
    assert back.landmarks == pytest.approx(one_face().landmarks)


def test_labels_follow_the_pixels():
    image = np.zeros((80, 80, 3), np.uint8)
    labels = one_face()
    for x, y in labels.landmarks[0].astype(int):
        image[y - 1:y + 1, x - 1:x + 1] = 255
    matrix = placement((40, 40), (90, 70), 1.5, 30, (0.0005, -0.0005), 1.05)
    canvas = np.zeros((160, 160, 3), np.uint8)
    covered = paste(canvas, image, matrix)
    moved = move_labels(labels, matrix)
    for x, y in moved.landmarks[0]:
        part = canvas[round(y) - 3:round(y) + 3, round(x) - 3:round(x) + 3, 0].astype(float)
        rows, columns = np.mgrid[round(y) - 3:round(y) + 3, round(x) - 3:round(x) + 3] + 0.5
        middle = (columns * part).sum() / part.sum(), (rows * part).sum() / part.sum()
        assert middle == pytest.approx((x, y), abs=0.6)
    assert covered[70, 90]
    assert not covered[0, 0]


def test_the_box_of_a_turned_face_is_that_of_the_turned_ellipse():
    labels = one_face((20, 20, 60, 60))
    turned = move_labels(labels, placement((40, 40), (40, 40), 1.0, 45))
    # A circle looks the same from every side.
    assert turned.boxes[0] == pytest.approx([20, 20, 60, 60], abs=1e-3)
    upright = move_labels(one_face((20, 10, 60, 70)), placement((40, 40), (40, 40), 1.0, 90))
    assert upright.boxes[0] == pytest.approx([10, 20, 70, 60], abs=1e-3)


def test_the_visible_share_of_boxes_over_the_border():
    boxes = np.array([[-10, 0, 10, 20], [0, 0, 10, 10], [200, 0, 210, 10]], np.float32)
    assert visible_share(boxes, 100, 100).tolist() == [0.5, 1.0, 0.0]


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = write_faces(tmp_path_factory.mktemp('made') / 'faces')
    return read_faces(folder).select(split='train'), read_backgrounds(folder, 'train')


def maker(data, augmentation=None, **composition):
    return SceneMaker(*data, 128, Composition(**composition), Augmentation(augmentation))


def test_scenes_depend_on_their_chance_alone(data):
    make = maker(data, {'tone': True, 'noise': True})
    first, labels = make(3, np.random.default_rng(5))
    again, same = make(3, np.random.default_rng(5))
    other, _ = make(3, np.random.default_rng(6))
    assert first.shape == (128, 128, 3)
    assert (first == again).all()
    assert (labels.boxes == same.boxes).all()
    assert (first != other).any()


def test_a_scene_is_what_the_composition_says(data):
    for place in range(30):
        rng = np.random.default_rng(place)
        assert len(maker(data, negative=1.0)(0, rng)[1]) == 0
        labels = maker(data, negative=0.0, several=0.0, smallest=30, roll=0, perspective=0,
                       stretch=0)(0, rng)[1]
        sides = (labels.boxes[:, 2:] - labels.boxes[:, :2]).max(axis=1)
        assert (sides[~labels.ignored] >= 29).all()
        assert len(labels) <= 1
    many = [len(maker(data, negative=0.0, several=1.0, most=5)(0, np.random.default_rng(p))[1])
            for p in range(30)]
    assert max(many) > 2


def test_one_picture_fills_a_whole_scene(data):
    pictures, rooms = data
    black = dataclasses.replace(rooms, store=Black(rooms.store))
    for place in range(20):
        make = maker((pictures, black), negative=0.0, several=1.0, whole=1.0, roll=0, stretch=0)
        image, labels = make(place % len(pictures), np.random.default_rng(place))
        original = pictures.pictures[place % len(pictures)]
        assert len(labels) <= len(original.labels), 'no other portrait may be there'
        filled = float((image.max(axis=2) > 0).mean())
        ratio = min(original.width, original.height) / max(original.width, original.height)
        assert filled > 0.9 * ratio, 'the room may be seen beside a narrow picture alone'
    grown = maker(data, negative=0.0, several=0.0, largest=3.0, smallest=100, roll=0)
    sides = [(labels.boxes[:, 2:] - labels.boxes[:, :2]).max(initial=0) for labels in (
        grown(place % len(pictures), np.random.default_rng(place))[1] for place in range(30))]
    assert max(sides) > grown._side


def test_small_faces_and_cut_ones_are_ignored(data):
    make = maker(data, negative=0.0, several=0.0, smallest=10, largest=0.1, ignore_below=64)
    for place in range(10):
        labels = make(place, np.random.default_rng(place))[1]
        assert labels.ignored.all()


def test_colour_and_edges_can_be_kept_from_telling_where_faces_are(data):
    pictures, rooms = data
    grey = dataclasses.replace(rooms, store=Grey(rooms.store))
    for place in range(8):
        image, _ = maker((pictures, grey), negative=0.0, color=1.0, distract=1.0)(
            place, np.random.default_rng(place))
        assert np.ptp(image.astype(int), axis=2).max() == 0
    plain, _ = maker(data, negative=1.0)(0, np.random.default_rng(1))
    pasted, labels = maker(data, negative=1.0, distract=1.0)(0, np.random.default_rng(1))
    assert (plain != pasted).any()
    assert len(labels) == 0


class Black:
    """Rooms without light."""

    def __init__(self, store):
        self._store = store

    def read(self, file):
        return np.zeros_like(self._store.read(file))


class Grey:
    """Rooms without colour."""

    def __init__(self, store):
        self._store = store

    def read(self, file):
        return np.repeat(self._store.read(file)[..., :1], 3, axis=2)


def test_a_cover_hides_pixels_but_not_labels(data):
    image, labels = data[0].read(0), data[0].pictures[0].labels
    changed = [(cover(image, labels, np.random.default_rng(p)) != image).any() for p in range(5)]
    assert all(changed)
    assert (data[0].read(0) == image).all()


@pytest.mark.parametrize('deviation', [3.0, 6.0])
def test_a_blur_spreads_a_point_by_its_deviation_along_one_axis_or_both(deviation):
    point = np.zeros((81, 81, 3), np.uint8)
    point[39:42, 39:42] = 255
    y, x = np.mgrid[-40:41, -40:41]
    thin = []
    for place in range(12):
        light = blur(point, deviation, np.random.default_rng(place))[..., 0].ravel()
        short, long = np.linalg.eigvalsh(np.cov(np.stack([x.ravel(), y.ravel()]), aweights=light))
        assert np.sqrt(long) == pytest.approx(deviation, rel=0.25)  # whole pixels
        thin.append(short < long / 3)
    assert {True, False} == set(thin)


def test_a_soft_picture_has_no_detail_and_the_same_shape():
    noise = np.random.default_rng(0).integers(0, 256, (400, 300, 3)).astype(np.uint8)
    sizes = set()
    for place in range(20):
        soft = soften(noise, 200.0, np.random.default_rng(place))
        assert soft.shape[0] / soft.shape[1] == pytest.approx(4 / 3, rel=0.05)
        assert soft.std() < 0.5 * noise.std()
        sizes.add(soft.shape[0])
        # Few pixels (a face of 14 to 48), or enough for a blur (a face of 96).
        assert soft.shape[0] == 192 or 28 <= soft.shape[0] <= 96
    assert {192} < sizes
    small = soften(noise[:20, :15], 10.0, np.random.default_rng(1))
    assert small.shape == (20, 15, 3)


def test_soft_portraits_stay_where_they_are(data):
    for place in range(8):
        plain, labels = maker(data, negative=0.0, several=0.0)(
            place, np.random.default_rng(place))
        soft, same = maker(data, negative=0.0, several=0.0, soften=1.0)(
            place, np.random.default_rng(place))
        assert (labels.boxes == same.boxes).all()
        assert (labels.landmarks == same.landmarks).all()
        assert (plain != soft).any()
        # The room is as it was, and the portrait's mean colour, too.
        assert abs(plain.astype(float).mean() - soft.astype(float).mean()) < 4.0


@pytest.mark.parametrize('side', [9, 12, 20, 40, 90, 200, 250])
def test_every_face_is_seen_by_cells_of_its_size(side):
    cells = grid(256, 256)
    box = (128.0 - side / 2, 120.0 - side / 2, 128.0 + side / 2, 120.0 + side / 2)
    targets = assign(one_face(box), cells)
    rows = np.flatnonzero(targets[:, 0] > 0)
    assert 1 <= len(rows) <= 27
    assert (targets[rows, 1:5] == np.float32(box)).all()
    assert (targets[rows, 15] == 1).all()
    wanted = 8 if side < 40 else 32 if side > 150 else None
    assert wanted is None or cells[rows, 2].max() == wanted


def test_ignored_faces_are_neither_and_unknown_points_do_not_count():
    cells = grid(128, 128)
    labels = one_face()
    ignored = assign(FaceLabels(labels.boxes, labels.landmarks, np.array([True])), cells)
    assert set(ignored[:, 0]) == {0.0, -1.0}
    unknown = labels.landmarks.copy()
    unknown[0, 2] = np.nan
    targets = assign(FaceLabels(labels.boxes, unknown, labels.ignored), cells)
    assert targets[:, 0].max() == 1
    assert targets[:, 15].max() == 0
    assert np.isfinite(targets).all()
    assert not assign(FaceLabels.empty(), cells).any()


def perfect(targets, cells):
    """Return the outputs that say exactly what the targets say."""
    strides, centres = cells[:, 2:], cells[:, :2]
    sizes = np.maximum(targets[:, 3:5] - targets[:, 1:3], 1e-3)
    middles = (targets[:, 1:3] + targets[:, 3:5]) / 2
    points = (targets[:, 5:15] - np.tile(centres, (1, 5))) / strides
    score = np.where(targets[:, :1] > 0, 20.0, -20.0)
    return np.concatenate(
        [score, (middles - centres) / strides, np.log(sizes / strides), points],
        axis=1).astype(np.float32)


def test_the_loss_is_zero_for_the_truth_and_grows_with_each_error():
    from fer_ros.training.detector.loss import DetectionLoss

    cells = grid(128, 128)
    targets = assign(one_face(), cells)
    truth = perfect(targets, cells)
    loss = DetectionLoss(128)

    def of(outputs):
        return float(loss(targets[np.newaxis], outputs[np.newaxis]))

    assert of(truth) == pytest.approx(0, abs=1e-5)
    rows = np.flatnonzero(targets[:, 0] > 0)
    for column, change in ((0, -22), (1, 0.5), (3, 0.4), (9, 0.5)):
        wrong = truth.copy()
        wrong[rows, column] += change
        assert of(wrong) > 0.01, column
    false_face = truth.copy()
    false_face[np.flatnonzero(targets[:, 0] == 0)[:5], 0] = 5
    assert of(false_face) > 0.1
    ignored = targets.copy()
    ignored[targets[:, 0] == 0, 0] = -1
    assert float(loss(ignored[np.newaxis], false_face[np.newaxis])) == pytest.approx(0, abs=1e-5)


def seen(scores, hits, empty):
    judged = Judged(np.array(scores), np.array(hits), np.arange(len(scores)),
                    np.ones(len(scores), np.int64))
    return Measured(judged, judged, 0.1, tuple(empty))


def test_the_threshold_keeps_to_precision_and_tells_of_empty_rooms():
    scores = np.linspace(0.9, 0.1, 100)
    hits = (np.arange(100) % 8 != 7) | (scores > 0.6)
    score, share = seen(scores, hits, [0.89] * 3 + [0.05] * 197).threshold()
    assert hits[scores >= score].mean() >= 0.95
    assert all(hits[scores >= lower].mean() < 0.95 for lower in scores[scores < score])
    assert share == pytest.approx(0.015)
    again, share = seen(scores, hits, []).threshold()
    assert np.isnan(share)
    assert again == score


def test_settings_are_checked(tmp_path):
    path = tmp_path / 'c.yaml'
    for text, told in (
            ('name: a\nside: 100', 'multiple of 32'), ('name: a\ncomposition: {rol: 3}', 'rol'),
            ('name: a\ncomposition: {roll: 300}', r'roll must lie in \[0, 180\]'),
            ('name: a\naugmentation: {fog: true}', 'fog'), ('name: a\nlabels: votes', 'labels'),
            ('name: a\nmonitor: loss', 'monitor must be one of')):
        path.write_text(text)
        with pytest.raises(ConfigError, match=told):
            load_detector_config(path)
    config = load_detector_config('config/detector/fer_face.yaml', epochs=3)
    assert config.epochs == 3
    assert DetectorConfig(**{
        **config.as_dict(), 'composition': Composition(**config.as_dict()['composition']),
        'augmentation': Augmentation(config.as_dict()['augmentation'])}).as_dict() \
        == config.as_dict()
    assert dataclasses.replace(config, seed=3) != config
