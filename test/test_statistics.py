"""Counting images by what becomes of them, and throttled warnings."""

from types import SimpleNamespace

from malformed_images import malformed_images
import pytest

from fer_ros.core.errors import ImageError
from fer_ros.core.image import to_bgr
from fer_ros.nodes.statistics import MAX_KINDS, Statistics


def test_times_are_those_since_the_last_report():
    statistics = Statistics(0.0)
    for milliseconds in (10.0, 20.0):
        statistics.process({'detect': milliseconds})
    report = statistics.report(4.0)
    assert report.times['detect'] == pytest.approx((15.0, 19.5, 20.0))
    assert report.frame_rate == 0.5
    statistics.process({'detect': 1.0})
    assert statistics.report(5.0).times['detect'] == (1.0, 1.0, 1.0)
    last = statistics.report(6.0)
    assert (last.times, last.faces) == ({}, None)


@pytest.mark.parametrize(('numbers', 'lost'), [
    ((1, 2, 3), 0),
    ((1, 4, 5), 2),
    ((7, 9, 1, 2), 1),
    ((5, 5), 0),
    ((1, None, 9), 0),
    ((None, None), 0),
])
def test_gaps_in_the_numbers_of_the_publisher_are_lost_images(numbers, lost):
    statistics = Statistics(0.0)
    for number in numbers:
        statistics.receive(0.0, number)
    assert statistics['lost'] == statistics['dropped'] == lost
    assert statistics['received'] == len(numbers)


def test_after_a_jump_of_the_clock_silence_is_measured_anew_and_counts_stay():
    statistics = Statistics(1000.0)
    statistics.receive(1001.0, 7)
    statistics.restart(5.0)
    report = statistics.report(7.0)
    assert (report.silence, report.counts['received']) == (2.0, 1)
    # What was published during a pause is not lost.
    statistics.receive(8.0, 900)
    assert statistics['lost'] == 0


def test_a_new_kind_is_told_at_once_and_repeats_every_five_seconds_with_their_number():
    statistics = Statistics(0.0)
    told = [statistics.reject(f'step is {n}', n * 1.0) for n in range(11)]
    assert told[0] == 'step is 0'
    assert told[1:5] == [''] * 4
    assert told[5] == 'step is 5 (5 like this since the last warning)'
    assert told[10] == 'step is 10 (5 like this since the last warning)'
    assert statistics.reject('data is short', 10.5) == 'data is short'
    assert statistics.report(11.0).rejections == {'step is #': 11, 'data is short': 1}


def test_a_clock_that_jumps_back_does_not_silence_warnings():
    statistics = Statistics(1000.0)
    assert statistics.reject('short', 1000.0)
    assert statistics.reject('short', 3.0)


def test_no_sender_can_fill_memory_with_kinds_or_texts():
    statistics = Statistics(0.0)
    for index in range(1000):
        word = ''.join(chr(97 + int(digit)) for digit in str(index))
        statistics.reject(f'no {word} here', 0.0)
    report = statistics.report(1.0)
    assert len(report.rejections) == MAX_KINDS + 1
    assert sum(report.rejections.values()) == 1000
    statistics.reject('x' * 10**6, 0.0)
    assert len(statistics.report(2.0).last_rejection) < 600


def test_the_malformed_images_make_fewer_kinds_than_are_told_apart():
    statistics = Statistics(0.0)
    for _, fields in malformed_images():
        with pytest.raises(ImageError) as caught:
            to_bgr(SimpleNamespace(**fields))
        statistics.reject(str(caught.value), 0.0)
    report = statistics.report(1.0)
    assert report.counts['rejected'] == 200
    assert sum(report.rejections.values()) == 200
    assert 'other reasons' not in report.rejections
