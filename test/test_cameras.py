"""How emotion_node takes its images: several cameras, regions, rates, ages, times."""

import time

from diagnostic_msgs.msg import DiagnosticStatus
from emotion_support import count, GREY, Running, status
import numpy as np
import pytest
from rclpy.parameter import Parameter
from ros_support import image_message, NodeProcess, wait_for
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from fer_msgs.msg import EmotionArray
from fer_ros.nodes.emotion_node import EmotionNode

# Several cameras


def test_two_cameras_at_different_rates_share_a_model_and_keep_their_tracks(
        ros, start, astronaut):
    node = start(camera_names=['front', 'rear'])
    results = {name: ros.subscribe(EmotionArray, f'/emotion_node/{name}/emotions')
               for name in ('front', 'rear')}
    images = {name: ros.publisher(Image, f'/{name}/image_raw') for name in results}
    for name in results:
        ros.connect(images[name], image_message(GREY), results[name])
    two = np.hstack([astronaut[:256, 96:352], astronaut[:256, 96:352]])
    # The front camera is far too fast; the rear one gets all of its images through.
    for second in range(1, 7):
        images['rear'].publish(image_message(two, (second, 0), 'rear_optical'))
        for part in range(10):
            images['front'].publish(
                image_message(astronaut, (second, part), 'front_optical'))
            time.sleep(0.02)
        results['rear'].wait(second)
    results['front'].wait_that(
        lambda m: (m.header.stamp.sec, m.header.stamp.nanosec) == (6, 9), 'the newest image')

    rear, front = results['rear'].messages, results['front'].messages
    assert [m.header.stamp.sec for m in rear] == [1, 2, 3, 4, 5, 6]
    assert {m.header.frame_id for m in rear} == {'rear_optical'}
    assert {m.header.frame_id for m in front} == {'front_optical'}
    assert all(len(m.emotions) == 2 for m in rear)
    assert all(len(m.emotions) == 1 for m in front)
    for messages in (rear, front):
        ids = [{e.track_id for e in m.emotions} for m in messages]
        assert ids == ids[:1] * len(ids)
    assert count(node, 'processed', 'front') + count(node, 'dropped', 'front') >= 60
    pipelines = node._recognizer._pipelines
    assert pipelines['front'].classifier is pipelines['rear'].classifier
    assert pipelines['front'].detector is pipelines['rear'].detector


def test_each_camera_has_its_own_diagnostics_and_parameters(ros, start, capfd):
    node = start(**{'camera_names': ['front', 'rear'], 'lazy': False, 'rear.rotation': 180,
                    'max_rate': 7.0})
    front = status(ros, lambda s: s.name == 'emotion_node: emotions of front')
    rear = status(ros, lambda s: s.name == 'emotion_node: emotions of rear')
    topics = [next(v.value for v in s.values if v.key == 'image_topic') for s in (front, rear)]
    assert topics == ['/front/image_raw', '/rear/image_raw']
    values = {name: node.get_parameter(name).value for name in (
        'front.rotation', 'rear.rotation', 'front.max_rate', 'rear.max_rate')}
    assert values == {'front.rotation': 0, 'rear.rotation': 180, 'front.max_rate': 7.0,
                      'rear.max_rate': 7.0}
    assert node.set_parameters([Parameter('front.rotation', value=90)])[0].successful
    assert node._settings.of_camera('front').rotation == 90
    refused, wrong = node.set_parameters([
        Parameter('rotation', value=90), Parameter('front.rotation', value=45)])
    assert refused.reason == (
        'each camera has its own rotation: set front.rotation or rear.rotation')
    assert 'front.rotation must be one of 0, 90, 180, 270' in wrong.reason
    assert 'there is no parameter' not in capfd.readouterr().err


@pytest.mark.parametrize(('names', 'reason'), [
    (['front', 'front'], 'holds a name twice'), (['1st'], 'begins with a letter'),
    (['a/b'], 'begins with a letter'), (['roi'], 'the name of a parameter'),
    (['front', ''], 'begins with a letter')])
def test_names_that_cannot_be_topics_are_refused(ros, names, reason):
    with pytest.raises(Exception, match=reason):
        EmotionNode(context=ros.context, parameter_overrides=[
            Parameter('camera_names', value=names)])


# What is looked at


@pytest.mark.parametrize('rotation', [90, 180, 270])
def test_a_camera_mounted_sideways_sees_faces_where_they_are(ros, running, astronaut, rotation):
    node = running(rotation=rotation)
    sideways = np.ascontiguousarray(np.rot90(astronaut, rotation // 90))
    upright = Running(ros, 'upright', {}).show(astronaut).emotions[0]
    result = node.show(sideways)
    (face,) = result.emotions
    np.testing.assert_allclose(face.raw_probabilities, upright.raw_probabilities, atol=1e-5)
    mask = np.zeros((512, 512), np.uint8)
    region = upright.region
    mask[region.y_offset:region.y_offset + region.height,
         region.x_offset:region.x_offset + region.width] = 1
    rows, columns = np.nonzero(np.rot90(mask, rotation // 90))
    assert abs(face.region.x_offset - columns.min()) <= 1
    assert abs(face.region.y_offset - rows.min()) <= 1
    assert (result.image_width, result.image_height) == (512, 512)

    pictures = ros.subscribe(Image, '/emotion_node/image_annotated')
    ros.connect(node.images, image_message(GREY), pictures)
    node.images.publish(image_message(np.ascontiguousarray(sideways[:, :400]), (9, 0)))
    shown = pictures.wait(1)[-1]
    assert (shown.width, shown.height) == ((512, 400) if rotation != 180 else (400, 512))


def test_a_region_of_interest_can_be_set_while_running(running, astronaut):
    node = running()
    two = np.hstack([astronaut[:256, 96:352], astronaut[:256, 96:352]])
    right = max(node.show(two, (1, 0)).emotions, key=lambda e: e.region.x_offset)
    node.node.set_parameters([Parameter('roi.x_offset', value=256)])
    (face,) = node.show(two, (2, 0)).emotions
    assert abs(face.region.x_offset - right.region.x_offset) < 10
    assert node.show(two, (3, 0)).image_width == 512
    node.node.set_parameters([Parameter('roi.x_offset', value=1000)])
    node.images.publish(image_message(two, (4, 0)))
    wait_for(lambda: node.count('rejected') == 1, 'the refusal')
    values = node.values(lambda v, s: 'region of interest' in v['last_rejection'])
    assert '512x256' in values['last_rejection']


def test_faces_can_be_limited_by_size_and_number_the_largest_first(running, astronaut):
    node = running()
    face = astronaut[:256, 96:352]
    scene = np.full((512, 1024, 3), 90, np.uint8)
    scene[:512, :512] = np.kron(face, np.ones((2, 2, 1), np.uint8))
    scene[:256, 600:856] = face
    found = [face.region.height for face in node.show(scene, (1, 0)).emotions]
    limit = (max(found) + min(found)) // 2
    for second, (name, fits) in enumerate([
            ('face_height.min', lambda height: height >= limit),
            ('face_height.max', lambda height: height <= limit)], 2):
        node.node.set_parameters([Parameter(name, value=limit)])
        left = [face.region.height for face in node.show(scene, (second, 0)).emotions]
        assert left == [height for height in found if fits(height)]
        node.node.set_parameters([Parameter(name, value=0)])
    node.node.set_parameters([Parameter('max_faces', value=1)])
    (largest,) = node.show(scene, (9, 0)).emotions
    assert largest.region.height == max(found)


# What is dropped


def test_images_above_the_rate_are_dropped_and_counted(running):
    node = running(max_rate=10.0)
    before = node.count('processed'), node.count('rate')
    begin = time.monotonic()
    for index in range(30):
        node.images.publish(image_message(GREY, (1, index)))
        time.sleep(1 / 30)
    wait_for(lambda: node.count('processed') + node.count('dropped') >= 30 + sum(before), 'all')
    most = 10 * (time.monotonic() - begin) + 2
    assert node.count('processed') - before[0] <= most
    assert node.count('rate') - before[1] >= 28 - most


def test_old_images_are_dropped_counted_and_named(running):
    node = running(max_age=0.5)
    now = node.node.get_clock().now().nanoseconds
    for age, fate in ((0, 'processed'), (2, 'stale')):
        before = node.count(fate)
        stamp = divmod(now - age * 10**9, 10**9)
        node.images.publish(image_message(GREY, stamp))
        wait_for(lambda b=before, f=fate: node.count(f) == b + 1, fate)
    values = node.values(lambda v, s: v['dropped: stale'] == '1')
    assert values['dropped'] >= '1'


def test_an_image_that_is_a_little_older_than_the_one_before_is_dropped(running, astronaut):
    node = running()
    node.show(astronaut, (5, 500_000_000))
    node.images.publish(image_message(astronaut, (5, 300_000_000)))
    wait_for(lambda: node.count('order') == 1, 'the drop')
    assert node.show(astronaut, (5, 700_000_000)).emotions[0].track_age.nanosec == 200_000_000


def test_a_bag_that_loops_begins_anew_each_time_and_says_so(running, astronaut, capfd):
    node = running()
    for _ in range(3):
        ages = [node.show(astronaut, (100 + n, 0)).emotions[0].track_age for n in range(3)]
        assert [age.sec for age in ages[:1]] == [0]
    text = 'tracks and smoothing begin anew: the stamps of the images went back by 2.0 s'
    assert capfd.readouterr().err.count(text) == 2


# Time


def test_simulated_time_that_jumps_back_begins_anew_and_goes_on(
        ros, running, astronaut, capfd):
    node = running(use_sim_time=True, max_rate=1.0)
    clock = ros.publisher(Clock, '/clock', 1)

    def tick(second):
        clock.publish(Clock(clock=image_message(GREY, (second, 0)).header.stamp))
        wait_for(lambda: node.node.get_clock().now().nanoseconds == second * 10**9, 'the time')

    for now in (500, 502, 504):
        tick(now)
        face = node.show(astronaut, (now, 0)).emotions[0]
    for now in (20, 22):
        tick(now)
        face = node.show(astronaut, (now, 0)).emotions[0]
    assert face.track_age.sec <= 2
    words = capfd.readouterr().err
    assert 'the clock went back by 484.0 s' in words
    assert 'tracks and smoothing begin anew: the clock went back by 484.0 s' in words


def test_without_a_clock_diagnostics_come_all_the_same_and_name_it(ros, start):
    start(use_sim_time=True)
    found = status(ros, lambda s: s.level == DiagnosticStatus.WARN)
    assert 'nothing has come on /clock' in found.message


def test_unknown_parameters_of_a_file_are_reported_with_a_guess(tmp_path):
    path = tmp_path / 'params.yaml'
    path.write_text('/**:\n  ros__parameters:\n    max_face: 3\n    zebra: 1\n'
                    '    max_faces: 2\n    roi:\n      widht: 100\n')
    with NodeProcess('fer_ros.nodes.emotion_node', '--ros-args', '--params-file',
                     str(path)) as process:
        process.wait_output('active')
        unknown = [line for line in process.output.splitlines() if 'is no parameter' in line]
        assert len(unknown) == 3
        assert any('max_face (do you mean max_faces?)' in line for line in unknown)
        assert any('roi.widht (do you mean roi.width?)' in line for line in unknown)
        assert any('no parameter zebra;' in line for line in unknown)
        assert process.stop() == 0


def test_a_stream_of_diagnostics_has_all_keys(running, astronaut):
    node = running()
    node.show(astronaut)
    values = node.values(lambda v, s: v['processed'] != '0')
    assert {'state', 'enabled', 'listening', 'image_topic', 'image_qos', 'image_publishers',
            'newest_image_age_s', 'input_rate_hz', 'frame_rate_hz', 'received', 'processed',
            'dropped', 'dropped: overload', 'rejected', 'failed', 'tracks', 'memory_mb',
            'threads', 'model', 'model_sha256'} <= set(values)
