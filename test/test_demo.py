"""`fer demo`: three real processes over DDS."""

import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from ros_support import NodeProcess, wait_for

from fer_ros.commands.processes import Child
from fer_ros.core.sources import open_source, read_image, write_image

COMMAND = (sys.executable, '-m', 'fer_ros.cli', 'demo')
TIMEOUT = 30.0


@pytest.fixture
def still(tmp_path, astronaut):
    path = tmp_path / 'portrait.png'
    write_image(path, astronaut)
    return path


def start(*arguments):
    return NodeProcess('', *map(str, arguments), command=COMMAND)


def children(pid):
    """Return the command lines of the processes below `pid`."""
    found = subprocess.run(
        ['ps', '-o', 'pid=,args=', '--ppid', str(pid)], capture_output=True, text=True,
        check=False).stdout
    return {int(line.split(None, 1)[0]): line for line in found.splitlines()}


def child(demo, name):
    for _ in range(500):
        for pid, line in children(demo.process.pid).items():
            if f'fer_ros.nodes.{name}' in line:
                return pid
        time.sleep(0.02)
    raise AssertionError(f'{name} was not started:\n{demo.output}')


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_whole_road_on_a_photograph(still, tmp_path):
    out = tmp_path / 'out'
    with start('--source', still, '--duration', 1.5, '--out', out) as demo:
        assert demo.wait_end(TIMEOUT) == 0, demo.output
    assert 'Traceback' not in demo.output
    frames, with_face = map(int, re.search(
        r'(\d+) frames, a face in (\d+): happiness', demo.output).groups())
    assert 5 <= frames <= 23  # of 22; a busy machine leaves some out, never adds any
    assert with_face > 0.7 * frames
    assert re.search(r's     1  happiness .*%.* ms\n', demo.output)
    assert sorted(path.name for path in out.iterdir()) == ['emotions.mp4', 'summary.png']
    assert read_image(out / 'summary.png').shape == (850, 1280, 3)
    with open_source(out / 'emotions.mp4') as video:
        annotated = [frame.bgr for frame in video]
    assert len(annotated) >= 30
    # Boxes are drawn in the colour of the emotion: yellow for happiness.
    blue, green, red = np.moveaxis(annotated[5].astype(int), -1, 0)
    assert ((red > 200) & (green > 200) & (blue < 120)).sum() > 200


def test_no_face_is_a_failure(tmp_path):
    write_image(tmp_path / 'grey.png', np.full((240, 320, 3), 128, np.uint8))
    with start('--source', tmp_path / 'grey.png', '--duration', 0.5, '--out', tmp_path) as demo:
        assert demo.wait_end(TIMEOUT) == 1
    assert 'fer: error: no face was seen' in demo.output


@pytest.mark.parametrize(('arguments', 'message'), [
    (('--source', '/nowhere.mp4'), '/nowhere.mp4: no such file or folder'),
    (('--source', '987'), 'video_node ended with exit code 1: camera /dev/video987: no such'),
    (('--model', 'absent'), "no model 'absent'"),
    (('--duration', '-1'), '--duration must lie in'),
], ids=['file', 'camera', 'model', 'duration'])
def test_what_is_wrong_is_told_in_one_line(tmp_path, arguments, message):
    with start(*arguments, '--out', tmp_path / 'out') as demo:
        assert demo.wait_end(TIMEOUT) == 1
    errors = [line for line in demo.output.splitlines() if 'error' in line]
    assert len(errors) == 1
    assert errors[0].startswith('fer: error: ')
    assert message in errors[0]
    assert 'Traceback' not in demo.output
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('name', ['emotion_node', 'video_node', 'viewer_node'])
def test_a_process_that_dies_ends_the_demo_and_is_named(still, tmp_path, name):
    with start('--source', still, '--duration', 60, '--out', tmp_path / 'out') as demo:
        demo.wait_output('happiness', TIMEOUT)
        others = children(demo.process.pid)
        os.kill(child(demo, name), signal.SIGKILL)
        assert demo.wait_end(TIMEOUT) == 1
    assert f'fer: error: {name} was killed by SIGKILL' in demo.output
    assert len(others) == 3
    assert not any(map(alive, others))


@pytest.mark.parametrize(('number', 'code'), [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_no_process_outlives_the_demo(still, tmp_path, number, code):
    with start('--source', still, '--duration', 60, '--out', tmp_path / 'out') as demo:
        # The second line, a second later: pictures have come, too.
        wait_for(lambda: demo.output.count('happiness') > 1, 'two lines', TIMEOUT)
        below = children(demo.process.pid)
        assert demo.stop(number, TIMEOUT) == code
    end = time.monotonic() + 10
    while any(map(alive, below)) and time.monotonic() < end:
        time.sleep(0.05)
    assert len(below) == 3
    assert not any(map(alive, below))
    # What came so far is kept, whole.
    assert (tmp_path / 'out' / 'emotions.mp4').exists(), demo.output
    with open_source(tmp_path / 'out' / 'emotions.mp4') as video:
        assert next(iter(video)).bgr.shape == (512, 512, 3)


def test_last_words_of_a_child(tmp_path):
    log = tmp_path / 'log'
    process = Child('no_such_module', [], os.environ, log)
    assert process.wait(10) == 1
    assert process.epitaph() == (
        f'no_such_module ended with exit code 1: {sys.executable}: No module named '
        'no_such_module')
