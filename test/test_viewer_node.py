"""viewer_node: the table, the files, and how it ends."""

import io
import math
import os
import re
import signal
import time

import numpy as np
import pytest
from ros_support import image_message, NodeProcess
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from fer_msgs.msg import EmotionArray
from fer_ros.core.model import load_model
from fer_ros.core.sources import open_source, read_image
from fer_ros.core.types import FaceEmotion, FrameResult
from fer_ros.nodes.messages import emotions_message
from fer_ros.nodes.qos import IMAGE_OFFER_QOS, RESULT_QOS
from fer_ros.nodes.viewer_table import LiveTable

MANIFEST = load_model().manifest
COUNT = 20


def result(*confidences, stamp=0.0):
    faces = []
    for index, confidence in enumerate(confidences):
        count = len(MANIFEST.labels)
        probabilities = np.full(count, (1 - confidence) / (count - 1), np.float32)
        probabilities[MANIFEST.labels.index('happiness')] = confidence
        faces.append(FaceEmotion(
            box=(10.0, 10.0, 20.0, 20.0), score=1.0, landmarks=None, track_id=index + 1,
            track_age=1.0, label='happiness', confidence=confidence,
            probabilities=probabilities, raw_probabilities=probabilities))
    return FrameResult(MANIFEST.labels, tuple(faces), width=64, height=48, stamp=stamp)


def start(*arguments, **parameters):
    arguments = [*arguments]
    for name, value in parameters.items():
        arguments += ['-p', f'{name}:={value}']
    return NodeProcess('fer_ros.nodes.viewer_node', '--ros-args', *arguments)


@pytest.fixture
def stream(ros):
    """Return a function that plays results and pictures for the viewer, 20 a second."""
    def play(*confidences, pictures=True):
        results = ros.publisher(EmotionArray, 'emotions', RESULT_QOS)
        images = ros.publisher(Image, 'image_annotated', IMAGE_OFFER_QOS) if pictures else None
        for index in range(COUNT):
            header = Header(stamp=ros.probe.get_clock().now().to_msg())
            stamp = (header.stamp.sec, header.stamp.nanosec)
            results.publish(emotions_message(result(*confidences), header, MANIFEST))
            if images:
                bgr = np.full((48, 64, 3), 10 * index, np.uint8)
                images.publish(image_message(bgr, stamp))
            time.sleep(0.05)
    return play


def test_it_writes_video_and_picture_and_ends_with_the_stream(stream, tmp_path):
    out = tmp_path / 'results'
    with start(output_dir=out, idle_timeout=0.5, title='Trial') as node:
        stream(0.9)
        assert node.wait_end() == 0
        assert 'Traceback' not in node.output
        assert f'{COUNT} frames, a face in {COUNT}: happiness 100%' in node.output
        assert f'annotated video:  {out}/emotions.mp4' in node.output
        assert f'summary picture:  {out}/summary.png' in node.output
        rows = re.findall(r'^ +\d\.\d s +1  happiness .* 90% +\+0\.\d\d +\d+\.\d ms$',
                          node.output, re.MULTILINE)
        assert len(rows) in (1, 2)  # a line every second
    assert read_image(out / 'summary.png').shape == (850, 1280, 3)
    with open_source(out / 'emotions.mp4') as source:
        frames = list(source)
    # The first images come before both sides know each other, and are lost: best effort.
    assert 0.4 < frames[-1].stamp < (COUNT - 1) * 0.05 + 0.3
    assert frames[0].bgr.mean() < frames[-1].bgr.mean()
    assert sorted(os.listdir(out)) == ['emotions.mp4', 'summary.png']


def test_it_writes_nothing_unless_asked_to(stream, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with start(idle_timeout=0.5) as node:
        stream(0.9, pictures=False)
        assert node.wait_end() == 0
    assert os.listdir(tmp_path) == []


def test_no_face_is_a_failure(stream):
    with start(idle_timeout=0.5) as node:
        stream(pictures=False)
        assert node.wait_end() == 1
        assert 'no face was found in any frame' in node.output
        assert '(no face)' in node.output


def test_no_results_is_a_failure_that_names_the_topic():
    with start('-r', 'emotions:=/somewhere/emotions', first_timeout=0.5) as node:
        assert node.wait_end() == 1
        assert 'no results on /somewhere/emotions within 0.5 s' in node.output


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_the_files_whole(stream, tmp_path, number):
    with start(output_dir=tmp_path, idle_timeout=0.0) as node:
        stream(0.9)
        assert node.stop(number) == 0
        assert 'Traceback' not in node.output
    with open_source(tmp_path / 'emotions.mp4') as source:
        assert len(list(source)) > 5
    assert sorted(os.listdir(tmp_path)) == ['emotions.mp4', 'summary.png']


def test_a_place_that_cannot_be_written_is_told_in_one_line(stream, tmp_path):
    (tmp_path / 'file').touch()
    with start(output_dir=tmp_path / 'file' / 'out', idle_timeout=0.5) as node:
        stream(0.9)
        assert node.wait_end() == 1
        assert 'emotions.mp4: cannot be written' in node.output
        assert 'Traceback' not in node.output


class Terminal(io.StringIO):
    encoding = 'utf-8'

    def isatty(self):
        return True


def test_table_on_a_terminal_is_updated_in_place():
    terminal = Terminal()
    table = LiveTable(terminal)
    table.show(result(0.5, 0.25), elapsed=1.0, latency=0.0123, valences=(0.8, math.nan))
    first = terminal.getvalue()
    assert '  1.0 s     1  happiness   ██████████░░░░░░░░░░  50%    +0.80   12.3 ms' in first
    assert '  1.0 s     2  happiness   █████░░░░░░░░░░░░░░░  25%' in first
    assert '+' not in first.split('25%')[1]  # a valence that is not known is not shown
    table._last = -math.inf
    table.show(result(*[0.5] * 9), elapsed=2.0, latency=0.01)
    second = terminal.getvalue().removeprefix(first)
    height = first.count('\n')
    assert second.startswith(f'\x1b[{height}F')
    assert second.count('\n') == height
    assert '(and 5 more)' in second


def test_table_elsewhere_is_a_line_a_second_in_plain_letters():
    stream = io.TextIOWrapper(io.BytesIO(), encoding='ascii')
    table = LiveTable(stream)
    for _ in range(100):
        table.show(result(0.5), elapsed=0.0, latency=0.01)
    stream.seek(0)
    lines = stream.read().splitlines()
    assert len(lines) == 2
    assert '##########..........  50%' in lines[1]
