"""A bag through the live node and through `fer evaluate`: the same answers; and `fer play`."""

import csv
import json
import time

import numpy as np
import pytest
from rclpy.parameter import Parameter
from recording_support import BEGIN, frames, IMAGES, write_bag, write_bag1, write_timeline
from ros_support import NodeProcess, wait_for
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from std_msgs.msg import String

from fer_msgs.msg import EmotionArray
from fer_ros.cli import main
from fer_ros.commands.play import recorded
from fer_ros.evaluation.offline.sources.storage import BagFiles
from fer_ros.nodes.emotion_node import EmotionNode
from fer_ros.nodes.player_node import PlayerNode


@pytest.fixture(scope='module')
def images():
    return frames(every=3)


@pytest.fixture(scope='module')
def bag(tmp_path_factory, images):
    return write_bag(tmp_path_factory.mktemp('bags') / 'bag', images,
                     labels=[(0.0, 'happiness'), (4.0, 'anger')])


def live_results(ros, bag, count):
    """Play every image of a bag into an emotion_node on simulated time; return its results."""
    node = ros.spin(EmotionNode(
        context=ros.context, cli_args=['--ros-args', '-r', f'image_raw:={IMAGES}'],
        parameter_overrides=[Parameter('use_sim_time', value=True)]))
    results = ros.subscribe(EmotionArray, '/emotion_node/emotions').wait_match()
    player = PlayerNode(rate=50.0, context=ros.context)
    try:
        player.offer({IMAGES: 'sensor_msgs/msg/Image'})
        assert player.wait(IMAGES, 20)
        wait_for(lambda: node.count_publishers(IMAGES), 'the player')
        files = BagFiles(bag)
        played = 0
        for _ in player.steps(recorded(files, frozenset({IMAGES}))):
            played += 1
            # The node keeps the newest image only: the next one comes when this one is answered.
            results.wait(played)
        assert played == count
        return list(results.messages)
    finally:
        player.destroy_node()


def test_the_live_node_and_the_evaluation_give_the_same_answers(ros, bag, images, tmp_path):
    live = live_results(ros, bag, len(images))
    assert main(['evaluate', 'bag', str(bag), '--out', str(tmp_path / 'out'),
                 '--no-report']) == 0
    path, = (tmp_path / 'out' / 'records').glob('*.jsonl')
    offline = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    assert len(live) == len(offline) == len(images)
    compared = 0
    for message, frame in zip(live, offline, strict=True):
        stamp = message.header.stamp
        assert stamp.sec + stamp.nanosec * 1e-9 == pytest.approx(frame['s'], abs=1e-6)
        assert len(message.emotions) == len(frame['faces'])
        for face, (track, _, _, label, smoothed, raw) in zip(
                message.emotions, frame['faces'], strict=True):
            assert (face.track_id, face.label) == (track, label)
            assert np.abs(np.array(face.probabilities) - smoothed).max() < 1e-4
            assert np.abs(np.array(face.raw_probabilities) - raw).max() < 1e-4
            compared += 1
    assert compared > len(images) / 2


def test_recorded_results_are_scored_and_compared_with_todays_model(
    ros, bag, images, tmp_path, capsys,
):
    """What the node published then is recorded beside the images."""
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import get_typestore, Stores

    from fer_ros.evaluation.offline.sources.messages import message_types

    live = live_results(ros, bag, len(images))
    from rclpy.serialization import serialize_message

    store = get_typestore(Stores.ROS2_JAZZY)
    store.register(message_types())
    with Writer(tmp_path / 'both', version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        results = writer.add_connection(
            '/emotion_node/emotions', 'fer_msgs/msg/EmotionArray', typestore=store)
        pictures = writer.add_connection(IMAGES, 'sensor_msgs/msg/Image', typestore=store)
        for raw, message in zip(BagFiles(bag).messages(frozenset({IMAGES})), live, strict=True):
            writer.write(pictures, raw.logged, raw.data)
            writer.write(results, raw.logged + 10**7, serialize_message(message))
    labels = write_timeline(tmp_path / 'labels.csv')
    assert main(['evaluate', 'bag', str(tmp_path / 'both'), '--from-topic',
                 '/emotion_node/emotions', '--labels', str(labels), '--no-report',
                 '--out', str(tmp_path / 'out')]) == 0
    then, today = (json.loads((tmp_path / 'out' / name / 'metrics.json').read_text())
                   for name in ('.', 'today'))
    assert then['confusion'] == today['confusion']
    assert then['n'] > 10
    comparison = json.loads((tmp_path / 'out' / 'comparison' / 'comparison.json').read_text())
    assert comparison['accuracy']['difference'] == 0
    assert (comparison['unpaired'], comparison['disagreements']) == (0, 0)
    assert 'recorded (A)' in capsys.readouterr().out
    with (tmp_path / 'out' / 'predictions.csv').open() as file:
        assert next(csv.DictReader(file))['stream'] == '/emotion_node/emotions'


def test_the_command_plays_all_topics_with_the_clock(ros, bag, images):
    clocks = ros.subscribe(Clock, '/clock')
    words = ros.subscribe(String, '/labels')
    pictures = ros.subscribe(Image, IMAGES)
    with NodeProcess('fer_ros', 'play', str(bag), '--rate', '20', '--wait', '20') as process:
        process.wait_output('messages played', 60)
        assert process.wait_end() == 0, process.output
    wait_for(lambda: len(words.messages) == 2, 'the labels')
    assert [m.data for m in words.messages] == ['happiness', 'anger']
    assert len(pictures.messages) > len(images) / 2  # of images only the newest waits
    times = [m.clock.sec + m.clock.nanosec * 1e-9 for m in clocks.messages]
    assert times == sorted(times)
    assert times[0] >= BEGIN - 0.01
    assert times[-1] == pytest.approx(BEGIN + images[-1][0], abs=0.5)


def test_a_part_of_a_bag_of_ros_1_is_played(ros, images, tmp_path):
    path = write_bag1(tmp_path / 'old.bag', images)
    pictures = ros.subscribe(Image, IMAGES)
    with NodeProcess('fer_ros', 'play', str(path), '--start-offset', '8', '--no-clock',
                     '--wait', '20') as process:
        process.wait_output('messages played', 60)
        assert process.wait_end() == 0, process.output
    expected = sum(t >= 8 - 1e-6 for t, _ in images)
    assert f'{expected} messages played' in process.output
    assert pictures.messages[-1].header.frame_id == 'camera'
    assert bytes(pictures.messages[-1].data) == images[-1][1].tobytes()


def test_a_topic_that_is_not_there_is_named(bag, capsys):
    assert main(['play', str(bag), '--topic', '/nothing']) == 1
    assert 'no topic /nothing; it has' in capsys.readouterr().err


def test_what_is_recorded_is_whole_when_it_is_interrupted(bag, tmp_path):
    from rosbags.highlevel import AnyReader

    with NodeProcess('fer_ros', 'play', str(bag), '--loop', '--topic', '/labels', '--wait', '20',
                     '--record', str(tmp_path / 'found'), '--record-topic', '/labels') as process:
        wait_for((tmp_path / 'found').exists, 'the bag')
        time.sleep(3.0)
        assert process.stop() == 0, process.output
        assert 'Traceback' not in process.output
    with AnyReader([tmp_path / 'found']) as found:
        messages = list(found.messages())
        assert messages
        words = {found.deserialize(data, connection.msgtype).data
                 for connection, _, data in messages}
    assert words <= {'happiness', 'anger'}


@pytest.mark.parametrize(('options', 'text'), [
    (('--record', 'found'), '--record and --record-topic belong together'),
    (('--record-topic', '/labels'), '--record and --record-topic belong together'),
    (('--record', '.', '--record-topic', '/labels'), '. is there already'),
    (('--record', 'found', '--record-topic', '/nothing'), 'nobody published /nothing in 0 s'),
])
def test_what_cannot_be_recorded_is_named(bag, options, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with NodeProcess('fer_ros', 'play', str(bag), *options) as process:
        assert process.wait_end() == 1
        assert text in process.output
    assert not (tmp_path / 'found').exists()
