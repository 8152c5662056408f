"""The level of a report, its reason, and the values behind it."""

from diagnostic_msgs.msg import DiagnosticStatus
import pytest

from fer_ros.nodes.diagnostics import CameraState, describe_process, judge, make_status, values
from fer_ros.nodes.qos import Offer
from fer_ros.nodes.statistics import Statistics

CAMERA = Offer('/camera', 'reliable, volatile', '')
DEAF = Offer('/cam', 'best_effort, volatile', 'reliable is asked for')
ACTIVE = CameraState('active', image_topic='/image_raw', offers=(CAMERA,))
LIMITS = {'image_timeout': 5.0, 'max_consecutive_failures': 3}


def after(*events, now=101.0, state=ACTIVE):
    """Return level and text at `now` after events at 100 s, by their first letters."""
    statistics = Statistics(100.0)
    for event in events:
        statistics.receive(100.0, None)
        if event == 'p':
            statistics.process({'detect': 5.0})
        elif event == 'r':
            statistics.reject('step too short', 100.0)
        elif event == 's':
            statistics.drop('stale')
        else:
            statistics.fail('boom', 100.0)
    return judge(state, statistics.report(now), **LIMITS)


def active(**fields):
    return CameraState('active', **{'image_topic': '/image_raw', 'offers': (CAMERA,), **fields})


@pytest.mark.parametrize(('report', 'level', 'text'), [
    (after('p', 'p'), DiagnosticStatus.OK, '2.0 images/s'),
    (after('p', 'r'), DiagnosticStatus.WARN, '1 malformed images, the last one: step too short'),
    (after('p', 'f'), DiagnosticStatus.WARN, '1 images failed, the last one: boom'),
    (after('f', 'f', 'p'), DiagnosticStatus.WARN, '2 images failed'),
    (after('f', 'f', 'f'), DiagnosticStatus.ERROR, '3 images in a row failed: boom'),
    (after('f', 'f', 'f', 'p'), DiagnosticStatus.WARN, '3 images failed'),
    (after(now=104.0), DiagnosticStatus.OK, '0.0 images/s'),
    (after('p', now=106.0), DiagnosticStatus.WARN,
     'no image for 6 s on /image_raw, though it is published; is the camera delivering? /camera '
     '(reliable, volatile)'),
    (after(now=106.0, state=active(offers=())), DiagnosticStatus.WARN,
     'on /image_raw: nobody publishes it'),
    (after(now=106.0, state=active(offers=(DEAF,))), DiagnosticStatus.WARN,
     'none of its publishers can be received: /cam (best_effort, volatile: reliable is asked'),
    (after('p', state=active(offers=(CAMERA, DEAF))), DiagnosticStatus.WARN,
     'images/s; not received: /cam'),
    (after('s', 's'), DiagnosticStatus.WARN, 'all images are older than max_age'),
    (after('s', 'p'), DiagnosticStatus.OK, 'images/s'),
    (after(now=200.0, state=active(enabled=False)), DiagnosticStatus.OK,
     'switched off by ~/set_enabled'),
    (after(now=200.0, state=active(listening=False)), DiagnosticStatus.OK, 'nobody listens'),
    (after(state=active(clock_missing=True)), DiagnosticStatus.WARN, 'nothing has come on /clock'),
    (after(now=200.0, state=CameraState('inactive')), DiagnosticStatus.OK, 'inactive'),
    (after(now=200.0, state=CameraState('unconfigured', error='cannot configure: no model')),
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
    assert judge(ACTIVE, statistics.report(1.0), **LIMITS)[0] == DiagnosticStatus.WARN
    report = statistics.report(2.0)
    assert judge(ACTIVE, report, **LIMITS)[0] == DiagnosticStatus.OK
    found = values(ACTIVE, report)
    assert found['rejected'] == '1'
    assert found['rejected: short'] == '1'
    assert found['last_rejection'] == 'short'


def test_the_values_tell_rates_drops_times_and_what_runs():
    statistics = Statistics(0.0)
    for count in range(4):
        statistics.receive(count * 0.5, None)
    statistics.drop('overload')
    statistics.drop('rate')
    statistics.process({'detect': 10.0}, faces=3)
    statistics.process({'detect': 20.0}, faces=0)
    found = values(active(tracks=2, about={'model': 'm'}), statistics.report(2.0))
    assert found['input_rate_hz'] == '2.00'
    assert found['frame_rate_hz'] == '1.00'
    assert (found['received'], found['processed'], found['dropped']) == ('4', '2', '2')
    assert (found['dropped: overload'], found['dropped: stale']) == ('1', '0')
    assert (found['detect_p50_ms'], found['detect_p95_ms']) == ('15.00', '19.50')
    assert found['detect_max_ms'] == '20.00'
    assert (found['faces_per_image'], found['tracks'], found['model']) == ('1.50', '2', 'm')
    assert found['newest_image_age_s'] == '0.50'
    assert found['image_publishers'] == '/camera (reliable, volatile)'


def test_without_an_image_there_is_no_age_of_the_newest():
    found = values(active(offers=()), Statistics(0.0).report(2.0))
    assert (found['newest_image_age_s'], found['image_publishers']) == ('none', 'none')


def test_the_process_tells_its_memory_and_threads():
    found = describe_process()
    assert float(found['memory_mb']) > 1
    assert int(found['threads']) >= 1


@pytest.mark.parametrize(('camera', 'name'), [
    ('', 'robot/emotion_node: emotions'), ('front', 'robot/emotion_node: emotions of front')])
def test_the_status_names_node_camera_and_values(camera, name):
    status = make_status(
        'robot/emotion_node', camera, DiagnosticStatus.OK, 'fine', {'model': 'm'})
    assert (status.name, status.hardware_id) == (name, 'robot/emotion_node')
    assert {pair.key: pair.value for pair in status.values} == {'model': 'm'}
