"""The services of an active emotion_node."""

import cv2
from emotion_support import GREY
import pytest
from ros_support import image_message, wait_for
from sensor_msgs.msg import CompressedImage
from std_srvs.srv import SetBool

from fer_msgs.msg import EmotionArray
from fer_msgs.srv import ClassifyImage


def test_switched_off_it_does_not_listen(ros, running, astronaut):
    node = running()
    off = ros.call(SetBool, '/emotion_node/set_enabled', SetBool.Request(data=False))
    assert off.success
    wait_for(lambda: not node.images.get_subscription_count(), 'the node to stop listening')
    assert node.values(lambda v, s: v['enabled'] == 'false')['state'] == 'active'
    on = ros.call(SetBool, '/emotion_node/set_enabled', SetBool.Request(data=True))
    assert on.success
    ros.connect(node.images, image_message(GREY), node.emotions)
    assert len(node.show(astronaut).emotions) == 1


def test_switching_on_what_is_on_changes_nothing(ros, running, astronaut):
    node = running()
    first = node.show(astronaut, (1, 0)).emotions[0]
    assert ros.call(SetBool, '/emotion_node/set_enabled', SetBool.Request(data=True)).success
    second = node.show(astronaut, (1, 500_000_000)).emotions[0]
    assert second.track_id == first.track_id
    assert second.track_age.nanosec == 500_000_000


def a_jpeg(bgr):
    return CompressedImage(format='jpeg', data=cv2.imencode('.jpg', bgr)[1].tobytes())


@pytest.mark.parametrize('form', ['image', 'compressed_image'])
def test_a_still_image_is_classified_without_tracking(ros, running, astronaut, form):
    node = running()
    before = node.show(astronaut, (1, 0)).emotions[0]
    message = image_message(astronaut) if form == 'image' else a_jpeg(astronaut)
    message.header.stamp.sec, message.header.frame_id = 77, 'photo'
    answer = ros.call(ClassifyImage, '/emotion_node/classify_image',
                      ClassifyImage.Request(**{form: message}))
    assert answer.success, answer.message
    assert answer.message == ''
    assert answer.result.header == message.header
    (face,) = answer.result.emotions
    assert face.track_id == 0
    assert face.label == before.label
    # The stream does not notice.
    after = node.show(astronaut, (1, 500_000_000)).emotions[0]
    assert (after.track_id, after.track_age.nanosec) == (before.track_id, 500_000_000)


def test_a_still_image_without_a_face_is_a_success(ros, running):
    running()
    answer = ros.call(ClassifyImage, '/emotion_node/classify_image',
                      ClassifyImage.Request(image=image_message(GREY)))
    assert answer.success
    assert answer.result.emotions == []


@pytest.mark.parametrize(('fields', 'reason'), [
    ({}, 'got neither'),
    ({'image': image_message(GREY), 'compressed_image': a_jpeg(GREY)}, 'got both'),
    ({'image': image_message(GREY, encoding='nonsense')}, "encoding 'nonsense'"),
    ({'image': image_message(GREY, height=241)}, 'must be'),
    ({'compressed_image': CompressedImage(format='jpeg', data=b'no jpeg at all')}, ''),
], ids=['neither', 'both', 'encoding', 'length', 'jpeg'])
def test_a_request_that_cannot_be_answered_gets_the_reason(ros, running, fields, reason):
    running()
    answer = ros.call(ClassifyImage, '/emotion_node/classify_image',
                      ClassifyImage.Request(**fields))
    assert not answer.success
    assert reason in answer.message
    assert answer.message
    assert answer.result == EmotionArray()
