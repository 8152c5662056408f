"""video_node as a process: what it publishes, how it ends, what it says."""

import signal

import numpy as np
import pytest
from rcl_interfaces.srv import DescribeParameters
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from ros_support import NodeProcess, wait_for
from sensor_msgs.msg import CompressedImage, Image

from fer_ros.core.compressed import compressed_to_bgr
from fer_ros.core.image import to_bgr
from fer_ros.core.sources import write_image
from fer_ros.core.video_writer import VideoWriter
from fer_ros.nodes.qos import IMAGE_QOS

RELIABLE = QoSProfile(depth=50, reliability=QoSReliabilityPolicy.RELIABLE)
BEST_EFFORT = QoSProfile(depth=50, reliability=QoSReliabilityPolicy.BEST_EFFORT)
COUNT = 10


@pytest.fixture
def video(tmp_path):
    """Return a video of 10 frames at 20 frames/s, each lighter than the one before."""
    with VideoWriter(tmp_path / 'clip.mp4', 20, (64, 48)) as writer:
        for index in range(COUNT):
            writer.write(np.full((48, 64, 3), 20 * index, np.uint8))
    return writer.path


def start(**parameters):
    arguments = ['--ros-args']
    for name, value in parameters.items():
        arguments += ['-p', f'{name}:={value}']
    return NodeProcess('fer_ros.nodes.video_node', *arguments)


@pytest.mark.parametrize('qos', [RELIABLE, BEST_EFFORT], ids=['reliable', 'best effort'])
def test_a_file_is_published_whole_and_at_its_speed(ros, video, qos):
    images = ros.subscribe(Image, 'image_raw', qos)
    before = ros.probe.get_clock().now().nanoseconds
    with start(source=video, loop='false', wait_for_subscriber='true', start_delay=0.3,
               frame_id='eye') as node:
        assert node.wait_end() == 0
        assert f'ended after {COUNT} frames' in node.output
    messages = images.wait(COUNT)
    assert len(messages) == COUNT
    levels = [to_bgr(message).mean() for message in messages]
    assert levels == pytest.approx(20 * np.arange(COUNT), abs=5)
    stamps = np.array([m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for m in messages])
    assert before < stamps[0]
    # Never faster than the file; a busy machine may be late by up to the half second of grace.
    assert -0.1 < (stamps[-1] - stamps[0]) / 1e9 - (COUNT - 1) / 20 < 1.0
    assert {(m.header.frame_id, m.encoding, m.width, m.height) for m in messages} == {
        ('eye', 'bgr8', 64, 48)}


def test_a_loop_goes_on_until_ctrl_c_and_ends_quietly(ros, video):
    images = ros.subscribe(Image, 'image_raw', IMAGE_QOS)
    with start(source=video, rate=10.0) as node:
        images.wait(COUNT)  # a round at half the rate has 5
        assert node.stop(signal.SIGINT) == 0
        assert 'Traceback' not in node.output


def test_its_quality_of_service_can_be_overridden_as_ros_has_it(ros, video):
    overriding = 'qos_overrides./image_raw.publisher.reliability'
    with start(source=video, **{overriding: 'best_effort'}):
        (offer,) = wait_for(
            lambda: ros.probe.get_publishers_info_by_topic('/image_raw'), 'the publisher')
        assert offer.qos_profile.reliability == QoSReliabilityPolicy.BEST_EFFORT


def test_sigterm_ends_it_quietly_while_it_waits(video):
    with start(source=video, wait_for_subscriber='true') as node:
        node.wait_output('64x48, 20 frames/s')
        assert node.stop(signal.SIGTERM) == 0
        assert 'Traceback' not in node.output


def test_compressed_images_beside_the_raw_ones(ros, video):
    images = ros.subscribe(CompressedImage, 'image_raw/compressed', RELIABLE)
    with start(source=video, loop='false', compressed='true', jpeg_quality=95, width=32,
               wait_for_subscriber='true') as node:
        assert node.wait_end() == 0
    message = images.wait(COUNT)[3]
    assert message.format == 'bgr8; jpeg compressed bgr8'
    bgr = compressed_to_bgr(message)
    assert bgr.shape == (24, 32, 3)
    assert bgr.mean() == pytest.approx(60, abs=5)


def test_a_damaged_picture_of_a_folder_is_told_in_the_log(tmp_path):
    write_image(tmp_path / 'b.png', np.zeros((48, 64, 3), np.uint8))
    (tmp_path / 'a.png').write_bytes(b'x')
    with start(source=tmp_path, loop='false') as node:
        assert node.wait_end() == 0
        assert 'a.png: not an image, or damaged' in node.output
        assert 'ended after 1 frames' in node.output


@pytest.mark.parametrize(('parameters', 'message'), [
    ({'source': '/nowhere.mp4'}, '/nowhere.mp4: no such file or folder'),
    ({'source': 987}, 'camera /dev/video987: no such device'),
    ({'rate': -1.0}, 'rate'),
    ({'rate': 15}, 'DOUBLE'),
    ({'jpeg_quality': 101}, 'jpeg_quality'),
    ({'': 1}, "rule: '-p :=1'"),
], ids=['file', 'camera', 'range', 'type', 'integer range', 'arguments'])
def test_what_is_wrong_is_told_in_one_line(parameters, message):
    with start(**parameters) as node:
        assert node.wait_end() == 1
        # rcl has a line of its own about arguments that it cannot parse.
        lines = [line for line in node.output.splitlines() if '[rcl]' not in line]
    assert len(lines) == 1
    assert message in lines[0]


def test_parameters_are_described(ros, video):
    names = ['source', 'rate', 'loop', 'duration', 'width', 'height', 'frame_id', 'compressed',
             'jpeg_quality', 'wait_for_subscriber', 'start_delay']
    with start(source=video):
        response = ros.call(
            DescribeParameters, '/video_node/describe_parameters',
            DescribeParameters.Request(names=names))
    assert [d.name for d in response.descriptors] == names
    assert all(len(d.description) > 10 and d.read_only for d in response.descriptors)
