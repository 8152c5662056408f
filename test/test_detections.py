"""Results as vision_msgs, and what the node publishes of them."""

from emotion_support import GREY, Running
import numpy as np
import pytest
from rclpy.parameter import Parameter
from results_support import a_face, a_result
from ros_support import image_message
from vision_msgs.msg import Detection2DArray, LabelInfo

from fer_ros.core.model import load_model
from fer_ros.core.types import UNKNOWN
from fer_ros.nodes import detections
from fer_ros.nodes.qos import LATCHED_QOS

LABEL_INFO = '/emotion_node/label_info'


def test_a_detection_carries_the_distribution_most_probable_first(header):
    message = detections.detections_message(a_result(a_face((10.0, 20.0, 30.0, 40.0))), header)

    assert message.header == header
    (detection,) = message.detections
    assert detection.header == header
    assert detection.id == '3'
    assert [r.hypothesis.class_id for r in detection.results] == ['happiness', 'neutral', 'anger']
    assert [r.hypothesis.score for r in detection.results] == [0.5, 0.25, 0.25]
    box = detection.bbox
    assert (box.center.position.x, box.center.position.y) == (25.0, 40.0)
    assert (box.size_x, box.size_y, box.center.theta) == (30.0, 40.0, 0.0)


def test_a_detection_on_which_the_model_abstains_says_only_that(header):
    face = a_face(label=UNKNOWN, track_id=0)
    (detection,) = detections.detections_message(a_result(face), header).detections
    assert [r.hypothesis.class_id for r in detection.results] == [UNKNOWN]
    assert detection.id == ''


def names(detection):
    return [result.hypothesis.class_id for result in detection.results]


@pytest.mark.parametrize(('least', 'expected'), [
    (0.0, ['happiness', 'neutral', 'anger']), (0.25, ['happiness', 'neutral', 'anger']),
    (0.3, ['happiness']), (1.0, ['happiness']),
])
def test_improbable_emotions_are_left_out_but_never_the_label(header, least, expected):
    message = detections.detections_message(a_result(a_face()), header, min_probability=least)
    assert names(message.detections[0]) == expected


def test_a_label_that_hysteresis_holds_stays_among_the_hypotheses(header):
    face = a_face(label='anger', confidence=0.25)
    message = detections.detections_message(a_result(face), header, min_probability=0.4)
    assert names(message.detections[0]) == ['happiness', 'anger']


def test_numbers_in_place_of_names_are_those_of_the_label_info(header):
    faces = a_face(), a_face(label=UNKNOWN)
    message = detections.detections_message(a_result(*faces), header, class_ids='number')
    info = detections.label_info_message(a_result().labels, 0.25, header)
    meaning = {str(item.class_id): item.class_name for item in info.class_map}
    assert [[meaning[name] for name in names(found)] for found in message.detections] == [
        ['happiness', 'neutral', 'anger'], [UNKNOWN]]
    assert info.threshold == 0.25
    assert info.header == header


def test_the_label_info_reaches_latecomers_and_follows_the_parameter(ros):
    node = Running(ros, '', {'detections.min_probability': 0.25})
    infos = ros.subscribe(LabelInfo, LABEL_INFO, LATCHED_QOS)
    (info,) = infos.wait(1)
    assert [item.class_name for item in info.class_map] == [
        *load_model().manifest.labels, UNKNOWN]
    assert info.threshold == 0.25
    assert info.header.stamp.sec > 0
    node.node.set_parameters([Parameter('max_faces', value=3)])
    node.node.set_parameters([Parameter('detections.min_probability', value=0.5)])
    infos.wait_that(lambda m: m.threshold == 0.5, 'the new threshold')
    assert len(infos.messages) == 2  # what did not change is not said again


def test_the_label_info_follows_an_exchanged_model(ros, astronaut, edit_manifest):
    folder = edit_manifest(
        'labels', [f'{name}s' for name in load_model().manifest.labels])
    node = Running(ros, '', {})
    infos = ros.subscribe(LabelInfo, LABEL_INFO, LATCHED_QOS)
    infos.wait(1)
    (result,) = node.node.set_parameters([Parameter('model', value=str(folder))])
    assert result.successful, result.reason
    ros.connect(node.images, image_message(astronaut, (5, 0)), node.emotions)
    infos.wait_that(lambda m: m.class_map[0].class_name == 'neutrals', 'the new names')


def test_the_form_of_detections_follows_its_parameters(ros, astronaut):
    node = Running(ros, '', {'detections.class_ids': 'number', 'smoothing_time': 0.0})
    found = ros.subscribe(Detection2DArray, '/emotion_node/detections')
    ros.connect(node.images, image_message(GREY), found)
    emotion = node.show(astronaut, (8, 0)).emotions[0]
    detection = found.wait_that(lambda m: m.detections, 'a face').detections[0]
    assert detection.id == str(emotion.track_id)
    order = np.argsort(-np.array(emotion.probabilities), kind='stable')
    assert names(detection) == [str(number) for number in order]
    found.clear()
    node.node.set_parameters([
        Parameter('detections.class_ids', value='name'),
        Parameter('detections.min_probability', value=1.0)])
    node.show(astronaut, (8, 100_000_000))
    assert names(found.wait(1)[0].detections[0]) == [emotion.label]
