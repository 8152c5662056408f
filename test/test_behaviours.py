"""The behaviours of examples/ as processes of their own, over DDS."""

import csv
import math
from pathlib import Path
import signal
import sys
import time

from geometry_msgs.msg import Twist
import pytest
from ros_support import NodeProcess, wait_for
from sensor_msgs.msg import CameraInfo, RegionOfInterest
from std_msgs.msg import String

from fer_msgs.msg import Emotion, EmotionArray

EXAMPLES = Path(__file__).resolve().parents[1] / 'examples'
TOPIC = '/emotion_node/emotions'


def start(name, *arguments):
    return NodeProcess('', str(EXAMPLES / name), *arguments, command=(sys.executable,))


def result(stamp, *emotions):
    message = EmotionArray(emotions=list(emotions), image_width=640, image_height=480)
    message.header.stamp.sec = int(stamp)
    message.header.stamp.nanosec = round(stamp % 1 * 1e9)
    return message


def show(publisher, begin, seconds, *emotions):
    """Publish results of so many seconds, ten a second, faster than they would come."""
    for index in range(round(10 * seconds)):
        publisher.publish(result(begin + index / 10, *emotions))
        time.sleep(0.01)  # the subscriber keeps ten


@pytest.mark.parametrize('path', sorted(EXAMPLES.glob('*.py')), ids=lambda path: path.name)
def test_an_example_is_short(path):
    assert len(path.read_text().splitlines()) < 60


def test_the_smile_behaviour_greets_a_stable_smile_once(ros):
    with start('smile_behaviour.py') as behaviour:
        emotions = ros.publisher(EmotionArray, TOPIC)
        greetings = ros.subscribe(String, '/greeting').wait_match()
        show(emotions, 1.0, 1.0, Emotion(track_id=1, label='sadness', confidence=0.9),
             Emotion(track_id=2, label='happiness', confidence=0.6),
             Emotion(track_id=3, label='unknown', confidence=0.9))
        show(emotions, 2.0, 0.3, Emotion(track_id=4, label='happiness', confidence=0.9))
        show(emotions, 2.3, 1.0, Emotion(track_id=4, label='neutral', confidence=0.9))
        for begin in (3.3, 5.3):  # the same person smiles twice
            show(emotions, begin, 1.0, Emotion(track_id=5, label='happiness', confidence=0.9))
            show(emotions, begin + 1, 1.0, Emotion(track_id=5, label='neutral', confidence=0.9))
        show(emotions, 7.3, 1.0, Emotion(track_id=6, label='happiness', confidence=0.9))
        behaviour.wait_output('Person 6 smiles')
        greetings.wait(2)
        assert behaviour.stop(signal.SIGINT) == 0, behaviour.output
        assert 'Traceback' not in behaviour.output
        assert behaviour.output.count('smiles') == 2
        assert 'Person 5 smiles' in behaviour.output
        assert len(greetings.messages) == 2


def test_the_log_says_who_showed_what_from_when_to_when(ros, tmp_path):
    path = tmp_path / 'day.csv'
    with start('log_emotions.py', str(path)) as behaviour:
        emotions = ros.publisher(EmotionArray, TOPIC)

        def is_heard():
            show(emotions, 1.0, 0.3, Emotion(track_id=9, label='fear', confidence=0.9))
            emotions.publish(result(3.0))
            return ',9' in path.read_text()

        wait_for(is_heard, 'the first row')
        show(emotions, 100.0, 2.0, Emotion(track_id=1, label='neutral', confidence=0.9))
        show(emotions, 102.0, 3.0, Emotion(track_id=1, label='happiness', confidence=0.9),
             Emotion(track_id=2, label='anger', confidence=0.9))
        show(emotions, 105.0, 2.0, Emotion(track_id=2, label='anger', confidence=0.9))
        wait_for(lambda: 'happiness' in path.read_text(), 'the row of who has left')
        assert behaviour.stop(signal.SIGTERM) == 0, behaviour.output
    rows = list(csv.DictReader(path.open()))
    assert [(row['track'], row['emotion'], float(row['start']), float(row['end']))
            for row in rows if row['track'] != '9'] == [
        ('1', 'neutral', 100.0, 102.0), ('1', 'happiness', 102.0, 104.9),
        ('2', 'anger', 102.0, 106.9)]


def test_the_log_overwrites_nothing(tmp_path):
    path = tmp_path / 'day.csv'
    path.write_text('precious')
    with start('log_emotions.py', str(path)) as behaviour:
        assert behaviour.wait_end() == 1
        assert 'day.csv exists' in behaviour.output
        assert 'Traceback' not in behaviour.output
    assert path.read_text() == 'precious'


def test_the_follower_turns_toward_the_largest_face_and_stops_when_results_stop(ros):
    with start('face_follower.py') as behaviour:
        emotions = ros.publisher(EmotionArray, TOPIC)
        camera = ros.publisher(CameraInfo, '/camera_info')
        commands = ros.subscribe(Twist, '/cmd_vel').wait_match()
        # A camera of twice the resolution of the results: f = 1000, middle of the picture.
        camera.publish(CameraInfo(width=1280, height=960, k=[
            1000.0, 0, 640.0, 0, 1000.0, 480.0, 0, 0, 1.0]))

        def at(u):
            return Emotion(track_id=1, region=RegionOfInterest(
                x_offset=u - 50, y_offset=100, width=100, height=100))

        far_left = Emotion(track_id=2, region=RegionOfInterest(width=10, height=10))
        for u, expected in ((420, -math.atan(0.2)), (220, math.atan(0.2)), (322, 0.0)):
            commands.clear()
            emotions.publish(result(u, at(u), far_left))
            found = commands.wait_that(
                lambda m, expected=expected: m.angular.z == pytest.approx(expected, abs=1e-6),
                f'a turn of {expected:.2f} rad/s')
            assert found.linear.x == 0.0
        emotions.publish(result(500, at(60)))
        commands.wait_that(lambda m: m.angular.z > 0.4, 'a turn')
        commands.clear()
        commands.wait_that(lambda m: m.angular.z == 0.0, 'the stop')
        assert behaviour.stop(signal.SIGINT) == 0, behaviour.output
        assert 'Traceback' not in behaviour.output
