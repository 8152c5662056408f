"""The clock of the system leaps, as it does when a robot learns the time from the network.

What the middleware makes of that is not looked at: Fast DDS has had faults of its own there (its
issues 3836, 5018 and 5019).
"""

import os
from pathlib import Path
import struct
import subprocess
import sys
import textwrap
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import pytest
from ros_support import NodeProcess, wait_for

from fer_msgs.msg import Emotion, EmotionArray
from fer_ros.nodes.qos import DIAGNOSTICS_QOS, RESULT_QOS

LEAPS = (3600, -3600, 400 * 86400, -2, 0)
"""Seconds by which the clock differs from the true one, in this order."""


class LeapingClock:
    """The system's clock, as ROS sees it, for processes that are started by `run`."""

    def __init__(self, folder, library):
        self._path = folder / 'offset'
        self._path.write_bytes(bytes(8))
        self._command = (
            'env', f'LD_PRELOAD={library}', f'LEAPING_CLOCK={self._path}', sys.executable)

    def leap(self, seconds):
        """Let it differ from the true time by so much."""
        with self._path.open('r+b') as file:  # the processes look into it
            file.write(struct.pack('q', seconds * 10**9))

    def run(self, *words):
        """Start Python with this clock."""
        return NodeProcess('', *map(str, words), command=self._command)


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp('clock') / 'leaping_clock.so'
    source = Path(__file__).with_name('leaping_clock.c')
    subprocess.run([os.environ.get('CC', 'cc'), '-shared', '-fPIC', '-O1', source, '-o', path],
                   check=True)
    return path


@pytest.fixture
def clock(tmp_path, library):
    return LeapingClock(tmp_path, library)


def test_the_clock_of_a_process_leaps(clock):
    """Else the tests below would show nothing."""
    code = textwrap.dedent("""
        import time
        from rclpy.clock import Clock
        while True:
            print(round(Clock().now().nanoseconds * 1e-9 - time.time()), flush=True)
            time.sleep(0.05)
        """)
    with clock.run('-c', code) as process:
        assert wait_for(lambda: process.lines, 'a line')[0] == '0\n'
        clock.leap(-3600)
        process.wait_output('-3600')


def test_images_are_answered_however_the_clock_leaps(ros, clock, clip):
    # In a namespace of its own: a node that another test has just left would be told of.
    results = ros.subscribe(EmotionArray, '/leaping/emotion_node/emotions', RESULT_QOS)
    diagnostics = ros.subscribe(DiagnosticArray, '/diagnostics', DIAGNOSTICS_QOS)
    camera = ('-m', 'fer_ros.nodes.video_node', '--ros-args', '-r', '__ns:=/leaping', '-p',
              f'source:={clip}', '-p', 'rate:=10.0')
    node = ('-m', 'fer_ros.nodes.emotion_node', '--ros-args', '-r', '__ns:=/leaping', '-p',
            'max_rate:=30.0', '-p', 'max_age:=2.0', '-p', 'image_timeout:=3.0', '-p',
            'diagnostics_period:=0.2')
    with clock.run(*camera), clock.run(*node) as process:
        results.wait(3)
        for leap in LEAPS:
            clock.leap(leap)
            results.wait_that(
                lambda m, leap=leap: abs(m.header.stamp.sec - time.time() - leap) < 1.5,
                f'a result at {leap} s')
            results.clear()
            results.wait(5)
            diagnostics.clear()
            diagnostics.wait(3)
        values = {v.key: v.value for v in diagnostics.messages[-1].status[0].values}
        assert values['failed'] == '0'
    faults = [line for line in process.output.splitlines() if '[WARN' in line or '[ERROR' in line]
    assert not faults


def test_a_camera_that_ends_after_a_leap_is_missed(ros, clock, clip):
    diagnostics = ros.subscribe(DiagnosticArray, '/diagnostics', DIAGNOSTICS_QOS)
    camera = ('-m', 'fer_ros.nodes.video_node', '--ros-args', '-p', f'source:={clip}')
    node = ('-m', 'fer_ros.nodes.emotion_node', '--ros-args', '-p', 'lazy:=false', '-p',
            'image_timeout:=1.0', '-p', 'diagnostics_period:=0.2')
    with clock.run(*node) as process:
        with clock.run(*camera):
            diagnostics.wait_that(
                lambda m: m.status[0].level == DiagnosticStatus.OK
                and 'images/s' in m.status[0].message, 'images')
        clock.leap(-3600)
        process.wait_output('no image for')


def test_behaviours_learn_of_silence_and_of_nothing_else(ros, clock):
    code = textwrap.dedent("""
        import rclpy
        from fer_ros.client import EmotionClient
        rclpy.init()
        node = rclpy.create_node('behaviour')
        client = EmotionClient(
            node, 'emotions', on_appear=lambda person: print('appeared', flush=True),
            on_leave=lambda person: print('left', flush=True),
            on_silence=lambda: print('silence', flush=True), silence_after=3.0)
        rclpy.spin(node)
        """)
    with clock.run('-c', code) as process:
        publisher = ros.publisher(EmotionArray, '/emotions', RESULT_QOS)
        for step in range(60):
            if step in (20, 40):
                clock.leap({20: 3600, 40: -3600}[step])
            message = EmotionArray(emotions=[Emotion(
                track_id=1, label='happiness', confidence=0.9)])
            message.header.stamp.sec, tenths = divmod(100 + step, 10)
            message.header.stamp.nanosec = tenths * 10**8
            publisher.publish(message)
            time.sleep(0.05)
        assert process.output == 'appeared\n'
        process.wait_output('silence')
        assert process.output == 'appeared\nleft\nsilence\n'


def test_a_viewer_ends_with_its_stream_after_a_leap(ros, clock):
    words = ('-m', 'fer_ros.nodes.viewer_node', '--ros-args', '-p', 'idle_timeout:=1.0')
    with clock.run(*words) as process:
        publisher = ros.publisher(EmotionArray, '/emotions', RESULT_QOS)
        message = EmotionArray(image_width=640, image_height=480, class_labels=['happiness'])
        for _ in range(5):
            publisher.publish(message)
            time.sleep(0.05)
        clock.leap(-3600)
        assert process.wait_end() == 1, process.output  # no face was seen
        assert '5 frames' in process.output
