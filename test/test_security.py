"""What leaves emotion_node, what it may do, and what it opens."""

import os
from pathlib import Path
import re
import sys
import xml.etree.ElementTree as ElementTree

from emotion_support import EMOTIONS, GREY, Running
import numpy as np
import pytest
from rclpy.parameter import Parameter
from ros_support import image_message, NodeProcess, wait_for
from sensor_msgs.msg import CompressedImage, Image

from fer_msgs.msg import EmotionArray
from fer_ros.core.detector import create_detector
from fer_ros.core.image import to_bgr
from fer_ros.nodes.emotion_node import EmotionNode

ROOT = Path(__file__).resolve().parents[1]
IMAGE_TYPES = {'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'}


def small(bgr):
    """Return a message that fits the default shared memory of this side."""
    return image_message(bgr[::2, ::2].copy())


# Pixels


def test_without_pixels_no_topic_of_the_node_carries_any(ros):
    # In a namespace of its own: a node of this name that another test has just left would count.
    ros.spin(EmotionNode(context=ros.context, namespace='masked', parameter_overrides=[
        Parameter('publish_pixels', value=False)]))

    def published():
        return ros.probe.get_publisher_names_and_types_by_node('emotion_node', '/masked')

    wait_for(lambda: f'/masked{EMOTIONS}' in dict(published()), 'the topics')
    assert not [topic for topic, kinds in published() if IMAGE_TYPES & set(kinds)]


def test_anonymizing_pictures_that_are_not_published_is_refused(ros):
    arguments = ('-p', 'publish_pixels:=false', '-p', 'anonymize:=blur')
    with NodeProcess('fer_ros.nodes.emotion_node', '--ros-args', *arguments) as process:
        assert process.wait_end() == 1
        assert "anonymize is 'blur', but publish_pixels is false" in process.output
        assert 'Traceback' not in process.output
    node = EmotionNode(context=ros.context, parameter_overrides=[
        Parameter('publish_pixels', value=False), Parameter('autostart', value=False)])
    (result,) = node.set_parameters([Parameter('anonymize', value='box')])
    assert 'publish_pixels is false' in result.reason
    node.destroy_node()


@pytest.mark.parametrize('method', ['blur', 'pixelate', 'box'])
def test_anonymized_pictures_show_no_face(ros, astronaut, method):
    node = Running(ros, '', {'anonymize': method, 'draw_charts': False})
    pictures = ros.subscribe(Image, '/emotion_node/image_annotated')
    ros.connect(node.images, image_message(GREY), pictures)
    node.images.publish(image_message(astronaut, (5, 0)))
    shown = to_bgr(pictures.wait(1)[-1])
    region = node.emotions.wait_that(
        lambda m: m.header.stamp.sec == 5, 'the result').emotions[0].region
    area = np.s_[region.y_offset + 20:region.y_offset + region.height - 20,
                 region.x_offset + 20:region.x_offset + region.width - 20]
    detail = [np.abs(np.diff(image[area].astype(int), axis=1)).mean()
              for image in (astronaut, shown)]
    assert detail[1] < 0.3 * detail[0]
    np.testing.assert_array_equal(shown[400:], astronaut[400:])


def test_crops_in_an_anonymized_picture_are_covered_too(ros, astronaut):
    node = Running(ros, '', {'draw_crops': True})
    pictures = ros.subscribe(Image, '/emotion_node/image_annotated')
    ros.connect(node.images, image_message(GREY), pictures)
    detector = create_detector('haar')
    seen = []
    for second, method in ((5, 'none'), (6, 'box')):
        node.node.set_parameters([Parameter('anonymize', value=method)])
        node.images.publish(image_message(astronaut, (second, 0)))
        shown = pictures.wait_that(
            lambda m, second=second: m.header.stamp.sec == second, 'the picture')
        seen.append(len(detector.detect(to_bgr(shown))))
    assert seen[0] > 0
    assert seen[1] == 0


# SROS2


def policy(space):
    """Return the rules of the policy for a namespace: (kind, right) to full names."""
    root = ElementTree.parse(ROOT / 'config' / 'sros2_policy.xml').getroot()
    (profile,) = root.iter('profile')
    rules = {}
    for group in profile:
        ((right, verdict),) = group.attrib.items()
        assert verdict == 'ALLOW'
        names = {re.sub(r'^~', 'emotion_node', item.text) for item in group}
        rules[group.tag, right] = {
            name if name[0] == '/' else f'{space}/{name}' for name in names}
    return rules


def test_the_policy_has_the_form_that_sros2_takes():
    """Elements and attributes as in the schema of sros2, version 0.2.0 of policies."""
    forms = {
        'policy': ({'enclaves'}, {'version'}),
        'enclaves': ({'enclave'}, set()),
        'enclave': ({'profiles'}, {'path'}),
        'profiles': ({'profile'}, set()),
        'profile': ({'topics', 'services'}, {'ns', 'node'}),
        'topics': ({'topic'}, {'publish', 'subscribe'}),
        'services': ({'service'}, {'reply', 'request'}),
        'topic': (set(), set()),
        'service': (set(), set()),
    }
    root = ElementTree.parse(ROOT / 'config' / 'sros2_policy.xml').getroot()
    assert (root.tag, root.get('version')) == ('policy', '0.2.0')
    for element in root.iter():
        children, attributes = forms[element.tag]
        assert {child.tag for child in element} <= children
        assert bool(len(element)) == bool(children)
        if element.tag in ('topics', 'services'):
            assert len(element.attrib) == 1
            assert set(element.attrib) < attributes
            assert set(element.attrib.values()) <= {'ALLOW', 'DENY'}
        else:
            assert set(element.attrib) == attributes
        if not children:
            # Relative, private or full names of ROS; an expression may end in a star.
            assert re.fullmatch(r'(~/|/)?[a-z][a-z0-9_/]*\*?', element.text), element.text


def test_the_policy_allows_what_the_node_does_and_nothing_else(ros):
    node = Running(ros, 'guarded', {'use_sim_time': True}).node
    name, space = node.get_name(), node.get_namespace()

    def interfaces():
        probe = ros.probe
        return {
            ('topics', 'subscribe'): dict(
                probe.get_subscriber_names_and_types_by_node(name, space)),
            ('topics', 'publish'): dict(probe.get_publisher_names_and_types_by_node(name, space)),
            ('services', 'reply'): dict(probe.get_service_names_and_types_by_node(name, space)),
            ('services', 'request'): dict(probe.get_client_names_and_types_by_node(name, space))}

    allowed = policy(space)
    # The other of the two transports; one at a time is listened to.
    allowed['topics', 'subscribe'].remove(f'{space}/image_raw/compressed')
    # The calibration is listened to while somebody looks at the markers.
    allowed['topics', 'subscribe'].remove(f'{space}/camera_info')
    wait_for(lambda: set(interfaces()['topics', 'publish']) == allowed['topics', 'publish'],
             'the graph to be complete')
    found = {key: set(names) for key, names in interfaces().items() if names}
    assert found == allowed


@pytest.mark.parametrize(('made', 'text'), [
    ('', 'does not exist'),
    # Files are missing in it; a middleware that was built without security says that instead.
    ('enclaves/fer_ros/emotion_node', 'cannot join the graph'),
])
def test_a_keystore_that_cannot_be_used_is_named(tmp_path, monkeypatch, made, text):
    (tmp_path / made).mkdir(parents=True, exist_ok=True)
    for name, value in (('KEYSTORE', str(tmp_path)), ('ENABLE', 'true'), ('STRATEGY', 'Enforce')):
        monkeypatch.setenv(f'ROS_SECURITY_{name}', value)
    with NodeProcess('fer_ros.nodes.emotion_node', '--ros-args', '--enclave',
                     '/fer_ros/emotion_node') as process:
        assert process.wait_end() == 1
        assert text in process.output
        assert 'Traceback' not in process.output


# Network and code


def sockets(pid):
    """Return (protocol, remote address) of the internet sockets of a process."""
    inodes = set()
    for path in Path(f'/proc/{pid}/fd').iterdir():
        try:
            match = re.fullmatch(r'socket:\[(\d+)\]', os.readlink(path))
        except OSError:
            continue
        if match:
            inodes.add(match[1])
    found = []
    for protocol in ('tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6'):
        path = Path(f'/proc/{pid}/net/{protocol}')
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            if fields[9] in inodes:
                found.append((protocol, fields[2]))
    return sorted(found)


def test_the_process_opens_no_socket_beside_those_of_dds(ros, astronaut):
    # With the same transports of Fast DDS.
    bare = ('import rclpy; from fer_ros.nodes.transport import make_room_for_images;'
            'make_room_for_images(); rclpy.init(); node = rclpy.create_node("bare"); print("up");'
            'rclpy.spin(node)')
    with NodeProcess('', command=(sys.executable, '-c', bare)) as process:
        process.wait_output('up')
        usual = sockets(process.process.pid)
    with NodeProcess('fer_ros.nodes.emotion_node') as process:
        emotions = ros.subscribe(EmotionArray, EMOTIONS)
        pictures = ros.subscribe(CompressedImage, '/emotion_node/image_annotated/compressed')
        images = ros.publisher(Image, '/image_raw')
        ros.connect(images, small(astronaut), emotions)
        wait_for(lambda: images.publish(small(astronaut)) or pictures.messages, 'a picture')
        opened = sockets(process.process.pid)
    assert usual
    assert {protocol for protocol, _ in opened} <= {'udp', 'udp6'}
    assert not [remote for _, remote in opened if not re.fullmatch(r'0+:0000', remote)]
    assert opened == usual


def test_nothing_connects_resolves_unpickles_or_starts_a_program(ros, astronaut):
    watched = ('socket.connect', 'socket.getaddrinfo', 'socket.gethostbyname', 'urllib.Request',
               'pickle.find_class', 'subprocess.Popen', 'os.system', 'os.exec', 'os.posix_spawn')
    code = (
        'import sys\n'
        'from fer_ros.nodes.emotion_node import main\n'
        'def watch(event, arguments):\n'
        f'    if event in {watched!r}:\n'
        '        print("AUDIT", event, arguments, flush=True)\n'
        'sys.addaudithook(watch)\n'
        'sys.exit(main())\n')
    with NodeProcess('', command=(sys.executable, '-c', code)) as process:
        emotions = ros.subscribe(EmotionArray, EMOTIONS)
        images = ros.publisher(Image, '/image_raw')
        ros.connect(images, small(astronaut), emotions)
        assert process.stop() == 0
        events = [line for line in process.output.splitlines() if line.startswith('AUDIT')]
    assert events == []
