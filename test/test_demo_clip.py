"""The clip of the astronaut."""

import itertools
import sys

import numpy as np
import pytest

from fer_ros.core.demo_clip import DEMO_FPS, demo_frames, DEMO_SECONDS, DEMO_SIZE, write_demo_clip
from fer_ros.core.detector import HaarDetector
from fer_ros.core.errors import SourceError
from fer_ros.core.sources import open_source


def test_clip_shows_the_face_and_then_looks_away():
    # The frontal detector, which loses whoever looks away; others do not.
    detector = HaarDetector()
    found = {index / 3: len(detector.detect(bgr)) > 0
             for index, bgr in enumerate(demo_frames(fps=3))}
    away = [seconds for seconds in found if 5.2 < seconds < 7.0]
    near = [seconds for seconds in found if seconds < 4 or seconds > 7.9]
    assert np.mean([found[seconds] for seconds in near]) >= 0.9
    assert not any(found[seconds] for seconds in away)


def test_clip_moves_without_jumps():
    frames = [bgr[::4, ::4].astype(float) for bgr in demo_frames()]
    steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(frames)]
    assert max(steps) < 45  # another picture would make 70 and more


def test_clip_as_a_file(tmp_path):
    with open_source(write_demo_clip(tmp_path / 'clip.mp4')) as source:
        assert (source.fps, source.size) == (DEMO_FPS, DEMO_SIZE)
        assert source.frame_count == round(DEMO_SECONDS * DEMO_FPS)


def test_without_scikit_image_it_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, 'skimage', None)
    with pytest.raises(SourceError, match='pip install scikit-image'):
        next(demo_frames())
