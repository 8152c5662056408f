"""What cameras, listeners and namesakes of a running node may do."""

import itertools
import signal
import sys
import time

import cv2
from emotion_support import CameraThread, EMOTIONS, GREY
import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter
from ros_support import image_message, NodeProcess, wait_for
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool, Trigger

from fer_msgs.msg import EmotionArray
from fer_msgs.srv import ClassifyImage
from fer_ros.nodes.emotion_node import EmotionNode
from fer_ros.nodes.qos import IMAGE_OFFER_QOS

ANNOTATED = '/emotion_node/image_annotated'


class Flow(CameraThread):
    """A camera at work, and the results of its node."""

    def __init__(self, node, bgr, rate=10.0):
        super().__init__(node.images, bgr, rate)
        self._node = node

    def __enter__(self):
        super().__enter__()
        self.more()
        return self

    def more(self, count=3):
        """Wait until results have gone on."""
        before = len(self._node.emotions.messages)
        wait_for(lambda: len(self._node.emotions.messages) >= before + count, 'more results')


# Cameras


def test_a_camera_that_is_unplugged_and_comes_back_is_missed_and_seen_again(
        ros, running, astronaut, capfd):
    node = running(image_timeout=0.3)
    assert len(node.show(astronaut).emotions) == 1
    ros.probe.destroy_publisher(node.images)
    values = node.values(
        lambda v, s: 'nobody publishes it' in s.message, 'a warning that nobody publishes')
    assert values['image_publishers'] == 'none'
    assert 'no image for' in capfd.readouterr().err
    node.images = ros.publisher(Image, '/image_raw')
    ros.connect(node.images, image_message(GREY), node.emotions)
    assert len(node.show(astronaut, (9, 0)).emotions) == 1
    node.values(lambda v, s: 'images/s' in s.message, 'all well again')


def test_a_camera_may_change_size_and_encoding_from_one_image_to_the_next(running, astronaut):
    node = running()
    for second, (side, encoding) in enumerate(itertools.product(
            (512, 300, 700), ('bgr8', 'rgb8', 'mono8')), 1):
        bgr = cv2.resize(astronaut, (side, side))
        if encoding == 'mono8':
            grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
            result = node.show(
                bgr, (second, 0), encoding=encoding, step=side, data=grey.tobytes())
        else:
            pixels = bgr if encoding == 'bgr8' else bgr[..., ::-1]
            result = node.show(bgr, (second, 0), encoding=encoding, data=pixels.tobytes())
        assert (result.image_width, len(result.emotions)) == (side, 1)


def test_a_camera_process_that_dies_in_the_middle_is_followed_by_the_next(
        ros, tmp_path, astronaut):
    folder = tmp_path / 'pictures'
    folder.mkdir()
    cv2.imwrite(str(folder / 'a.png'), astronaut[::2, ::2])
    ros.spin(EmotionNode(context=ros.context))
    results = ros.subscribe(EmotionArray, EMOTIONS)
    for width in (256, 128):
        arguments = ('--ros-args', '-p', f'source:={folder}', '-p', f'width:={width}', '-p',
                     f'height:={width}', '-p', 'rate:=30.0')
        with NodeProcess('fer_ros.nodes.video_node', *arguments) as camera:
            results.wait_that(lambda m, w=width: m.image_width == w, f'{width} pixels')
            camera.process.send_signal(signal.SIGKILL)
            camera.wait_end()


def test_bytes_that_are_no_message_are_malformed_and_no_fault_of_the_node(
        running, astronaut, capfd):
    node = running()
    node.images.publish(b'\0\1\0\0' + b'\xff' * 40)
    wait_for(lambda: node.count('rejected') == 1, 'the refusal')
    assert node.count('failed') == 0
    err = capfd.readouterr().err
    assert 'bytes that are no Image message' in err
    assert 'Traceback' not in err
    assert len(node.show(astronaut).emotions) == 1


def test_camera_listener_and_node_may_find_each_other_in_any_order(ros, astronaut):
    """The node is there for seconds before anybody else, and the listener comes last."""
    node = ros.spin(EmotionNode(context=ros.context))
    time.sleep(2.0)
    images = ros.publisher(Image, '/image_raw', match=False)
    time.sleep(1.0)
    assert not images.get_subscription_count()  # lazy: nobody listens
    results = ros.subscribe(EmotionArray, EMOTIONS)
    ros.connect(images, image_message(astronaut), results)
    assert node.count_subscribers('/image_raw') == 1


# Time


def test_stamps_that_leap_ahead_and_back_end_the_tracks_and_nothing_else(running, astronaut):
    node = running()
    numbers = [
        node.show(astronaut, (second, 0)).emotions[0].track_id
        for second in (1000, 2**31 - 1, 1000, 5, 1001)]
    assert numbers == sorted(set(numbers))


def test_simulated_time_that_stands_still_stops_no_image(ros, running, astronaut):
    node = running(use_sim_time=True, image_timeout=0.2)
    clock = ros.publisher(Clock, '/clock', 1)
    clock.publish(Clock(clock=image_message(GREY, (500, 0)).header.stamp))
    wait_for(lambda: node.node.get_clock().now().nanoseconds == 500 * 10**9, 'the time')
    faces = [node.show(astronaut, (500, 0)).emotions[0] for _ in range(5)]
    assert len({face.track_id for face in faces}) == 1
    assert faces[-1].track_age.sec == 0
    assert sum(faces[-1].probabilities) == pytest.approx(1.0, abs=1e-4)
    values = node.values(lambda v, s: int(v['processed']) >= 5, 'the count')
    assert (values['failed'], values['dropped']) == ('0', '0')


# Names


def test_a_namesake_is_told_and_disturbs_nobody(ros, running, astronaut, capfd):
    # In a namespace of its own: a node that another test has just left would count.
    node = running('alone')
    assert node.values(lambda v, s: True)['namesakes'] == '0'
    other = Node('emotion_node', namespace='alone', context=ros.context)
    try:
        diagnostics = node.values(lambda v, s: v['namesakes'] == '1', 'the namesake')
        assert diagnostics['state'] == 'active'
        assert len(node.show(astronaut).emotions) == 1
    finally:
        other.destroy_node()
    assert 'another node is called /alone/emotion_node' in capfd.readouterr().err
    node.values(lambda v, s: v['namesakes'] == '0', 'that it is gone')


# Storms


@pytest.fixture
def storm(amount):
    return amount(50, 2000)


def test_a_storm_of_parameters_stops_no_image(running, astronaut, storm):
    node = running(lazy=False)
    with Flow(node, astronaut[::2, ::2].copy()) as flow:
        for index in range(storm):
            node.node.set_parameters([
                Parameter('smoothing_time', value=0.1 + index % 7 / 10),
                Parameter('max_faces', value=index % 3 + 1),
                Parameter('unknown_threshold', value=2.0)])  # out of its limits
        flow.more()
    assert node.count('failed') == 0


def test_a_storm_of_requests_is_answered_and_stops_no_image(ros, running, astronaut, storm):
    node = running()
    kinds = ((Trigger, 'reset_tracks', Trigger.Request()),
             (SetBool, 'set_enabled', SetBool.Request(data=True)),
             (ClassifyImage, 'classify_image', ClassifyImage.Request(image=image_message(GREY))),
             (ClassifyImage, 'classify_image', ClassifyImage.Request()))
    clients = [ros.probe.create_client(kind, f'/emotion_node/{name}') for kind, name, _ in kinds]
    for client, (kind, name, request) in zip(clients, kinds, strict=True):
        assert ros.call(kind, f'/emotion_node/{name}', request) is not None
        wait_for(client.service_is_ready, name)
    time.sleep(0.5)
    with Flow(node, astronaut[::2, ::2].copy()) as flow:
        futures = []
        for index in range(storm):
            # A reliable queue holds ten requests; a client waits as most of them do.
            if len(futures) >= 8:
                wait_for(futures[-8].done, 'an answer')
            futures.append(clients[index % 4].call_async(kinds[index % 4][2]))
        flow.more()
        wait_for(lambda: all(future.done() for future in futures), 'all answers')
    assert node.count('failed') == 0


def test_listeners_that_come_and_go_leave_nothing_behind(ros, running, astronaut):
    node = running()
    kinds = [(EmotionArray, EMOTIONS), (Image, ANNOTATED)]
    with Flow(node, astronaut[::2, ::2].copy()) as flow:
        for index in range(10_000):
            kind, topic = kinds[index % 2]
            ros.probe.destroy_subscription(ros.probe.create_subscription(
                kind, topic, lambda message: None, IMAGE_OFFER_QOS))
        flow.more()
    wait_for(lambda: ros.probe.count_subscribers(ANNOTATED) == 0, 'the listeners to be gone')
    wait_for(lambda: ros.probe.count_subscribers(EMOTIONS) == 1, 'one listener to be left')
    assert node.count('failed') == 0


def test_a_frozen_listener_to_the_annotated_image_slows_no_result(ros, running, astronaut):
    node = running()
    code = ('import rclpy; from sensor_msgs.msg import Image;'
            'from fer_ros.nodes.qos import IMAGE_OFFER_QOS;'
            'rclpy.init(); node = rclpy.create_node("slow");'
            f'node.create_subscription(Image, "{ANNOTATED}", lambda m: print("image"),'
            'IMAGE_OFFER_QOS); rclpy.spin(node)')
    image = astronaut[::2, ::2].copy()
    with NodeProcess('', command=(sys.executable, '-c', code)) as listener, Flow(node, image):
        listener.wait_output('image')

        def seconds(count=15):
            before, begin = len(node.emotions.messages), time.monotonic()
            wait_for(lambda: len(node.emotions.messages) >= before + count, 'results')
            return time.monotonic() - begin

        usual = seconds()
        listener.process.send_signal(signal.SIGSTOP)
        frozen = [seconds() for _ in range(3)]
        listener.process.send_signal(signal.SIGCONT)
    # A queue that blocks would cost 0.1 s an image, if not all of its time.
    assert min(frozen) < 2 * usual + 0.5
    assert node.count('failed') == 0
