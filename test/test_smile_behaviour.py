"""The behaviour node of the README reacts to smiles, and to nothing else."""

from pathlib import Path
import signal
import sys

import pytest
from ros_support import NodeProcess

from fer_msgs.msg import Emotion, EmotionArray

EXAMPLE = Path(__file__).resolve().parents[1] / 'examples' / 'smile_behaviour.py'


@pytest.fixture
def behaviour():
    with NodeProcess('', str(EXAMPLE), command=(sys.executable,)) as process:
        yield process


def test_it_reacts_to_a_smile_and_ends_quietly(ros, behaviour):
    emotions = ros.publisher(EmotionArray, '/emotion_node/emotions', 10)
    for number, label, confidence in (
            (1, 'sadness', 0.9), (2, 'happiness', 0.5), (3, 'unknown', 0.9),
            (4, 'happiness', 0.9)):
        emotions.publish(EmotionArray(emotions=[
            Emotion(track_id=number, label=label, confidence=confidence)]))
    behaviour.wait_output('Person 4 smiles')
    assert behaviour.stop(signal.SIGINT) == 0, behaviour.output
    assert 'Traceback' not in behaviour.output
    assert behaviour.output.count('smiles') == 1
