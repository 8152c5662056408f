"""The launch files, with the real ros2 command."""

import os
from pathlib import Path
import shutil
import signal

from lifecycle_msgs.srv import GetState
import pytest
from rcl_interfaces.srv import GetParameters
from rclpy.parameter import parameter_value_to_python
from ros_support import image_message, NodeProcess, wait_for
from sensor_msgs.msg import Image
import yaml

from fer_msgs.msg import EmotionArray

pytest.importorskip('launch_ros', reason='launch is not installed')
pytest.importorskip('ros2launch', reason='the ros2 command is not installed')

from fer_ros.launching.node import PRESETS
from fer_ros.launching.places import is_installed, share
from fer_ros.launching.rviz import TOPICS

LAUNCH = Path(__file__).resolve().parents[1] / 'launch'
CONFIG = share('config')
ROS2 = shutil.which('ros2') or 'ros2'
STARTUP = 30.0  # seconds


def launch(file, *arguments):
    return NodeProcess('', str(LAUNCH / file), *arguments, command=(ROS2, 'launch'))


def state(ros, name='/emotion_node'):
    return ros.call(GetState, f'{name}/get_state', timeout=STARTUP).current_state.label


@pytest.mark.parametrize(('file', 'arguments'), [
    ('fer.launch.py', {'params_file', 'preset', 'image', 'image_transport', 'model', 'name',
                       'namespace', 'autostart', 'respawn', 'respawn_delay', 'use_sim_time',
                       'log_level'}),
    ('replay.launch.py', {'bag', 'record', 'record_topics', 'player', 'rate', 'loop',
                          'start_offset', 'image', 'model'}),
    ('usb_camera.launch.py', {'camera_driver', 'device', 'size', 'fps', 'frame_id',
                              'camera_info_url', 'camera_params_file', 'rviz', 'rviz_config',
                              'params_file', 'preset', 'image'}),
    ('multi_camera.launch.py', {'cameras', 'processes', 'devices', 'image', 'camera_driver'}),
    ('rviz.launch.py', {'name', 'namespace', 'rviz_config', 'fixed_frame', 'use_sim_time'}),
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


@pytest.mark.parametrize('autostart', ['true', 'launch'])
def test_a_killed_node_is_respawned_and_answers_again(ros, astronaut, autostart):
    face = astronaut[:256, 96:352]
    with launch('fer.launch.py', f'autostart:={autostart}', 'respawn:=true', 'respawn_delay:=0.2',
                'image:=/camera/image') as process:
        images = ros.publisher(Image, '/camera/image', match=False)
        emotions = ros.subscribe(EmotionArray, '/emotion_node/emotions')
        line = process.wait_output('process started with pid', STARTUP)
        process.wait_output('active: listens to', STARTUP)
        ros.connect(images, image_message(face), emotions)
        os.kill(int(line.rsplit('[', 1)[1].rstrip(']\n')), signal.SIGKILL)
        process.wait_output('process has died', STARTUP)
        wait_for(lambda: process.output.count('active: listens to') == 2, 'it to be active again',
                 2 * STARTUP)
        emotions.clear()
        ros.connect(images, image_message(face), emotions)
        assert process.stop(signal.SIGINT, STARTUP) == 0, process.output


def test_camera_node_and_results_together(ros, astronaut, tmp_path):
    import cv2

    photo = tmp_path / 'photo.png'
    cv2.imwrite(str(photo), astronaut)
    with launch('usb_camera.launch.py', 'camera_driver:=video_node', f'device:={photo}',
                'rviz:=false') as process:
        emotions = ros.subscribe(EmotionArray, '/emotion_node/emotions')
        emotions.wait_that(lambda m: len(m.emotions) == 1, 'a face', timeout=STARTUP)
        assert process.stop(signal.SIGINT, STARTUP) == 0, process.output
        assert 'Traceback' not in process.output


@pytest.mark.parametrize(('file', 'arguments', 'text'), [
    pytest.param(
        'usb_camera.launch.py', ('camera_driver:=usb_cam',), 'ros-$ROS_DISTRO-usb-cam',
        marks=pytest.mark.skipif(is_installed('usb_cam'), reason='usb_cam is installed')),
    pytest.param(
        'rviz.launch.py', (), 'ros-$ROS_DISTRO-rviz2',
        marks=pytest.mark.skipif(is_installed('rviz2'), reason='RViz is installed')),
    ('usb_camera.launch.py', ('camera_driver:=webcam',), 'webcam'),
    ('usb_camera.launch.py', ('size:=640',), 'size: must be like 640x480'),
    ('fer.launch.py', ('params_file:=/nonexistent.yaml',), 'there is no file /nonexistent.yaml'),
    ('fer.launch.py', ('preset:=best',), 'accurate'),
    ('fer.launch.py', ('respawn_delay:=soon',), 'respawn_delay: must be seconds'),
    ('multi_camera.launch.py', ('cameras:=a,b', 'devices:=x'), 'as many as cameras (2), got 1'),
    ('multi_camera.launch.py', ('image:=/image',), 'must hold CAMERA'),
    ('replay.launch.py', ('bag:=/nonexistent',), 'there is no /nonexistent'),
])
def test_what_cannot_be_started_is_named(file, arguments, text):
    with launch(file, *arguments) as process:
        assert process.wait_end(STARTUP) == 1
        assert text in process.output


def test_a_driver_that_ends_takes_the_rest_along():
    with launch('usb_camera.launch.py', 'camera_driver:=video_node',
                'device:=/nonexistent/clip.mp4') as process:
        process.wait_end(STARTUP)
        assert '/nonexistent/clip.mp4' in process.output
        assert 'the camera driver ended' in process.output
        if not shutil.which('rviz2'):
            assert 'RViz is not installed' in process.output


def test_a_bag_is_replayed_and_its_results_are_recorded(tmp_path):
    """Nobody else listens; the time comes from the bag; everything ends with it."""
    from recording_support import BEGIN, frames, IMAGES, write_bag
    from rosbags.highlevel import AnyReader
    from rosbags.typesys import get_typestore, Stores

    images = frames(every=3)
    write_bag(tmp_path / 'bag', images)
    with launch('replay.launch.py', f'bag:={tmp_path / "bag"}', f'image:={IMAGES}',
                'player:=fer', f'record:={tmp_path / "found"}') as process:
        process.wait_output('messages recorded', 4 * STARTUP)
        process.wait_output('the bag ended', STARTUP)
        assert process.wait_end(STARTUP) == 0, process.output
        assert 'Traceback' not in process.output
    stamps = {}
    # With the types that the bag itself defines: who has it needs nothing else.
    with AnyReader([tmp_path / 'found'],
                   default_typestore=get_typestore(Stores.ROS2_JAZZY)) as bag:
        for connection, logged, data in bag.messages():
            message = bag.deserialize(data, connection.msgtype)
            stamp = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
            assert stamp - 1e-3 <= logged * 1e-9 <= BEGIN + images[-1][0] + 1e-3
            stamps.setdefault(connection.topic, []).append(stamp)
    assert set(stamps) == {'/emotion_node/emotions', '/emotion_node/detections'}
    for times in stamps.values():
        assert len(times) > 3
        assert times == sorted(times)
        assert BEGIN - 1e-3 <= times[0] <= times[-1] <= BEGIN + images[-1][0] + 1e-3


@pytest.mark.parametrize(('processes', 'topics'), [
    ('one', ('/emotion_node/front/emotions', '/emotion_node/rear/emotions')),
    ('each', ('/front/emotion_node/emotions', '/rear/emotion_node/emotions')),
])
def test_two_cameras_and_their_results(ros, photo, processes, topics):
    with launch('multi_camera.launch.py', 'cameras:=front,rear', f'devices:={photo},{photo}',
                'camera_driver:=video_node', f'processes:={processes}') as process:
        for topic, frame in zip(topics, ('front', 'rear'), strict=True):
            emotions = ros.subscribe(EmotionArray, topic)
            found = emotions.wait_that(lambda m: len(m.emotions) == 1, 'a face', timeout=STARTUP)
            assert found.header.frame_id == frame
        assert process.stop(signal.SIGINT, STARTUP) == 0, process.output
        assert 'Traceback' not in process.output


@pytest.mark.parametrize('preset', PRESETS)
def test_a_preset_stands_above_the_file_and_is_accepted(ros, preset):
    content = yaml.safe_load((CONFIG / 'presets' / f'{preset}.yaml').read_text())
    with launch('fer.launch.py', f'preset:={preset}') as process:
        process.wait_output('active: listens to', STARTUP)
        assert 'there is no parameter' not in process.output
        wanted = flat(content['/**']['ros__parameters'])
        values = ros.call(GetParameters, '/emotion_node/get_parameters', GetParameters.Request(
            names=list(wanted))).values
        assert [parameter_value_to_python(v) for v in values] == list(wanted.values())
        assert process.stop(signal.SIGINT, STARTUP) == 0, process.output


def flat(tree, prefix=''):
    values = {}
    for name, value in tree.items():
        values |= flat(value, f'{prefix}{name}.') if isinstance(value, dict) else {
            f'{prefix}{name}': value}
    return values


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Return a function that installs a package whose program tells its command line.

    The launch files decide about command lines only; the drivers and RViz are their makers' to
    test.
    """
    def install(package, executable):
        prefix = tmp_path / 'prefix'
        for folder in ('share/ament_index/resource_index/packages', f'lib/{package}'):
            (prefix / folder).mkdir(parents=True, exist_ok=True)
        (prefix / 'share/ament_index/resource_index/packages' / package).touch()
        path = prefix / 'lib' / package / executable
        path.write_text(
            '#!/bin/sh\necho "TOLD $@"\n'
            'for word in "$@"; do [ -f "$word" ] && cat "$word"; done\nsleep 60\n')
        path.chmod(0o755)
        monkeypatch.setenv('AMENT_PREFIX_PATH', f'{prefix}:{os.environ["AMENT_PREFIX_PATH"]}')
    return install


@pytest.mark.parametrize(('package', 'executable', 'told'), [
    ('usb_cam', 'usb_cam_node_exe', (
        'video_device: /dev/video7', 'image_width: 640', 'image_height: 480', 'framerate: 15.0',
        'frame_id: eye', 'camera_info_url: file:///c.yaml')),
    ('v4l2_camera', 'v4l2_camera_node', (
        'video_device: /dev/video7', '- 640', '- 480', '- 15000', 'camera_frame_id: eye',
        'camera_info_url: file:///c.yaml')),
])
def test_a_driver_is_told_in_its_own_words(program, package, executable, told):
    program(package, executable)
    with launch('usb_camera.launch.py', f'camera_driver:={package}', 'device:=/dev/video7',
                'size:=640x480', 'fps:=15', 'frame_id:=eye', 'rviz:=false',
                'camera_info_url:=file:///c.yaml', 'image:=/head/image_raw') as process:
        line = process.wait_output('TOLD', STARTUP)
        assert 'image_raw:=/head/image_raw' in line
        assert 'camera_info:=/head/camera_info' in line
        for text in told:
            process.wait_output(text)


def test_rviz_looks_at_the_node_that_is_named(program):
    program('rviz2', 'rviz2')
    with launch('rviz.launch.py', 'namespace:=robot', 'name:=fer', 'camera:=rear',
                'fixed_frame:=map') as process:
        line = process.wait_output('TOLD', STARTUP)
        assert f'-d {CONFIG / "fer.rviz"} -f map' in line
        assert '/emotion_node/image_annotated:=/robot/fer/rear/image_annotated' in line


def test_rviz_shows_topics_that_follow_the_name_of_the_node():
    displays = yaml.safe_load((CONFIG / 'fer.rviz').read_text())[
        'Visualization Manager']['Displays']
    topics = [display['Topic']['Value'] for display in displays if 'Topic' in display]
    assert topics
    assert {topic.removeprefix('/emotion_node/') for topic in topics} <= set(TOPICS)
