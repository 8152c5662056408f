"""Faces as ROS4HRI: messages, ids and their life, and what privacy leaves of them."""

import sys

from emotion_support import GREY, Running
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.qos import QoSDurabilityPolicy
from results_support import a_face, a_result
from ros_support import image_message, NodeProcess, wait_for
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from fer_ros.core.image import to_bgr
from fer_ros.core.types import EMOTIONS, UNKNOWN
from fer_ros.nodes import human_messages as convert
from fer_ros.nodes.emotion_node import EmotionNode

try:
    import hri_msgs.msg as hri
except ImportError:
    hri = None

# By mark: a module that skips itself ends the collection where launch_testing is installed.
needs_hri = pytest.mark.skipif(hri is None, reason='hri_msgs is not installed')

TRACKED = '/humans/faces/tracked'
HEADER = Header(frame_id='camera_optical')


# Messages


@pytest.mark.parametrize('label', [*EMOTIONS, UNKNOWN])
@needs_hri
def test_expressions_have_the_names_of_hri_msgs_or_none(label):
    message = convert.expression_message(a_face(label=label), a_result(), HEADER)
    names = {'neutral': 'NEUTRAL', 'happiness': 'HAPPY', 'surprise': 'SURPRISED',
             'sadness': 'SAD', 'anger': 'ANGRY', 'disgust': 'DISGUSTED', 'fear': 'SCARED'}
    expected = getattr(hri.Expression, names[label]) if label in names else ''
    assert message.expression == expected
    assert message.confidence == 0.5
    assert message.valence == pytest.approx(0.5 * 0.81 - 0.25 * 0.51)
    assert message.header == HEADER


@pytest.mark.parametrize(('box', 'expected'), [
    ((10.0, 20.0, 30.0, 40.0), (0.1, 0.25, 0.4, 0.75)),
    ((-5.0, -8.0, 200.0, 200.0), (0.0, 0.0, 1.0, 1.0)),
])
@needs_hri
def test_the_region_is_given_in_shares_of_the_image(box, expected):
    message = convert.roi_message(a_face(box), a_result(), HEADER)
    assert (message.xmin, message.ymin, message.xmax, message.ymax) == pytest.approx(expected)
    assert message.c == 0.75


@needs_hri
def test_the_five_landmarks_stand_at_their_codes_and_the_others_are_unknown():
    points = np.array([[20, 20], [40, 20], [30, 32], [22, 40], [-1, 40]], np.float32)
    message = convert.landmarks_message(a_face(landmarks=points), a_result(), HEADER)
    marks = message.landmarks
    assert (message.width, message.height) == (100, 80)
    # The left one of an image is the person's right one.
    right = marks[hri.FacialLandmarks.RIGHT_PUPIL]
    assert (right.x, right.y, right.c) == pytest.approx((0.2, 0.25, 0.75))
    assert marks[hri.FacialLandmarks.LEFT_PUPIL].x == pytest.approx(0.4)
    assert marks[hri.FacialLandmarks.NOSE].y == pytest.approx(0.4)
    assert marks[hri.FacialLandmarks.MOUTH_OUTER_RIGHT].x == pytest.approx(0.22)
    assert sum(mark.c > 0 for mark in marks) == 4  # one lies outside of the image


@pytest.mark.parametrize('rotation', [0, 90])
def test_a_crop_is_scaled_centred_and_padded(rotation):
    bgr = np.full((80, 100, 3), 50, np.uint8)
    bgr[20:60, 10:30] = 200
    crop = convert.cropped((10.0, 20.0, 20.0, 40.0), bgr, 64, rotation)
    upright = np.rot90(crop, rotation // 90)
    assert crop.shape == (64, 64, 3)
    assert (upright[:, 16:48] == 200).all()
    assert (upright[:, :16] == 0).all()
    assert (upright[:, 48:] == 0).all()


def test_a_crop_over_the_border_is_black_there():
    crop = convert.cropped((-20.0, -20.0, 40.0, 40.0), np.full((80, 100, 3), 90, np.uint8), 32)
    assert (crop[16:, 16:] == 90).all()
    assert (crop[:16] == 0).all()
    outside = convert.cropped((300.0, 300.0, 40.0, 40.0), np.full((8, 8, 3), 90, np.uint8), 32)
    assert (outside == 0).all()


# The node


@pytest.fixture
def running(ros):
    return lambda namespace='', **values: Running(
        ros, namespace, {'publish_humans': True, **values})


def face_topics(ros):
    return {topic.split('/')[-1] for topic, _ in ros.probe.get_topic_names_and_types()
            if topic.startswith('/humans/faces/') and topic != TRACKED}


@needs_hri
def test_a_face_is_listed_and_described(ros, running, astronaut):
    node = running()
    (offer,) = ros.probe.get_publishers_info_by_topic(TRACKED)
    assert offer.qos_profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL
    tracked = ros.subscribe(hri.IdsList, TRACKED)
    node.show(astronaut, (2, 0), frame_id='optical')
    listed = tracked.wait_that(lambda m: m.ids, 'a face')
    (face,) = listed.ids
    assert listed.header.frame_id == 'optical'
    assert face[0].isalpha()

    space = f'/humans/faces/{face}'
    found = {name: ros.subscribe(kind, f'{space}/{name}') for name, kind in {
        'roi': hri.NormalizedRegionOfInterest2D, 'expression': hri.Expression,
        'landmarks': hri.FacialLandmarks, 'cropped': Image}.items()}
    for collector in found.values():
        collector.wait_match()
    wait_for(lambda: node.show(astronaut, (2, 100_000_000)) and all(
        collector.messages for collector in found.values()), 'everything of the face', 10.0)
    emotion = node.emotions.messages[-1].emotions[0]
    expression = found['expression'].messages[-1]
    assert expression.expression == convert.EXPRESSIONS[emotion.label]
    assert expression.confidence == pytest.approx(emotion.confidence)
    roi = found['roi'].messages[-1]
    assert roi.xmin * 512 == pytest.approx(emotion.region.x_offset, abs=1)
    assert roi.ymax * 512 == pytest.approx(
        emotion.region.y_offset + emotion.region.height, abs=1)
    crop = to_bgr(found['cropped'].messages[-1])
    assert crop.shape == (128, 128, 3)
    assert crop.std() > 20
    marks = found['landmarks'].messages[-1].landmarks
    assert (roi.xmin < marks[hri.FacialLandmarks.RIGHT_PUPIL].x
            < marks[hri.FacialLandmarks.LEFT_PUPIL].x < roi.xmax)


@needs_hri
def test_an_id_lives_as_long_as_its_track_and_never_returns(ros, running, astronaut):
    node = running(track_max_gap=1.0)
    tracked = ros.subscribe(hri.IdsList, TRACKED)

    def ids(image, second, tenths=0):
        tracked.clear()
        node.show(image, (second, tenths * 100_000_000))
        return list(tracked.wait_that(
            lambda m: (m.header.stamp.sec, m.header.stamp.nanosec)
            == (second, tenths * 100_000_000), 'the list').ids)

    empty = np.full_like(astronaut, 90)
    (first,) = ids(astronaut, 10)
    assert ids(empty, 10, 5) == [first]
    assert ids(astronaut, 10, 9) == [first]
    assert ids(empty, 12) == []
    wait_for(lambda: not face_topics(ros), 'the topics of the face to be gone')
    (second,) = ids(astronaut, 13)
    assert second != first


@needs_hri
def test_the_list_is_emptied_when_the_node_ceases_to_look(ros, running, astronaut):
    node = running()
    tracked = ros.subscribe(hri.IdsList, TRACKED)
    node.show(astronaut, (2, 0))
    tracked.wait_that(lambda m: m.ids, 'a face')
    tracked.clear()
    node.node.trigger_deactivate()
    assert tracked.wait(1)[-1].ids == []
    node.node.trigger_cleanup()
    wait_for(lambda: not ros.probe.get_publishers_info_by_topic(TRACKED), 'the topic to be gone')


@needs_hri
def test_the_list_is_emptied_when_the_camera_falls_silent(ros, running, astronaut):
    node = running(image_timeout=0.3)
    tracked = ros.subscribe(hri.IdsList, TRACKED)
    node.show(astronaut, (2, 0))
    tracked.wait_that(lambda m: m.ids, 'a face')
    wait_for(lambda: tracked.messages[-1].ids == [], 'the empty list')


@needs_hri
def test_cameras_share_one_list(ros, astronaut):
    ros.spin(EmotionNode(context=ros.context, parameter_overrides=[
        Parameter('camera_names', value=['front', 'rear']),
        Parameter('publish_humans', value=True)]))
    tracked = ros.subscribe(hri.IdsList, TRACKED)
    cameras = [ros.publisher(Image, f'/{name}/image_raw', 1) for name in ('front', 'rear')]
    wait_for(lambda: [camera.publish(image_message(astronaut, (3, 0))) for camera in cameras] and
             any(len(set(m.ids)) == 2 for m in list(tracked.messages)), 'both faces')


@needs_hri
def test_without_pixels_neither_crops_nor_landmarks_are_offered(ros, running, astronaut):
    node = running(publish_pixels=False)
    node.show(astronaut, (2, 0))
    wait_for(lambda: face_topics(ros) == {'roi', 'expression'}, 'the topics')


@needs_hri
def test_an_anonymized_face_is_not_shown_as_a_crop(ros, running, astronaut):
    node = running(anonymize='blur')
    tracked = ros.subscribe(hri.IdsList, TRACKED)
    node.show(astronaut, (2, 0))
    (face,) = tracked.wait_that(lambda m: m.ids, 'a face').ids
    crops = ros.subscribe(Image, f'/humans/faces/{face}/cropped').wait_match()
    for tenths in range(1, 6):
        node.show(astronaut, (2, tenths * 100_000_000))
    assert crops.messages == []
    node.node.set_parameters([Parameter('anonymize', value='none')])
    wait_for(lambda: node.show(astronaut, (2, 700_000_000)) and crops.messages, 'a crop')


def test_nothing_of_it_exists_unless_wanted(ros):
    Running(ros, '', {}).show(GREY)
    assert not ros.probe.get_publishers_info_by_topic(TRACKED)


def test_it_needs_tracking(ros):
    node = EmotionNode(context=ros.context, parameter_overrides=[
        Parameter('publish_humans', value=True), Parameter('autostart', value=False)])
    (result,) = node.set_parameters([Parameter('tracking', value=False)])
    assert 'publish_humans is true, but tracking is false' in result.reason
    node.destroy_node()


def test_without_hri_msgs_it_cannot_be_had_and_the_reason_is_told(tmp_path):
    (tmp_path / 'hri_msgs').mkdir()
    (tmp_path / 'hri_msgs' / '__init__.py').write_text('raise ImportError("none here")\n')
    code = (f'import sys; sys.path.insert(0, {str(tmp_path)!r});'
            'from fer_ros.nodes.emotion_node import main; sys.exit(main())')
    with NodeProcess('', '--ros-args', '-p', 'publish_humans:=true',
                     command=(sys.executable, '-c', code)) as process:
        assert 'cannot configure' in process.wait_output('hri_msgs is not installed')
        assert process.stop() == 0
