"""The figures of `fer evaluate alignment`, `flow` and `pose` mean what they say."""

import json

import cv2
import numpy as np
import pytest

from fer_ros.core.alignment import FER_ALIGNMENT
from fer_ros.core.crop import cut, FER_FRAMING
from fer_ros.core.errors import ConfigError, DataError
from fer_ros.core.head_pose import MEAN_FACE, project
from fer_ros.core.types import CropFrame, Face, HeadPose
from fer_ros.evaluation import crop_study, flow, pose
from fer_ros.evaluation.pasted import Condition, paste, pasted_scenes
from fer_ros.evaluation.point_fit import fit_depths, fit_points

POINTS = np.array(FER_ALIGNMENT['yunet'].points)
ROOM = np.full((480, 640, 3), 60, np.uint8)


def crop_of(shade, size=48):
    """Return a face crop that is known by its shade, with a bright upper half."""
    crop = np.full((size, size), shade, np.uint8)
    crop[:size // 2] += 60
    return crop


@pytest.mark.parametrize('roll', [0, 20, -35])
@pytest.mark.parametrize('side', [50.0, 137.0])
def test_what_was_pasted_is_cut_out_again(astronaut, roll, side):
    # Smooth: what is lost by sampling is not what this asks about.
    crop = cv2.GaussianBlur(cut(astronaut, CropFrame(225, 115, 120)), (0, 0), 1.5)
    scene = paste(crop, ROOM, (300.4, 210.7), side, roll)
    again = cut(scene.image, CropFrame(*scene.centre, scene.side, scene.roll))
    assert np.abs(again.astype(int) - crop).mean() < 3


def test_the_room_stays_where_the_face_is_not():
    scene = paste(crop_of(100), ROOM, (320, 240), 80, 15)
    assert (scene.image[:100] == 60).all()
    assert (ROOM == 60).all()


@pytest.mark.parametrize('centre', [(-30, 10), (700, 470), (320, 240)])
def test_a_face_may_reach_over_the_border(centre):
    assert paste(crop_of(100), ROOM, centre, 200, 30).image.shape == ROOM.shape


def test_scenes_are_the_same_every_time_and_hold_their_faces():
    crops = [crop_of(shade) for shade in (40, 80, 120)]
    condition = Condition('c', roll=25, sizes=(60, 90))
    one, two = (list(pasted_scenes(crops, condition, [ROOM], seed=3)) for _ in range(2))
    for first, second in zip(one, two, strict=True):
        assert np.array_equal(first.image, second.image)
        assert abs(first.roll) == 25
        assert 60 <= first.side <= 90
        assert 0 < first.centre[0] < 640


class Knowing:
    """Knows where each face was pasted; its landmarks may be wrong, and it may be blind."""

    box_convention = 'yunet'

    def __init__(self, scenes, landmarks=True, blind=()):
        self.scenes, self.landmarks, self.blind = list(scenes), landmarks, set(blind)
        self.calls = 0

    def detect(self, bgr):
        number, self.calls = self.calls, self.calls + 1
        if number in self.blind:
            return []
        scene = self.scenes[number]
        side = scene.side / FER_FRAMING['yunet'].margin
        angle = np.radians(scene.roll)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        points = (POINTS - 0.5) * scene.side @ turn.T + scene.centre
        box = (scene.centre[0] - side / 2, scene.centre[1] - side / 2, side, side)
        return [Face(box, 0.9, points.astype(np.float32) if self.landmarks else None)]


class Upper:
    """A classifier that tells whether the upper half of a crop is brighter: emotion 1."""

    def predict(self, crops):
        half = crops.shape[1] // 2
        # Corners of a turned square would be the same in both halves.
        up = crops[:, :half, :8].mean((1, 2)) - crops[:, half:, :8].mean((1, 2)) > 30
        rows = np.full((len(crops), 2), 0.1, np.float32)
        rows[np.arange(len(crops)), up.astype(int)] = 0.9
        return rows


def evaluated(condition, **options):
    crops = [crop_of(shade) for shade in range(40, 160, 10)]
    scenes = list(pasted_scenes(crops, condition, [ROOM]))
    return crop_study.evaluate_alignment(
        Upper(), ('a', 'b'), Knowing(scenes, **options), crops,
        np.ones(len(crops), np.int64), [condition], [ROOM])


def test_alignment_finds_what_the_roll_hid():
    result, sheets = evaluated(Condition('steep', roll=60, sizes=(60, 120)))
    row = result['steep']
    assert row['missed'] == 0
    assert row['ways']['aligned']['accuracy'] == row['ways']['true']['accuracy'] == 1
    assert row['ways']['upright']['accuracy'] < 1
    assert row['roll']['found'] == pytest.approx(60, abs=1)
    assert sum(band['n'] for band in row['yaw']) == 12
    assert sheets[0].ndim == 3


def test_missed_faces_are_wrong_and_told_apart():
    result, _ = evaluated(Condition('c'), blind=[0, 1, 2])
    row = result['c']
    assert row['missed'] == 3
    assert row['ways']['aligned']['accuracy'] == pytest.approx(9 / 12)
    assert row['ways']['aligned']['accuracy_found'] == 1


@pytest.mark.parametrize('options', [{'landmarks': False}, {'blind': range(12)}])
def test_without_landmarks_or_faces_there_are_figures_all_the_same(options):
    result, _ = evaluated(Condition('c'), **options)
    assert result['c']['roll'] is None
    assert result['c']['p'] == 1


def test_boxes_of_unknown_framing_are_refused():
    detector = Knowing([])
    detector.box_convention = 'head'
    with pytest.raises(ConfigError, match='head'):
        crop_study.evaluate_alignment(Upper(), ('a', 'b'), detector, [], np.zeros(0, np.int64))


def test_the_way_of_a_moving_face_is_known(astronaut):
    crop = cut(astronaut, CropFrame(225, 115, 120))
    scenes = list(flow.moving_face(crop, ROOM, 2.0, 60))
    steps = np.linalg.norm(np.diff([scene.centre for scene in scenes], axis=0), axis=1)
    # Two sides of 100 pixels a second across, and some of it down.
    assert 100 * 2 / 30 * 0.9 < steps.max() < 100 * 2 / 30 * 1.3


def test_faces_that_stay_where_they_were_lose_a_moving_one(astronaut):
    crop = cut(astronaut, CropFrame(225, 115, 120))

    class Seeing(Knowing):
        def detect(self, bgr):
            # The scene is known by its picture.
            self.calls = next(
                i for i, scene in enumerate(self.scenes) if np.array_equal(scene.image, bgr))
            return super().detect(bgr)

    scenes = [scene for speed in (0.5, 2.0, 5.0)
              for scene in flow.moving_face(crop, ROOM, speed, 12)]
    rows = flow.evaluate_flow(Seeing(scenes), [crop], [ROOM], frames=12)
    fast = next(row for row in rows if row['speed'] == 5.0 and row['every'] == 10)['ways']
    assert fast['flow']['overlap'] > 0.85
    assert fast['stay']['overlap'] < fast['flow']['overlap']
    each = next(row for row in rows if row['speed'] == 5.0 and row['every'] == 1)['ways']
    assert each['flow']['overlap'] > 0.97


def test_landmarks_in_crops_are_found_in_sides_of_the_crop(monkeypatch):
    class Fixed:
        box_convention = 'yunet'

        def detect(self, bgr):
            # The canvas's middle holds the crop, of 200 pixels.
            return [Face((140, 140, 200, 200), 0.9, (POINTS * 200 + 140).astype(np.float32))]

    monkeypatch.setattr('fer_ros.evaluation.point_fit.frame_side', lambda index: 200)
    found = fit_points(Fixed(), [crop_of(90)] * 5)
    assert np.array(found['points']) == pytest.approx(POINTS, abs=0.002)
    assert found['n'] == 15


def test_depths_of_known_faces_are_found_again():
    rng = np.random.default_rng(0)
    faces = [project(HeadPose(*rng.uniform((-20, -50, -20), (20, 50, 20)))) * 90
             for _ in range(40)]
    found = fit_depths(faces)
    assert found['nose'] == pytest.approx(MEAN_FACE[2, 2], abs=0.03)
    assert found['mouth'] == pytest.approx(MEAN_FACE[3, 2], abs=0.03)
    with pytest.raises(DataError, match='ten faces'):
        fit_depths(faces[:3])


def test_errors_of_a_pose_grow_with_the_noise(capsys, monkeypatch):
    monkeypatch.setattr(pose, '_DRAWS', 60)
    rows = pose.noise_figures()
    frontal = [row['median_error']['yaw'] for row in rows if row['yaw'] == 0]
    assert frontal == sorted(frontal)
    assert frontal[0] < 4


def test_the_alignment_command_writes_its_table_and_picture(tmp_path, astronaut, capsys):
    from fer_ros.cli import main

    for number in range(3):
        (tmp_path / 'data' / 'happiness').mkdir(parents=True, exist_ok=True)
        crop = cut(astronaut, CropFrame(225, 115 + number, 120), (96, 96))
        cv2.imwrite(str(tmp_path / 'data' / 'happiness' / f'{number}.png'), crop)
    out = tmp_path / 'out'
    assert main(['evaluate', 'alignment', '--data', str(tmp_path / 'data'), '--detector', 'haar',
                 '--condition', 'roll 0', '--out', str(out)]) == 0
    assert '| roll 0 |' in capsys.readouterr().out
    record = json.loads((out / 'alignment.json').read_text())
    assert record['conditions']['roll 0']['n'] == 3
    assert cv2.imread(str(out / 'alignment.png')) is not None
