"""What the node publishes, recorded into a bag and read by `rosbags` without ROS."""

import cv2
import numpy as np
import pytest
from rclpy.parameter import Parameter
from recording_support import BEGIN, frames, IMAGES, write_bag
from ros_support import NodeProcess
from rosbags.highlevel import AnyReader
from rosbags.typesys import get_typestore, Stores

from fer_ros.nodes.emotion_node import EmotionNode

TYPES = {
    'emotions': 'fer_msgs/msg/EmotionArray',
    'detections': 'vision_msgs/msg/Detection2DArray',
    'label_info': 'vision_msgs/msg/LabelInfo',
    'markers': 'visualization_msgs/msg/MarkerArray',
    'image_annotated': 'sensor_msgs/msg/Image',
    'image_annotated/compressed': 'sensor_msgs/msg/CompressedImage',
}


def stamp(header):
    return header.stamp.sec * 10**9 + header.stamp.nanosec


@pytest.fixture(scope='module')
def images():
    return frames(every=3)


@pytest.fixture
def found(ros, images, tmp_path):
    """Return the topics that a run of the node left in a bag: {name: messages}, {name: type}."""
    bag = write_bag(tmp_path / 'bag', images, calibrated=True)
    ros.spin(EmotionNode(
        context=ros.context, cli_args=['--ros-args', '-r', f'image_raw:={IMAGES}'],
        parameter_overrides=[Parameter('use_sim_time', value=True)]))
    wanted = [word for name in TYPES for word in ('--record-topic', f'/emotion_node/{name}')]
    with NodeProcess('fer_ros', 'play', str(bag), '--rate', '2', '--wait', '20', '--record',
                     str(tmp_path / 'found'), *wanted) as process:
        assert process.wait_end(120) == 0, process.output
        assert 'messages recorded' in process.output
    messages, types = {}, {}
    # With the types that the bag itself defines: who has it needs nothing else.
    with AnyReader([tmp_path / 'found'],
                   default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
        for connection, logged, data in reader.messages():
            name = connection.topic.removeprefix('/emotion_node/')
            types[name] = connection.msgtype
            messages.setdefault(name, []).append(reader.deserialize(data, connection.msgtype))
            assert 0 <= logged * 1e-9 - BEGIN + 1e-3 <= images[-1][0] + 2e-3, name
    return messages, types


def test_rosbags_reads_all_that_the_node_publishes(found, images):
    messages, types = found
    assert types == TYPES
    results = {stamp(message.header): message for message in messages['emotions']}
    assert len(results) == len(messages['emotions']) > 5
    assert set(results) <= {round((BEGIN + seconds) * 1e9) for seconds, _ in images}
    assert any(message.emotions for message in results.values())
    (info,) = messages['label_info']
    assert [entry.class_name for entry in info.class_map] == [
        *messages['emotions'][0].class_labels, 'unknown']

    # Each says under the same stamp what the emotions say.
    for message in messages['detections']:
        faces = results[stamp(message.header)].emotions
        assert [detection.id for detection in message.detections] == [
            str(face.track_id) for face in faces]
        for detection, face in zip(message.detections, faces, strict=True):
            best = detection.results[0].hypothesis
            assert best.class_id == face.label
            assert best.score == pytest.approx(face.confidence, abs=1e-6)
            assert detection.bbox.size_x == pytest.approx(face.region.width, abs=1.5)
    spoken = 0
    for message in messages['markers']:
        clear, *shown = message.markers
        assert (clear.action, clear.header.frame_id) == (3, 'camera')
        faces = results[stamp(clear.header)].emotions
        texts = [marker.text for marker in shown if marker.ns == 'label']
        assert len(texts) == len(faces)
        for text, face in zip(texts, faces, strict=True):
            assert text.startswith(f'#{face.track_id} {face.label}')
        assert all(marker.pose.position.z > 0 for marker in shown if marker.ns == 'face')
        spoken += len(texts)
    assert spoken


def test_recorded_pictures_are_those_of_the_camera_with_what_was_found(found, images):
    messages, _ = found
    sources = {round((BEGIN + seconds) * 1e9): image for seconds, image in images}
    results = {stamp(message.header): message for message in messages['emotions']}
    for name in ('image_annotated', 'image_annotated/compressed'):
        drawn = 0
        for message in messages[name]:
            source = sources[stamp(message.header)]
            if name == 'image_annotated':
                picture = message.data.reshape(message.height, message.width, 3)
            else:
                picture = cv2.imdecode(message.data, cv2.IMREAD_COLOR)
            assert picture.shape == source.shape
            change = (np.abs(picture.astype(int) - source).max(axis=2) > 60).mean()
            seen = bool(results[stamp(message.header)].emotions)
            assert (change > 0.005) == seen, change  # JPEG changes some pixels, too
            drawn += seen
        assert drawn
