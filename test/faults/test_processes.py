"""Ends and wants of a node's process."""

from pathlib import Path
import resource
import signal
import time

import cv2
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
import numpy as np
import pytest
from ros_support import NodeProcess, wait_for
from sensor_msgs.msg import CompressedImage

from fer_msgs.msg import EmotionArray

MODULE = 'fer_ros.nodes.emotion_node'
EMOTIONS = '/emotion_node/emotions'
WAITS = ('--ros-args', '-p', 'autostart:=false')
PATHS = {
    'unconfigured': (), 'inactive': (Transition.TRANSITION_CONFIGURE,),
    'active': (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE),
    'finalized': (Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,)}


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize('state', PATHS)
def test_a_process_ends_in_every_state_and_the_next_one_begins(ros, state, number):
    with NodeProcess(MODULE, *WAITS) as process:
        for transition in PATHS[state]:
            request = ChangeState.Request()
            request.transition.id = transition
            ros.call(ChangeState, '/emotion_node/change_state', request)
        found = ros.call(GetState, '/emotion_node/get_state').current_state.label
        assert found == state
        code = process.stop(number)
        assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL), process.output
        assert 'Traceback' not in process.output
    if number == signal.SIGKILL and state == 'active':
        with NodeProcess(MODULE) as process:
            process.wait_output('active')
            assert process.stop() == 0


def address_space(pid):
    pages = int(Path(f'/proc/{pid}/statm').read_text().split()[0])
    return pages * resource.getpagesize()


def test_a_process_without_memory_fails_images_and_lives(ros, astronaut):
    small = CompressedImage(
        format='jpeg', data=cv2.imencode('.jpg', astronaut[::2, ::2])[1].tobytes())
    # A few kilobytes, of which the conversion makes half a gigabyte.
    depth = np.full((4000, 4000), 1000, np.uint16)
    depth[0, 0] = 2000
    large = CompressedImage(
        format='16UC1; png compressed', data=cv2.imencode('.png', depth)[1].tobytes())
    arguments = ('--ros-args', '-p', 'image_transport:=compressed')
    with NodeProcess(MODULE, *arguments) as process:
        results = ros.subscribe(EmotionArray, EMOTIONS)
        images = ros.publisher(CompressedImage, '/image_raw/compressed')
        ros.connect(images, small, results)
        # What it has, and not enough more.
        limit = address_space(process.process.pid) + 100 * 2**20
        resource.prlimit(process.process.pid, resource.RLIMIT_AS, (limit, limit))
        wait_for(lambda: images.publish(large) or time.sleep(0.5) or any(
            words in process.output for words in ('image failed', 'malformed image')), 'a failure')
        assert process.process.poll() is None, process.output
        results.clear()
        small.header.stamp.sec = 3
        wait_for(lambda: images.publish(small) or time.sleep(0.1) or [
            m for m in list(results.messages) if m.header.stamp.sec == 3], 'a result')
        assert process.stop() == 0, process.output
        assert 'memory' in process.output.lower()
