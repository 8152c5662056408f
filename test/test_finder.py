"""Every k-th frame is detected, faces move between, and a lost one is looked for at once."""

import numpy as np
import pytest

from fer_ros.core.errors import ConfigError
from fer_ros.core.finder import FaceFinder
from fer_ros.core.types import Face

BOX = (178.0, 62.0, 92.0, 106.0)


class CountingDetector:
    """Finds the box that it was told, and counts how often it was asked."""

    box_convention = 'haar'

    def __init__(self, *boxes):
        self.boxes = boxes
        self.asked = 0

    def detect(self, bgr):
        self.asked += 1
        self.shown = bgr
        return [Face(box, 0.9) for box in self.boxes]


@pytest.mark.parametrize(('every', 'asked'), [(1, 12), (2, 6), (3, 4), (5, 3), (100, 1)])
def test_the_detector_is_asked_for_every_kth_frame(astronaut, every, asked):
    detector = CountingDetector(BOX)
    finder = FaceFinder(detector, every)
    for _ in range(12):
        [face] = finder.find(astronaut)
        assert face.box == pytest.approx(BOX, abs=0.5)
    assert detector.asked == asked


def test_unless_told_otherwise_the_detector_sees_every_frame(astronaut):
    detector = CountingDetector(BOX)
    finder = FaceFinder(detector)
    for frame in (astronaut, astronaut[:, ::-1], astronaut[::2]):
        finder.find(frame)
        assert detector.shown is frame
    assert (detector.asked, finder.detect_every) == (3, 1)


def test_faces_move_between_detections(astronaut):
    finder = FaceFinder(CountingDetector(BOX), 10)
    finder.find(astronaut)
    [face] = finder.find(np.roll(astronaut, (9, 14), (0, 1)))
    assert face.box == pytest.approx((BOX[0] + 14, BOX[1] + 9, *BOX[2:]), abs=1)


def test_a_lost_face_leads_to_a_detection(astronaut):
    detector = CountingDetector(BOX)
    finder = FaceFinder(detector, 10)
    finder.find(astronaut)
    finder.find(np.zeros_like(astronaut))
    assert detector.asked == 2


def test_an_empty_frame_is_not_looked_at_more_often(astronaut):
    detector = CountingDetector()
    finder = FaceFinder(detector, 4)
    assert [finder.find(astronaut) for _ in range(8)] == [[]] * 8
    assert detector.asked == 2


def test_after_a_reset_and_after_a_change_the_detector_is_asked(astronaut):
    detector = CountingDetector(BOX)
    finder = FaceFinder(detector, 10)
    finder.find(astronaut)
    finder.reset()
    finder.find(astronaut)
    assert detector.asked == 2
    finder.detect_every = 1
    finder.find(astronaut)
    finder.detect_every = 10
    finder.find(astronaut)
    assert detector.asked == 4


def test_frames_of_another_size_are_no_trouble(astronaut):
    finder = FaceFinder(CountingDetector(BOX), 5)
    for frame in (astronaut, astronaut[:40, :30], astronaut[:1, :1], astronaut):
        assert len(finder.find(frame)) == 1


def test_the_largest_come_first_after_every_frame(astronaut):
    finder = FaceFinder(CountingDetector((20, 300, 80, 80), BOX), 3)
    for _ in range(3):
        widths = [face.box[2] for face in finder.find(astronaut)]
        assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize('every', [0, -1, 101])
def test_impossible_numbers_are_refused(every):
    with pytest.raises(ConfigError, match='detect_every'):
        FaceFinder(CountingDetector(), every)
