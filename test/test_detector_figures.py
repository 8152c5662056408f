"""Figures of detectors whose answers are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from fer_ros.core.detector import HaarDetector
from fer_ros.core.detectors import fer_face
from fer_ros.core.face_grid import grid, OUTPUTS
from fer_ros.core.runtime import Port
from fer_ros.core.types import Face
from fer_ros.data.faces import FaceLabels
from fer_ros.evaluation.detector.answers import ask
from fer_ros.evaluation.detector.contenders import contenders
from fer_ros.evaluation.detector.figures import (
    by_size,
    false_alarms,
    operating_point,
    subset_figures,
)
from fer_ros.evaluation.detector.landmarks import against_people, against_teacher, point_errors
from fer_ros.evaluation.detector.scenes import Scene, sides
from fer_ros.evaluation.detector.speed import speed, STAGES

IMAGE = np.zeros((120, 160, 3), np.uint8)
POINTS = np.array([[20, 30], [40, 30], [30, 40], [22, 50], [38, 50]], np.float32)
HIT, MISS = Face((10, 10, 40, 50), 0.9, POINTS), Face((90, 60, 40, 50), 0.6, POINTS + 50)


class Scripted:
    """A detector that returns what it was told to, frame by frame."""

    box_convention = 'yunet'

    def __init__(self, *results):
        self.results = list(results)

    def detect(self, bgr):
        return self.results.pop(0)


def scene(*boxes, people=None, landmarks=POINTS):
    """Return a scene of faces given as left, top, width, height."""
    rows = np.array(boxes, np.float32).reshape(-1, 4)
    rows[:, 2:] += rows[:, :2]
    return Scene(IMAGE, FaceLabels(rows, np.repeat(landmarks[None], len(rows), axis=0),
                                   np.zeros(len(rows), bool)), people)


def answers(*results, scenes=None, **others):
    """Show a face in each frame, or `scenes`, to a scripted detector `one` and to others."""
    scenes = scenes or [scene((10, 10, 40, 50))] * len(results)
    detectors = {'one': Scripted(*results),
                 **{name: Scripted(*found) for name, found in others.items()}}
    return ask(detectors, len(scenes), scenes.__getitem__)


def test_recall_at_a_precision_of_scripted_detectors_and_their_difference():
    figures = subset_figures(answers(
        [HIT], [HIT], [HIT], [MISS], other=([HIT], [HIT], [], [])), 'one')
    assert (figures['pictures'], figures['faces']) == (4, 4)
    one, other = figures['detectors']['one'], figures['detectors']['other']
    # At 0.9 all three are right; at 0.6 three of four.
    assert (one['recall'], one['threshold'], one['found']) == (0.75, pytest.approx(0.9), 0.75)
    assert one['ap'] == 0.75
    assert other['recall'] == 0.5
    assert one['recall_ci'][0] <= 0.75 <= one['recall_ci'][1]
    difference = figures['differences']['other']
    assert difference['recall'] == 0.25
    # The same pictures are drawn for both, so one is never behind.
    assert difference['recall_ci'][0] >= 0


def test_a_part_of_the_faces_ignores_the_others():
    found = answers([HIT, MISS], scenes=[scene((10, 10, 40, 50), (90, 60, 40, 50))])
    assert found.faces() == 2
    left = found.restricted(lambda labels: labels.boxes[:, 0] < 50)
    assert left.faces() == 1
    figures = subset_figures(left, 'one')['detectors']['one']
    # The find of the other face counts neither way.
    assert (figures['recall'], figures['ap']) == (1.0, 1.0)


def test_recall_by_size_counts_each_face_once():
    small = (100, 80, 16, 20)
    found = answers([HIT], [Face(small, 0.3)], scenes=[scene((10, 10, 40, 50), small)] * 2)
    assert by_size(found, 'one', 0.0, (10, 40, 80)) == [(2, 0.5), (2, 0.5)]
    assert by_size(found, 'one', 0.5, (10, 40, 80)) == [(2, 0.0), (2, 0.5)]
    assert by_size(found, 'one', 0.0, (80, 90)) == [(0, None)]


def test_a_detector_at_its_own_threshold():
    found = answers([HIT], [HIT, MISS], [HIT], [])
    empty = answers([MISS], [], scenes=[scene()] * 2)
    [row] = operating_point(found, empty, (40.0, 57.0, 80.0, 113.0)).values()
    assert row['recall'] == 0.75
    assert row['precision'] == 0.75
    assert row['false_per_frame'] == 0.25
    assert row['recall_by_size'] == {'40-56 px': 0.75, '57-79 px': None, '80-112 px': None}


def test_false_alarms_in_pictures_without_a_face():
    figures = false_alarms(answers(
        [MISS, HIT], [], [], [MISS], scenes=[scene()] * 4, silent=([], [], [], [])))
    assert figures['pictures'] == 4
    one, silent = figures['detectors']['one'], figures['detectors']['silent']
    assert (one['per_100'], one['share']) == (75.0, 0.5)
    assert one['per_100_ci'][0] < 75 < one['per_100_ci'][1]
    # No alarm in four pictures does not prove that there never is one.
    assert (silent['per_100'], silent['per_100_ci']) == (0.0, [0.0, 75.0])


def test_point_errors_are_in_eye_distances():
    moved = POINTS + np.array([3, 4], np.float32)
    assert point_errors(moved[None], POINTS[None]) == pytest.approx([5 / 20])
    assert np.isnan(point_errors(POINTS[None], np.full((1, 5, 2), np.nan, np.float32))).all()


def test_landmarks_against_the_labels_on_the_faces_that_are_found():
    near, far = (Face((10, 10, 40, 50), score, POINTS + shift)
                 for score, shift in ((0.9, np.float32(1)), (0.4, np.float32(4))))
    found = answers([near], [far], [], other=([], [near], [near]),
                    bare=([Face((10, 10, 40, 50), 0.9)],) * 3)
    rows = against_teacher(found, {'one': None, 'other': None, 'bare': None})
    assert set(rows) == {'one', 'other'}
    assert rows['one']['n'] == 2
    assert rows['one']['errors'] == pytest.approx([2 ** 0.5 / 20, 4 * 2 ** 0.5 / 20], abs=1e-4)
    # Both find the face of the second picture only.
    assert rows['one']['common'] == {'n': 1, 'median': pytest.approx(0.2828, abs=1e-4)}
    assert rows['other']['common'] == {'n': 1, 'median': pytest.approx(0.0707, abs=1e-4)}
    assert against_teacher(found, {'one': 0.5})['one']['n'] == 1


def test_people_are_compared_with_the_label_that_is_nearest():
    people = (POINTS + np.float32(2))[None]
    stranger = (POINTS + np.float32(300))[None]
    found = answers(
        [HIT], [], [HIT],
        scenes=[scene((10, 10, 40, 50), people=people), scene((10, 10, 40, 50), people=people),
                scene((10, 10, 40, 50), people=stranger)])
    rows = against_people(found, {'one': None})
    assert rows['teacher']['errors'] == pytest.approx([2 * 2 ** 0.5 / 20] * 2, abs=1e-4)
    assert (rows['one']['n'], rows['one']['median']) == (1, pytest.approx(0.1414, abs=1e-4))
    assert against_people(answers([HIT]), {}) == {}


def test_sizes_are_the_longer_sides():
    assert sides(np.array([[0, 0, 4, 9], [0, 0, 7, 2]], np.float32)).tolist() == [9, 7]


class Busy:
    """A detector that takes its time, and tells its stages."""

    box_convention = 'yunet'

    def __init__(self, rounds):
        self.rounds = rounds
        self.timings = {'network': 0.001, 'decode': 0.0005}

    def detect(self, bgr):
        for _ in range(self.rounds):
            np.sort(np.arange(20000)[::-1])
        return []


def test_times_are_taken_in_turn_and_ratios_are_to_the_first():
    steps = []
    rows = speed({'quick': Busy(2), 'slow': Busy(40), 'haar': HaarDetector()}, {},
                 {(160, 120): [IMAGE]}, 5, subject='quick', step=lambda: steps.append(1))
    row = rows['160x120']
    assert len(steps) == 5
    assert row['quick']['ratio'] == 1.0
    assert row['slow']['ratio'] > 3
    assert row['slow']['ms_p10'] <= row['slow']['ms_median'] <= row['slow']['ms_p90']
    assert row['quick']['stages'] == {'network': 1.0, 'decode': 0.5}
    assert row['haar']['stages'] is None


class Blind:
    """A network that sees no face anywhere."""

    inputs = (Port((None, None, 3), 'float32'),)
    outputs = (Port((None, OUTPUTS), 'float32'),)

    def run(self, batch):
        return np.full((len(batch), len(grid(*batch.shape[1:3])), OUTPUTS), -9.0, np.float32)


@pytest.fixture
def blind(monkeypatch, tmp_path):
    """Let every folder hold a network that sees nothing."""
    manifest = SimpleNamespace(score_threshold=0.5, overlap=0.4, slope=1.0, intercept=0.0,
                               smallest_face=16.0, file='x', sha256='abc')
    monkeypatch.setattr(fer_face, 'load_face_model', lambda model: SimpleNamespace(
        manifest=manifest, folder=tmp_path, data=b''))
    monkeypatch.setattr(fer_face, 'load_runtime', lambda *_: Blind())


def test_two_models_of_fer_face_are_compared_by_name_and_hash(blind):
    old, new = contenders(['fer_face:models/old', 'fer_face:models/new'])
    assert (old.name, new.name) == ('fer_face old', 'fer_face new')
    assert old.sha256 == new.sha256 == 'abc'
    assert contenders(['fer_face'])[0].detector(keen=True, close=True).detect(IMAGE) == []


def test_fer_face_tells_its_stages(blind):
    detector = fer_face.FerFaceDetector()
    rows = speed({'fer_face': detector}, {}, {(160, 120): [IMAGE]}, 3, subject='fer_face')
    row = rows['160x120']['fer_face']
    assert tuple(row['stages']) == STAGES
    assert sum(row['stages'].values()) <= 1.5 * row['ms_median']
