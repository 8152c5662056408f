"""Ends and wants of a node's process."""

from pathlib import Path
import resource
import signal
import time

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
import numpy as np
import pytest
from ros_support import image_message, NodeProcess, wait_for
from sensor_msgs.msg import Image

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
    small = image_message(astronaut[::2, ::2].copy(), (1, 0))
    with NodeProcess(MODULE) as process:
        results = ros.subscribe(EmotionArray, EMOTIONS)
        images = ros.publisher(Image, '/image_raw')
        ros.connect(images, small, results)
        # What it has, and next to nothing more; a large depth image needs half a gigabyte.
        limit = address_space(process.process.pid) + 100 * 2**20
        resource.prlimit(process.process.pid, resource.RLIMIT_AS, (limit, limit))
        side = 4000
        large = image_message(
            np.zeros((1, 1, 3), np.uint8), (2, 0), width=side, height=side, step=2 * side,
            encoding='16UC1', data=bytes(range(256)) * (2 * side * side // 256))
        end = time.monotonic() + 20
        while 'image failed' not in process.output and time.monotonic() < end:
            images.publish(large)
            time.sleep(0.5)
            assert process.process.poll() is None, process.output
        results.clear()
        small.header.stamp.sec = 3
        wait_for(lambda: images.publish(small) or time.sleep(0.1) or [
            m for m in list(results.messages) if m.header.stamp.sec == 3], 'a result')
        assert process.stop() == 0, process.output
        assert 'image failed' in process.output
