"""The bounded record of results, and its thumbnails."""

import numpy as np
import pytest

from fer_ros.core import timeline as module
from fer_ros.core.timeline import Thumbnails, Timeline
from fer_ros.core.types import FaceEmotion, FrameResult

LABELS = ('neutral', 'happiness', 'surprise')


def face(label, *, age=0.0, size=20.0):
    probabilities = np.full(len(LABELS), 0.1, np.float32)
    probabilities[LABELS.index(label)] = 0.8
    return FaceEmotion(
        box=(0.0, 0.0, size, size), score=1.0, landmarks=None, track_id=1, track_age=age,
        label=label, confidence=0.8, probabilities=probabilities,
        raw_probabilities=probabilities)


def result(stamp, *faces, labels=LABELS):
    return FrameResult(labels=labels, faces=faces, width=64, height=48, stamp=stamp)


def test_shares_latencies_and_duration():
    timeline = Timeline()
    for index, label in enumerate(['happiness', 'happiness', 'neutral', None]):
        timeline.add(
            result(10.0 + index / 2, *([face(label)] if label else [])), 0.01 * (index + 1))
    assert timeline.shares() == [('happiness', pytest.approx(2 / 3)),
                                 ('neutral', pytest.approx(1 / 3))]
    assert (timeline.frames, timeline.frames_with_face) == (4, 3)
    assert (timeline.begin, timeline.duration) == (10.0, 1.5)
    assert timeline.latencies() == pytest.approx([0.01, 0.02, 0.03, 0.04])
    assert timeline.latencies().dtype == np.float32
    assert [sample.faces for sample in timeline.samples] == [1, 1, 1, 0]


def test_of_one_frame_its_label_has_the_whole_share_and_of_none_nothing():
    timeline = Timeline()
    assert timeline.shares() == []
    timeline.add(result(1.0, face('surprise')), 0.0)
    assert timeline.shares() == [('surprise', 1.0)]
    assert timeline.duration == 0.0


def test_a_clock_that_stands_still_loses_no_sample_and_keeps_the_first_picture():
    timeline, thumbnails = Timeline(), Thumbnails()
    for grey in (10, 20):
        timeline.add(result(3.0, face('neutral')), 0.0)
        thumbnails.add(3.0, np.full((48, 64, 3), grey, np.uint8))
    assert len(timeline.samples) == 2
    [(stamp, picture)] = thumbnails.pick(5)
    assert (stamp, picture[0, 0, 0]) == (3.0, 10)


def test_the_person_in_view_for_longest_is_followed():
    timeline = Timeline()
    timeline.add(
        result(0.0, face('neutral', age=1, size=40), face('surprise', age=3)), 0.0)
    timeline.add(result(1.0, face('neutral', size=40), face('surprise')), 0.0)
    assert [sample.label for sample in timeline.samples] == ['surprise', 'neutral']


@pytest.mark.parametrize('second', [
    result(4.0), FrameResult(labels=('a', 'b'), faces=(), width=64, height=48, stamp=6.0)])
def test_a_jump_back_or_another_model_starts_anew(second):
    timeline = Timeline()
    timeline.add(result(5.0, face('neutral')), 0.0)
    timeline.add(second, 0.0)
    assert [sample.stamp for sample in timeline.samples] == [second.stamp]
    assert timeline.labels == second.labels
    assert timeline.frames == 2


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, '_MAX_THUMBNAILS', 8)
    timeline, thumbnails = Timeline(), Thumbnails()
    empty = np.zeros((48, 64, 3), np.uint8)
    for index in range(module.MAX_SAMPLES + 10):
        timeline.add(result(index / 10), 0.0)
        if index % 20 == 0:
            thumbnails.add(index / 10, empty)
    assert len(timeline.samples) == module.MAX_SAMPLES
    assert timeline.frames == module.MAX_SAMPLES + 10
    assert len(thumbnails.pick(1000)) <= 8


def stamps_of(thumbnails, count=1000):
    return [stamp for stamp, _ in thumbnails.pick(count)]


@pytest.mark.parametrize('begin', [0.0, 1e6])
def test_thumbnails_are_spread_evenly(begin):
    thumbnails = Thumbnails()
    for index in range(300):
        thumbnails.add(begin + index / 10, np.full((48, 64, 3), index % 256, np.uint8))
    stamps = stamps_of(thumbnails, 6)
    assert len(stamps) == 6
    assert np.diff(stamps) == pytest.approx(np.full(5, 5.0), abs=1.0)


def test_each_thumbnail_stands_for_the_middle_of_its_part():
    thumbnails = Thumbnails()
    for stamp in range(10):
        thumbnails.add(stamp, np.zeros((48, 64, 3), np.uint8))
    assert stamps_of(thumbnails, 2) == [2, 7]
    assert stamps_of(thumbnails, 10) == list(range(10))


def test_as_many_thumbnails_as_asked_for_are_all_of_them_however_uneven():
    thumbnails = Thumbnails()
    for stamp in (0.0, 0.2, 0.4, 100.0):
        thumbnails.add(stamp, np.zeros((48, 64, 3), np.uint8))
    assert stamps_of(thumbnails, 4) == [0.0, 0.2, 0.4, 100.0]


@pytest.mark.parametrize('frames', [64, 65, 80, 200, 1000])
def test_kept_thumbnails_are_about_equally_far_apart_however_long_it_takes(frames):
    thumbnails = Thumbnails()
    for index in range(frames):
        thumbnails.add(index / 4, np.zeros((3, 4, 3), np.uint8))
    stamps = stamps_of(thumbnails)
    assert stamps[0] == 0.0
    gaps = np.diff(stamps)
    assert gaps.max() <= 1.25 * gaps.min()
    assert stamps[-1] + 2 * stamps[1] > frames / 4
    assert len(stamps) == 64 if frames == 64 else 32 <= len(stamps) <= 64


@pytest.mark.parametrize(('shape', 'expected'), [
    ((48, 64), (300, 400)), ((1080, 1920), (225, 400)), ((1, 4000), (1, 400))])
def test_a_thumbnail_is_400_pixels_wide_and_keeps_the_shape_of_the_frame(shape, expected):
    thumbnails = Thumbnails()
    thumbnails.add(0.0, np.full((*shape, 3), (1, 2, 3), np.uint8))
    [(_, picture)] = thumbnails.pick(1)
    assert picture.shape == (*expected, 3)
    assert picture.dtype == np.uint8
    assert (picture == (1, 2, 3)).all()


def test_a_pixel_of_a_thumbnail_is_the_mean_of_its_place():
    stripes = np.zeros((1200, 1600, 3), np.uint8)
    stripes[:, ::4] = 200
    thumbnails = Thumbnails()
    thumbnails.add(0.0, stripes)
    assert (thumbnails.pick(1)[0][1] == 50).all()


def test_a_jump_back_drops_the_thumbnails_too():
    thumbnails = Thumbnails()
    for stamp in (5.0, 6.0, 4.0):
        thumbnails.add(stamp, np.zeros((48, 64, 3), np.uint8))
    assert stamps_of(thumbnails) == [4.0]


def test_a_stamp_is_needed():
    with pytest.raises(ValueError, match='needs a stamp'):
        Timeline().add(result(None), 0.0)
