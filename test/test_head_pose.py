"""Known turns of the mean face are found again; points that are no face are told apart."""

import contextlib
import itertools
import os
import time

import numpy as np
import pytest

from fer_ros.core.head_pose import head_pose, MEAN_FACE, project, turned
from fer_ros.core.types import HeadPose

TURNS = list(itertools.product((-60, -20, 0, 35), (-60, -25, 0, 10, 50), (-40, 0, 15, 35)))


@pytest.mark.parametrize('turn', TURNS, ids=str)
def test_any_turn_of_the_mean_face_is_found_again(turn):
    pose = head_pose(project(HeadPose(*turn)) * 83.0 + (320, -40))
    assert (pose.roll, pose.yaw, pose.pitch) == pytest.approx(turn, abs=0.3)


def test_a_face_that_looks_into_the_camera_is_not_turned():
    pose = head_pose(MEAN_FACE[:, :2] * 100)
    assert (pose.roll, pose.yaw, pose.pitch) == pytest.approx((0, 0, 0), abs=0.1)


def test_signs_are_those_of_the_optical_frame():
    face = MEAN_FACE[:, :2] * 100
    nose_left, nose_down = face.copy(), face.copy()
    nose_left[2, 0] -= 8
    nose_down[2, 1] += 8
    assert head_pose(nose_left).yaw > 10
    assert head_pose(nose_down).pitch > 10
    # Clockwise in the image, whose y points down: the eye on the right comes lower.
    angle = np.radians(20)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = face @ turn.T
    assert turned[1, 1] > turned[0, 1]
    assert head_pose(turned).roll == pytest.approx(20, abs=0.1)


def test_the_mirror_image_looks_to_the_other_side():
    points = project(HeadPose(12, 30, -8)) * 50 + 100
    mirrored = points[[1, 0, 2, 4, 3]] * (-1, 1)
    pose = head_pose(mirrored)
    assert (pose.roll, pose.yaw, pose.pitch) == pytest.approx((-12, -30, -8), abs=0.3)


def test_yaw_grows_with_the_turn_whatever_the_noise():
    rng = np.random.default_rng(0)
    means = []
    for yaw in range(-60, 61, 20):
        poses = [head_pose(project(HeadPose(0, yaw, 0)) + rng.normal(0, 0.011, (5, 2)))
                 for _ in range(60)]
        means.append(np.mean([pose.yaw for pose in poses if pose]))
    # 3 % of the distance of the eyes is what a detector's landmarks scatter by.
    assert np.abs(np.array(means) - np.arange(-60, 61, 20)).max() < 3


@pytest.mark.parametrize('swap', [[1, 0, 2, 3, 4], [0, 1, 2, 4, 3], [1, 0, 2, 4, 3]])
def test_exchanged_points_are_no_face(swap):
    assert head_pose(MEAN_FACE[swap, :2] * 100) is None


@pytest.mark.parametrize('points', [
    np.full((5, 2), np.nan), np.full((5, 2), 7.0), np.zeros((5, 2)), np.full((5, 2), np.inf),
    np.zeros((4, 2)), np.arange(10.0).reshape(5, 2), np.full((5, 2), 1e300)])
def test_points_of_no_sense_give_no_pose(points):
    assert head_pose(points.astype(np.float64)) is None


def test_any_points_give_a_pose_in_range_or_none():
    rng = np.random.default_rng(1)
    for scale in (1e-9, 1.0, 300.0, 1e8):
        for _ in range(100):
            pose = head_pose((rng.normal(0, scale, (5, 2))).astype(np.float32))
            if pose is not None:
                assert abs(pose.yaw) <= 77
                assert abs(pose.pitch) <= 62
                assert abs(pose.roll) <= 180


def test_a_pose_needs_finite_angles():
    with pytest.raises(ValueError, match='finite'):
        HeadPose(0.0, float('nan'), 0.0)


@pytest.fixture
def one_core():
    """Keep all threads of this process on one core, as a busy machine does."""
    def keep(cores):
        for thread in os.listdir('/proc/self/task'):
            with contextlib.suppress(OSError):
                os.sched_setaffinity(int(thread), cores)

    cores = os.sched_getaffinity(0)
    keep({max(cores)})
    yield
    keep(cores)


@pytest.mark.skipif(not hasattr(os, 'sched_setaffinity'), reason='Linux only')
def test_the_pose_of_a_head_does_not_wait_for_threads_of_a_library(one_core):
    points = project(HeadPose(12, 30, -8)) * 50 + 100

    def cost(work):
        times = []
        for _ in range(50):
            begin = time.process_time()
            work()
            times.append(time.process_time() - begin)
        return np.median(times)

    head_pose(points)
    # A product by BLAS takes some 300 times as long, in threads that wait for one another.
    assert cost(lambda: head_pose(points)) < 60 * cost(lambda: turned(MEAN_FACE, 30.0, -8.0))
