"""When emotion_node listens to its images, and with which quality of service."""

import os
from pathlib import Path
import time

from diagnostic_msgs.msg import DiagnosticStatus
from emotion_support import EMOTIONS, status
import pytest
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from ros_support import Graph, image_message, NodeProcess, wait_for
from sensor_msgs.msg import CompressedImage, Image

from fer_msgs.msg import EmotionArray

BEST_EFFORT = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.BEST_EFFORT)


def listens(node, topic='/image_raw'):
    return topic in {subscription.topic_name for subscription in node.subscriptions}


def test_an_idle_node_does_not_listen_to_images(ros, start, astronaut):
    node = start()
    wait_for(lambda: not listens(node), 'the node to be idle')
    idle = status(ros, lambda s: 'nobody listens to a result' in s.message)
    assert idle.level == DiagnosticStatus.OK
    images = ros.publisher(Image, '/image_raw', match=False)
    for topic, kind in (('emotions', EmotionArray), ('image_annotated', Image),
                        ('image_annotated/compressed', CompressedImage)):
        collector = ros.subscribe(kind, f'/emotion_node/{topic}')
        wait_for(lambda: listens(node), f'the node to listen for {topic}')
        ros.connect(images, image_message(astronaut), collector)
        ros.probe.destroy_subscription(collector.subscription)
        wait_for(lambda: not listens(node), 'the node to be idle')


def test_an_idle_node_costs_next_to_nothing_while_the_camera_runs(ros, astronaut):
    def spent(process):
        fields = Path(f'/proc/{process.process.pid}/stat').read_text().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    image = image_message(astronaut[::2, ::2].copy())
    with NodeProcess('fer_ros.nodes.emotion_node') as process:
        process.wait_output('active')
        images = ros.publisher(Image, '/image_raw', match=False)
        time.sleep(1.0)
        before, begin = spent(process), time.monotonic()
        while time.monotonic() < begin + 4.0:
            images.publish(image)
            time.sleep(0.03)
        share = (spent(process) - before) / (time.monotonic() - begin)
        assert images.get_subscription_count() == 0
        assert process.stop() == 0
    assert share < 0.05  # of a core


def test_lazy_can_be_switched_while_running(start):
    # The listeners of a test that has just ended may still be about.
    node = start()
    wait_for(lambda: not listens(node), 'the node to be idle')
    node.set_parameters([Parameter('lazy', value=False)])
    assert listens(node)
    node.set_parameters([Parameter('lazy', value=True)])
    wait_for(lambda: not listens(node), 'the node to be idle again')


def test_a_camera_that_cannot_be_received_is_named_in_log_and_diagnostics(ros, start, capfd):
    start(**{'image_qos.reliability': 'reliable', 'lazy': False, 'image_timeout': 0.3})
    ros.publisher(Image, '/image_raw', BEST_EFFORT, match=False)
    found = status(ros, lambda s: 'none of its publishers can be received' in s.message)
    assert found.level == DiagnosticStatus.WARN
    assert '/probe (best_effort, volatile: reliable is asked for' in found.message
    wait_for(lambda: 'has a publisher that cannot be received' in capfd.readouterr().err,
             'the log')


def test_a_publisher_of_another_type_is_named(ros, start):
    start(lazy=False, image_timeout=0.3)
    with Graph() as other:  # one participant cannot have both
        other.publisher(CompressedImage, '/image_raw', match=False)
        found = status(ros, lambda s: 'publishes sensor_msgs/msg/CompressedImage' in s.message)
    assert 'not sensor_msgs/msg/Image' in found.message


@pytest.mark.parametrize(('values', 'reliability'), [
    ({}, QoSReliabilityPolicy.BEST_EFFORT),
    ({'image_qos.reliability': 'reliable'}, QoSReliabilityPolicy.RELIABLE),
    ({'qos_overrides./image_raw.subscription.reliability': 'reliable'},
     QoSReliabilityPolicy.RELIABLE)])
def test_quality_of_service_by_parameters_and_by_ros_own_overrides(
        ros, running, values, reliability):
    node = running(**values)
    (info,) = ros.probe.get_subscriptions_info_by_topic('/image_raw')
    assert info.qos_profile.reliability == reliability
    values = node.values(lambda v, s: True)
    assert values['image_qos'] == f'{reliability.name.lower()}, volatile'


def test_results_can_be_overridden_too_and_listening_anew_keeps_it(ros, running):
    node = running(**{
        'qos_overrides./emotion_node/emotions.publisher.durability': 'transient_local',
        'qos_overrides./image_raw.subscription.depth': 3})
    (info,) = ros.probe.get_publishers_info_by_topic(EMOTIONS)
    assert info.qos_profile.durability.name == 'TRANSIENT_LOCAL'
    node.node.trigger_deactivate()
    node.node.trigger_activate()
    assert node.node.get_parameter('qos_overrides./image_raw.subscription.depth').value == 3
