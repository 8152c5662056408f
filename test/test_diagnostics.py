"""Counting, throttled warnings, and the level that follows from them."""

from diagnostic_msgs.msg import DiagnosticStatus
from malformed_images import malformed_images
import pytest

from fer_ros.nodes.diagnostics import make_status, MAX_KINDS, NodeState, Statistics

ACTIVE = NodeState('active', image_topic='/image_raw', publishers=1)
LIMITS = {'image_timeout': 5.0, 'max_consecutive_failures': 3}


def after(*events, now=101.0, state=ACTIVE):
    """Return the report at `now` after events at 100 s: p processed, r rejected, f failed."""
    statistics = Statistics(100.0)
    for event in events:
        statistics.receive(100.0, None)
        if event == 'p':
            statistics.process({'detect': 5.0})
        elif event == 'r':
            statistics.reject('step too short', 100.0)
        else:
            statistics.fail('boom', 100.0)
    return statistics.report(state, now, **LIMITS)


@pytest.mark.parametrize(('report', 'level', 'text'), [
    (after('p', 'p'), DiagnosticStatus.OK, '2.0 images/s'),
    (after('p', 'r'), DiagnosticStatus.WARN, '1 malformed images, the last one: step too short'),
    (after('p', 'f'), DiagnosticStatus.WARN, '1 images failed, the last one: boom'),
    (after('f', 'f', 'p'), DiagnosticStatus.WARN, '2 images failed'),
    (after('f', 'f', 'f'), DiagnosticStatus.ERROR, '3 images in a row failed: boom'),
    (after('f', 'f', 'f', 'p'), DiagnosticStatus.WARN, '3 images failed'),
    (after(now=104.0), DiagnosticStatus.OK, '0.0 images/s'),
    (after('p', now=106.0), DiagnosticStatus.STALE, 'no image for 6 s on /image_raw, though 1'),
    (after(now=106.0, state=NodeState('active', image_topic='/camera/image')),
     DiagnosticStatus.STALE, 'nobody publishes /camera/image'),
    (after(now=200.0, state=NodeState('active', enabled=False)),
     DiagnosticStatus.OK, 'switched off by ~/set_enabled'),
    (after(now=200.0, state=NodeState('inactive')), DiagnosticStatus.OK, 'inactive'),
    (after(now=200.0, state=NodeState('unconfigured', error='cannot configure: no model')),
     DiagnosticStatus.ERROR, 'cannot configure: no model'),
    (after('p', now=99.0), DiagnosticStatus.OK, '0.0 images/s'),
])
def test_the_level_follows_from_what_happened(report, level, text):
    assert report[0] == level
    assert text in report[1]


def test_a_warning_holds_for_the_span_in_which_it_happened():
    statistics = Statistics(0.0)
    statistics.receive(0.0, None)
    statistics.reject('short', 0.0)
    assert statistics.report(ACTIVE, 1.0, **LIMITS)[0] == DiagnosticStatus.WARN
    level, _, values = statistics.report(ACTIVE, 2.0, **LIMITS)
    assert level == DiagnosticStatus.OK
    assert values['rejected'] == '1'
    assert values['last_rejection'] == 'short'


def test_times_are_those_since_the_last_report():
    statistics = Statistics(0.0)
    for milliseconds in (10.0, 20.0):
        statistics.process({'detect': milliseconds})
    values = statistics.report(ACTIVE, 4.0, **LIMITS)[2]
    assert (values['detect_ms'], values['detect_max_ms']) == ('15.00', '20.00')
    assert values['frame_rate_hz'] == '0.50'
    statistics.process({'detect': 1.0})
    values = statistics.report(ACTIVE, 5.0, **LIMITS)[2]
    assert (values['detect_ms'], values['detect_max_ms']) == ('1.00', '1.00')
    assert 'detect_ms' not in statistics.report(ACTIVE, 6.0, **LIMITS)[2]


@pytest.mark.parametrize(('numbers', 'dropped'), [
    ((1, 2, 3), 0),
    ((1, 4, 5), 2),
    ((7, 9, 1, 2), 1),
    ((5, 5), 0),
    ((1, None, 9), 0),
    ((None, None), 0),
])
def test_gaps_in_the_numbers_of_the_publisher_are_dropped_images(numbers, dropped):
    statistics = Statistics(0.0)
    for number in numbers:
        statistics.receive(0.0, number)
    assert statistics.dropped == dropped
    assert statistics.received == len(numbers)


def test_a_new_kind_is_told_at_once_and_repeats_every_five_seconds_with_their_number():
    statistics = Statistics(0.0)
    told = [statistics.reject(f'step is {n}', n * 1.0) for n in range(11)]
    assert told[0] == 'step is 0'
    assert told[1:5] == [''] * 4
    assert told[5] == 'step is 5 (5 like this since the last warning)'
    assert told[10] == 'step is 10 (5 like this since the last warning)'
    assert statistics.reject('data is short', 10.5) == 'data is short'
    assert statistics.rejections == {'step is #': 11, 'data is short': 1}


def test_a_clock_that_jumps_back_does_not_silence_warnings():
    statistics = Statistics(1000.0)
    assert statistics.reject('short', 1000.0)
    assert statistics.reject('short', 3.0)


def test_no_sender_can_fill_memory_with_kinds_or_texts():
    statistics = Statistics(0.0)
    for index in range(1000):
        word = ''.join(chr(97 + int(digit)) for digit in str(index))
        statistics.reject(f'no {word} here', 0.0)
    assert len(statistics.rejections) == MAX_KINDS + 1
    assert sum(statistics.rejections.values()) == 1000
    statistics.reject('x' * 10**6, 0.0)
    assert len(statistics.last_rejection) < 600


def test_the_malformed_images_make_fewer_kinds_than_are_told_apart():
    from types import SimpleNamespace

    from fer_ros.core.errors import ImageError
    from fer_ros.core.image import to_bgr

    statistics = Statistics(0.0)
    for _, fields in malformed_images():
        with pytest.raises(ImageError) as caught:
            to_bgr(SimpleNamespace(**fields))
        statistics.reject(str(caught.value), 0.0)
    assert statistics.rejected == 200
    assert sum(statistics.rejections.values()) == 200
    assert 'other reasons' not in statistics.rejections


def test_the_status_names_node_and_values():
    state = NodeState('active', about={'model': 'm'})
    level, text, values = after('p', state=state)
    status = make_status('robot/emotion_node', level, text, values)
    assert status.name == 'robot/emotion_node: emotions'
    assert status.hardware_id == 'robot/emotion_node'
    found = {pair.key: pair.value for pair in status.values}
    assert found['model'] == 'm'
    assert found['processed'] == '1'
