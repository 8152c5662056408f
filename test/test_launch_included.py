"""The launch files as parts of another description, under launch_testing."""

from pathlib import Path
import tempfile
import unittest

import pytest

pytest.importorskip('launch_testing', reason='launch_testing is not installed')

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
import launch_testing
from launch_testing.actions import ReadyToTest
import launch_testing.asserts
from ros_support import Graph
from skimage import data

from fer_msgs.msg import EmotionArray
from fer_ros.core.sources import write_image

LAUNCH = Path(__file__).resolve().parents[1] / 'launch'
STARTUP = 60.0  # seconds
FOLDER = tempfile.TemporaryDirectory()  # goes with the module


@pytest.mark.launch_test
def generate_test_description():
    """Two cameras and the node that serves them, as part of somebody's robot."""
    picture = Path(FOLDER.name) / 'portrait.png'
    write_image(picture, data.astronaut()[..., ::-1])
    return LaunchDescription([
        IncludeLaunchDescription(
            str(LAUNCH / 'multi_camera.launch.py'),
            launch_arguments={
                'cameras': 'front,rear', 'devices': f'{picture},{picture}',
                'camera_driver': 'video_node', 'autostart': 'launch', 'namespace': 'robot',
            }.items()),
        ReadyToTest()])


class TestWhileItRuns(unittest.TestCase):
    """Each of its nodes does its part."""

    def test_the_node_becomes_active(self, proc_output):
        proc_output.assertWaitFor('active: listens to', timeout=STARTUP)

    def test_results_of_both_cameras_flow(self):
        with Graph() as ros:
            for camera in ('front', 'rear'):
                ros.subscribe(EmotionArray, f'/robot/emotion_node/{camera}/emotions').wait_that(
                    lambda message: message.emotions, 'a face', timeout=STARTUP)


@launch_testing.post_shutdown_test()
class TestWhenItHasEnded(unittest.TestCase):
    """Nothing is left behind."""

    def test_all_end_well(self, proc_info):
        launch_testing.asserts.assertExitCodes(proc_info)

    def test_nothing_failed(self, proc_output):
        for output in proc_output:
            assert b'Traceback' not in output.text
