"""The launch files, with the real ros2 command."""

import os
from pathlib import Path
import shutil
import signal

from lifecycle_msgs.srv import GetState
import pytest
from rcl_interfaces.srv import GetParameters
from ros_support import image_message, NodeProcess
from sensor_msgs.msg import Image

from fer_msgs.msg import EmotionArray

pytest.importorskip('launch_ros')
pytest.importorskip('ros2launch')

LAUNCH = Path(__file__).resolve().parents[1] / 'launch'
ROS2 = shutil.which('ros2') or 'ros2'
STARTUP = 30.0  # seconds


def launch(file, *arguments):
    return NodeProcess('', str(LAUNCH / file), *arguments, command=(ROS2, 'launch'))


def state(ros, name='/emotion_node'):
    return ros.call(GetState, f'{name}/get_state', timeout=STARTUP).current_state.label


@pytest.mark.parametrize(('file', 'arguments'), [
    ('fer.launch.py', {'params_file', 'image', 'image_transport', 'model', 'name', 'namespace',
                       'autostart', 'use_sim_time', 'log_level'}),
    ('replay.launch.py', {'bag', 'player', 'rate', 'loop', 'start_offset', 'image', 'model'}),
    ('fer_camera.launch.py', {'camera_driver', 'device', 'rviz', 'params_file', 'image'}),
])
def test_the_arguments_are_described(file, arguments):
    with launch(file, '--show-args') as process:
        assert process.wait_end(STARTUP) == 0
        for argument in arguments:
            assert f"'{argument}':" in process.output
        assert 'no description' not in process.output.lower()


def test_the_node_becomes_active_and_answers(ros, astronaut):
    with launch('fer.launch.py', 'image:=/camera/image', 'namespace:=robot') as process:
        images = ros.publisher(Image, '/camera/image', match=False)
        assert state(ros, '/robot/emotion_node') in ('unconfigured', 'inactive', 'active')
        emotions = ros.subscribe(EmotionArray, '/robot/emotion_node/emotions')
        face = astronaut[:256, 96:352]  # small enough for shared memory as it comes
        ros.connect(images, image_message(face), emotions)
        images.publish(image_message(face, (7, 0)))
        assert len(emotions.wait(1)[0].emotions) == 1
        assert state(ros, '/robot/emotion_node') == 'active'
        assert process.stop(signal.SIGINT, STARTUP) == 0, process.output
        assert 'Traceback' not in process.output


def test_arguments_stand_above_the_file_and_the_file_above_defaults(ros, tmp_path):
    parameters = tmp_path / 'mine.yaml'
    parameters.write_text(
        '/**:\n  ros__parameters:\n    max_faces: 3\n    image_transport: raw\n')
    with launch('fer.launch.py', f'params_file:={parameters}', 'autostart:=false',
                'image_transport:=compressed', 'name:=fer') as process:
        assert state(ros, '/fer') == 'unconfigured'
        values = ros.call(GetParameters, '/fer/get_parameters', GetParameters.Request(
            names=['max_faces', 'image_transport', 'smoothing_time'])).values
        assert values[0].integer_value == 3
        assert values[1].string_value == 'compressed'
        assert values[2].double_value == 0.3
        assert process.stop(signal.SIGINT, STARTUP) == 0, process.output


def test_camera_node_and_results_together(ros, astronaut, tmp_path):
    import cv2

    photo = tmp_path / 'photo.png'
    cv2.imwrite(str(photo), astronaut)
    with launch('fer_camera.launch.py', 'camera_driver:=video_node', f'device:={photo}',
                'rviz:=false') as process:
        emotions = ros.subscribe(EmotionArray, '/emotion_node/emotions')
        emotions.wait_that(lambda m: len(m.emotions) == 1, 'a face', timeout=STARTUP)
        assert process.stop(signal.SIGINT, STARTUP) == 0, process.output
        assert 'Traceback' not in process.output


@pytest.mark.parametrize(('arguments', 'text'), [
    (('camera_driver:=usb_cam',), 'ros-$ROS_DISTRO-usb-cam'),
    (('camera_driver:=webcam',), 'webcam'),
])
def test_a_driver_that_is_not_there_is_named(arguments, text):
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    if any((Path(p) / 'share' / 'usb_cam').exists() for p in prefixes):
        arguments = ('camera_driver:=webcam',)
        text = 'webcam'
    with launch('fer_camera.launch.py', *arguments) as process:
        assert process.wait_end(STARTUP) == 1
        assert text in process.output


def test_a_driver_that_ends_takes_the_rest_along():
    with launch('fer_camera.launch.py', 'camera_driver:=video_node',
                'device:=/nonexistent/clip.mp4', 'rviz:=true') as process:
        process.wait_end(STARTUP)
        assert '/nonexistent/clip.mp4' in process.output
        assert 'the camera driver ended' in process.output
        if not shutil.which('rviz2'):
            assert 'RViz is not installed' in process.output


def test_a_bag_is_replayed_into_the_node(ros, tmp_path):
    """The time comes from the bag; everything ends with it."""
    from recording_support import BEGIN, frames, IMAGES, write_bag

    images = frames(every=3)
    write_bag(tmp_path / 'bag', images)
    emotions = ros.subscribe(EmotionArray, '/emotion_node/emotions')
    with launch('replay.launch.py', f'bag:={tmp_path / "bag"}', f'image:={IMAGES}',
                'player:=fer', 'rate:=1.0') as process:
        process.wait_output('messages played', 3 * STARTUP)
        process.wait_output('the bag has ended', STARTUP)
        assert process.wait_end(STARTUP) == 0, process.output
    stamps = [m.header.stamp.sec + m.header.stamp.nanosec * 1e-9 for m in emotions.messages]
    assert stamps
    assert BEGIN - 0.01 <= stamps[0] <= stamps[-1] <= BEGIN + images[-1][0] + 0.01
