"""Images reach another process whole, though subscribers to them are best effort."""

import contextlib
import itertools
from pathlib import Path
import socket
import statistics
import sys
import time

import cv2
import pytest
from ros_support import NodeProcess
from sensor_msgs.msg import Image

from fer_ros.nodes import transport
from fer_ros.nodes.qos import IMAGE_QOS
from fer_ros.nodes.transport import make_room_for_images

CONFIG = Path(__file__).resolve().parents[1] / 'config'


@pytest.mark.parametrize(('before', 'chosen'), [
    ({}, True),
    ({'RMW_IMPLEMENTATION': ''}, True),
    ({'RMW_IMPLEMENTATION': 'rmw_fastrtps_cpp'}, True),
    ({'RMW_IMPLEMENTATION': 'rmw_cyclonedds_cpp'}, False),
    ({'FASTRTPS_DEFAULT_PROFILES_FILE': '/my.xml'}, False),
    ({'FASTDDS_DEFAULT_PROFILES_FILE': '/my.xml'}, False),
])
def test_the_profile_is_chosen_where_nobody_has_chosen(before, chosen):
    environment = dict(before)
    make_room_for_images(environment)
    if chosen:
        (name,) = set(environment) - set(before)
        assert name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
        assert Path(environment[name]).read_text() == (CONFIG / 'fastdds.xml').read_text()
    else:
        assert environment == before


def test_the_middleware_that_runs_has_no_complaint():
    """Fast DDS 3 warns of the variable that Fast DDS 2 reads."""
    code = ('from fer_ros.nodes.transport import make_room_for_images; make_room_for_images();'
            'import rclpy; rclpy.init(); rclpy.create_node("bare"); print("no more")')
    with NodeProcess('', command=(sys.executable, '-c', code)) as process:
        assert process.wait_end() == 0
        assert process.output == 'no more\n'


def test_who_starts_is_told_of_every_second():
    """Fast DDS repeats itself every 3 s as it comes, for which who missed the first word waits."""
    domain, participant = 101, 3  # a participant that does not exist, whose port is ours
    code = ('from fer_ros.nodes.transport import make_room_for_images; make_room_for_images();'
            'import rclpy; rclpy.init(); node = rclpy.create_node("bare"); rclpy.spin(node)')
    local = {'ROS_DOMAIN_ID': str(domain), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.bind(('127.0.0.1', 7410 + 250 * domain + 2 * participant))  # DDSI-RTPS 9.6.1.1
        port.settimeout(30.0)
        command = ('env', *map('='.join, local.items()), sys.executable, '-c', code)
        with NodeProcess('', command=command):
            port.recv(65536)
            time.sleep(1.5)  # it repeats its first words faster
            port.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    port.recv(65536)
            port.settimeout(30.0)
            moments = []
            while len(moments) < 4:
                port.recv(65536)
                now = time.monotonic()
                if not moments or now - moments[-1] > 0.2:  # one a network interface
                    moments.append(now)
    assert statistics.median(b - a for a, b in itertools.pairwise(moments)) < 2.0


@pytest.mark.parametrize(('library', 'name'), [
    ('libfastdds.so.3.2', 'FASTDDS_DEFAULT_PROFILES_FILE'),
    ('libfastrtps.so.2.14', 'FASTRTPS_DEFAULT_PROFILES_FILE'),
])
def test_the_variable_is_that_of_the_installed_fast_dds(tmp_path, monkeypatch, library, name):
    monkeypatch.setattr(sys, 'prefix', '/nowhere')
    (tmp_path / 'lib').mkdir()
    (tmp_path / 'lib' / library).touch()
    environment = {'AMENT_PREFIX_PATH': f'/overlay:{tmp_path}'}
    monkeypatch.setattr(transport, 'resource_folders', lambda name: [CONFIG])
    make_room_for_images(environment)
    assert set(environment) == {'AMENT_PREFIX_PATH', name}


def test_images_of_900_kilobytes_reach_a_best_effort_subscriber_elsewhere(
        ros, astronaut, tmp_path):
    photo = tmp_path / 'photo.png'
    cv2.imwrite(str(photo), astronaut)
    images = ros.subscribe(Image, '/image_raw', IMAGE_QOS)
    values = {'source': photo, 'width': 640, 'height': 480, 'rate': 10.0, 'loop': 'false',
              'duration': 3.0, 'wait_for_subscriber': 'true', 'start_delay': 0.5}
    arguments = [word for name, value in values.items() for word in ('-p', f'{name}:={value}')]
    with NodeProcess('fer_ros.nodes.video_node', '--ros-args', *arguments) as process:
        assert process.wait_end() == 0, process.output
    # 30 were published. Without room for them a third to two thirds would be lost.
    assert len(images.messages) >= 27
    assert len(images.messages[0].data) == 640 * 480 * 3
