"""What several tests need."""

import functools
import json
import os
from pathlib import Path
import random
import shutil

import cv2
import numpy as np
import pytest

from fer_ros.core.model import load_model

ROOT = Path(__file__).resolve().parents[1]

# Runs on one network, or two on one machine, must not hear each other.
os.environ.setdefault('ROS_DOMAIN_ID', str(random.randint(1, 100)))
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')


def pytest_addoption(parser):
    parser.addoption(
        '--thorough', action='store_true',
        help='endurance tests at their full length: an hour instead of a minute')


@pytest.fixture(scope='session')
def amount(request):
    """Return a function that chooses between a short and a full length."""
    return lambda short, full: full if request.config.getoption('--thorough') else short


@pytest.fixture(scope='session')
def astronaut():
    """Return (512, 512, 3) BGR: NASA's portrait of Eileen Collins, in the public domain."""
    from skimage import data

    return data.astronaut()[..., ::-1].copy()


@pytest.fixture(scope='session')
def photo(tmp_path_factory, astronaut):
    """Return the path of the portrait as a PNG file."""
    path = tmp_path_factory.mktemp('photo') / 'astronaut.png'
    cv2.imwrite(str(path), astronaut)
    return path


@pytest.fixture(scope='session')
def clip(tmp_path_factory, astronaut):
    """Write twelve frames: the astronaut, then three without a face."""
    path = tmp_path_factory.mktemp('clip') / 'clip.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), 10, (512, 512))
    for index in range(12):
        writer.write(astronaut if index < 9 else np.full_like(astronaut, 90))
    writer.release()
    return path


@pytest.fixture
def model_folder(tmp_path):
    """Return a copy of the shipped model folder that a test may damage."""
    folder = tmp_path / 'model'
    shutil.copytree(load_model().folder, folder)
    return folder


@pytest.fixture
def edit_manifest(model_folder):
    """Return a function that sets one dotted field of the copy's manifest, or removes it."""
    def edit(name, value=...):
        path = model_folder / 'manifest.json'
        content = json.loads(path.read_text())
        *parents, last = name.split('.')
        place = content
        for parent in parents:
            place = place[parent]
        if value is ...:
            del place[last]
        else:
            place[last] = value
        path.write_text(json.dumps(content))
        return model_folder
    return edit


@pytest.fixture
def ros():
    """Return a ROS graph with a probe node; see ros_support.py."""
    from ros_support import Graph

    with Graph() as graph:
        yield graph


@pytest.fixture
def running(ros):
    """Return a function that starts an active emotion_node; see emotion_support.py."""
    from emotion_support import Running

    return lambda namespace='', **values: Running(ros, namespace, values)


@pytest.fixture
def start(ros):
    """Return a function that starts an EmotionNode with parameters."""
    from emotion_support import started

    return functools.partial(started, ros)


@pytest.fixture
def header():
    """Return the header of an image."""
    from std_msgs.msg import Header

    header = Header(frame_id='camera_optical')
    header.stamp.sec, header.stamp.nanosec = 12, 500_000_000
    return header
