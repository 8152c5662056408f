"""Two hundred malformed images between good ones: every good one answered, every bad one named."""

import array

from diagnostic_msgs.msg import DiagnosticArray
from emotion_support import count
from malformed_images import malformed_images
import numpy as np
import pytest
from rclpy.parameter import Parameter
from ros_support import image_message, wait_for
from sensor_msgs.msg import CompressedImage, Image

from fer_msgs.msg import EmotionArray
from fer_ros.core.errors import ImageError
from fer_ros.core.image import to_bgr
from fer_ros.nodes.emotion_node import EmotionNode
from fer_ros.nodes.statistics import _kind

GREY = np.full((48, 64, 3), 128, np.uint8)


@pytest.fixture
def start(ros):
    """Return a function that starts a node and gives it with publisher and results."""
    def run(kind, topic, good, **values):
        node = EmotionNode(context=ros.context, parameter_overrides=[
            Parameter(name, value=value)
            for name, value in {'diagnostics_period': 0.1, **values}.items()])
        ros.spin(node)
        emotions = ros.subscribe(EmotionArray, '/emotion_node/emotions')
        images = ros.publisher(kind, topic)
        ros.connect(images, good, emotions)
        return node, images, emotions
    return run


def as_message(fields):
    return Image(**{**fields, 'data': array.array('B', fields['data'])})


def reason_of(message):
    with pytest.raises(ImageError) as caught:
        to_bgr(message)
    return str(caught.value)


@pytest.mark.parametrize('use_cv_bridge', ['never', 'auto'])
def test_every_good_image_is_answered_and_every_bad_one_is_named(
        ros, start, astronaut, use_cv_bridge, capfd):
    face = astronaut[:256, 96:352]
    node, images, emotions = start(
        Image, '/image_raw', image_message(GREY), use_cv_bridge=use_cv_bridge)
    cases = malformed_images()
    assert len(cases) == 200

    reasons = []
    for index, (_, fields) in enumerate(cases, 1):
        bad = as_message(fields)
        reasons.append(reason_of(bad))
        images.publish(bad)
        # The queue holds one image: the next one would replace it.
        wait_for(lambda n=index: count(node, 'rejected') == n, f'{cases[index - 1][0]}')
        images.publish(image_message(face if index % 20 == 0 else GREY, (index, 0)))
        result = emotions.wait(index)[-1]
        assert result.header.stamp.sec == index
        assert len(result.emotions) == (index % 20 == 0)

    diagnostics = ros.subscribe(DiagnosticArray, '/diagnostics').wait(2)[-1].status[0]
    values = {pair.key: pair.value for pair in diagnostics.values}
    assert values['rejected'] == '200'
    assert values['failed'] == '0'
    assert values['last_rejection'] == reasons[-1]
    told = {key.removeprefix('rejected: '): int(value) for key, value in values.items()
            if key.startswith('rejected: ')}
    kinds = {kind: [_kind(r) for r in reasons].count(kind) for kind in map(_kind, reasons)}
    assert told == kinds

    # Every kind in the log at once, repeats only now and then.
    warned = [line.split('malformed image: ')[1] for line in capfd.readouterr().err.splitlines()
              if 'malformed image: ' in line]
    assert set(kinds) <= {_kind(text) for text in warned}
    assert len(warned) < 2 * len(kinds)


@pytest.mark.parametrize(('form', 'data'), [
    ('jpeg', b''),
    ('jpeg', b'\xff\xd8\xff'),
    ('png', b'\x89PNG\r\n\x1a\n' + bytes(40)),
    ('h264', bytes(100)),
    ('', bytes(100)),
    ('bgr8; jpeg compressed bgr8', bytes(1000)),
])
def test_a_malformed_compressed_image_between_good_ones(start, form, data):
    import cv2

    good = CompressedImage(format='jpeg', data=cv2.imencode('.jpg', GREY)[1].tobytes())
    node, images, emotions = start(
        CompressedImage, '/image_raw/compressed', good, image_transport='compressed')
    images.publish(CompressedImage(format=form, data=data))
    wait_for(lambda: count(node, 'rejected') == 1, 'the refusal')
    images.publish(good)
    emotions.wait(1)
    assert count(node, 'failed') == 0
