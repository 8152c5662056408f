"""How the cascade is asked, and what becomes of the windows in which it sees a face."""

import math
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from fer_ros.core.detector import HaarDetector
from fer_ros.core.errors import ConfigError, ModelError

FRAME = np.zeros((240, 320, 3), np.uint8)


class ScriptedCascade:
    """Sees a face in the windows that it was told, and keeps what it was asked."""

    def __init__(self, *windows):
        self.windows = windows
        self.asked = []

    def detectMultiScale(self, grey, factor, neighbours, minSize, maxSize):  # noqa: N802, N803
        self.asked.append(SimpleNamespace(
            grey=grey, factor=factor, neighbours=neighbours, least=minSize, most=maxSize))
        seen = [window for window in self.windows
                if minSize[0] <= window[2] <= (maxSize[0] or math.inf)]
        return np.array(seen, np.int32).reshape(-1, 4)


def scripted(*windows, **options):
    """Return a detector that looks at frames as they are, and its cascade."""
    detector = HaarDetector(min_face_size=20.0, **options)
    detector._cascade = ScriptedCascade(*windows)
    return detector, detector._cascade


def logistic(value):
    return 1 / (1 + math.exp(-value))


@pytest.mark.parametrize(('steps', 'factor'), [(1, 2.0), (4, 2 ** 0.25), (8, 2 ** 0.125)])
def test_a_frame_is_scanned_finely_for_small_faces_and_coarsely_for_large_ones(steps, factor):
    detector, cascade = scripted(steps_per_octave=steps)
    assert detector.detect(FRAME) == []
    small, large = cascade.asked
    assert (small.least, small.most, large.least, large.most) == (
        (20, 20), (39, 39), (40, 40), (0, 0))
    assert small.factor == pytest.approx(factor)
    # Above 2 ** (1 / 3), from where OpenCV steps by one pixel from a factor of exactly 2 on.
    assert 2 ** (1 / 3) < large.factor < 2 ** (1 / 3) + 1e-3
    assert {small.neighbours, large.neighbours} == {0}
    assert small.grey.shape == large.grey.shape == FRAME.shape[:2]


def test_windows_count_by_the_size_of_their_face():
    """A large face's windows count two thirds, for more of them are looked at."""
    windows = [(10, 20, 39, 39)] * 3 + [(100, 120, 40, 40)] * 6
    detector, _ = scripted(*windows)
    assert sorted(detector.candidates(FRAME)) == [
        ((10, 20, 39, 39), 3.0), ((100, 120, 40, 40), 4.0)]
    faces = detector.detect(FRAME)
    assert [face.box for face in faces] == [(100, 120, 40, 40), (10, 20, 39, 39)]
    assert [face.score for face in faces] == pytest.approx([
        logistic(4.14 * math.log(4) - 2.55), logistic(4.14 * math.log(3) - 2.55)])
    [largest] = scripted(*windows, max_faces=1)[0].detect(FRAME)
    assert largest.box == faces[0].box


@pytest.mark.parametrize(('least', 'found'), [(2, 2), (3, 1), (4, 0)])
def test_as_many_windows_as_demanded_make_a_face(least, found):
    detector, _ = scripted(
        *[(10, 20, 30, 30)] * 3, *[(100, 120, 30, 30)] * 2, (200, 20, 30, 30),
        min_windows=least)
    assert len(detector.detect(FRAME)) == found


def test_windows_that_lie_apart_agree_on_nothing():
    """Corners may differ by a fifth of a side."""
    detector, _ = scripted((10, 20, 30, 30), (15, 20, 30, 30))
    assert [count for _, count in detector.candidates(FRAME)] == [2.0]
    detector, _ = scripted((10, 20, 30, 30), (17, 20, 30, 30))
    assert detector.candidates(FRAME) == []


def test_a_face_of_just_the_score_that_is_asked_for_is_one():
    windows = [(10, 20, 30, 30)] * 3
    [face] = scripted(*windows)[0].detect(FRAME)
    assert len(scripted(*windows, score_threshold=face.score)[0].detect(FRAME)) == 1
    above = math.nextafter(face.score, 1)
    assert scripted(*windows, score_threshold=above)[0].detect(FRAME) == []


@pytest.mark.parametrize('size', [(19, 300), (300, 19), (20, 20)])
def test_a_frame_smaller_than_the_window_is_not_scanned(size):
    detector, cascade = scripted()
    assert detector.candidates(np.zeros((*size, 3), np.uint8)) == []
    assert bool(cascade.asked) == (min(size) == 20)


@pytest.mark.parametrize('equalize', [False, True])
def test_the_cascade_sees_grey_and_equalized_only_if_asked_to(astronaut, equalize):
    detector, cascade = scripted(equalize=equalize)
    detector.candidates(astronaut)
    grey = cv2.cvtColor(astronaut, cv2.COLOR_BGR2GRAY)
    expected = cv2.equalizeHist(grey) if equalize else grey
    assert all(np.array_equal(asked.grey, expected) for asked in cascade.asked)


@pytest.mark.parametrize(('options', 'shapes'), [
    ({}, [(222, 222)]), ({'min_face_size': 0.2}, [(100, 100)]), ({'input_size': 64}, [(64, 64)]),
    ({'input_size': 64, 'tiles': 2}, [(64, 64)] + [(89, 89)] * 4)])
def test_it_looks_as_closely_as_it_is_told_to(options, shapes):
    detector = HaarDetector(**options)
    detector._cascade = cascade = ScriptedCascade()
    detector.detect(np.zeros((1000, 1000, 3), np.uint8))
    assert [asked.grey.shape for asked in cascade.asked[::2]] == shapes


def test_unless_told_otherwise_all_faces_are_told_by_the_cascade_alt2(astronaut):
    frame = np.tile(cv2.resize(astronaut[:240, 120:340], (110, 120)), (2, 3, 1))

    def found(**options):
        return [(face.box, face.score) for face in HaarDetector(**options).detect(frame)]

    assert found() == found(
        cascade='alt2', steps_per_octave=4, min_windows=2, equalize=False, max_faces=0,
        score_threshold=0.0, input_size=0, tiles=1)
    assert len(found()) == 6
    assert found() != found(cascade='default')


@pytest.mark.parametrize(('options', 'words'), [
    ({'steps_per_octave': 0}, 'steps_per_octave must be >= 1, min_windows >= 2, got 0, 2'),
    ({'min_windows': 1}, 'steps_per_octave must be >= 1, min_windows >= 2, got 4, 1'),
    ({'cascade': 'eye'}, "there is no cascade 'eye'; choose one of default, alt, alt2")])
def test_an_argument_of_no_sense_is_told_with_what_it_may_be(options, words):
    with pytest.raises(ConfigError) as error:
        HaarDetector(**options)
    assert str(error.value) == words


def test_the_cascades_of_the_wheel_win_over_those_of_debian(monkeypatch):
    read = []
    monkeypatch.setattr(cv2, 'CascadeClassifier', lambda path: read.append(path) or (
        SimpleNamespace(getOriginalWindowSize=lambda: (20, 20))))
    file = 'haarcascade_frontalface_alt.xml'
    HaarDetector(cascade='alt')
    assert read[-1].endswith(f'cv2/data/{file}')
    monkeypatch.setattr('pathlib.Path.is_file', lambda path: 'opencv4' in str(path))
    HaarDetector(cascade='alt')
    assert read[-1] == f'/usr/share/opencv4/haarcascades/{file}'


def test_missing_cascades_are_told_with_the_remedy(monkeypatch):
    monkeypatch.setattr('pathlib.Path.is_file', lambda path: False)
    with pytest.raises(ModelError) as error:
        HaarDetector()
    assert str(error.value) == (
        'OpenCV came without its face cascades; install opencv-python-headless by pip or '
        'opencv-data by apt')
